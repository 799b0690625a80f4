# The two commands of the README and what stands beside them. Each is a thin call; the work is in `slipway` and pytest.
.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
READY := $(VENV)/.ready
SLIPWAY := $(VENV)/bin/slipway
PYTEST := $(VENV)/bin/pytest

.PHONY: help up test check unit scan dist release pipeline mutation state docs down lock

help: ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: $(READY) ## Set everything up, bring the dev environment up, print its URL
	@$(SLIPWAY) local up
	@$(SLIPWAY) local exec -- scripts/dev-up.sh

test: $(READY) ## Set everything up, run every test
	@scripts/test.sh

check: $(READY) ## Style, types, YAML, shell, Dockerfiles and workflows
	@scripts/check.sh

unit: $(READY) ## The unit tests alone: no platform, seconds
	@$(PYTEST) --numprocesses=2 tests/unit --cov --cov-report=term --cov-report=json:reports/coverage.json --junitxml=reports/unit.xml

scan: $(READY) ## Dependencies, secrets, code, workflows, images, infrastructure, manifests; STAGE=… for one
	@scripts/scan.sh $(STAGE)

dist: $(READY) ## What a version is made of, into dist/: wheel, schema, reference, bills of materials
	@scripts/dist.sh

release: $(READY) ## VERSION=…: version and changelog into one commit, with a signed tag; nothing is pushed
	@$(VENV)/bin/python scripts/release.py "$$VERSION"

pipeline: $(READY) ## The whole way of a change, on a Git server of its own: pull request, merge, delivery, the way back
	@$(SLIPWAY) local up --extras
	@$(SLIPWAY) local exec -- $(PYTEST) -x --verbose -m pipeline tests/e2e

mutation: $(READY) ## Change each default of the components: its unit tests have to notice. Minutes
	@$(VENV)/bin/python -m tests.support.mutation

state: $(READY) ## VERSION=… before its tag: keep its state, for the upgrade tests of those after it
	@[[ $$VERSION =~ ^[0-9]+\.[0-9]+\.[0-9]+$$ ]] || { echo "state: VERSION must be as 1.4.0, got '$$VERSION'" >&2; exit 1; }
	@$(SLIPWAY) local up
	@$(SLIPWAY) local exec -- $(PYTEST) tests/engine/test_alone.py --release-state "tests/engine/released/$$VERSION.json"

docs: $(READY) ## Write the reference pages, and the children's names, from the components
	@$(VENV)/bin/python -m tests.support.reference

down: $(READY) ## Destroy dev, stop the platform, leave nothing but the cache
	@scripts/dev-down.sh

lock: ## Pin what the direct dependencies of pyproject.toml need
	@scripts/lock.sh

$(READY): requirements.txt requirements-dev.txt pyproject.toml local/pyproject.toml
	@scripts/venv.sh $(VENV)
	@touch $@
