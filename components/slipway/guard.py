"""What stands between an app and a colour that cannot serve: the one rule that `pulumi up` and the `slipway` command share.

Knows nothing of Pulumi, and loads asyncio only to wait: the command moves traffic before it loads either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from slipway import shares
from slipway.diagnosis import Object, rollout
from slipway.kube import Cluster
from slipway.readiness import Color, wait_until_ready
from slipway.traffic import COLORS, IDLE_REPLICAS, pods_needed


@dataclass(frozen=True, kw_only=True)
class Guard:
    """One app's colours and how many pods they may have."""

    colors: Mapping[str, Color]
    route: str
    min_replicas: int
    max_replicas: int
    timeout: float
    say: Callable[[str], None]

    @property
    def namespace(self) -> str:
        return next(iter(self.colors.values())).namespace

    def needed(
        self, weights: Mapping[str, int], route: Object | None, deployments: Mapping[str, Object | None]
    ) -> dict[str, int]:
        """How many ready pods each colour must have before the route may have these weights."""
        serving = {color: rollout(found).serving if found else 0 for color, found in deployments.items()}
        live = live_weights(self.colors, route)
        return pods_needed(weights, live, serving, self.min_replicas, self.max_replicas)

    async def wait_for_rollout(self, cluster: Cluster, color: str) -> None:
        """Wait until the colour runs what it was given, with its least number of pods."""
        await self._wait(cluster, {color: self.min_replicas})

    async def wait_for_capacity(self, cluster: Cluster, weights: Mapping[str, int]) -> None:
        """Wait until every colour that is to carry more than it does now has the pods for it."""
        import asyncio

        route, *found = await asyncio.gather(
            cluster.route(self.namespace, self.route),
            *(cluster.deployment(color.namespace, color.deployment) for color in self.colors.values()),
        )
        await self._wait(cluster, self.needed(weights, route, dict(zip(self.colors, found, strict=True))))

    async def _wait(self, cluster: Cluster, needed: Mapping[str, int]) -> None:
        import asyncio

        before = await self._raise(cluster, needed)
        try:
            await asyncio.gather(
                *(
                    wait_until_ready(cluster, self.colors[color], pods, self.timeout, self.say)
                    for color, pods in needed.items()
                )
            )
        except BaseException:
            for autoscaler, least in before.items():
                await cluster.set_least(self.namespace, autoscaler, least)
            raise

    async def _raise(self, cluster: Cluster, needed: Mapping[str, int]) -> dict[str, int]:
        """Has idle colours' autoscalers leave this many pods, which they would take away again; what they left before, by name."""
        before = dict[str, int]()
        for color, pods in needed.items():
            for found in await cluster.autoscalers(self.namespace, self.colors[color].selector):
                name, least = found["metadata"]["name"], found["spec"].get("minReplicas", 1)
                if is_idle(found) and least < pods:
                    await cluster.set_least(self.namespace, name, pods)
                    before[name] = least
        return before


def is_idle(autoscaler: Object) -> bool:
    """Whether an autoscaler was made for a colour without traffic."""
    return IDLE_REPLICAS in autoscaler["metadata"].get("annotations", {})


def app_colors(app: str, namespace: str) -> dict[str, Color]:
    """The colours of an app by the names that App gives them."""
    own = {"app.kubernetes.io/name": app, "app.kubernetes.io/instance": app}
    return {
        color: Color(app, color, namespace, f"{app}-{color}", {**own, "slipway/color": color})
        for color in COLORS
    }


def live_weights(colors: Mapping[str, Color], route: Object | None) -> dict[str, int]:
    """The weights that the cluster's route has now, whatever Pulumi's state says of it."""
    if route is None:
        return {}
    return shares.read(services(colors), route["spec"]["rules"])


def services(colors: Mapping[str, Color]) -> dict[str, str]:
    """Each colour's Service, which App calls as its Deployment."""
    return {color: place.deployment for color, place in colors.items()}
