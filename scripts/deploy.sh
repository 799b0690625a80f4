#!/usr/bin/env bash
# Releases an image: scripts/deploy.sh IMAGE [flags of slipway deploy], as --stack prod, --steps 5,25,50,100, --dry-run.
# See docs/releases.md.
set -euo pipefail
exec "$(dirname "$0")/../.venv/bin/slipway" deploy "$@"
