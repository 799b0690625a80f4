#!/usr/bin/env bash
# Makes the virtual environment that everything here runs in: scripts/venv.sh FOLDER
set -euo pipefail
venv=$1
python=$(command -v python3 || true)
if [ -z "$python" ] || ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "slipway needs Python 3.11 or newer as python3 on PATH; found: ${python:-none}. Install it and run again." >&2
  exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  echo "this Python has no venv module: install it (Debian: apt-get install python3-venv) and run again." >&2
  exit 1
fi
if [ -L "$venv" ]; then
  echo "$venv is a link: what it leads to would be emptied. Remove the link and run again." >&2
  exit 1
fi
echo "python: installing the pinned packages into $venv"
"$python" -m venv --clear "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-compile --requirement requirements-dev.txt
"$venv/bin/python" -m compileall -q -j 0 "$venv/lib" || # pip would do it on one core, in half of its time
  echo "python: what is named above could not be compiled; it loads more slowly, if it is used at all" >&2
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --editable . --editable local 2>/dev/null ||
  "$venv/bin/pip" install --no-deps --editable . --editable local # once more, to show why
