"""The platform's processes: those of its control group, or, with a simulated node, those of its supervisor.

An ordinary user makes no control groups, and needs none: a simulated node starts nothing but what the supervisor starts.
"""

import os
import signal
import time
from pathlib import Path

from slipway_local import cgroups, cluster, supervisor

END_SECONDS = 20


def members() -> list[int]:
    """Every process of the platform; none of another cache's."""
    return supervisor.family() if cluster.is_simulated() else cgroups.members()


def kill_all() -> None:
    """Ends every process of the platform."""
    if not cluster.is_simulated():
        cgroups.kill_all()
        return
    family = supervisor.family()
    for pid in family:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue  # it ended with the supervisor
    deadline = time.monotonic() + END_SECONDS
    while alive := [pid for pid in family if not _has_ended(pid)]:
        if time.monotonic() > deadline:
            raise RuntimeError(f"processes that do not end: {', '.join(map(str, alive))}")
        time.sleep(0.05)


def _has_ended(pid: int) -> bool:
    """Also when nobody has asked yet how it ended."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (ProcessLookupError, FileNotFoundError):
        return True
