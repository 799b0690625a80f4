"""Where an application stands: colours, images, traffic, pods, what users get, and what is in progress."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

from slipway.traffic import COLORS
from slipway_ops import prometheus
from slipway_ops.application import Application, shares
from slipway_ops.lease import Doing
from slipway_ops.live import Live
from slipway_ops.steering import Asked, asked

_SERIES = {
    "application_color:gateway_requests:rate1m": "requests_per_second",
    "application_color:gateway_errors:ratio_rate1m": "error_ratio",
    "application_color:gateway_latency_seconds:p50_1m": "p50_seconds",
    "application_color:gateway_latency_seconds:p99_1m": "p99_seconds",
}


@dataclass(frozen=True)
class Color:
    """One colour; what Prometheus does not know is None."""

    image: str
    weight: int
    pods_ready: int
    pods_wanted: int
    requests_per_second: float | None = None
    error_ratio: float | None = None
    p50_seconds: float | None = None
    p99_seconds: float | None = None


@dataclass(frozen=True)
class Status:
    """What was found at one moment."""

    stack: str
    app: str
    strategy: str
    colors: Mapping[str, Color]
    in_progress: str | None
    asked: Asked | None
    """What somebody asks of what is in progress."""
    findings: list[str]
    """What does not agree, and what to do about it."""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def read(app: Application) -> Status:
    """Reads it anew; changes nothing."""
    live = app.look()
    app.lease.look()
    known, silence = measured(app)
    holder = app.lease.holder
    works = holder is not None and not holder.is_gone and app.lease.is_fresh
    return Status(
        stack=app.project.stack,
        app=app.said.app,
        strategy=app.said.strategy,
        colors={
            color: Color(
                live.image(color),
                live.weights[color],
                live.rollout(color).serving,
                live.rollout(color).wanted,
                **known.get(color, {}),
            )
            for color in COLORS
        },
        in_progress=str(holder) if works else None,
        asked=asked(app.lease) if works and app.lease.asked else None,
        findings=[*_findings(app, live, None if works else holder, works), *silence],
    )


def _findings(app: Application, live: Live, dead: Doing | None, works: bool) -> list[str]:
    found: list[str] = []
    if dead:
        left = f", and left slipway:canaryWeight {app.said.canary_weight}" if app.said.canary_weight else ""
        found.append(
            f"{dead} ended without finishing{left}: `slipway switch {dead.target}` finishes it, `slipway switch {dead.source}` undoes it"
        )
    if live.weights != app.said.weights and not works:
        found.append(
            f"the traffic is {shares(live.weights)}, {app.project.file.name} says {shares(app.said.weights)}: "
            f"`slipway switch {live.carrier}` makes the file agree, pulumi up --refresh the traffic"
        )
    for color, weight in live.weights.items():
        if weight and not live.rollout(color).serving:
            found.append(f"{color} carries traffic and has no ready pod: `slipway rollback`")
    return found


def measured(app: Application) -> tuple[dict[str, dict[str, float]], list[str]]:
    """What users of each colour get, by the stack's own Prometheus; and why that is not known, where it should be."""
    if not app.said.monitored:
        return {}, []
    found: dict[str, dict[str, float]] = {}
    try:
        for series in prometheus.now(app, _SERIES):
            label, value = series["metric"], float(series["value"][1])
            if isfinite(value):
                found.setdefault(label["color"], {})[_SERIES[label["__name__"]]] = value
    except prometheus.SilentError as silence:
        return {}, [str(silence)]
    return found, []
