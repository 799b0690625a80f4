"""Why a rollout does not get ready, read from what Kubernetes already says of it: pure functions over API objects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]

_PULLING = ("ErrImagePull", "ImagePullBackOff")
_CRASHES_FOR_CERTAIN = 3
_SIGNALS = 128
_PROBE = re.compile(
    r"(Startup|Readiness|Liveness) probe (?:failed|errored)[^:]*: (?:Get \"[^\"]*\": )?(.*)", re.DOTALL
)


@dataclass(frozen=True)
class Cause:
    """One reason why pods are not ready, and for how long it may be a passing one."""

    what: str
    """What is wrong, in a sentence's middle: `pod x cannot pull its image: …`."""
    advice: str
    """What to do about it."""
    patience: float
    """Seconds that it may last before waiting longer is pointless; infinite when time can mend it."""


@dataclass(frozen=True)
class Rollout:
    """How far a Deployment is with what was asked of it."""

    ready: int
    """Ready pods of the present pod template; 0 while older ones are still being replaced."""
    serving: int
    """Ready pods of any template: those that traffic goes to."""
    wanted: int
    """Pods that the Deployment is scaled to."""


def rollout(deployment: Object) -> Rollout:
    """Reads a Deployment's status by the rules of `kubectl rollout status`."""
    status, wanted = deployment.get("status", {}), deployment["spec"].get("replicas", 1)
    seen = status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 1)
    only_new = status.get("updatedReplicas", 0) == status.get("replicas", 0)
    serving = status.get("availableReplicas", 0)
    return Rollout(ready=serving if seen and only_new else 0, serving=serving, wanted=wanted)


def newest_pods(replica_sets: Sequence[Object], pods: Sequence[Object], deployment: Object) -> list[Object]:
    """The pods of a Deployment's present template, oldest first; those of earlier ones have nothing to say."""
    uid = deployment["metadata"]["uid"]
    own = [replica_set for replica_set in replica_sets if _owner(replica_set) == uid]
    newest = max(own, key=_revision, default=None)
    if newest is None:
        return []
    mine = [pod for pod in pods if _owner(pod) == newest["metadata"]["uid"]]
    return sorted(mine, key=lambda pod: pod["metadata"].get("creationTimestamp", ""))


def diagnose(deployment: Object, pods: Sequence[Object], warnings: Sequence[Object]) -> Cause | None:
    """The most telling cause, or None when pods are simply not ready yet."""
    causes = [*_of_pods(pods, warnings), *_of_deployment(deployment)]
    return min(causes, key=lambda cause: cause.patience, default=None)


def _of_pods(pods: Sequence[Object], warnings: Sequence[Object]) -> Iterator[Cause]:
    for pod in pods:
        events = [event for event in warnings if event["involvedObject"].get("uid") == pod["metadata"]["uid"]]
        status = pod.get("status", {})
        if not status.get("containerStatuses"):
            yield from _unplaced(pod, events)
        for container in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())):
            if not container.get("ready"):
                yield from _of_container(pod, container, events)


def _of_container(pod: Object, container: Object, events: Sequence[Object]) -> Iterator[Cause]:
    name, state = pod["metadata"]["name"], container.get("state", {})
    waiting = state.get("waiting", {})
    reason = waiting.get("reason", "")
    ended = state.get("terminated") or container.get("lastState", {}).get("terminated")
    probe = _last(events, "Unhealthy")
    if reason == "InvalidImageName":
        yield Cause(f"pod {name}: {waiting.get('message', reason)}", "name an image as registry/path:tag", 0)
    elif reason in _PULLING:
        why = _last(events, "Failed", "pull") or waiting.get("message", reason)
        what = f"pod {name} cannot pull image {container['image']} ({reason}): {why}"
        yield Cause(what, "set an image that exists and that the nodes may pull", 15)
    elif reason in ("CreateContainerConfigError", "CreateContainerError", "RunContainerError"):
        what = f"pod {name} cannot start its container ({reason}): {waiting.get('message', '')}"
        yield Cause(what, "mend what the message names", 15)
    elif ended and not _killed_by_probe(ended, probe):
        yield _crash(name, container, ended)
    elif probe:
        advice = "check that the image listens on the port and answers the health path that are configured"
        what = f"pod {name} runs but is not ready: {_probe(pod, container, probe)}"
        yield Cause(what, advice, float("inf"))


def _probe(pod: Object, container: Object, message: str) -> str:
    """Which probe fails, what it asks for, and what came of it; the kubelet leaves the path out when there was an answer."""
    found = _PROBE.match(message)
    specs: dict[str, Object] = {spec["name"]: spec for spec in pod.get("spec", {}).get("containers", ())}
    spec = specs.get(container.get("name", ""), {})
    probe: Object = spec.get(f"{found[1].lower()}Probe", {}) if found else {}
    if not found or "httpGet" not in probe:
        return message
    ports: dict[str | int, int] = {port.get("name"): port["containerPort"] for port in spec.get("ports", ())}
    port: str | int = probe["httpGet"]["port"]
    result = found[2]
    if "deadline exceeded" in result or "Client.Timeout" in result:
        result = f"timeout, no answer within {probe.get('timeoutSeconds', 1)} s"
    return f"{found[1].lower()} probe GET {probe['httpGet'].get('path', '/')} on port {ports.get(port, port)}: {result}"


def _killed_by_probe(ended: Object, probe: str | None) -> bool:
    """A container that the kubelet stops for its probe ends by SIGTERM or SIGKILL, or in peace; its own death is another matter."""
    stopped = ended.get("exitCode") in (0, _SIGNALS + 9, _SIGNALS + 15)
    return probe is not None and stopped and ended.get("reason") != "OOMKilled"


def _crash(name: str, container: Object, ended: Object) -> Cause:
    log = (ended.get("message") or "").strip()
    lines = "\n".join(f"    {line}" for line in log.splitlines()[-10:])
    said = f"; its last lines:\n{lines}" if lines else "; it wrote nothing"
    restarts = container.get("restartCount", 0)
    patience = 0 if restarts >= _CRASHES_FOR_CERTAIN else float("inf")
    if ended.get("reason") == "OOMKilled":
        what = f"pod {name} ran out of memory and was killed (OOMKilled, exit code {ended.get('exitCode')})"
        return Cause(what, "raise the app's memory, or make the image need less", patience)
    what = f"pod {name} ends by itself with exit code {ended.get('exitCode')} ({restarts} restarts){said}"
    return Cause(what, "mend the image or its settings", patience)


def _unplaced(pod: Object, events: Sequence[Object]) -> Iterator[Cause]:
    for condition in pod.get("status", {}).get("conditions", ()):
        if condition.get("type") == "PodScheduled" and condition.get("reason") == "Unschedulable":
            what = f"pod {pod['metadata']['name']} finds no node: {condition.get('message', '')}"
            yield Cause(what, "ask for less cpu and memory, or add nodes", float("inf"))
            return
    stuck = _last(events, "FailedCreatePodSandBox") or _last(events, "FailedMount")
    if stuck:
        yield Cause(
            f"pod {pod['metadata']['name']} is stuck: {stuck}", "mend what the message names", float("inf")
        )


def _of_deployment(deployment: Object) -> Iterator[Cause]:
    for condition in deployment.get("status", {}).get("conditions", ()):
        if condition.get("type") == "ReplicaFailure" and condition.get("status") == "True":
            what = f"pods are refused ({condition.get('reason')}): {condition.get('message', '')}"
            yield Cause(what, "raise the quota, or mend what the message names", 15)


def _last(events: Sequence[Object], reason: str, word: str = "") -> str | None:
    """The message of the latest event of a reason."""
    found = [event for event in events if event.get("reason") == reason and word in event.get("message", "")]
    latest = max(
        found, key=lambda event: event.get("lastTimestamp") or event.get("eventTime") or "", default=None
    )
    return latest["message"].strip() if latest else None


def _owner(thing: Object) -> str | None:
    return next((owner["uid"] for owner in thing["metadata"].get("ownerReferences", ())), None)


def _revision(replica_set: Object) -> int:
    return int(replica_set["metadata"].get("annotations", {}).get("deployment.kubernetes.io/revision", 0))
