"""Who listens on this machine's TCP ports, read from /proc."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from slipway_local import processes

LISTENING = "0A"
SETTLE_SECONDS, ASK_EVERY = 5.0, 0.1


@dataclass(frozen=True)
class Listener:
    """A process that holds a port; pid 0 when it belongs to a user whose processes we may not see."""

    port: int
    pid: int

    @property
    def who(self) -> str:
        if self.pid == 0:
            return "a process of another user"
        folder = Path("/proc") / str(self.pid)
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            return f"process {self.pid} of user {_user(folder)} ({command[:80]})"
        except FileNotFoundError:
            return f"process {self.pid}, which has just ended"


def foreign_listeners(ports: Iterable[int]) -> list[Listener]:
    """The processes beside the platform that hold these ports.

    A process that was killed is in no group, and shows no open file, some moments before its socket is free:
    so what is found has to last.
    """
    wanted = set(ports)
    until = time.monotonic() + SETTLE_SECONDS
    while True:
        found = listeners(wanted)
        ours = set(processes.members())
        foreign = [listener for listener in found if listener.pid not in ours]
        if not foreign or time.monotonic() > until:
            return foreign
        time.sleep(ASK_EVERY)


def listeners(ports: Iterable[int]) -> list[Listener]:
    """The processes that listen on these ports, on any address."""
    sockets: dict[str, int] = {}
    wanted = set(ports)
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        if not Path(table).exists():
            continue
        for line in Path(table).read_text().splitlines()[1:]:
            columns = line.split()
            port = int(columns[1].rsplit(":", 1)[1], 16)
            if columns[3] == LISTENING and port in wanted:
                sockets[f"socket:[{columns[9]}]"] = port
    if not sockets:
        return []
    owners = _owners(sockets.keys())
    return sorted(
        (Listener(port, owners.get(inode, 0)) for inode, port in sockets.items()), key=lambda one: one.port
    )


def _owners(inodes: Iterable[str]) -> dict[str, int]:
    wanted, owners = set(inodes), dict[str, int]()
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            for descriptor in (process / "fd").iterdir():
                target = str(descriptor.readlink())
                if target in wanted:
                    owners[target] = int(process.name)
        except OSError:
            continue  # it ended meanwhile, or is not ours to look at
    return owners


def _user(process: Path) -> str:
    import pwd

    uid = process.stat().st_uid
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
