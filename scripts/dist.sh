#!/usr/bin/env bash
# What a version is made of, into dist/: the wheel, the components' schema for other languages, the reference, the bills of materials
# and what the changelog says of it.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
rm -rf dist build
mkdir dist
"$bin/python" -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .
PYTHONPATH=$PWD/components "$bin/python" scripts/schema.py >dist/schema.json
tar --create --gzip --file dist/docs.tar.gz --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner docs
cyclonedx=$("$bin/python" -c 'from slipway_local.runtime import SCAN
SCAN.ensure()
print(SCAN.program("cyclonedx-py"))')
"$cyclonedx" requirements --output-reproducible --pyproject pyproject.toml --output-file dist/wheel.cdx.json requirements.txt
(cd apps/chat && npm sbom --sbom-format cyclonedx --package-lock-only --omit dev) >dist/application.cdx.json
"$bin/python" scripts/release.py --notes >dist/notes.md
ls -l dist
