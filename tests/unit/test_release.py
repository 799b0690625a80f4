"""The guards before a release and before the route, against a cluster made of dicts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pytest

from slipway import readiness, release
from slipway.diagnosis import Cause
from slipway.guard import live_weights
from slipway.readiness import Color, NotReadyError, wait_until_ready
from slipway.release import Release

COLORS = {
    color: Color("chat", color, "dev", f"chat-{color}", {"slipway/color": color})
    for color in ("blue", "green")
}


def status(ready: int, replicas: int | None = None) -> dict[str, Any]:
    replicas = ready if replicas is None else replicas
    return {
        "metadata": {"uid": "d", "generation": 1},
        "spec": {"replicas": replicas, "template": {"spec": {"containers": [{"image": "chat:2"}]}}},
        "status": {
            "observedGeneration": 1,
            "replicas": replicas,
            "updatedReplicas": replicas,
            "availableReplicas": ready,
        },
    }


@dataclass
class FakeCluster:
    """Deployments by name; `heals` makes a Deployment ready as soon as it is scaled."""

    deployments: dict[str, dict[str, Any]]
    weights: dict[str, int] | None = None
    pods_: list[dict[str, Any]] = field(default_factory=list)
    heals: bool = False
    scaled: list[tuple[str, int]] = field(default_factory=list)
    autoscalers_: list[dict[str, Any]] = field(default_factory=list)
    leasts: list[tuple[str, int]] = field(default_factory=list)

    async def __aenter__(self) -> FakeCluster:
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def deployment(self, namespace: str, name: str) -> dict[str, Any] | None:
        assert namespace == "dev"
        return self.deployments.get(name)

    async def replica_sets(self, namespace: str, labels: Mapping[str, str]) -> list[dict[str, Any]]:
        assert (namespace, bool(labels)) == ("dev", True)
        return [{"metadata": {"uid": "r", "ownerReferences": [{"uid": "d"}]}}]

    async def pods(self, namespace: str, labels: Mapping[str, str]) -> list[dict[str, Any]]:
        assert (namespace, bool(labels)) == ("dev", True)
        return self.pods_

    async def warnings(self, namespace: str) -> list[dict[str, Any]]:
        assert namespace == "dev"
        return []

    async def route(self, namespace: str, name: str) -> dict[str, Any] | None:
        assert (namespace, name) == ("dev", "chat")
        if self.weights is None:
            return None
        refs = [{"name": f"chat-{color}", "weight": weight} for color, weight in self.weights.items()]
        return {"spec": {"rules": [{"backendRefs": refs}]}}

    async def scale(self, namespace: str, deployment: str, replicas: int) -> None:
        assert namespace == "dev"
        self.scaled.append((deployment, replicas))
        self.deployments[deployment] = status(replicas if self.heals else 0, replicas)

    async def autoscalers(self, namespace: str, labels: Mapping[str, str]) -> list[dict[str, Any]]:
        assert namespace == "dev"
        return [item for item in self.autoscalers_ if labels.items() <= item["metadata"]["labels"].items()]

    async def set_least(self, namespace: str, autoscaler: str, replicas: int) -> None:
        assert namespace == "dev"
        self.leasts.append((autoscaler, replicas))


def autoscaler(color: str, least: int, **notes: str) -> dict[str, Any]:
    metadata = {"name": f"{color}-hpa", "labels": {"slipway/color": color}, "annotations": notes}
    return {"metadata": metadata, "spec": {"minReplicas": least}}


IDLE = {"slipway/idle-replicas": "1"}


def make(**more: Any) -> Release:
    values: dict[str, Any] = {"min_replicas": 2, "max_replicas": 10, "timeout": 0.2, **more}
    return Release(colors=COLORS, route="chat", kubeconfig=pulumi.Output.from_input(""), **values)


def capacity(cluster: FakeCluster, weights: dict[str, int]) -> None:
    async def wait() -> None:
        await make().wait_for_capacity(cluster, weights)

    asyncio.run(wait())


def rollout(cluster: FakeCluster, color: str, **more: Any) -> None:
    async def wait() -> None:
        await make(**more).wait_for_rollout(cluster, color)

    asyncio.run(wait())


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "_PAUSE_SECONDS", 0.01)

    def silent(_: str) -> None: ...

    monkeypatch.setattr(pulumi.log, "info", silent)


def test_a_flip_scales_the_target_to_what_the_carrier_has_before_traffic_moves() -> None:
    cluster = FakeCluster(
        {"chat-blue": status(5), "chat-green": status(2)}, {"blue": 100, "green": 0}, heals=True
    )
    capacity(cluster, {"blue": 0, "green": 100})
    assert cluster.scaled == [("chat-green", 5)]


def test_a_flip_away_from_a_colour_in_mid_rollout_counts_all_the_pods_that_serve() -> None:
    blue = status(9, 10)
    blue["status"]["updatedReplicas"] = 3
    cluster = FakeCluster({"chat-blue": blue, "chat-green": status(2)}, {"blue": 100, "green": 0}, heals=True)
    capacity(cluster, {"blue": 0, "green": 100})
    assert cluster.scaled == [("chat-green", 9)]


def test_a_flip_to_a_colour_in_mid_rollout_counts_only_its_present_template() -> None:
    green = status(5)
    green["status"]["updatedReplicas"] = 1
    cluster = FakeCluster({"chat-blue": status(2), "chat-green": green}, {"blue": 100, "green": 0})
    with pytest.raises(NotReadyError, match=r"0 of 2 pods"):
        capacity(cluster, {"blue": 0, "green": 100})


def test_a_flip_to_a_colour_that_is_ready_scales_nothing() -> None:
    cluster = FakeCluster({"chat-blue": status(2), "chat-green": status(3)}, {"blue": 100, "green": 0})
    cluster.autoscalers_ = [autoscaler("green", 2, **IDLE)]
    capacity(cluster, {"blue": 0, "green": 100})
    assert (cluster.scaled, cluster.leasts) == ([], [])


def test_a_warm_colour_keeps_the_pods_that_a_flip_takes() -> None:
    """Its warm time may end before its new autoscaler is there."""
    cluster = FakeCluster({"chat-blue": status(5), "chat-green": status(5)}, {"blue": 100, "green": 0})
    cluster.autoscalers_ = [autoscaler("green", 1, **IDLE)]
    capacity(cluster, {"blue": 0, "green": 100})
    assert (cluster.scaled, cluster.leasts) == ([], [("green-hpa", 5)])


def test_an_idle_colour_s_autoscaler_leaves_the_pods_that_a_flip_takes() -> None:
    """Its own least number is lower: it would take them away again while the others get ready."""
    cluster = FakeCluster(
        {"chat-blue": status(5), "chat-green": status(1)}, {"blue": 100, "green": 0}, heals=True
    )
    cluster.autoscalers_ = [autoscaler("green", 1, **IDLE), autoscaler("blue", 1, **IDLE)]
    capacity(cluster, {"blue": 0, "green": 100})
    assert cluster.leasts == [("green-hpa", 5)]
    assert cluster.scaled == [("chat-green", 5)]


def test_an_autoscaler_made_for_traffic_is_left_alone() -> None:
    cluster = FakeCluster(
        {"chat-blue": status(5), "chat-green": status(2)}, {"blue": 90, "green": 10}, heals=True
    )
    cluster.autoscalers_ = [autoscaler("green", 2)]
    capacity(cluster, {"blue": 0, "green": 100})
    assert cluster.leasts == []


def test_a_flip_that_fails_leaves_the_autoscaler_as_it_was() -> None:
    cluster = FakeCluster({"chat-blue": status(5), "chat-green": status(1)}, {"blue": 100, "green": 0})
    cluster.autoscalers_ = [autoscaler("green", 1, **IDLE)]
    with pytest.raises(NotReadyError):
        capacity(cluster, {"blue": 0, "green": 100})
    assert cluster.leasts == [("green-hpa", 5), ("green-hpa", 1)]


def test_a_flip_to_a_colour_without_ready_pods_is_refused() -> None:
    cluster = FakeCluster({"chat-blue": status(2), "chat-green": status(0, 2)}, {"blue": 100, "green": 0})
    with pytest.raises(NotReadyError) as error:
        capacity(cluster, {"blue": 0, "green": 100})
    assert 'app "chat", green is not ready with image chat:2 (0 of 2 pods)' in str(error.value)
    assert "its pods neither get ready nor say why" in str(error.value)


def test_the_live_route_counts_not_the_state() -> None:
    # Pulumi believes that blue carries; a rollback has already moved everything to green: nothing to ask of green.
    cluster = FakeCluster({"chat-blue": status(0), "chat-green": status(0)}, {"blue": 0, "green": 100})
    capacity(cluster, {"blue": 0, "green": 100})


def test_leaving_a_broken_colour_asks_nothing_of_it() -> None:
    cluster = FakeCluster({"chat-blue": status(2), "chat-green": status(0, 2)}, {"blue": 0, "green": 100})
    capacity(cluster, {"blue": 100, "green": 0})


def test_the_first_route_waits_for_the_least() -> None:
    cluster = FakeCluster({"chat-blue": status(1)}, None, heals=True)
    capacity(cluster, {"blue": 100, "green": 0})
    assert cluster.scaled == [("chat-blue", 2)]


def test_a_rollout_is_waited_for_with_its_least_number_of_pods() -> None:
    cluster = FakeCluster({"chat-green": status(1)}, heals=True)
    rollout(cluster, "green")
    assert cluster.scaled == [("chat-green", 2)]


def test_a_cooled_colour_s_autoscaler_leaves_the_pods_of_a_rollout() -> None:
    cluster = FakeCluster({"chat-green": status(1)}, heals=True)
    cluster.autoscalers_ = [autoscaler("green", 1, **IDLE)]
    rollout(cluster, "green")
    assert (cluster.scaled, cluster.leasts) == ([("chat-green", 2)], [("green-hpa", 2)])


def test_a_rollout_that_fails_leaves_the_autoscaler_as_it_was() -> None:
    cluster = FakeCluster({"chat-green": status(1)})
    cluster.autoscalers_ = [autoscaler("green", 1, **IDLE)]
    with pytest.raises(NotReadyError):
        rollout(cluster, "green")
    assert cluster.leasts == [("green-hpa", 2), ("green-hpa", 1)]


def test_a_certain_cause_ends_the_wait_early() -> None:
    bad = {
        "metadata": {"name": "chat-green-x", "uid": "p", "ownerReferences": [{"uid": "r"}]},
        "status": {
            "containerStatuses": [
                {
                    "image": "chat:2",
                    "state": {"waiting": {"reason": "InvalidImageName", "message": "bad name"}},
                }
            ]
        },
    }
    cluster = FakeCluster({"chat-green": status(0, 2)}, pods_=[bad])
    with pytest.raises(NotReadyError, match="bad name") as error:
        rollout(cluster, "green", timeout=60)
    assert "to do: name an image as registry/path:tag, then run pulumi up again" in str(error.value)


def test_a_passing_cause_is_waited_out() -> None:
    async def scenario() -> list[str]:
        pulling = {
            "metadata": {"name": "x", "uid": "p", "ownerReferences": [{"uid": "r"}]},
            "status": {
                "containerStatuses": [{"image": "i", "state": {"waiting": {"reason": "ErrImagePull"}}}]
            },
        }
        cluster = FakeCluster({"chat-green": status(0, 2)}, pods_=[pulling])
        said: list[str] = []
        waiting = asyncio.create_task(wait_until_ready(cluster, COLORS["green"], 2, 5, said.append))
        await asyncio.sleep(0.05)
        cluster.deployments["chat-green"], cluster.pods_ = status(2), []
        await waiting
        return said

    said = asyncio.run(scenario())
    assert said == ['app "chat", green: 0 of 2 pods ready, waiting up to 5 s']


def test_a_cause_must_last_without_a_break(monkeypatch: pytest.MonkeyPatch) -> None:
    pull, probe = Cause("no image", "", 15), Cause("no answer", "", float("inf"))
    now = 0.0
    monkeypatch.setattr(readiness.time, "monotonic", lambda: now)
    suspect = readiness.Suspect()
    steps = [(0, pull, False), (1, probe, False), (20, pull, False), (30, None, False), (36, pull, False)]
    steps += [(50, Cause("no image, in other words", "", 15), False), (51, pull, True)]
    for now, cause, certain in steps:
        assert suspect.certain(cause) is certain, (now, cause)


def test_a_deployment_that_is_gone() -> None:
    with pytest.raises(NotReadyError, match="there is no Deployment dev/chat-green"):
        rollout(FakeCluster({}), "green")


def test_live_weights() -> None:
    route = asyncio.run(FakeCluster({}, {"blue": 30, "green": 70}).route("dev", "chat"))
    assert route
    assert live_weights(COLORS, route) == {"blue": 30, "green": 70}
    chosen_users = {"backendRefs": [{"name": "chat-green", "weight": 1}]}
    route["spec"]["rules"].insert(0, chosen_users)
    assert live_weights(COLORS, route) == {"blue": 30, "green": 70}
    assert live_weights(COLORS, None) == {}
    assert live_weights(COLORS, {"spec": {"rules": [{"backendRefs": [{"name": "chat-blue"}]}]}}) == {
        "blue": 1,
        "green": 0,
    }


def test_hooks_run_the_guards_and_their_errors_pass_through(
    run: Any, program: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = FakeCluster({"chat-blue": status(2), "chat-green": status(0, 2)}, {"blue": 100, "green": 0})
    given: list[str] = []

    def connect(kubeconfig: str) -> FakeCluster:
        given.append(kubeconfig)
        return cluster

    monkeypatch.setattr(release, "ApiServer", connect)

    async def fire(name: str) -> None:
        await program.hooks[name](pulumi.ResourceHookArgs("urn", "", "", ""))

    def build() -> None:
        made = make()
        release.rollout_guard("chat", made, "blue")
        release.traffic_guard("chat", made, {"blue": 0, "green": 100})

    async def both() -> None:
        build()
        await fire("chat-blue-rollout")
        with pytest.raises(NotReadyError):
            await fire("chat-traffic")

    asyncio.run(both())
    assert given == ["", ""]
