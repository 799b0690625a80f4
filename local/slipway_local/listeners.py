"""Who listens on this machine's TCP ports, read from /proc."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

LISTENING = "0A"


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
        command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        return f"process {self.pid} of user {_user(folder)} ({command[:80]})"


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
