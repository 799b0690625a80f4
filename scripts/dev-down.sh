#!/usr/bin/env bash
# Destroys the dev environment, on a simulated node the stack in its place, and stops the platform.
set -euo pipefail
cd "$(dirname "$0")/.."
slipway=.venv/bin/slipway
kind=$($slipway local exec -- printenv SLIPWAY_LOCAL_CLUSTER) || kind=none
stack=$([ "$kind" = simulated ] && echo simulated || echo dev)
if [ "$kind" = none ]; then
  echo "dev is not destroyed resource by resource: the platform does not run; what it holds goes with it" >&2
elif $slipway local exec -- pulumi stack select "$stack" >/dev/null; then
  $slipway local exec -- pulumi destroy --stack "$stack" --yes --skip-preview || {
    echo "$stack could not be destroyed; mend what is said above, or give up what it holds: $slipway local down" >&2
    exit 1
  }
fi
$slipway local down
