#!/bin/bash
# The part of the official image's contract that Slipway's Database uses (https://hub.docker.com/_/postgres).
# An empty $PGDATA gets a cluster with one owner and one database; then the command runs.
set -euo pipefail

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  making="$PGDATA.making" # becomes $PGDATA when it is whole: an interrupted start begins anew
  rm -rf "$making"
  # shellcheck disable=SC2086 # several arguments in one variable, as upstream takes them
  initdb --pgdata="$making" --username="$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" \
    --auth-host=scram-sha-256 ${POSTGRES_INITDB_ARGS:-}
  echo "listen_addresses = '*'" >> "$making/postgresql.conf"
  echo "host all all all scram-sha-256" >> "$making/pg_hba.conf"
  if [ "$POSTGRES_DB" != postgres ]; then
    echo "CREATE DATABASE \"$POSTGRES_DB\";" | postgres --single -D "$making" postgres
  fi
  rm -rf "$PGDATA"
  mv "$making" "$PGDATA"
fi

chmod 0700 "$PGDATA" # mounted again, a volume may have become the group's, and PostgreSQL refuses that

exec "$@"
