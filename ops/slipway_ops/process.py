"""Whether who left a lock is still there."""

import os


def runs(pid: int) -> bool:
    """Whether this machine has a process of this number, another user's included."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
