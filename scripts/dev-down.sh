#!/usr/bin/env bash
# Destroys the dev environment and stops the platform.
set -euo pipefail
cd "$(dirname "$0")/.."
slipway=.venv/bin/slipway
if ! $slipway local exec -- true; then
  echo "dev is not destroyed resource by resource: the platform does not run; what it holds goes with it" >&2
elif $slipway local exec -- pulumi stack select dev >/dev/null; then
  $slipway local exec -- pulumi destroy --stack dev --yes --skip-preview || {
    echo "dev could not be destroyed; mend what is said above, or give up what it holds: $slipway local down" >&2
    exit 1
  }
fi
$slipway local down
