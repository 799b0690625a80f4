"""Why a rollout is not ready: diagnosis of statuses as a cluster reports them."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.diagnosis import Cause, diagnose, newest_pods, rollout

FOREVER = float("inf")


def deployment(**status: Any) -> dict[str, Any]:
    return {
        "metadata": {"uid": "d", "generation": 2},
        "spec": {"replicas": 2},
        "status": {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, **status},
    }


def pod(state: dict[str, Any], last: dict[str, Any] | None = None, restarts: int = 0) -> dict[str, Any]:
    container = {
        "image": "registry.example.com/chat:2",
        "ready": False,
        "restartCount": restarts,
        "state": state,
        "lastState": last or {},
    }
    return {"metadata": {"name": "chat-green-x", "uid": "p"}, "status": {"containerStatuses": [container]}}


def event(reason: str, message: str, at: str = "2026-01-01T00:00:00Z") -> dict[str, Any]:
    return {"reason": reason, "message": message, "lastTimestamp": at, "involvedObject": {"uid": "p"}}


def cause(pods: list[Any], events: list[Any] | None = None, **status: Any) -> Cause:
    found = diagnose(deployment(**status), pods, events or [])
    assert found is not None
    return found


@pytest.mark.parametrize("reason", ["ErrImagePull", "ImagePullBackOff"])
def test_an_image_that_cannot_be_pulled(reason: str) -> None:
    events = [event("Failed", 'Failed to pull image "x": not found'), event("Failed", "Error: ErrImagePull")]
    found = cause([pod({"waiting": {"reason": reason, "message": "Back-off"}})], events)
    assert found.what == (
        f"pod chat-green-x cannot pull image registry.example.com/chat:2 ({reason}): "
        'Failed to pull image "x": not found'
    )
    assert found.patience == 15


def test_an_init_container_is_looked_at_too() -> None:
    waiting = pod({"waiting": {"reason": "PodInitializing"}})
    waiting["status"]["initContainerStatuses"] = pod({"waiting": {"reason": "ErrImagePull"}})["status"][
        "containerStatuses"
    ]
    assert "cannot pull image" in cause([waiting]).what


def test_an_image_name_that_is_none_is_certain_at_once() -> None:
    found = cause([pod({"waiting": {"reason": "InvalidImageName", "message": "couldn't parse"}})])
    assert (found.patience, "couldn't parse" in found.what) == (0, True)


def test_a_missing_secret() -> None:
    found = cause(
        [pod({"waiting": {"reason": "CreateContainerConfigError", "message": 'secret "s" not found'}})]
    )
    assert 'secret "s" not found' in found.what
    assert found.patience == 15


@pytest.mark.parametrize(("restarts", "patience"), [(0, FOREVER), (2, FOREVER), (3, 0), (9, 0)])
def test_a_crash_tells_exit_code_and_last_lines(restarts: int, patience: float) -> None:
    ended = {"terminated": {"exitCode": 3, "reason": "Error", "message": "line one\nError: no model\n"}}
    found = cause([pod({"waiting": {"reason": "CrashLoopBackOff"}}, ended, restarts)])
    assert "exit code 3" in found.what
    assert found.what.endswith("    line one\n    Error: no model")
    assert found.patience == patience


def test_a_crash_is_not_taken_for_a_probe_that_saw_it() -> None:
    ended = {"terminated": {"exitCode": 1, "reason": "Error"}}
    events = [event("Unhealthy", "Startup probe failed: connection refused")]
    assert "exit code 1" in cause([pod({"waiting": {"reason": "CrashLoopBackOff"}}, ended, 1)], events).what


def test_out_of_memory() -> None:
    ended = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
    events = [event("Unhealthy", "Startup probe failed")]
    found = cause([pod({"waiting": {"reason": "CrashLoopBackOff"}}, ended, 4)], events)
    assert "OOMKilled, exit code 137" in found.what
    assert "memory" in found.advice


@pytest.mark.parametrize(
    "last", [{}, {"terminated": {"exitCode": 143}}, {"terminated": {"exitCode": 137, "reason": "Error"}}]
)
def test_a_probe_that_never_answers_even_when_it_had_the_container_killed(last: dict[str, Any]) -> None:
    events = [
        event("Unhealthy", "Readiness probe failed: old", "2026-01-01T00:00:00Z"),
        event(
            "Unhealthy",
            "Startup probe failed: dial tcp 10.0.0.1:3000: connection refused",
            "2026-01-01T00:01:00Z",
        ),
    ]
    found = cause([pod({"running": {}}, last, 1)], events)
    assert found.what == (
        "pod chat-green-x runs but is not ready: "
        "Startup probe failed: dial tcp 10.0.0.1:3000: connection refused"
    )
    assert "port" in found.advice
    assert found.patience == FOREVER


URL = 'Get "http://10.0.0.1:3000/healthz"'


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (
            f"Startup probe failed: {URL}: dial tcp 10.0.0.1:3000: connect: connection refused",
            "startup probe GET /healthz on port 3000: dial tcp 10.0.0.1:3000: connect: connection refused",
        ),
        (
            f"Startup probe failed: {URL}: context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
            "startup probe GET /healthz on port 3000: timeout, no answer within 2 s",
        ),
        (
            "Readiness probe failed: HTTP probe failed with statuscode: 404",
            "readiness probe GET /healthz on port 3000: HTTP probe failed with statuscode: 404",
        ),
        ("Liveness probe failed: exec said no", "Liveness probe failed: exec said no"),
        ("of a kind not known", "of a kind not known"),
    ],
)
def test_a_probe_is_told_by_what_it_asks_for_and_what_came_of_it(message: str, told: str) -> None:
    probe = {"httpGet": {"path": "/healthz", "port": "http"}, "timeoutSeconds": 2}
    mute = pod({"running": {}})
    mute["status"]["containerStatuses"][0]["name"] = "chat"
    ports = [{"name": "http", "containerPort": 3000}]
    spec = {"name": "chat", "ports": ports, "startupProbe": probe, "readinessProbe": probe}
    mute["spec"] = {"containers": [spec]}
    assert (
        cause([mute], [event("Unhealthy", message)]).what == f"pod chat-green-x runs but is not ready: {told}"
    )


def test_events_of_other_pods_say_nothing() -> None:
    other = {**event("Unhealthy", "x"), "involvedObject": {"uid": "other"}}
    assert diagnose(deployment(), [pod({"running": {}})], [other]) is None


def test_unschedulable() -> None:
    waiting: dict[str, Any] = {
        "metadata": {"name": "chat-green-x", "uid": "p"},
        "status": {
            "conditions": [
                {"type": "PodScheduled", "reason": "Unschedulable", "message": "0/1 nodes are available: cpu"}
            ]
        },
    }
    assert cause([waiting]).what == "pod chat-green-x finds no node: 0/1 nodes are available: cpu"


def test_a_pod_stuck_before_its_containers() -> None:
    bare: dict[str, Any] = {"metadata": {"name": "chat-green-x", "uid": "p"}}
    assert "no network" in cause([bare], [event("FailedCreatePodSandBox", "no network")]).what
    assert diagnose(deployment(), [bare], []) is None


def test_quota() -> None:
    condition = {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": "FailedCreate",
        "message": "exceeded quota",
    }
    found = cause([], conditions=[condition])
    assert "exceeded quota" in found.what


def test_the_surest_cause_wins() -> None:
    unsure, sure = pod({"running": {}}), pod({"waiting": {"reason": "InvalidImageName", "message": "bad"}})
    assert "bad" in cause([unsure, sure], [event("Unhealthy", "probe")]).what


def test_ready_containers_have_no_cause() -> None:
    well = pod({"running": {}})
    well["status"]["containerStatuses"][0]["ready"] = True
    assert diagnose(deployment(), [well], [event("Unhealthy", "once")]) is None


@pytest.mark.parametrize(
    ("status", "ready"),
    [
        ({"availableReplicas": 2}, 2),
        ({"availableReplicas": 1}, 1),
        ({}, 0),
        ({"availableReplicas": 2, "observedGeneration": 1}, 0),  # the controller has not seen the change
        ({"availableReplicas": 2, "replicas": 3, "updatedReplicas": 1}, 0),  # two of them are the old ones
    ],
)
def test_rollout_counts_only_the_present_template(status: dict[str, Any], ready: int) -> None:
    assert rollout(deployment(**status)).ready == ready


def test_pods_that_serve_are_of_any_template() -> None:
    assert rollout(deployment(availableReplicas=9, replicas=10, updatedReplicas=3)).serving == 9
    assert rollout(deployment()).serving == 0


def test_newest_pods() -> None:
    def owned(name: str, uid: str, owner: str, **more: Any) -> dict[str, Any]:
        return {"metadata": {"name": name, "uid": uid, "ownerReferences": [{"uid": owner}], **more}}

    def replica_set(uid: str, owner: str, revision: str) -> dict[str, Any]:
        return owned(uid, uid, owner, annotations={"deployment.kubernetes.io/revision": revision})

    sets = [replica_set("r9", "d", "9"), replica_set("r10", "d", "10"), replica_set("x", "other", "99")]
    pods = [
        owned("young", "1", "r10", creationTimestamp="2"),
        owned("old", "2", "r10", creationTimestamp="1"),
        owned("former", "3", "r9"),
    ]
    assert [item["metadata"]["name"] for item in newest_pods(sets, pods, deployment())] == ["old", "young"]
    assert newest_pods([], pods, deployment()) == []
