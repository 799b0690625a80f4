#!/usr/bin/env bash
# Every test. A part that fails keeps none of the others from running; the last lines tell how each ended, and reports/ has each test.
# shellcheck disable=SC2317 # functions are called by way of `part`
set -uo pipefail
cd "$(dirname "$0")/.." || exit
slipway=.venv/bin/slipway pytest=.venv/bin/pytest
told=() failed=0

part() {
  local name=$1 begun=$SECONDS result=ok
  shift
  printf '\ntest: %s\n' "$name"
  "$@" || result=FAILED failed=1
  told+=("$(printf 'test: %-30s %-6s %5d s' "$name" $result $((SECONDS - begun)))")
}

live() { # what looks at containers, traffic and the machine
  if [ "$($slipway local exec -- printenv SLIPWAY_LOCAL_CLUSTER)" = simulated ]; then
    echo "test: not run, and no test that passed says anything of it: these need a real node, which needs Linux and root" >&2
    return 1
  fi
  $slipway local exec -- "$pytest" "$@"
}

linted() {
  wait "$linters"
  local result=$?
  cat "$said"
  return "$result"
}

said=$(mktemp)
scripts/check.sh tools || exit 1
scripts/check.sh >"$said" 2>&1 & # beside what mostly waits
linters=$!
trap 'kill $linters 2>/dev/null; rm -f "$said"' EXIT
trap 'exit 130' INT TERM
if ! $slipway local up --extras; then
  echo "test: nothing was tested: the platform did not come up" >&2
  exit 1
fi
part "unit" $pytest --numprocesses=2 tests/unit --cov --cov-report=term --cov-report=json:reports/coverage.json \
  --junitxml=reports/unit.xml
part "style, types, YAML, shell" linted
part "with the machine to itself" live --verbose --durations=5 --junitxml=reports/alone.xml -m alone tests/e2e
part "engine and e2e" live --numprocesses=2 --dist=loadgroup --verbose --durations=20 --junitxml=reports/live.xml \
  -m "not alone and not pipeline" tests/engine tests/e2e
printf '%s\n' "" "${told[@]}"
exit $failed
