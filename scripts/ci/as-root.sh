#!/usr/bin/env bash
# Runs a command as root, which the local platform needs, with the caller's environment: scripts/ci/as-root.sh CMD …
# What it leaves behind belongs to the caller again, so that a cache can keep it.
set -euo pipefail
if [ "$(id -u)" = 0 ]; then
  exec "$@"
fi
result=0
sudo --preserve-env env "PATH=$PATH" "HOME=$HOME" "$@" || result=$?
sudo chown --recursive "$(id -u):$(id -g)" . ~/.cache
exit $result
