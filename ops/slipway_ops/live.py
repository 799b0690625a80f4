"""An application as it stands in the cluster: its route, its colours, and the one write that moves traffic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slipway import shares
from slipway.diagnosis import Rollout, rollout
from slipway.guard import Guard, is_idle, live_weights, services
from slipway.traffic import IDLE_REPLICAS, REPLICAS, other
from slipway_ops.api import Api, Object
from slipway_ops.errors import AbsentError, OperatorError

_JSON_PATCH = "application/json-patch+json"


@dataclass(frozen=True)
class Live:
    """What was read at one moment."""

    guard: Guard
    route: Object
    deployments: Mapping[str, Object | None]

    @property
    def weights(self) -> dict[str, int]:
        return live_weights(self.guard.colors, self.route)

    @property
    def carrier(self) -> str:
        """The colour that carries the most."""
        return max(self.weights, key=lambda color: self.weights[color])

    @property
    def idle(self) -> str:
        return other(self.carrier)

    def rollout(self, color: str) -> Rollout:
        found = self.deployments[color]
        return rollout(found) if found else Rollout(0, 0, 0)

    def image(self, color: str) -> str:
        """What a colour runs."""
        found = self.deployments[color]
        return found["spec"]["template"]["spec"]["containers"][0]["image"] if found else ""

    def lacking(self, weights: Mapping[str, int], *, going_back: bool = False) -> dict[str, int]:
        """The colours that have not the pods for these weights, and how many they need: the rule of `pulumi up`.

        The colour that a canary's traffic goes back to carried all of it a moment ago, and the autoscaler takes pods away slowly:
        its least number is enough, so that nobody waits at a bad canary.
        """
        needed = self.guard.needed(weights, self.route, self.deployments)
        if going_back and min(self.weights.values()) > 0:
            needed = {color: min(pods, self.guard.min_replicas) for color, pods in needed.items()}
        return {color: pods for color, pods in needed.items() if self.rollout(color).ready < pods}


def look(api: Api, guard: Guard) -> Live:
    """Reads the route and both colours; AbsentError when the application is not there."""
    namespace = guard.namespace
    route = api.get(_route(guard))
    if route is None:
        raise AbsentError(
            f"there is no HTTPRoute {namespace}/{guard.route} in {api.access}; nothing was changed\n"
            "  to do: point KUBECONFIG at the stack's cluster; if the stack was never up, run pulumi up"
        )
    deployments = {
        color: api.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/{place.deployment}")
        for color, place in guard.colors.items()
    }
    return Live(guard, route, deployments)


def move(api: Api, live: Live, weights: Mapping[str, int]) -> None:
    """Writes the weights, and only onto the route as it was read; RefusedError when somebody wrote it meanwhile."""
    version = live.route["metadata"]["resourceVersion"]
    patch: list[dict[str, Any]] = [{"op": "test", "path": "/metadata/resourceVersion", "value": version}]
    written = shares.write(services(live.guard.colors), live.route["spec"]["rules"], weights)
    patch += [
        {"op": "add", "path": f"/spec/rules/{rule}/backendRefs/{place}/weight", "value": weight}
        for rule, place, weight in written
    ]
    if len(patch) == 1:
        raise OperatorError(
            f"the HTTPRoute {live.guard.namespace}/{live.guard.route} names not both colours; nothing was changed\n"
            "  to do: run pulumi up --refresh, which makes it as the stack's program says"
        )
    api.call("PATCH", _route(live.guard), patch, _JSON_PATCH)


def settle(api: Api, guard: Guard, weights: Mapping[str, int]) -> None:
    """Has each colour's autoscaler leave what these weights take, where it was made for other ones, until `pulumi up` makes another."""
    cluster = _Cluster(api)
    for color, weight in weights.items():
        for found in cluster.list_autoscalers(guard.namespace, guard.colors[color].selector):
            if not is_idle(found):
                continue
            least, notes = found["spec"].get("minReplicas", 1), found["metadata"]["annotations"]
            # What it has is what this traffic takes: it must not go when the warm time ends before `pulumi up` has come that far.
            carrying = max(least, int(notes[REPLICAS]), found.get("status", {}).get("currentReplicas", 0))
            wanted = carrying if weight else int(notes[IDLE_REPLICAS])
            if wanted != least:
                cluster.patch_least(guard.namespace, found["metadata"]["name"], wanted)


def wait_for_capacity(api: Api, guard: Guard, weights: Mapping[str, int]) -> None:
    """Waits for what `lacking` lacks, scaling it up first; OperatorError with the cause when it does not come."""
    import asyncio

    from slipway.readiness import NotReadyError

    # A loop of its own, not asyncio.run, which leaves the thread without any: pulumi takes the thread's when it is loaded.
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(guard.wait_for_capacity(_Cluster(api), weights))
    except NotReadyError as error:
        raise OperatorError(f"{error}\n  no traffic was moved") from None
    finally:
        loop.close()


@dataclass(frozen=True)
class _Cluster:
    """What waiting for a colour asks of a cluster, through the connection that is open."""

    api: Api

    async def deployment(self, namespace: str, name: str) -> Object | None:
        return self.api.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}")

    async def route(self, namespace: str, name: str) -> Object | None:
        return self.api.get(f"/apis/gateway.networking.k8s.io/v1/namespaces/{namespace}/httproutes/{name}")

    async def replica_sets(self, namespace: str, labels: Mapping[str, str]) -> list[Object]:
        return self._list(
            f"/apis/apps/v1/namespaces/{namespace}/replicasets", labelSelector=_selector(labels)
        )

    async def pods(self, namespace: str, labels: Mapping[str, str]) -> list[Object]:
        return self._list(f"/api/v1/namespaces/{namespace}/pods", labelSelector=_selector(labels))

    async def warnings(self, namespace: str) -> list[Object]:
        return self._list(f"/api/v1/namespaces/{namespace}/events", fieldSelector="type=Warning")

    async def scale(self, namespace: str, deployment: str, replicas: int) -> None:
        path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{deployment}/scale"
        self.api.call("PATCH", path, {"spec": {"replicas": replicas}}, "application/merge-patch+json")

    async def autoscalers(self, namespace: str, labels: Mapping[str, str]) -> list[Object]:
        return self.list_autoscalers(namespace, labels)

    async def set_least(self, namespace: str, autoscaler: str, replicas: int) -> None:
        self.patch_least(namespace, autoscaler, replicas)

    def list_autoscalers(self, namespace: str, labels: Mapping[str, str]) -> list[Object]:
        return self._list(_autoscalers(namespace), labelSelector=_selector(labels))

    def patch_least(self, namespace: str, autoscaler: str, replicas: int) -> None:
        path = f"{_autoscalers(namespace)}/{autoscaler}"
        self.api.call("PATCH", path, {"spec": {"minReplicas": replicas}}, "application/merge-patch+json")

    def _list(self, path: str, **selector: str) -> list[Object]:
        return (self.api.get(path, **selector) or {"items": []})["items"]


def _selector(labels: Mapping[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in labels.items())


def _autoscalers(namespace: str) -> str:
    return f"/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers"


def _route(guard: Guard) -> str:
    return f"/apis/gateway.networking.k8s.io/v1/namespaces/{guard.namespace}/httproutes/{guard.route}"
