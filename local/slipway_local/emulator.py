"""The AWS emulator: ministack in an environment of its own, and the part that runs it."""

import hashlib
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from slipway_local.api import healthy
from slipway_local.parts import Part
from slipway_local.paths import paths, repository
from slipway_local.ports import EMULATOR

PROGRAMS = ("serve.py", "durable.py", "additions.py")
INSTALL_SECONDS = 15


def emulator() -> Part:
    """It keeps its state in the cache through restarts and kills. local/emulator says what is added to it."""
    folder = paths().configuration / "emulator"
    files = {folder / name: (_source() / name).read_text() for name in PROGRAMS}
    return Part(
        "emulator",
        [str(_folder() / "bin/python"), str(folder / "serve.py")],
        lambda: healthy("/_ministack/ready", EMULATOR, plain=True),
        start_seconds=2,
        environment={
            "GATEWAY_PORT": str(EMULATOR),
            "PERSIST_STATE": "1",
            "STATE_DIR": str(paths().emulator),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(paths().emulator / "s3"),
            "CLOUDTRAIL_RECORDING": "1",
            "TMPDIR": str(paths().run),
            # Listeners that nobody here needs, one of them on every address.
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            # Databases and clusters are answered for, never started as containers: there is no such daemon.
            "DOCKER_HOST": f"unix://{paths().run}/no-docker-for-the-emulator.sock",
        },
        files=files,
    )


def is_installed() -> bool:
    """Whether the emulator's environment is whole."""
    return _complete().exists()


def install() -> None:
    """Installs local/emulator/requirements.txt in the cache: the emulator outlives its checkout."""
    # Scripts name their folder, so it is built in its place; the mark says whether it is whole.
    shutil.rmtree(_folder(), ignore_errors=True)
    _run(sys.executable, "-m", "venv", str(_folder()))
    requirements = _source() / "requirements.txt"
    _run(str(_folder() / "bin/python"), "-m", "pip", "install", "--quiet", "--requirement", str(requirements))
    _complete().touch()


def _source() -> Path:
    return repository() / "local/emulator"


@cache
def _folder() -> Path:
    described = (_source() / "requirements.txt").read_bytes() + sys.version.encode()
    return paths().toolchain / "emulator" / hashlib.sha256(described).hexdigest()[:8]


def _complete() -> Path:
    return _folder() / ".complete"


def _run(*command: str) -> None:
    # Without bytecode each start would compile ministack's libraries again.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise RuntimeError(f"`{' '.join(command)}` failed:\n{(done.stdout + done.stderr).strip()}")
