#!/usr/bin/env bash
# Asks a stack's application as a user would, by its public address: scripts/ci/smoke.sh STACK
# The page and the health path have to answer within a minute, ten times in a row.
set -euo pipefail
url=$(pulumi stack output url --stack "$1")
path=$(.venv/bin/python -c 'import sys, yaml; print(yaml.safe_load(open(sys.argv[1]))["config"]["slipway:app"].get("healthPath", "/"))' "Pulumi.$1.yaml")
for way in / "$path"; do
  for _ in {1..10}; do
    curl --silent --show-error --fail --location --output /dev/null --max-time 10 --retry 5 --retry-max-time 60 --retry-all-errors "$url$way" ||
      { echo "smoke: $url$way does not answer as it should" >&2; exit 1; }
  done
  echo "smoke: $url$way answers"
done
