#!/usr/bin/env bash
# What the action runs: one command of `slipway`, as a person would type it. COMMAND, STACK, IMAGE and BACKEND say which.
set -euo pipefail
ci=$(cd "$(dirname "$0")/../../../scripts/ci" && pwd)
slipway=.venv/bin/slipway
mkdir -p reports
if [ -n "${BACKEND-}" ]; then
  export PULUMI_BACKEND_URL=$BACKEND
fi
case $COMMAND in
  preview)
    "$slipway" preview --stack "$STACK" --comment --plan "reports/plan-$STACK.json" --diff "reports/diff-$STACK.txt"
    "$ci/plan.sh" keep "$STACK"
    ;;
  up)
    "$ci/plan.sh" find "$STACK"
    "$slipway" up --stack "$STACK" --plan "reports/plan-$STACK.json"
    ;;
  deliver) "$ci/deliver.sh" "$STACK" "$IMAGE" ;;
  deploy)
    "$ci/verify.sh" "$IMAGE"
    "$slipway" deploy "$IMAGE" --stack "$STACK"
    "$ci/keep.sh" "$STACK"
    ;;
  switch)
    "$slipway" switch --stack "$STACK"
    "$ci/keep.sh" "$STACK"
    ;;
  rollback) # an emergency: a release that is under way is pushed aside
    result=0
    "$slipway" rollback --stack "$STACK" --force || result=$?
    "$ci/keep.sh" "$STACK" # also when the state does not agree yet: the traffic has moved, and the next merge must not move it again
    exit $result
    ;;
  drift) "$slipway" drift --stack "$STACK" --issue ;;
  *)
    echo "slipway: command must be preview, up, deliver, deploy, switch, rollback or drift, got '$COMMAND'" >&2
    exit 2
    ;;
esac
