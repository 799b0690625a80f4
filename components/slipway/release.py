"""What a release waits for, as Pulumi resource hooks: they run before a step of the engine, never in a preview.

`rollout_guard` stands before the record of a colour's release and waits for its rollout; a wait that fails leaves the
record unwritten, so the next `pulumi up` waits again. `traffic_guard` stands before the route and keeps traffic off
every colour that lacks the pods for it.
https://www.pulumi.com/docs/iac/concepts/resources/options/hooks/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pulumi

from slipway.guard import Guard
from slipway.kube import ApiServer


def _to_pulumi() -> Callable[[str], None]:
    return pulumi.log.info


@dataclass(frozen=True, kw_only=True)
class Release(Guard):
    """One app's guard within a Pulumi program."""

    kubeconfig: pulumi.Output[str | None]
    """Its content; None or empty for the ambient one."""
    say: Callable[[str], None] = field(default_factory=_to_pulumi)


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
