#!/usr/bin/env bash
# Commits what a release has set in a stack's file, so that the branch says what is live: scripts/ci/keep.sh STACK
# In the project's folder. Needs GITHUB_TOKEN with `contents: write`. Somebody else's push in between is rebased onto; five tries.
set -euo pipefail
file=Pulumi.$1.yaml branch=${GITHUB_REF_NAME:?} address=$GITHUB_SERVER_URL/$GITHUB_REPOSITORY
if git diff --quiet -- "$file"; then
  echo "keep: $file is as it was committed"
  exit
fi
# shellcheck disable=SC2016 # git's shell fills it in: the token is in no argument and in no file
as_us=(-c 'credential.helper=!f() { echo username=x-access-token; echo "password=$GITHUB_TOKEN"; }; f')
git -c user.name=slipway -c user.email=slipway@users.noreply.github.com \
  commit --quiet --message "$1 serves what $file says [skip ci]" -- "$file"
for _ in 1 2 3 4 5; do
  if git "${as_us[@]}" push --quiet "$address" "HEAD:refs/heads/$branch"; then
    echo "keep: $branch says what is live in $1"
    exit
  fi
  git "${as_us[@]}" fetch --quiet "$address" "$branch"
  if ! git -c user.name=slipway -c user.email=slipway@users.noreply.github.com rebase --quiet FETCH_HEAD; then
    git rebase --abort # somebody else has changed the same lines
    break
  fi
done
echo "keep: $file could not be pushed to $branch. $1 is live as below; commit it by hand, or the next release undoes it" >&2
git show --stat --patch HEAD >&2
exit 1
