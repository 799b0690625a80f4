#!/usr/bin/env bash
# Runs a command and puts what it prints into the run's summary too, as text in which nothing is markup: scripts/ci/told.sh CMD …
set -uo pipefail
said=$("$@" 2>&1)
result=$?
printf '%s\n' "$said"
printf '%s\n' "$said" | tail --lines=200 | sed 's/^/    /' >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
exit $result
