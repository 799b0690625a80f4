"""Who gets how much traffic, and how many pods that takes: pure arithmetic."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

COLORS = ("blue", "green")
STRATEGIES = ("blue-green", "canary", "rolling")
MIN_REPLICAS, MAX_REPLICAS = 2, 10
"""What an App scales between when nothing else is said."""
REPLICAS, IDLE_REPLICAS = "slipway/replicas", "slipway/idle-replicas"
"""Annotations of an idle colour's autoscaler: its least number of pods with traffic, and without."""

REQUESTS_METRIC = "gateway_requests_per_second"
"""The external metric that a MonitoringStack answers by `application` and `color`, as its rules call what Traefik's services are of."""


def measured_as(namespace: str, app: str) -> str:
    """What a MonitoringStack's rules call an App, its `application`: as Traefik does."""
    return traefik_name(f"{namespace}-{app}")


def traefik_name(text: str) -> str:
    """As Traefik calls what it makes of an object: by the words of its name."""
    return "-".join(re.findall(r"[a-z0-9]+", text))


def other(color: str) -> str:
    """The colour that is not this one."""
    return COLORS[1 - COLORS.index(color)]


def weights(active: str, strategy: str, canary_weight: int) -> dict[str, int]:
    """Per cent of traffic by colour.

    Under `blue-green` the active colour has all of it and a release is a change of `active`. Under `canary` the other
    colour has `canary_weight`. Under `rolling` the active colour has all of it and a release is a change of its image,
    which replaces its pods one by one.
    """
    share = canary_weight if strategy == "canary" else 0
    return {active: 100 - share, other(active): share}


def pods_needed(
    wanted: Mapping[str, int],
    live: Mapping[str, int],
    serving: Mapping[str, int],
    min_replicas: int,
    max_replicas: int,
) -> dict[str, int]:
    """How many ready pods each colour must have before `wanted` weights may replace the `live` ones.

    A colour is asked only when it is to carry more than it carries now, so that leaving a broken colour never waits for
    the broken colour. What it must have follows from what carries the traffic now: a colour whose pods carry a share of it
    shows how many are enough for another share. Where both carry, the lower figure counts: a canary's least number of pods
    says little of the whole, and pods that are only just being added would ask for yet more. It lies within the scaling bounds.
    """
    carriers = [(serving.get(color, 0), weight) for color, weight in live.items() if weight > 0]
    return {
        color: min(
            max(
                min_replicas,
                min((math.ceil(pods * share / weight) for pods, weight in carriers if pods), default=0),
            ),
            max_replicas,
        )
        for color, share in wanted.items()
        if share > live.get(color, 0)
    }
