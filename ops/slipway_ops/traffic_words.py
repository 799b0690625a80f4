"""What an update does to traffic, in words: `100 % blue → 100 % green`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from slipway.shares import Rule, read
from slipway.traffic import COLORS
from slipway_ops.preview_steps import CREATE, DELETE, SAME, Properties, Step
from slipway_rules.values import at, each

_ROUTE = ":HTTPRoute"
_DEPLOYMENT = ":Deployment"
Shares = Mapping[str, int]


@dataclass(frozen=True)
class Traffic:
    """One application's."""

    app: str
    was: Shares | None
    """None when there is none, nor was."""
    now: Shares | None
    images: tuple[str, ...] = ()
    """What those that carry it come to run, as `green: chat:1 → chat:2`."""

    @property
    def moves(self) -> bool:
        return self.was != self.now

    def __str__(self) -> str:
        if not self.moves:
            return f"stays {shares(self.now)}"
        return f"{shares(self.was)} → {shares(self.now)}"


def shares(weights: Shares | None) -> str:
    """For people: `90 % blue, 10 % green`."""
    said = ", ".join(f"{weight} % {name}" for name, weight in (weights or {}).items() if weight)
    return said or "nobody"


def traffic(steps: Iterable[Step]) -> list[Traffic]:
    """Of every application whose route or whose images change, and of those whose traffic stays, in the order of the steps."""
    known = [*steps]
    found: list[Traffic] = []
    for step in known:
        if not step.type.endswith(_ROUTE):
            continue
        app = _app(step)
        was = None if step.operation == CREATE else _weights(app, step.old)
        now = None if step.operation == DELETE else _weights(app, step.new)
        if app and (was or now):
            found.append(Traffic(app, was, now, tuple(_images(app, now or {}, known))))
    return found


def _app(step: Step) -> str:
    """The application of a route that has two colours; nothing of any other."""
    for properties in (step.new, step.old):
        for backend in _backends(properties):
            name = str(at(backend, "name", ""))
            for color in COLORS:
                if name.endswith(f"-{color}"):
                    return name.removesuffix(f"-{color}")
    return ""


def _weights(app: str, properties: Properties) -> Shares | None:
    """By the rule that names both colours: others send chosen users to one."""
    for rule in each(at(properties, "spec.rules")):
        names = {
            str(at(backend, "name")): at(backend, "weight", 1) for backend in each(at(rule, "backendRefs"))
        }
        services = {color: f"{app}-{color}" for color in COLORS}
        if all(isinstance(names.get(service), int | float) for service in services.values()):
            weights = read(services, [cast("Rule", rule)])
            total = sum(weights.values()) or 1
            return {color: round(weight * 100 / total) for color, weight in weights.items()}
    return None


def _backends(properties: Properties) -> Iterator[Any]:
    for rule in each(at(properties, "spec.rules")):
        yield from each(at(rule, "backendRefs"))


def _images(app: str, carried: Shares, steps: Iterable[Step]) -> Iterator[str]:
    for step in steps:
        color = str(at(step.new, "metadata.name", "")).removeprefix(f"{app}-")
        if not step.type.endswith(_DEPLOYMENT) or not carried.get(color) or step.operation in (SAME, CREATE):
            continue
        was, now = _image(step.old), _image(step.new)
        if was != now:
            yield f"{color}: {was} → {now}"


def _image(properties: Properties) -> str:
    container = next(each(at(properties, "spec.template.spec.containers")), None)
    return str(at(container, "image", "?"))
