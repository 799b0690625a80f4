"""What can happen to programs and to what they work on: killed, locked out, lost, cut short, full."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.support.environment import Environment, wait_for

Variables = dict[str, str]


def descendant(pid: int, name: str) -> int | None:
    """A process of this name that the process has started, itself or by others."""
    children: dict[int, list[int]] = {}
    names: dict[int, str] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            head, _, rest = status.read_text().rpartition(")")
        except (FileNotFoundError, ProcessLookupError):
            continue
        number, _, comm = head.partition(" (")
        names[int(number)] = comm
        children.setdefault(int(rest.split()[1]), []).append(int(number))
    left = [pid]
    while left:
        for child in children.get(left.pop(), ()):
            if names[child] == name[:15]:
                return child
            left.append(child)
    return None


def kill(pid: int, name: str) -> None:
    """SIGKILL to the process of this name that the process has started."""
    found = descendant(pid, name)
    assert found, f"no {name} of process {pid} runs any more"
    os.kill(found, signal.SIGKILL)


def backend() -> Path:
    """Where Pulumi keeps its states."""
    return Path(os.environ["PULUMI_BACKEND_URL"].removeprefix("file://")) / ".pulumi"


def state(environment: Environment) -> Path:
    """The file with a stack's state."""
    (found,) = (backend() / "stacks").rglob(f"{environment.project.stack}.json")
    return found


def wait_for_its_lock(environment: Environment) -> None:
    """Until a pulumi has locked the state."""
    locks = backend() / "locks"
    wait_for(
        lambda: any(environment.project.stack in file.parts for file in locks.rglob("*.json")),
        60,
        "a lock on the state",
    )


@contextmanager
def wrong_passphrase(_: Environment, __: Path) -> Generator[Variables]:
    yield {"PULUMI_CONFIG_PASSPHRASE": "another"}


@contextmanager
def lost_state(environment: Environment, folder: Path) -> Generator[Variables]:
    file = state(environment)
    shutil.move(file, folder / "state")
    try:
        yield {}
    finally:
        shutil.move(folder / "state", file)


@contextmanager
def state_cut_short(environment: Environment, folder: Path) -> Generator[Variables]:
    file = state(environment)
    shutil.copy2(file, folder / "state")
    with file.open("r+") as half:
        half.truncate(file.stat().st_size // 2)
    try:
        yield {}
    finally:
        shutil.move(folder / "state", file)


@contextmanager
def full_disk(environment: Environment, folder: Path) -> Generator[Variables]:
    """A disk with a copy of the state on it and no byte more."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder], check=True)
    try:
        mine = state(environment)
        copied = folder / ".pulumi" / mine.relative_to(backend())
        copied.parent.mkdir(parents=True)
        shutil.copy2(mine, copied)
        shutil.copy2(backend() / "meta.yaml", folder / ".pulumi")
        try:
            with (folder / "full").open("wb", buffering=0) as file:
                while file.write(b"0" * 65536):
                    pass
        except OSError as error:
            assert error.strerror == "No space left on device", error
        yield {"PULUMI_BACKEND_URL": f"file://{folder}"}
    finally:
        subprocess.run(["umount", folder], check=True)


@contextmanager
def no_cluster(_: Environment, folder: Path) -> Generator[Variables]:
    """A kubeconfig that leads nowhere."""
    file = folder / "nowhere"
    file.write_text(
        '{"current-context": "x", "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],'
        ' "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],'
        ' "users": [{"name": "u", "user": {"token": "t"}}]}'
    )
    yield {"KUBECONFIG": str(file)}
