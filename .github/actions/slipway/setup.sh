#!/usr/bin/env bash
# What `slipway` needs, if it is not there: the project's packages in .venv, and the pulumi of their version, verified.
set -euo pipefail
if [ -x scripts/venv.sh ]; then # Slipway's own checkout
  make --silent .venv/.ready
elif [ ! -x .venv/bin/slipway ]; then
  python3 -m venv .venv
  .venv/bin/pip install --quiet --disable-pip-version-check --requirement requirements.txt
fi
if ! command -v pulumi >/dev/null; then
  version=$(.venv/bin/python -c 'from importlib.metadata import version; print(version("pulumi"))')
  release=https://github.com/pulumi/pulumi/releases/download/v$version archive=pulumi-v$version-linux-x64.tar.gz
  folder=$(mktemp -d)
  cd "$folder"
  curl --silent --show-error --fail --location --retry 3 --remote-name "$release/$archive"
  curl --silent --show-error --fail --location --retry 3 "$release/pulumi-$version-checksums.txt" |
    grep --fixed-strings "  $archive" | sha256sum --check --quiet
  tar --extract --file "$archive"
  echo "$folder/pulumi" >>"$GITHUB_PATH"
fi
