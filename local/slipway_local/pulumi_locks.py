"""Locks of Pulumi's file backend that a killed run left behind: they would refuse every later one."""

import json
import socket
from pathlib import Path

from slipway_local.paths import paths


def clear_stale_locks() -> list[str]:
    """Removes the locks whose process is gone from this machine; returns what to tell about each."""
    cleared: list[str] = []
    for file in paths().state.glob(".pulumi/locks/**/*.json"):
        lock = json.loads(file.read_text())
        if lock["hostname"] == socket.gethostname() and not _is_pulumi(lock["pid"]):
            file.unlink(missing_ok=True)
            cleared.append(
                f"removed the lock of a pulumi that was killed (process {lock['pid']}, {lock['timestamp']})"
            )
    return cleared


def _is_pulumi(pid: int) -> bool:
    name = Path("/proc") / str(pid) / "comm"
    try:
        return name.read_text().startswith("pulumi")
    except FileNotFoundError:
        return False
