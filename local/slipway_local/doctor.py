"""What the local platform needs of this machine, looked at before any work begins."""

import os
import platform as machine
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from slipway_local import toolchain
from slipway_local.packages import missing_packages
from slipway_local.paths import paths
from slipway_local.ports import PORTS

GIB = 1024**3
BUILD_DISK, RUN_DISK = 18 * GIB, 4 * GIB
BUILD_MEMORY, RUN_MEMORY = 6 * GIB, 3 * GIB
OLDEST_GO: list[int] = [1, 25]
OLDEST_NODE = 20


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `mend` says what to do where `ok` is false."""

    name: str
    ok: bool
    found: str
    mend: str = ""

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def _system() -> Finding:
    found = f"{machine.system()} {machine.machine()}"
    supported = machine.system() == "Linux" and machine.machine() in {"x86_64", "aarch64"}
    return Finding(
        "system", supported, found, "use Linux on amd64 or arm64, or name a cluster of your own in KUBECONFIG"
    )


def _root() -> Finding:
    user = os.geteuid()
    return Finding(
        "root", user == 0, f"user id {user}", "run as root: a Kubernetes node needs it (sudo -E make up)"
    )


def _memory(needed: int) -> Finding:
    lines = Path("/proc/meminfo").read_text().splitlines()
    available = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    return Finding(
        "memory",
        available >= needed,
        f"{available / GIB:.1f} GiB available, {needed / GIB:.0f} needed",
        "end programs that use memory, or take a larger machine",
    )


def _disk(needed: int) -> Finding:
    folder = paths().cache
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    return Finding(
        "disk",
        free >= needed,
        f"{free / GIB:.1f} GiB free at {folder}, {needed / GIB:.0f} needed",
        "free some disk, or point XDG_CACHE_HOME at a larger one",
    )


def _first_line(*command: str) -> str | None:
    if shutil.which(command[0]) is None:
        return None
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip().splitlines()[0]


def _go() -> Finding:
    found = _first_line("go", "env", "GOVERSION") or "not on PATH"
    version = [int(part) for part in found.removeprefix("go").split(".")[:2] if part.isdigit()]
    wanted = ".".join(map(str, OLDEST_GO))
    return Finding(
        "go", version >= OLDEST_GO, found, f"install Go {wanted} or newer and put it on PATH"
    )


def _npm() -> Finding:
    found = _first_line("npm", "--version")
    return Finding(
        "npm", found is not None, found or "not on PATH", f"install Node.js {OLDEST_NODE} or newer with npm"
    )


def _debian(packages: list[str]) -> Finding:
    return Finding(
        "packages",
        shutil.which("apt-get") is not None,
        f"to be installed: {', '.join(packages)}",
        "install these programs with your system's package manager: only Debian's apt-get is called by itself",
    )


def _modules() -> Finding:
    asked = subprocess.run(
        ["go", "list", "-m", "-versions", "go.uber.org/atomic"],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    reached = asked.returncode == 0
    return Finding(
        "network",
        reached,
        "the Go module registry answers" if reached else asked.stderr.strip().splitlines()[-1],
        "give this machine access to its package registries (GOPROXY, HTTPS_PROXY): the toolchain is not built yet",
    )


def _ports(ours: set[int]) -> list[Finding]:
    findings: list[Finding] = []
    for port, part in PORTS.items():
        if port in ours:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                findings.append(
                    Finding(
                        f"port {port}",
                        ok=False,
                        found=f"in use ({error.strerror}); {part} needs it on 127.0.0.1",
                        mend=f"end what listens there: ss -ltnp 'sport = :{port}' names it; "
                        "a Slipway platform of another user is stopped by its `make down`",
                    )
                )
    return findings or [Finding("ports", ok=True, found=f"{len(PORTS)} ports free or ours")]


def examine() -> list[Finding]:
    """Looks at everything; what the platform already has is not asked for again.

    With a KUBECONFIG of the user's own no node is started, so neither root nor Linux is needed.
    """
    from slipway_local.platform import listening_ports

    own_cluster = bool(os.environ.get("KUBECONFIG"))
    programs = toolchain.missing()
    packages = missing_packages()
    looks: list[Callable[[], Finding]] = [] if own_cluster else [_system, _root]
    if programs:
        looks += [lambda: _memory(BUILD_MEMORY), lambda: _disk(BUILD_DISK), _go, _npm]
    else:
        looks += [lambda: _memory(RUN_MEMORY), lambda: _disk(RUN_DISK)]
    if packages:
        looks.append(lambda: _debian(packages))
    findings = [look() for look in looks]
    if programs and all(finding.ok for finding in findings if finding.name == "go"):
        findings.append(_modules())
    python = ".".join(map(str, sys.version_info[:3]))
    return [
        Finding("python", sys.version_info >= (3, 11), python, "install Python 3.11"),
        *findings,
        *_ports(listening_ports()),
    ]
