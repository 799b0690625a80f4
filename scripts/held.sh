#!/usr/bin/env bash
# A preview or an update held against the policy pack, deletions and replacements included:
#   scripts/held.sh preview STACK         scripts/held.sh up STACK [flags of pulumi up]
# Runs in the program's folder, inside whatever environment Pulumi needs.
set -euo pipefail
if [ $# -lt 2 ] || { [ "$1" != preview ] && [ "$1" != up ]; }; then
  sed -n '2,4s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
command=$1 stack=$2
shift 2
repository=$(cd "$(dirname "$0")/.." && pwd)
events=$(mktemp)
trap 'rm -f "$events"' EXIT
# The log of events is behind this switch; Pulumi's own Automation API reads it in the same way.
PULUMI_DEBUG_COMMANDS=true pulumi preview --stack "$stack" --policy-pack "$repository/policies" --event-log "$events"
PYTHONPATH=$repository${PYTHONPATH:+:$PYTHONPATH} "$repository/.venv/bin/python" -m policies.losses "$stack" "$events"
if [ "$command" = up ]; then
  pulumi up --stack "$stack" --policy-pack "$repository/policies" "$@"
fi
