"""Other processes: whether who left a lock is still there, and the one that is needed."""

import os

NO_PULUMI = "the program pulumi is not on PATH; install it (https://www.pulumi.com/docs/iac/download-install/), then run this again"


def runs(pid: int) -> bool:
    """Whether this machine has a process of this number, another user's included."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
