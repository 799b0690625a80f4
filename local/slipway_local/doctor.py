"""What the local platform needs of this machine, looked at before any work begins."""

import os
import platform as machine
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from slipway_local import base_image, cluster, gobuild, processes, toolchain
from slipway_local.cluster import Kind
from slipway_local.gobuild import BuildError
from slipway_local.listeners import foreign_listeners
from slipway_local.packages import missing_packages
from slipway_local.paths import paths
from slipway_local.ports import PORTS, SHARED_PORTS, SIMULATION_PORTS
from slipway_local.programs import table

GIB = 1024**3
BUILD_DISK, RUN_DISK = 18 * GIB, 4 * GIB
BUILD_MEMORY, RUN_MEMORY = 6 * GIB, 3 * GIB
OLDEST_NODE = 20
NETWORK_SECONDS = 60
MEMORY = Path("/proc/meminfo")
PORTS_OF = {Kind.NAMED: SHARED_PORTS, Kind.NODE: PORTS, Kind.SIMULATED: SIMULATION_PORTS}


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
    supported = machine.system() in {"Linux", "Darwin"} and machine.machine() in {
        "x86_64",
        "aarch64",
        "arm64",
    }
    return Finding("system", supported, found, "use Linux or macOS, on amd64 or arm64")


def _root(kind: Kind) -> Finding:
    user = os.geteuid()
    if kind is Kind.SIMULATED:
        return Finding(
            "root", ok=True, found=f"user id {user}: enough for a simulated node; root gets a real one"
        )
    return Finding(
        "root",
        user == 0,
        f"user id {user}",
        "run as root: the Docker daemon, the node and apt-get need it (sudo -E make up)",
    )


def _cluster() -> tuple[Finding, Kind]:
    """Which cluster is to serve; where that cannot be said, a node here is looked at."""
    try:
        chosen = cluster.choose()
    except RuntimeError as error:
        kind = Kind.SIMULATED if cluster.is_simulated() else Kind.NODE
        return Finding("cluster", ok=False, found=str(error), mend="see docs/local-platform.md"), kind
    return Finding("cluster", ok=True, found=chosen.described), chosen.kind


def _memory(needed: int) -> list[Finding]:
    if not MEMORY.exists():
        return []  # a system that counts it otherwise
    lines = MEMORY.read_text().splitlines()
    available = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    return [
        Finding(
            "memory",
            available >= needed,
            f"{available / GIB:.1f} GiB available, {needed / GIB:.0f} needed",
            "end programs that use memory, or take a larger machine",
        )
    ]


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


def _missing_programs(kind: Kind) -> list[str]:
    try:
        return toolchain.missing(kind)
    except (BuildError, OSError, subprocess.SubprocessError):
        return list(table())  # which builds are the right ones depends on the Go, and there is none


def _go() -> Finding:
    wanted = gobuild.oldest_go(program for program in table().values() if not program.asked)
    mend = f"install Go {wanted} or newer and put it on PATH"
    try:
        path, version = gobuild.go()
    except (BuildError, OSError, subprocess.SubprocessError) as error:
        return Finding("go", ok=False, found=str(error), mend=mend)
    return Finding("go", gobuild.numbers(version) >= gobuild.numbers(wanted), f"{version}, {path}", mend)


def _npm() -> Finding:
    found = shutil.which("npm")
    return Finding(
        "npm", found is not None, found or "not on PATH", f"install Node.js {OLDEST_NODE} or newer with npm"
    )


def _npm_is_needed(to_install: bool) -> bool:
    """It brings Node into the base image, which is made once, and only where no image registry is reached."""
    made = any((paths().toolchain / "base-image").glob("*/manifest.json"))
    return not made and (to_install or base_image.is_missing())


def _debian(packages: list[str]) -> Finding:
    return Finding(
        "packages",
        shutil.which("apt-get") is not None,
        f"to be installed: {', '.join(packages)}",
        "install these programs with your system's package manager: only Debian's apt-get is called by itself",
    )


def _modules() -> Finding:
    command = [gobuild.go().path, "list", "-m", "-versions", "go.uber.org/atomic"]
    try:
        asked = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            timeout=NETWORK_SECONDS,
            env=gobuild.environment(),
        )
        reached, said = asked.returncode == 0, asked.stderr.strip() or f"exit code {asked.returncode}"
    except subprocess.TimeoutExpired:
        reached, said = False, f"the Go module registry does not answer within {NETWORK_SECONDS} s"
    return Finding(
        "network",
        reached,
        "the Go module registry answers" if reached else said.splitlines()[-1],
        "give this machine access to its package registries (GOPROXY, HTTPS_PROXY): the toolchain is not built yet",
    )


def _ports(wanted: dict[int, str]) -> list[Finding]:
    findings = [
        Finding(
            f"port {held.port}",
            ok=False,
            found=f"held by {held.who}; {wanted[held.port]} needs it on 127.0.0.1",
            mend="end it; a Slipway platform of another user is stopped by its `make down`",
        )
        for held in foreign_listeners(wanted)
    ]
    return findings or [Finding("ports", ok=True, found=f"{len(wanted)} ports free or ours")]


def examine() -> list[Finding]:
    """Looks at everything; what the platform already has is not asked for again."""
    system = _system()
    if not system.ok:
        return [system]
    chosen, kind = _cluster()
    simulated = kind is Kind.SIMULATED
    programs, packages = _missing_programs(kind), [] if simulated else missing_packages()
    findings = [system, _root(kind), chosen]
    if programs:
        findings += [*_memory(BUILD_MEMORY), _disk(BUILD_DISK), go := _go()]
        if go.ok:
            findings.append(_modules())
    elif packages or not processes.members():
        findings += [*_memory(RUN_MEMORY), _disk(RUN_DISK)]
    if not simulated and _npm_is_needed(to_install=bool(programs or packages)):
        findings.append(_npm())
    if packages:
        findings.append(_debian(packages))
    python = ".".join(map(str, sys.version_info[:3]))
    return [
        Finding("python", sys.version_info >= (3, 11), python, "install Python 3.11"),
        *findings,
        *_ports(PORTS_OF[kind]),
    ]
