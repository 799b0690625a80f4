"""Pulumi through the Automation API: progress as it goes, the cause when it fails, locks of the dead removed."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from slipway_ops.errors import OperatorError
from slipway_ops.process import NO_PULUMI, runs
from slipway_ops.project import Project

_LOCKED = "is currently locked by"
_LOCKER = re.compile(r"created by (\S+)@(\S+) \(pid (\d+)\)")
_LOCK_SECONDS = 60
"""How long another pulumi is waited for of which nobody here knows whether it still works."""
_ALIVE_SECONDS = 900
"""How long one that works on this machine: a killed command's goes on with its update, which waits for pods."""
_PAUSE_SECONDS = 1
_MEND = "see that the pulumi on PATH is Pulumi's own and works by itself"
_SAID = {"create": "created", "update": "updated", "delete": "deleted", "replace": "replaced"}


class UpdateError(OperatorError):
    """The cluster, the stack's file or both are ahead of Pulumi's state; the next `pulumi up` goes on."""


class Reader(Protocol):
    """Who listens to a pulumi that works."""

    def read(self, line: str) -> None:
        """A line of its standard output."""
        ...

    def warn(self, line: str) -> None:
        """A line of its standard error."""
        ...


@dataclass
class Events:
    """What the engine tells, one JSON object a line."""

    tell: Callable[[str], None]
    errors: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)
    changes: int = 0

    def read(self, line: str) -> None:
        try:
            event: dict[str, Any] = json.loads(line)
        except ValueError:
            self.warn(line)
            return
        if done := event.get("resOutputsEvent"):
            self.step(done["metadata"])
        if diagnostic := event.get("diagnosticEvent"):
            text = re.sub(r"<\{%.*?%\}>", "", diagnostic["message"]).strip()
            if diagnostic["severity"] == "error":
                self.errors.append(text)
            elif diagnostic["severity"].startswith("info") and text and not diagnostic.get("ephemeral"):
                self.tell(text)

    def warn(self, line: str) -> None:
        self.other.append(line)

    def step(self, done: dict[str, Any]) -> None:
        """One resource is done with."""
        if said := _SAID.get(done["op"]):
            self.changes += 1
            kind, name = done["type"].rsplit(":", 1)[-1], done["urn"].rsplit("::", 1)[-1]
            self.tell(f"{said} {name} ({kind})")


def up(project: Project, tell: Callable[[str], None], message: str, *more: str) -> int:
    """Brings the state to agree with the stack's file; how many resources it changed. UpdateError with the cause otherwise.

    `more` are further arguments of pulumi.
    """
    events = Events(tell)
    run_alone(project, ["up", "--yes", "--skip-preview", "--json", "--message", message, *more], events)
    return events.changes


def run_alone(
    project: Project, arguments: list[str], events: Events, environment: Mapping[str, str] | None = None
) -> None:
    """Runs a pulumi that locks the state: waits for another one, removes the lock of a dead one. UpdateError when it fails.

    A Ctrl-C reaches pulumi too, which then ends after the step that it is at: this waits for it. A second one does not wait.
    """
    began = time.monotonic()
    told, tell = False, events.tell
    while True:
        events.errors.clear()
        events.other.clear()
        failure = run(project, arguments, events, tell, environment)
        if failure is None:
            return
        said = "\n".join(events.errors or [*events.other, failure]).strip()
        if _LOCKED not in said:
            raise UpdateError(said)
        lockers = _local_lockers(said)
        if lockers and not any(map(runs, lockers)):
            if run(project, ["cancel", "--yes"], events, tell):
                raise UpdateError(
                    f"{said}\n  to do: who holds that lock is dead, but pulumi cancel cannot remove it"
                )
            tell("a pulumi that was killed left its lock on the state: removed")
            continue
        deadline = began + (_ALIVE_SECONDS if lockers else _LOCK_SECONDS)
        if time.monotonic() > deadline:
            raise UpdateError(
                f"{said}\n  to do: if no other pulumi is at work on this stack, run pulumi cancel"
            )
        if not told:
            tell("another pulumi is at work on this stack: waiting for it")
            told = True
        time.sleep(_PAUSE_SECONDS)
        while any(map(runs, lockers)) and time.monotonic() < deadline:
            time.sleep(_PAUSE_SECONDS)


def _local_lockers(said: str) -> list[int]:
    """The processes that hold the lock, if all of them are this machine's."""
    lockers = _LOCKER.findall(said)
    if any(host != socket.gethostname() for _, host, _ in lockers):
        return []
    return [int(pid) for _, _, pid in lockers]


def run(
    project: Project,
    arguments: list[str],
    reader: Reader,
    tell: Callable[[str], None],
    environment: Mapping[str, str] | None = None,
) -> str | None:
    """None when it went well, otherwise that it did not; why was read by the reader."""
    from pulumi.automation import CommandError, PulumiCommand

    result: list[str | None] = []

    def work() -> None:
        try:
            PulumiCommand(skip_version_check=True).run(
                [*arguments, "--stack", project.stack, "--color", "never"],
                str(project.folder),
                environment or {},
                on_output=reader.read,
                on_error=reader.warn,
            )
            result.append(None)
        except CommandError:
            result.append(f"pulumi {arguments[0]} failed")
        except subprocess.CalledProcessError as error:  # it is asked for its version first
            result.append(f"{' '.join(error.cmd)} ended with exit code {error.returncode}; {_MEND}")
        except FileNotFoundError:
            result.append(NO_PULUMI)
        except Exception as error:  # a thread has nobody else to tell
            result.append(f"pulumi cannot be run: {error!r}")

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    try:
        worker.join()
    except KeyboardInterrupt:
        tell("stopping: pulumi ends the step that it is at (Ctrl-C again to leave at once)")
        worker.join()
    return result[0]
