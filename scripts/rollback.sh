#!/usr/bin/env bash
# Moves all traffic back to the colour that had it before: scripts/rollback.sh [flags of slipway rollback], as --stack prod, --force.
# See docs/releases.md.
set -euo pipefail
exec "$(dirname "$0")/../.venv/bin/slipway" rollback "$@"
