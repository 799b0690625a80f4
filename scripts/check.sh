#!/usr/bin/env bash
# The linters of every format in the repo. Each says what it checks; the first finding ends the run.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
step() { echo "check: $1"; shift; "$@"; }
step "python style (ruff)" $bin/ruff check .
step "python format (ruff)" $bin/ruff format --check .
step "types (basedpyright)" $bin/basedpyright
step "yaml (yamllint)" $bin/yamllint --strict .
mapfile -t shell < <(git ls-files '*.sh' .ci/run)
step "shell (shellcheck)" shellcheck "${shell[@]}"
