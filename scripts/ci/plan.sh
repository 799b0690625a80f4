#!/usr/bin/env bash
# The plan that a reviewer has seen, from the preview to the update:
#   scripts/ci/plan.sh keep STACK     after `slipway preview`: reports/plan-STACK.json goes where `find` looks for it
#   scripts/ci/plan.sh find STACK     on the merged commit: brings back the plan of the pull request's last commit
# On GitHub the workflow keeps it as an artifact. Elsewhere PLANS_DIR names a folder that both jobs reach.
set -euo pipefail
verb=$1 stack=$2 file=reports/plan-$2.json
api=$GITHUB_API_URL/repos/$GITHUB_REPOSITORY
ask() { curl --silent --show-error --fail --location --retry 3 --header "Authorization: Bearer $GITHUB_TOKEN" "$@"; }
refused() { # WHAT SAID
  echo "plan: $GITHUB_API_URL does not say $1: $2. Nothing was changed." >&2
  echo "  to do: give the job \`pull-requests: read\` and \`actions: read\`, or wait until the server answers" >&2
  exit 1
}
merged() { # GitHub's address, then Gitea's; what neither knows was merged by no pull request
  local name said
  for name in pulls pull; do
    if said=$(ask "$api/commits/$GITHUB_SHA/$name" 2>&1); then
      printf '%s' "$said"
      return
    fi
    [[ $said == *"error: 404"* ]] || refused "which pull request $GITHUB_SHA is of" "$said"
  done
  echo '[]'
}
missing() { # WHAT
  echo "plan: there is no $1: the preview of $head failed, or is older than plans are kept. Nothing was changed." >&2
  echo "  to do: run the preview of the pull request again, then this" >&2
  exit 1
}
event() { jq --raw-output "$1 // empty" "$GITHUB_EVENT_PATH"; }

if [ "$verb" = keep ]; then
  if [ -n "${PLANS_DIR-}" ]; then
    mkdir -p "$PLANS_DIR"
    cp "$file" "$PLANS_DIR/$stack-$(event .pull_request.head.sha).json"
  fi
  exit
fi
mkdir -p reports
head=$(merged | jq --raw-output '(if type == "array" then .[0] else . end).head.sha // empty')
if [ -z "$head" ]; then
  echo "plan: $GITHUB_SHA was merged by no pull request, so nobody has reviewed what it does to $stack. Nothing was changed." >&2
  echo "  to do: open a pull request, with an empty commit if need be; its preview makes the plan" >&2
  exit 1
fi
if [ -n "${PLANS_DIR-}" ]; then
  kept=$PLANS_DIR/$stack-$head.json
  [ -e "$kept" ] || missing "file $kept"
  cp "$kept" "$file"
else
  name=plan-$stack-$head
  # A fork's run can name an artifact as it likes: only one of this repository's own run of that commit counts.
  listed=$(ask "$api/actions/artifacts?name=$name" 2>&1) || refused "which artifacts there are" "$listed"
  address=$(jq --raw-output --arg head "$head" '
    [.artifacts[] | select((.expired | not) and .workflow_run.head_sha == $head
      and .workflow_run.head_repository_id == .workflow_run.repository_id)][0].archive_download_url // empty' <<<"$listed")
  [ -n "$address" ] || missing "artifact $name"
  said=$(ask --output reports/plan.zip "$address" 2>&1) || refused "what is in $name" "$said"
  unzip -o -q reports/plan.zip -d reports
  [ -e "$file" ] || missing "$file in the artifact $name"
fi
echo "plan: $stack as reviewed at $head"
