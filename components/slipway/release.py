"""What a release waits for, as Pulumi resource hooks: they run before a step of the engine, never in a preview.

`rollout_guard` stands before the record of a colour's release and waits for its rollout; a wait that fails leaves the
record unwritten, so the next `pulumi up` waits again. `traffic_guard` stands before the route and keeps traffic off
every colour that lacks the pods for it.
https://www.pulumi.com/docs/iac/concepts/resources/options/hooks/
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from slipway.diagnosis import rollout
from slipway.kube import ApiServer, Cluster, Object
from slipway.readiness import Color, wait_until_ready
from slipway.traffic import pods_needed


@dataclass(frozen=True)
class Release:
    """One app's colours and how many pods they may have."""

    colors: Mapping[str, Color]
    route: str
    min_replicas: int
    max_replicas: int
    timeout: float
    kubeconfig: pulumi.Output[str]

    @property
    def namespace(self) -> str:
        return next(iter(self.colors.values())).namespace

    async def wait_for_rollout(self, cluster: Cluster, color: str) -> None:
        """Wait until the colour runs what it was given, with its least number of pods."""
        await wait_until_ready(cluster, self.colors[color], self.min_replicas, self.timeout, pulumi.log.info)

    async def wait_for_capacity(self, cluster: Cluster, weights: Mapping[str, int]) -> None:
        """Wait until every colour that is to carry more than it does now has the pods for it."""
        live = live_weights(self.colors, await cluster.route(self.namespace, self.route))
        serving = dict(
            zip(
                self.colors,
                await asyncio.gather(*(self._serving(cluster, color) for color in self.colors)),
                strict=True,
            )
        )
        needed = pods_needed(weights, live, serving, self.min_replicas, self.max_replicas)
        await asyncio.gather(
            *(
                wait_until_ready(cluster, self.colors[color], pods, self.timeout, pulumi.log.info)
                for color, pods in needed.items()
            )
        )

    async def _serving(self, cluster: Cluster, color: str) -> int:
        place = self.colors[color]
        deployment = await cluster.deployment(place.namespace, place.deployment)
        return rollout(deployment).serving if deployment else 0


def live_weights(colors: Mapping[str, Color], route: Object | None) -> dict[str, int]:
    """The weights that the cluster's route has now, whatever Pulumi's state says of it."""
    if route is None:
        return {}
    refs = {
        ref["name"]: ref.get("weight", 1) for rule in route["spec"]["rules"] for ref in rule["backendRefs"]
    }
    return {color: refs.get(place.deployment, 0) for color, place in colors.items()}


def rollout_guard(name: str, release: Release, color: str) -> pulumi.ResourceHookBinding:
    """Hooks for the record of one colour's release."""

    async def wait(_: pulumi.ResourceHookArgs) -> None:
        async with await _connect(release) as cluster:
            await release.wait_for_rollout(cluster, color)

    return _before(f"{name}-{color}-rollout", wait)


def traffic_guard(name: str, release: Release, weights: Mapping[str, int]) -> pulumi.ResourceHookBinding:
    """Hooks for the route that is to have these weights."""

    async def wait(_: pulumi.ResourceHookArgs) -> None:
        async with await _connect(release) as cluster:
            await release.wait_for_capacity(cluster, weights)

    return _before(f"{name}-traffic", wait)


async def _connect(release: Release) -> ApiServer:
    return ApiServer(await release.kubeconfig.future() or "")


def _before(name: str, function: pulumi.ResourceHookFunction) -> pulumi.ResourceHookBinding:
    hook = pulumi.ResourceHook(name, function)
    return pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])
