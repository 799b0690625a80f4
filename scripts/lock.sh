#!/usr/bin/env bash
# Resolves the direct pins of pyproject.toml into requirements.txt (what a user needs) and requirements-dev.txt (with tests and the local platform).
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
python3 -m venv "$tools"
"$tools/bin/pip" install --quiet uv==0.13.9
compile() {
  "$tools/bin/uv" pip compile --quiet --python-version 3.11 --custom-compile-command "make lock" pyproject.toml "$@"
}
compile --output-file requirements.txt
compile local/pyproject.toml --extra policy --extra dev --output-file requirements-dev.txt
