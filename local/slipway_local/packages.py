"""Debian packages that the platform needs: installed when they are missing, their services never started."""

import os
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from slipway_local.paths import repository

SYSTEMD = Path("/run/systemd/system")
POLICY = Path("/usr/sbin/policy-rc.d")
UNITS = {
    "containerd": ("containerd.service",),
    "docker.io": ("docker.service", "docker.socket"),
    "docker-registry": ("docker-registry.service",),
}
MARK = "# written by slipway while it installs packages: no service is started"


@cache
def _wanted() -> list[str]:
    lines = (repository() / "local/node/packages.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def missing_packages() -> list[str]:
    """The packages of packages.txt that are not installed here."""
    if shutil.which("dpkg-query") is None:
        return _wanted()
    asked = subprocess.run(
        ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n", *_wanted()],
        check=False,  # it fails when it knows one of the names not at all
        capture_output=True,
        text=True,
    )
    installed = {line.split()[0] for line in asked.stdout.splitlines() if line.endswith(" installed")}
    return [package for package in _wanted() if package not in installed]


def install_packages(packages: list[str]) -> None:
    """Installs them with apt-get."""
    if shutil.which("apt-get") is None:
        raise RuntimeError(
            f"missing on this machine: {', '.join(packages)}; install them with your package manager"
        )
    with _no_services_started():
        _apt("update")
        _apt("install", "--no-install-recommends", "--no-remove", *packages)
    units = [unit for package in packages for unit in UNITS.get(package, ())]
    if units and SYSTEMD.exists():
        # Installed is not asked for: at the next boot they would run beside the platform's own.
        _run("systemctl", "disable", *units)


def _apt(*arguments: str) -> None:
    _run("apt-get", "--yes", "--quiet", "-o", "DPkg::Lock::Timeout=300", *arguments)


def _run(*command: str) -> None:
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
    )
    if done.returncode != 0:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-8:])
        raise RuntimeError(f"`{' '.join(command)}` failed:\n{last}")


@contextmanager
def _no_services_started() -> Generator[None]:
    """Debian asks policy-rc.d before it starts a service; 101 forbids it. What stood there is put back."""
    before = POLICY.read_text() if POLICY.exists() else None
    if before is not None and MARK in before:
        before = None  # left by an installation that was killed
    mode = POLICY.stat().st_mode if before is not None else 0
    POLICY.write_text(f"#!/bin/sh\n{MARK}\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        if before is None:
            POLICY.unlink()
        else:
            POLICY.write_text(before)
            POLICY.chmod(mode)
