"""The platform's processes: those of its control group, or, with a simulated node, those of its supervisor.

An ordinary user makes no control groups, and needs none: a simulated node starts nothing but what the supervisor starts.
"""

import os
import signal

from slipway_local import cgroups, cluster, supervisor


def members() -> list[int]:
    """Every process of the platform; none of another cache's."""
    return supervisor.family() if cluster.is_simulated() else cgroups.members()


def kill_all() -> None:
    """Ends every process of the platform."""
    if not cluster.is_simulated():
        cgroups.kill_all()
        return
    for pid in supervisor.family():
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue  # it ended with the supervisor
