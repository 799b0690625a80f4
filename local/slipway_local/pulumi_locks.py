"""Locks of Pulumi's file backend that a killed run left behind: they would refuse every later one."""

import json
import os
import socket
from pathlib import Path

from slipway_local.paths import paths

PROCESSES = Path("/proc")


def clear_stale_locks() -> list[str]:
    """Removes the locks whose process is gone from this machine; returns what to tell about each."""
    told: list[str] = []
    for folder, _, names in os.walk(paths().state / ".pulumi/locks"):
        for file in (Path(folder) / name for name in names if name.endswith(".json")):
            try:
                lock = json.loads(file.read_text())
                host, pid, since = str(lock["hostname"]), int(lock["pid"]), str(lock["timestamp"])
            except FileNotFoundError:
                continue  # its pulumi has ended meanwhile
            except (OSError, ValueError, KeyError, TypeError) as error:
                told.append(f"the lock {file} cannot be read and is left: {error!r}")
                continue
            if host == socket.gethostname() and not _is_pulumi(pid):
                file.unlink(missing_ok=True)
                told.append(f"removed the lock of a pulumi that was killed (process {pid}, {since})")
    return told


def _is_pulumi(pid: int) -> bool:
    name = PROCESSES / str(pid) / "comm"
    if not PROCESSES.exists():
        return True  # nobody says what has this number: the lock is left
    try:
        return name.read_text().startswith("pulumi")
    except (FileNotFoundError, ProcessLookupError):
        return False
