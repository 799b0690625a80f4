#!/usr/bin/env bash
# The linters of every format in the repo. Each says what it checks; the first finding ends the run.
# `scripts/check.sh tools` only installs those that the Python environment does not bring.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
step() { echo "check: $1"; shift; "$@"; }
if ! command -v shellcheck >/dev/null; then
  echo "check: installing shellcheck" # a Debian package: its Python wrapper would download a binary
  { apt-get update --quiet && apt-get install --yes --no-install-recommends --quiet shellcheck; } >/dev/null ||
    { echo "shellcheck is missing: install it with your system's package manager" >&2; exit 1; }
fi
tools=$($bin/python -c 'from slipway_local import toolchain as tools
tools.ensure(["prometheus", "alertmanager"])
print(*(tools.program(name) / "bin" for name in ("prometheus", "alertmanager")), sep=":")') ||
  { echo "promtool and amtool are not there and could not be built: run .venv/bin/slipway doctor" >&2; exit 1; }
if [ "${1-}" = tools ]; then exit; fi
PATH="$PATH:$tools"
step "python style (ruff)" $bin/ruff check .
step "python format (ruff)" $bin/ruff format --check .
step "types (basedpyright)" $bin/basedpyright
step "yaml (yamllint)" $bin/yamllint --strict .
step "shell (shellcheck)" shellcheck scripts/*.sh .ci/run
step "scrape configuration (promtool)" promtool check config --syntax-only monitoring/prometheus/prometheus.yaml docker/prometheus/prometheus.yaml
step "alert rules (promtool)" promtool check rules --lint=all --lint-fatal monitoring/prometheus/*.rules.yaml docker/prometheus/*.rules.yaml
step "alert rules' tests (promtool)" promtool test rules monitoring/prometheus/tests/*.test.yaml
step "routing of alerts (amtool)" amtool check-config monitoring/alertmanager/alertmanager.yaml
