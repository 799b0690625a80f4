#!/usr/bin/env bash
# The plan that a reviewer has seen, from the preview to the update:
#   scripts/ci/plan.sh keep STACK     after `slipway preview`: reports/plan-STACK.json goes where `find` looks for it
#   scripts/ci/plan.sh find STACK     on the merged commit: brings back the plan of the pull request's last commit
# On GitHub the workflow keeps it as an artifact. Elsewhere PLANS_DIR names a folder that both jobs reach.
set -euo pipefail
verb=$1 stack=$2 file=reports/plan-$2.json
api=$GITHUB_API_URL/repos/$GITHUB_REPOSITORY
ask() { curl --silent --show-error --fail --location --retry 3 --header "Authorization: Bearer $GITHUB_TOKEN" "$@"; }
event() { jq --raw-output "$1 // empty" "$GITHUB_EVENT_PATH"; }

if [ "$verb" = keep ]; then
  if [ -n "${PLANS_DIR-}" ]; then
    mkdir -p "$PLANS_DIR"
    cp "$file" "$PLANS_DIR/$stack-$(event .pull_request.head.sha).json"
  fi
  exit
fi
mkdir -p reports
# GitHub's address, then Gitea's.
head=$({ ask "$api/commits/$GITHUB_SHA/pulls" 2>/dev/null || ask "$api/commits/$GITHUB_SHA/pull"; } |
  jq --raw-output '(if type == "array" then .[0] else . end).head.sha // empty')
if [ -z "$head" ]; then
  echo "plan: $GITHUB_SHA was merged by no pull request, so nobody has reviewed what it does to $stack. Nothing was changed." >&2
  echo "  to do: open a pull request, with an empty commit if need be; its preview makes the plan" >&2
  exit 1
fi
if [ -n "${PLANS_DIR-}" ]; then
  cp "$PLANS_DIR/$stack-$head.json" "$file"
else
  name=plan-$stack-$head
  # A fork's run can name an artifact as it likes: only one of this repository's own run of that commit counts.
  address=$(ask "$api/actions/artifacts?name=$name" | jq --raw-output --arg head "$head" '
    [.artifacts[] | select((.expired | not) and .workflow_run.head_sha == $head
      and .workflow_run.head_repository_id == .workflow_run.repository_id)][0].archive_download_url // empty')
  if [ -z "$address" ]; then
    echo "plan: there is no artifact $name: the preview of $head failed, or is older than artifacts are kept. Nothing was changed." >&2
    echo "  to do: run the preview of the pull request again, then this" >&2
    exit 1
  fi
  ask --output reports/plan.zip "$address"
  unzip -o -q reports/plan.zip -d reports
fi
echo "plan: $stack as reviewed at $head"
