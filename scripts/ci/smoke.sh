#!/usr/bin/env bash
# Asks a stack's application as a user would, by its public address: scripts/ci/smoke.sh STACK [SECONDS]
# Its page has to answer within SECONDS, by default a minute; from then on page and health path have to answer each time, ten times
# in a row.
set -euo pipefail
url=$(pulumi stack output url --stack "$1")
path=$(.venv/bin/python -c 'import sys, yaml; print(yaml.safe_load(open(sys.argv[1]))["config"]["slipway:app"].get("healthPath", "/"))' "Pulumi.$1.yaml")
seconds=${2:-60}
patience=(--retry 60 --retry-delay 1 --retry-max-time "$seconds" --retry-all-errors) # until the first answer
for way in / "$path"; do
  for _ in {1..10}; do
    curl --silent --show-error --fail --location --output /dev/null --max-time $((seconds < 10 ? seconds : 10)) "${patience[@]}" "$url$way" ||
      { echo "smoke: $url$way does not answer as it should" >&2; exit 1; }
    patience=()
  done
  echo "smoke: $url$way answers"
done
