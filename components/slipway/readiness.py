"""Waits until a colour has the ready pods that it needs, or says why it will not have them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from slipway.diagnosis import Cause, diagnose, newest_pods, rollout
from slipway.kube import Cluster, Object

ROLLOUT_SECONDS = 100
"""How long an App waits for a colour when nothing else is said."""
_PAUSE_SECONDS = 0.5


class NotReadyError(Exception):
    """A colour cannot carry traffic; the message names app, colour, image, pod, cause and what to do."""


@dataclass(frozen=True)
class Color:
    """One colour of one app, as it stands in the cluster."""

    app: str
    color: str
    namespace: str
    deployment: str
    selector: Mapping[str, str]

    def __str__(self) -> str:
        return f'app "{self.app}", {self.color}'


async def wait_until_ready(
    cluster: Cluster, color: Color, needed: int, timeout: float, say: Callable[[str], None]
) -> None:
    """Return once `needed` pods of the present template are ready, scaling up to that first; raise NotReadyError otherwise."""
    import asyncio

    deadline = time.monotonic() + timeout
    suspect = Suspect()
    said = ""
    while True:
        deployment = await cluster.deployment(color.namespace, color.deployment)
        if deployment is None:
            raise NotReadyError(
                f"{color}: there is no Deployment {color.namespace}/{color.deployment}; run pulumi up"
            )
        state = rollout(deployment)
        if state.ready >= needed:
            return
        if state.wanted < needed:
            await cluster.scale(color.namespace, color.deployment, needed)
        cause = await _cause(cluster, color, deployment)
        left = deadline - time.monotonic()
        if left <= 0 or suspect.certain(cause):
            raise NotReadyError(_report(color, deployment, state.ready, needed, cause))
        if (news := f"{color}: {state.ready} of {needed} pods ready") != said:
            say(f"{news}, waiting up to {left:.0f} s")
            said = news
        await asyncio.sleep(_PAUSE_SECONDS)


class Suspect:
    """A cause is certain once it has lasted, without a break, for longer than it may."""

    def __init__(self) -> None:
        self._patience: float | None = None
        self._since = 0.0

    def certain(self, cause: Cause | None) -> bool:
        # By patience, not by text: messages alternate (ErrImagePull, ImagePullBackOff) while the cause stays.
        patience = cause.patience if cause else None
        if patience != self._patience:
            self._patience, self._since = patience, time.monotonic()
        return patience is not None and time.monotonic() - self._since >= patience


async def _cause(cluster: Cluster, color: Color, deployment: Object) -> Cause | None:
    import asyncio

    replica_sets, pods, warnings = await asyncio.gather(
        cluster.replica_sets(color.namespace, color.selector),
        cluster.pods(color.namespace, color.selector),
        cluster.warnings(color.namespace),
    )
    return diagnose(deployment, newest_pods(replica_sets, pods, deployment), warnings)


def _report(color: Color, deployment: Object, ready: int, needed: int, cause: Cause | None) -> str:
    image = deployment["spec"]["template"]["spec"]["containers"][0]["image"]
    what = cause.what if cause else "its pods neither get ready nor say why"
    advice = cause.advice if cause else f"look at kubectl -n {color.namespace} describe pods"
    return (
        f"{color} is not ready with image {image} ({ready} of {needed} pods): {what}\n"
        f"  to do: {advice}, then run pulumi up again"
    )
