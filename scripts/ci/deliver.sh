#!/usr/bin/env bash
# What a merge does to one stack: scripts/ci/deliver.sh STACK [BUILT]
#   1. the images that the update would start are verified
#   2. the reviewed plan is applied, and nothing beyond it (a stack of which no plans are kept: a held update)
#   3. the image that the branch asks for, or BUILT if the stack serves its repository, is verified and released, with its gates
#   4. the application is asked as a user would; if it does not answer, the traffic goes back
#   5. what is live is committed to the stack's file
# REVIEWED is `false` for a stack whose previews keep no plan.
set -euo pipefail
stack=$1 built=${2-}
ci=$(dirname "$0")
slipway=.venv/bin/slipway
undone() { # the file as the release left it, then the failure
  "$ci/keep.sh" "$stack"
  exit 1
}

# Before the update, which brings a new image into the colour without traffic. That nothing is up yet is an answer, silence is none.
live=$("$slipway" status --stack "$stack" --json) || {
  jq --exit-status .absent <<<"$live" >/dev/null
  echo "deliver: so $stack is brought up from nothing" >&2
}
starts=$(.venv/bin/python "$ci/release_of.py" update "$stack" <<<"$live")
for image in $starts; do
  "$ci/verify.sh" "$image"
done
if [ "${REVIEWED:-true}" = true ]; then
  "$ci/plan.sh" find "$stack"
  "$slipway" up --stack "$stack" --plan "reports/plan-$stack.json"
else
  scripts/held.sh up "$stack" --yes --skip-preview
fi
"$slipway" status --stack "$stack" # fails where KUBECONFIG names another cluster than the one that was updated
image=$(.venv/bin/python "$ci/release_of.py" release "$stack" "$built" <<<"$live")
if [ -z "$image" ]; then
  "$ci/smoke.sh" "$stack"
  exit
fi
"$ci/verify.sh" "$image"
"$slipway" deploy "$image" --stack "$stack" || undone
if ! "$ci/smoke.sh" "$stack" 5; then # the address was there before; what does not answer now costs users
  "$slipway" rollback --stack "$stack" ||
    echo "deliver: $stack does not answer, and its traffic was not moved back: slipway rollback --stack $stack --force" >&2
  undone
fi
"$ci/keep.sh" "$stack"
