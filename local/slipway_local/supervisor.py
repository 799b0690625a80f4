"""The supervisor: keeps the parts running, writes their logs, and is asked what they do."""

import http.client
import os
import resource
import shlex
import shutil
import socket
import subprocess
import time
import xmlrpc.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slipway_local import cgroups, cluster
from slipway_local.parts import Part, connects
from slipway_local.paths import paths
from slipway_local.private_file import write_private
from slipway_local.runtime import RUNTIME
from slipway_local.templates import rendered

RUNNING_STATES = {"STARTING", "RUNNING", "BACKOFF", "STOPPING"}


@dataclass(frozen=True)
class Process:
    """What the supervisor says of a part's process."""

    state: str
    pid: int | None
    started: float | None
    detail: str


class _Connection(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(str(paths().supervisor_socket))


class _Transport(xmlrpc.client.Transport):
    def make_connection(self, host: Any) -> http.client.HTTPConnection:  # noqa: ARG002  (it is always the socket)
        return _Connection("localhost")


def _configuration() -> Path:
    return paths().configuration / "supervisord.conf"


def _call() -> Any:
    return xmlrpc.client.ServerProxy("http://localhost/RPC2", transport=_Transport()).supervisor


def is_running() -> bool:
    """Whether a supervisor answers."""
    return connects(paths().supervisor_socket) is None


def configure(parts: Sequence[Part]) -> set[str]:
    """Brings the supervisor to these parts; what changed is stopped. Returns what is not running."""
    _write_files(parts)
    if is_running():
        _reload()
    else:
        _spawn([file for part in parts for file in part.pid_files])
    known = processes()
    return {part.name for part in parts if known[part.name].state not in {"RUNNING", "STARTING"}}


def start(name: str) -> None:
    """Starts a part that is stopped, or that waits between two tries, at once."""
    if processes()[name].state in RUNNING_STATES:
        stop(name)
    try:
        _call().startProcess(name, False)
    except xmlrpc.client.Fault as fault:
        if "ALREADY_STARTED" not in fault.faultString:  # the supervisor itself may have been faster
            raise RuntimeError(f"{name} does not start: {fault.faultString}\n{log_tail(name)}") from fault


def is_fresh(name: str, seconds: float) -> bool:
    """Whether a part runs since less than this: the supervisor may have started it anew by itself."""
    process = processes()[name]
    return process.started is not None and time.time() - process.started < seconds


def stop(name: str) -> None:
    """Stops a part and waits until it has ended."""
    try:
        _call().stopProcess(name, True)
    except xmlrpc.client.Fault as fault:
        if "NOT_RUNNING" not in fault.faultString:
            raise


def processes() -> dict[str, Process]:
    """Every part that the supervisor knows."""
    return {
        info["name"]: Process(
            state=info["statename"],
            pid=info["pid"] or None,
            started=float(info["start"]) if info["pid"] else None,
            detail=info["spawnerr"] or info["description"],
        )
        for info in _call().getAllProcessInfo()
    }


def family() -> list[int]:
    """The supervisor and what it keeps running, itself first: what is ended before it, it would start again."""
    if not is_running():
        return []
    return [_call().getPID(), *(process.pid for process in processes().values() if process.pid)]


def log_tail(name: str, lines: int = 5) -> str:
    """The last lines that a part wrote."""
    log = paths().logs / f"{name}.log"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""


def _write_files(parts: Sequence[Part]) -> None:
    for folder in (paths().configuration, paths().logs, paths().run):
        folder.mkdir(parents=True, exist_ok=True)
    files: dict[Path, str] = {_configuration(): _supervisord(parts)}
    for part in parts:
        files |= part.files
    for path, text in files.items():
        write_private(path, text.encode())


def _supervisord(parts: Sequence[Part]) -> str:
    open_files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    main = rendered(
        "supervisord.conf",
        logs=paths().logs,
        run=paths().run,
        socket=paths().supervisor_socket,
        open_files=min(open_files, 1048576),
    )
    return main + "".join(_program(part) for part in parts)


def _program(part: Part) -> str:
    # The supervisor restarts a program whose section differs: the definition makes it see changed files too.
    environment = {**part.environment, "SLIPWAY_DEFINITION": part.definition}
    return rendered(
        "program.conf",
        name=part.name,
        command=_escaped(shlex.join([*_ends_with_us(), *part.command])),
        environment=_escaped(_listed(environment)),
        logs=paths().logs,
    )


def _ends_with_us() -> list[str]:
    """A part ends with the supervisor, however that ends, so that nothing runs unwatched: on Linux, where a parent can ask for it."""
    found = shutil.which("setpriv", path="/usr/bin:/bin")
    return [found, "--pdeathsig", "KILL", "--"] if found else []


def _listed(environment: Mapping[str, str]) -> str:
    wrong = [name for name, value in environment.items() if '"' in value]
    if wrong:
        raise ValueError(f'a supervised part cannot have a `"` in its environment: {", ".join(wrong)}')
    return ",".join(f'{name}="{value}"' for name, value in environment.items())


def _escaped(value: str) -> str:
    return value.replace("%", "%%")


def _spawn(pid_files: Sequence[Path]) -> None:
    for stale in (paths().supervisor_socket, paths().run / "supervisord.pid", *pid_files):
        stale.unlink(missing_ok=True)
    environment = {
        "HOME": str(Path.home()),
        "LANG": "C.UTF-8",
        "PATH": os.pathsep.join(
            ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
        ),
    }
    done = subprocess.run(
        [RUNTIME.program("supervisord"), "--configuration", _configuration()],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
        preexec_fn=None if cluster.is_simulated() else cgroups.enter,
    )
    if done.returncode != 0:
        raise RuntimeError(f"the supervisor does not start: {(done.stdout + done.stderr).strip()}")
    deadline = time.monotonic() + 10
    while not is_running():
        if time.monotonic() > deadline:
            raise RuntimeError(f"the supervisor does not answer; see {paths().logs / 'supervisord.log'}")
        time.sleep(0.05)


def _reload() -> None:
    """What `supervisorctl update` does: takes over what was added, changed or removed."""
    added, changed, removed = _call().reloadConfig()[0]
    for group in [*removed, *changed]:
        _call().stopProcessGroup(group)
        _call().removeProcessGroup(group)
    for group in [*changed, *added]:
        _call().addProcessGroup(group)
