#!/usr/bin/env bash
# Destroys the dev environment, where the platform still answers, and stops the platform.
set -euo pipefail
cd "$(dirname "$0")/.."
slipway=.venv/bin/slipway
if $slipway local exec -- pulumi stack select dev 2>/dev/null; then
  $slipway local exec -- pulumi destroy --stack dev --yes --skip-preview ||
    echo "dev could not be destroyed resource by resource; stopping the platform removes its cluster, its emulator and its state" >&2
fi
$slipway local down
