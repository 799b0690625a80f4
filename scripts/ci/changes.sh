#!/usr/bin/env bash
# Whether a pull request changes more than documentation: `code=true` or `code=false`, into $GITHUB_OUTPUT. Filters of paths would not
# do: a check that a branch's protection asks for, and that a filter keeps from running, is waited for for ever.
# What is checked out is its merge into the base, the base being the first parent; anything else counts as code.
set -euo pipefail
code=true
if git rev-parse --quiet --verify HEAD^2 >/dev/null && git diff --quiet HEAD^1 -- . ':!docs' ':!*.md'; then
  code=false
fi
echo "code=$code" >>"${GITHUB_OUTPUT:-/dev/stdout}"
