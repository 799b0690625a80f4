#!/usr/bin/env bash
# What a merge does to one stack: scripts/ci/deliver.sh STACK [BUILT]
#   1. the reviewed plan is applied, and nothing beyond it (a stack of which no previews are made: the update as it is)
#   2. the image that the commit asks for, or BUILT if the stack serves its repository, is verified and released, with its gates
#   3. the application is asked as a user would; if it does not answer, the traffic goes back
#   4. what the release has set in the stack's file is committed
# REVIEWED is `true` for a stack whose previews keep plans, BEFORE the commit that the push came from.
set -euo pipefail
cd "$(dirname "$0")/../.."
stack=$1 built=${2-}
slipway=.venv/bin/slipway
if [ "${REVIEWED:-true}" = true ]; then
  scripts/ci/plan.sh find "$stack"
  "$slipway" up --stack "$stack" --plan "reports/plan-$stack.json"
else
  scripts/held.sh up "$stack" --yes --skip-preview
fi
image=$(.venv/bin/python scripts/ci/release_of.py "$stack" "${BEFORE-}" "$built")
if [ -n "$image" ]; then
  scripts/ci/verify.sh "$image"
  "$slipway" deploy "$image" --stack "$stack"
fi
if ! scripts/ci/smoke.sh "$stack"; then
  if [ -n "$image" ]; then
    "$slipway" rollback --stack "$stack"
    scripts/ci/keep.sh "$stack"
  fi
  exit 1
fi
scripts/ci/keep.sh "$stack"
