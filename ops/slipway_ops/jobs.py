"""A Kubernetes Job with one pod, watched to its end: what it writes is told as it comes, and why it failed at its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from slipway.diagnosis import Cause, diagnose
from slipway.readiness import Suspect
from slipway_ops.api import Api, Object, RefusedError, UnreachableError

PAUSE_SECONDS = 0.5
_START_SECONDS = 120
"""What a pod may take to begin, beside the time that its work may take."""
_LINES = 15


def named(app: str, what: str) -> str:
    """A Job's name: the pods' labels carry it, so it may have 63 characters."""
    return f"{app[: 62 - len(what)].rstrip('-.')}-{what}"


@dataclass(frozen=True)
class End:
    """How it ended."""

    well: bool
    begun: bool
    """Whether its main container ran at all."""
    what: str
    """In a sentence's middle: `failed: exit code 1`."""
    message: str
    """What the main container wrote to /dev/termination-log."""
    lines: tuple[str, ...]
    """The last that it wrote."""

    def __str__(self) -> str:
        if not self.lines:
            return f"{self.what}; it wrote nothing"
        return "\n".join([f"{self.what}; its last lines:", *(f"    {line}" for line in self.lines)])


def find(api: Api, namespace: str, labels: Mapping[str, str]) -> list[Object]:
    """The Jobs with these labels."""
    return _list(api, f"/apis/batch/v1/namespaces/{namespace}/jobs", labels)


def ended(job: Object) -> str:
    """`Complete`, `Failed` or, while it is under way, nothing."""
    conditions: list[Any] = job.get("status", {}).get("conditions", [])
    true = (one["type"] for one in conditions if one.get("status") == "True")
    return next((kind for kind in true if kind in ("Complete", "Failed")), "")


def message(api: Api, namespace: str, name: str, container: str) -> str:
    """What that container of it, which has ended, wrote to /dev/termination-log."""
    return _terminated(_pod(api, namespace, name), container).get("message") or ""


def create(api: Api, body: Object) -> None:
    """Begins it."""
    api.call("POST", f"/apis/batch/v1/namespaces/{body['metadata']['namespace']}/jobs", body)


def remove(api: Api, namespace: str, name: str) -> None:
    """Takes it away, with its pod."""
    api.call("DELETE", f"/apis/batch/v1/namespaces/{namespace}/jobs/{name}?propagationPolicy=Background")


@dataclass
class Watch:
    """One Job, looked at again and again. The containers are those of its pod, in the order in which they run."""

    api: Api
    namespace: str
    name: str
    containers: tuple[str, ...]
    timeout: int
    tell: Callable[[str], None]
    check: Callable[[], None]
    """Asked before each further look; what it raises ends the watch, not the Job."""
    _told: dict[str, int] = field(default_factory=dict[str, int])
    _lines: list[str] = field(default_factory=list[str])

    def to_the_end(self) -> End:
        """Waits; a Job that cannot begin is taken away, so that it does not begin later, unseen."""
        suspect = Suspect()
        deadline = time.monotonic() + self.timeout + _START_SECONDS
        while True:
            self.check()
            try:
                if end := self._look(suspect, deadline):
                    return end
            except (UnreachableError, RefusedError) as silence:
                if isinstance(silence, RefusedError) and silence.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise
                if time.monotonic() > deadline:
                    raise
                self.tell(f"Job {self.name} goes on, but it cannot be seen: {str(silence).splitlines()[0]}")
            time.sleep(PAUSE_SECONDS)

    def _look(self, suspect: Suspect, deadline: float) -> End | None:
        job = self.api.get(f"/apis/batch/v1/namespaces/{self.namespace}/jobs/{self.name}")
        pod = _pod(self.api, self.namespace, self.name)
        if pod:
            self._tell_log(pod)
        if job is None:
            return self._end(pod, "was taken away by somebody else", begun=True)
        if (how := ended(job)) == "Complete":
            return self._end(pod, "ended well", well=True)
        if how:
            return self._end(pod, self._why(pod))
        cause = self._cause(pod)
        if suspect.certain(cause) or time.monotonic() > deadline:
            remove(self.api, self.namespace, self.name)
            what = f"{cause.what}\n  to do: {cause.advice}" if cause else "its pod neither ends nor says why"
            return self._end(pod, f"{'was stopped' if self._begun(pod) else 'did not begin'}: {what}")
        return None

    def _end(self, pod: Object | None, what: str, *, well: bool = False, begun: bool = False) -> End:
        message = _terminated(pod, self.containers[-1]).get("message") or ""
        return End(well, begun or self._begun(pod), what, message, tuple(self._lines[-_LINES:]))

    def _begun(self, pod: Object | None) -> bool:
        return _has(pod, self.containers[-1], "running", "terminated")

    def _why(self, pod: Object | None) -> str:
        if pod is None:
            return "failed, and its pod is gone"
        if pod.get("status", {}).get("reason") == "DeadlineExceeded":
            return f"did not end within {self.timeout} s and was stopped"
        for container in self.containers[:-1]:
            if (found := _terminated(pod, container)) and found.get("exitCode"):
                return f'did not begin, because "{container}" before it failed: {_exit(found)}'
        return f"failed: {_exit(_terminated(pod, self.containers[-1]))}"

    def _cause(self, pod: Object | None) -> Cause | None:
        """Why it does not begin."""
        if pod is None or self._begun(pod):
            return None
        events = self.api.get(f"/api/v1/namespaces/{self.namespace}/events", fieldSelector="type=Warning")
        return diagnose({}, [pod], (events or {"items": []})["items"])

    def _tell_log(self, pod: Object) -> None:
        """What the containers wrote since it was last told."""
        log = f"/api/v1/namespaces/{self.namespace}/pods/{pod['metadata']['name']}/log"
        for container in self.containers:
            if not _has(pod, container, "running", "terminated"):
                continue
            status, text = self.api.ask("GET", f"{log}?container={container}")
            if status in (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND):
                continue  # it has only just begun, or is gone
            if status != HTTPStatus.OK:
                text = f"(its log cannot be read: {status} {text[:200]})"
            lines = text.splitlines()
            for line in filter(str.strip, lines[self._told.get(container, 0) :]):
                self._lines.append(line.rstrip())
                self.tell(f"{container}: {line.rstrip()}")
            self._told[container] = len(lines)


def _pod(api: Api, namespace: str, name: str) -> Object | None:
    """The newest of its pods."""
    pods = _list(api, f"/api/v1/namespaces/{namespace}/pods", {"batch.kubernetes.io/job-name": name})
    return max(pods, key=lambda pod: pod["metadata"].get("creationTimestamp", ""), default=None)


def _list(api: Api, path: str, labels: Mapping[str, str]) -> list[Object]:
    wanted = ",".join(f"{key}={value}" for key, value in labels.items())
    return (api.get(path, labelSelector=wanted) or {"items": []})["items"]


def _state(pod: Object | None, container: str) -> Object:
    status = (pod or {}).get("status", {})
    every = (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ()))
    nothing: Object = {}
    return next((one.get("state", nothing) for one in every if one["name"] == container), nothing)


def _has(pod: Object | None, container: str, *states: str) -> bool:
    return any(state in _state(pod, container) for state in states)


def _terminated(pod: Object | None, container: str) -> Object:
    return _state(pod, container).get("terminated") or {}


def _exit(found: Object) -> str:
    if found.get("reason") == "OOMKilled":
        return "it ran out of memory (slipway:app.resources.memory)"
    return f"exit code {found.get('exitCode', 'unknown')}"
