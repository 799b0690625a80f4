"""The Python of the platform's own programs: in the cache, for they outlive the checkout that starts them."""

import hashlib
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from slipway_local.paths import paths, repository


@cache
def _folder() -> Path:
    described = (repository() / "local/runtime/requirements.txt").read_bytes() + sys.version.encode()
    return paths().toolchain / "runtime" / hashlib.sha256(described).hexdigest()[:8]


def runtime_program(name: str) -> Path:
    """A program of the runtime's environment: python, supervisord, …"""
    return _folder() / "bin" / name


def is_installed() -> bool:
    """Scripts in bin/ name their folder, so it is built in its place; the mark says whether it is whole."""
    return (_folder() / ".complete").exists()


def install() -> None:
    """Installs local/runtime/requirements.txt into an environment of its own."""
    shutil.rmtree(_folder(), ignore_errors=True)
    requirements = repository() / "local/runtime/requirements.txt"
    _run(sys.executable, "-m", "venv", str(_folder()))
    _run(
        str(runtime_program("python")), "-m", "pip", "install", "--quiet", "--requirement", str(requirements)
    )
    (_folder() / ".complete").touch()


def _run(*command: str) -> None:
    # Without bytecode each start of the emulator would compile its libraries again.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise RuntimeError(f"`{' '.join(command)}` failed:\n{(done.stdout + done.stderr).strip()}")
