#!/usr/bin/env bash
# What reports/ has, into the run's summary, or to standard output where there is none. The next run compares with this one's times.
set -euo pipefail
cd "$(dirname "$0")/../.."
mkdir -p reports
python3 scripts/ci/summary.py reports >>"${GITHUB_STEP_SUMMARY:-/dev/stdout}"
mv reports/durations.json reports/before.json
