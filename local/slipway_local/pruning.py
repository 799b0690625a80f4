"""Clears the cache of what no checkout has used for two weeks: programs and Python environments of former keys.

A folder's time of change says when it was last used: `up` sets it on everything that its checkout names, installed by it or not.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from slipway_local import runtime, toolchain
from slipway_local.paths import paths
from slipway_local.programs import table

KEPT_SECONDS = 14 * 24 * 3600


def prune() -> list[Path]:
    """Marks what this checkout names as used, and removes what is long unused and in no running command; tells what it was."""
    for folder in _named():
        if folder.is_dir():
            os.utime(folder)
    before = time.time() - KEPT_SECONDS
    unused = [folder for folder in _kept() if folder.stat().st_mtime < before]
    running = _commands() if unused else ""
    removed = [folder for folder in unused if str(folder) not in running]
    for folder in removed:
        shutil.rmtree(folder)
    return removed


def _named() -> Iterable[Path]:
    yield from toolchain.homes()
    yield from (environment.folder for environment in runtime.ALL)


def _kept() -> Iterator[Path]:
    """Every version of everything; of the plugins, those that are the platform's own."""
    plugins = [f"resource-{program.plugin}-v*" for program in table().values() if program.plugin]
    for name in (*table(), *(environment.name for environment in runtime.ALL)):
        yield from (paths().toolchain / name).glob("*")
    for pattern in plugins:
        yield from (paths().pulumi / "plugins").glob(pattern)


def _commands() -> str:
    """The command lines of all processes: what another checkout's platform runs is in use. Without /proc, those that ps tells."""
    if not Path("/proc").exists():
        return subprocess.run(["ps", "-Axo", "command="], check=True, capture_output=True, text=True).stdout
    told: list[str] = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            told.append(file.read_bytes().decode(errors="replace"))
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
    return "\n".join(told)
