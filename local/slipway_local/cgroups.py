"""One control group holds everything that the platform runs, so that nothing of it is ever lost sight of.

The supervisor and what it starts are in /slipway/platform, pods in /slipway/kubepods.
"""

import errno
import os
import signal
import time
from pathlib import Path

from slipway_local.paths import paths

ROOT = Path("/sys/fs/cgroup")
GROUP = "slipway"
OWNER = "trusted.slipway.cache"
CPUSET_INHERITED = ("cpuset.mems", "cpuset.cpus")
# Pods share one group, and to the scheduler a group weighs what one process outside does. Without more weight than that,
# a `pulumi up` or a compiler would starve all pods together.
WEIGHTS = {"cpu.shares": "10240", "cpu.weight": "1000"}


def hierarchies() -> list[Path]:
    """Where groups are made: one mount point per controller in version 1, the root in version 2."""
    if (ROOT / "cgroup.controllers").exists():
        return [ROOT]
    return sorted(
        folder for folder in ROOT.iterdir() if (folder / "cgroup.procs").exists() and not folder.is_symlink()
    )


def _tracker() -> Path:
    """The hierarchy that says who belongs to the platform: containers are in all, the others in this one."""
    known = hierarchies()
    return next((folder for folder in known if folder.name == "pids"), known[0])


def prepare() -> None:
    """Makes the platform's group; the kubelet wants its root to exist."""
    if not is_ours() and _pids():
        raise RuntimeError(
            f"another Slipway platform is up on this machine, with its cache in {owner()}: "
            "there is one per machine. Use that one, or let its user stop it with `slipway local down`"
        )
    for hierarchy in hierarchies():
        group = hierarchy / GROUP
        group.mkdir(exist_ok=True)
        for name in CPUSET_INHERITED:
            own = group / name
            if own.exists() and not own.read_text().strip():
                own.write_text((hierarchy / name).read_text())
        for name, weight in WEIGHTS.items():
            if (group / name).exists():
                (group / name).write_text(weight)
    os.setxattr(_tracker() / GROUP, OWNER, str(paths().cache).encode())
    (_tracker() / GROUP / "platform").mkdir(exist_ok=True)


def enter() -> None:
    """Moves the calling process, and thereby what it starts, into the platform's group."""
    (_tracker() / GROUP / "platform/cgroup.procs").write_text(str(os.getpid()))


def members() -> list[int]:
    """Every process of the platform, pods included; those of another cache's platform are not ours."""
    return _pids() if is_ours() else []


def _pids() -> list[int]:
    pids: list[int] = []
    for folder, _, _ in os.walk(_tracker() / GROUP):
        try:
            pids += map(int, (Path(folder) / "cgroup.procs").read_text().split())
        except OSError as error:
            if error.errno not in {errno.ENOENT, errno.ENODEV}:  # a group that was removed meanwhile
                raise
    return pids


def owner() -> str | None:
    """The cache whose platform made the group."""
    try:
        return os.getxattr(_tracker() / GROUP, OWNER).decode()
    except OSError:
        return None  # there is no group, or it was made just now


def is_ours() -> bool:
    """Whether what the platform changes on this machine is ours to change: no other cache's platform did."""
    return owner() in {None, str(paths().cache)}


def kill_all(seconds: float = 20) -> None:
    """Ends every process of the platform. Asks again, because a dying one may have just started another."""
    deadline = time.monotonic() + seconds
    while alive := members():
        if time.monotonic() > deadline:
            raise RuntimeError(f"processes that do not end: {', '.join(map(str, alive))}")
        for pid in alive:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.05)


def remove() -> None:
    """Removes the group and all below it; they must be empty."""
    for hierarchy in hierarchies():
        top = hierarchy / GROUP
        below = sorted(
            (folder for folder in top.rglob("*") if folder.is_dir()), key=lambda folder: -len(folder.parts)
        )
        for folder in [*below, top] if top.exists() else []:
            _remove_when_empty(folder)


def _remove_when_empty(folder: Path) -> None:
    """The kernel lets go of a group a moment after its last process."""
    for _ in range(100):
        try:
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(
        f"{folder} cannot be removed: {(folder / 'cgroup.procs').read_text() or 'no process in it'}"
    )
