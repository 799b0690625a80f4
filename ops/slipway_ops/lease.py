"""The lock of an application's releases: a Lease beside it, which two operators cannot both hold.

It says who works and at what, so that after a crash the next command knows what was meant, and what others ask of who
works. A holder renews it; one that no longer does is dead. https://kubernetes.io/docs/concepts/architecture/leases/
"""

from __future__ import annotations

import getpass
import json
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from slipway_ops.api import Api, Object, RefusedError
from slipway_ops.errors import OperatorError
from slipway_ops.process import runs

DURATION_SECONDS = 15
RENEW_SECONDS = 5
_DOING, _DONE, _ASKED = "slipway/doing", "slipway/done", "slipway/asked"
_RETRY_SECONDS = 0.1
_TRIES = 5


class HeldError(OperatorError):
    """Somebody else works on this application."""


class UnreadableError(OperatorError):
    """What stands on the lock was written by nobody that is known here."""


class LostError(OperatorError):
    """Somebody else has taken the lock over: nothing more may be changed."""


def _machine() -> str:
    """This machine since its start, and the processes that can be seen from here; empty where that cannot be told."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def user() -> str:
    """Who works here; in a container that may be a number without a name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def now() -> datetime:
    """The present moment; all times are UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Doing:
    """What a command is at: enough to finish or undo it when it dies."""

    command: str
    source: str
    target: str
    image: str = ""
    earlier: str = ""
    """The target's image before a deployment."""
    since: str = field(default_factory=lambda: now().isoformat(timespec="seconds"))
    who: str = field(default_factory=user)
    host: str = field(default_factory=socket.gethostname)
    pid: int = field(default_factory=os.getpid)
    machine: str = field(default_factory=_machine)

    def __str__(self) -> str:
        what = f" of {self.image}" if self.earlier else ""
        return f"slipway {self.command}{what} to {self.target} by {self.identity} since {self.since}"

    @property
    def identity(self) -> str:
        return f"{self.who}@{self.host} (process {self.pid})"

    @property
    def is_gone(self) -> bool:
        """Whether its process ran here, and runs no more."""
        return bool(self.machine) and self.machine == _machine() and not runs(self.pid)


class Lease:
    """The lock of one application, through one connection; a thread with a connection of its own renews it."""

    def __init__(self, api: Api, namespace: str, app: str) -> None:
        self._api = api
        self._place = (namespace, app)
        self._all = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._name = f"{app}-release"
        self._lease: Object | None = None
        self._mine = ""
        self._renewer: threading.Thread | None = None
        self._stop = threading.Event()
        self._lost = ""
        self._valid_until = 0.0

    def look(self) -> None:
        """Reads it anew."""
        self._lease = self._api.get(f"{self._all}/{self._name}")

    @property
    def holder(self) -> Doing | None:
        """Who holds it and at what, dead or alive."""
        noted = self._note(_DOING) if self._spec.get("holderIdentity") else {}
        known = {one.name for one in fields(Doing)}  # a newer version may note more
        try:
            return Doing(**{key: value for key, value in noted.items() if key in known}) if noted else None
        except TypeError as error:
            raise self._unreadable(error) from None

    @property
    def done(self) -> dict[str, str]:
        """What the last command did that came to its end: command, target, at. It chooses a default alone: unread it is nothing."""
        try:
            return self._note(_DONE)
        except UnreadableError:
            return {}

    @property
    def asked(self) -> dict[str, str]:
        """What somebody asks of its holder."""
        return self._note(_ASKED)

    @property
    def is_fresh(self) -> bool:
        """Whether its holder renewed it lately, by this machine's clock."""
        renewed = self._spec.get("renewTime")
        # Ahead of this clock is as odd as far behind it: either way only watching tells.
        return (
            bool(renewed)
            and abs((now() - datetime.fromisoformat(renewed)).total_seconds()) < DURATION_SECONDS
        )

    def working(self, tell: Any) -> Doing | None:
        """Its holder, if that lives. Clocks differ: a lease that looks old is watched before it counts as left behind."""
        holder = self.holder
        if holder is None or holder.is_gone:
            return None
        if not self.is_fresh:
            tell(f"the lock looks left behind by {holder}: watching it for {RENEW_SECONDS + 1} s")
            before = self._spec.get("renewTime")
            time.sleep(RENEW_SECONDS + 1)
            self.look()
            if self._spec.get("renewTime") == before:
                return None
        return self.holder

    def refuse_if_held(self, tell: Any) -> None:
        """HeldError when its holder lives."""
        if holder := self.working(tell):
            raise HeldError(
                f"{holder} holds the lock of this application; nothing was changed\n"
                "  to do: wait for its end; `slipway status --watch` shows it"
            )

    def hold(self, doing: Doing) -> None:
        """Takes it as it was last read; HeldError when somebody else was faster."""
        time_now = _micro(now())
        spec = {
            "holderIdentity": doing.identity,
            "leaseDurationSeconds": DURATION_SECONDS,
            "acquireTime": time_now,
            "renewTime": time_now,
            "leaseTransitions": self._spec.get("leaseTransitions", 0) + 1,
        }
        noted = {_DOING: json.dumps(asdict(doing))}
        try:
            self._lease = self._write(spec, noted)
        except RefusedError as refused:
            if not refused.is_conflict:
                raise
            self.look()
            other = self.holder
            raise HeldError(
                f"{other or 'somebody else'} took the lock at the same moment; nothing was changed"
            ) from None
        self._mine = doing.identity
        self._valid_until = time.monotonic() + DURATION_SECONDS

    def keep(self) -> None:
        """Renews it from now on, in the background."""
        if self._renewer is None:
            self._renewer = threading.Thread(target=self._renew, args=(Api(self._api.access),), daemon=True)
            self._renewer.start()

    def check(self) -> None:
        """LostError unless it is still held: asked before each further step. Once it is lost, what it was held for stays noted."""
        if not self._lost and time.monotonic() > self._valid_until:
            self._lost = "it could not be renewed"
        if self._lost:
            raise LostError(
                f"the lock of this application was lost ({self._lost}): this command stops here\n"
                "  to do: `slipway status` says where things stand"
            )

    def heard(self) -> dict[str, str]:
        """To its holder: what is asked of it, read anew; LostError when somebody else has taken it."""
        return self._anew().asked

    def ask(self, decide: Callable[[Lease], dict[str, str] | None]) -> None:
        """Notes what is asked of its holder, decided on what stands there at that moment; None leaves that."""
        for _ in range(_TRIES):
            found = self._anew()
            asked = decide(found)
            if asked is None:
                return
            try:
                found._write(found._spec, {**found._annotations, _ASKED: json.dumps(asked)})
            except RefusedError as refused:
                if not refused.is_conflict:
                    raise
            else:
                return
        raise OperatorError("the lock of this application is written to all the time; nothing was asked")

    def release(self, done: dict[str, str] | None) -> None:
        """Lets go of it; `done` is what stays noted of it. A lock that was lost is left to who has it."""
        self._stop.set()
        if self._renewer is not None:
            self._renewer.join()
        if self._lost or not self._mine:
            return
        noted = {_DONE: json.dumps(done)} if done else {_DONE: self._annotations.get(_DONE, "{}")}
        spec = {key: value for key, value in self._spec.items() if key == "leaseTransitions"}
        for _ in range(_TRIES):
            try:
                self._lease = self._write(spec, noted)
            except RefusedError as refused:
                if not refused.is_conflict:
                    raise
                if not self._still_mine(self._api):
                    break
            else:
                break
        self._mine = ""

    def _anew(self) -> Lease:
        """What stands there now, beside what this one and its renewing thread know; a holder that no longer is one is told."""
        found = Lease(self._api, *self._place)
        found.look()
        if self._mine and found._spec.get("holderIdentity") != self._mine:
            self._lost = f"now held by {found.holder or 'nobody'}"
            self.check()
        return found

    def _renew(self, api: Api) -> None:
        pause = RENEW_SECONDS
        while not self._stop.wait(pause):
            started, pause = time.monotonic(), RENEW_SECONDS
            try:
                self._lease = self._write({**self._spec, "renewTime": _micro(now())}, self._annotations, api)
            except RefusedError as refused:
                if refused.is_conflict and self._still_mine(api):
                    pause = _RETRY_SECONDS  # somebody asked something of it
                    continue
                if refused.is_conflict:
                    return
            except OperatorError:
                continue  # the API server is silent: `check` knows when that has lasted too long
            else:
                self._valid_until = started + DURATION_SECONDS
        api.close()

    def _still_mine(self, api: Api) -> bool:
        try:
            self._lease = api.get(f"{self._all}/{self._name}")
        except OperatorError:
            return True
        if self._spec.get("holderIdentity") != self._mine:
            self._lost = f"now held by {self.holder or 'nobody'}"
        return not self._lost

    def _write(self, spec: Object, annotations: dict[str, str], api: Api | None = None) -> Object:
        old = (self._lease or {}).get("metadata", {})
        metadata = {
            "name": self._name,
            "annotations": {**self._annotations, _DOING: "", _ASKED: "", **annotations},
        }
        if version := old.get("resourceVersion"):
            metadata["resourceVersion"] = version
        body = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": metadata,
            "spec": spec,
        }
        method, path = ("PUT", f"{self._all}/{self._name}") if version else ("POST", self._all)
        return (api or self._api).call(method, path, body)

    @property
    def _spec(self) -> Object:
        return (self._lease or {}).get("spec", {})

    @property
    def _annotations(self) -> dict[str, str]:
        return (self._lease or {}).get("metadata", {}).get("annotations", {})

    def _note(self, key: str) -> dict[str, Any]:
        try:
            noted: Any = json.loads(self._annotations.get(key) or "{}") or {}
            return dict(noted)
        except (ValueError, TypeError) as error:
            raise self._unreadable(error) from None

    def _unreadable(self, error: Exception) -> UnreadableError:
        namespace, _ = self._place
        return UnreadableError(
            f"the lock of this application, Lease {namespace}/{self._name}, cannot be read ({error}): "
            "another version of slipway wrote it, or a hand; nothing was changed\n"
            f"  to do: finish with that version, or, when nobody is at work: kubectl -n {namespace} delete lease {self._name}"
        )


def _micro(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
