#!/usr/bin/env bash
# The look at a stack that is due every week, in the environment that Pulumi needs: scripts/maintenance.sh STACK
# Where it stands, its last releases, and whether somebody changed it by hand; ends with 2 when somebody did (docs/drift.md).
set -euo pipefail
if [ $# -ne 1 ]; then
  sed -n '2,3s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
slipway="$(dirname "$0")/../.venv/bin/slipway"
"$slipway" status --stack "$1"
"$slipway" history --stack "$1" --limit 5
exec "$slipway" drift --stack "$1"
