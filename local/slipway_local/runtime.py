"""The Python environments of the platform's own programs: in the cache, for they outlive the checkout that starts them."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from slipway_local.paths import paths, repository


@dataclass(frozen=True)
class PythonEnvironment:
    """What local/<name>/requirements.txt lists, installed."""

    name: str
    what: str
    install_seconds: float

    def program(self, name: str) -> Path:
        """A program of the environment: python, supervisord, …"""
        return self.folder / "bin" / name

    def is_installed(self) -> bool:
        """Scripts in bin/ name their folder, so it is built in its place; the mark says whether it is whole."""
        return self._mark().exists()

    def ensure(self) -> None:
        """Makes the environment if it is not there; who comes while another makes it waits."""
        paths().toolchain.mkdir(parents=True, exist_ok=True)
        with (paths().toolchain / f"{self.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self.is_installed():
                self.install()

    def install(self) -> None:
        """Makes the environment anew."""
        shutil.rmtree(self.folder, ignore_errors=True)
        _run(sys.executable, "-m", "venv", str(self.folder))
        pip = (str(self.program("python")), "-m", "pip", "install", "--quiet")
        _run(*pip, "--requirement", str(self._requirements()))
        self._mark().touch()

    def _requirements(self) -> Path:
        return repository() / "local" / self.name / "requirements.txt"

    @property
    def folder(self) -> Path:
        """Keyed by what it is made of."""
        described = self._requirements().read_bytes() + sys.version.encode()
        return paths().toolchain / self.name / hashlib.sha256(described).hexdigest()[:8]

    def _mark(self) -> Path:
        return self.folder / ".complete"


RUNTIME = PythonEnvironment("runtime", "the supervisor's Python packages", install_seconds=10)
CHECKOV = PythonEnvironment("checkov", "checkov, for the tests that ask it", install_seconds=60)
SCAN = PythonEnvironment("scan", "pip-audit and cyclonedx-py, for the scans", install_seconds=20)
AWS = PythonEnvironment("aws", "the AWS command line", install_seconds=15)
EMULATOR = PythonEnvironment("emulator", "the emulator's Python packages", install_seconds=15)
ALL = (RUNTIME, CHECKOV, SCAN, AWS, EMULATOR)


def aws_command() -> Path:
    """A folder with `aws` alone: the environment's own python must not come before the caller's."""
    folder = paths().platform / "aws"
    folder.mkdir(exist_ok=True)
    link = folder / "aws"
    link.unlink(missing_ok=True)
    link.symlink_to(AWS.program("aws"))
    return folder


def _run(*command: str) -> None:
    # Without bytecode each start of the emulator would compile its libraries again.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise RuntimeError(f"`{' '.join(command)}` failed:\n{(done.stdout + done.stderr).strip()}")
