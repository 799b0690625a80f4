"""Where the weights of an App's route stand: the one place that `pulumi up` writes them by, and the command reads and writes them by.

One rule, the first that names both colours, shares the traffic out. A colour is there once as its Service and, where the App asks for
it, once more as what also sets a cookie (`-kept`) and as what also sends a copy to the other colour (`-mirrored`); which of them has
the colour's weight follows from the weights. Every later rule that names both colours keeps users whom that cookie has told a colour
with it: with the one that it names first, while that carries anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

KEPT, MIRRORED = "-kept", "-mirrored"

Rule = Mapping[str, Any]


def spread(
    services: Mapping[str, str], names: Collection[str], weights: Mapping[str, int], mirrored: int = 0
) -> dict[str, int]:
    """The weight of each of these backends of the first rule. A copy is sent only while one colour has all the traffic."""
    is_shared = min(weights.values()) > 0
    given = dict.fromkeys(names, 0)
    for color, weight in weights.items():
        service = services[color]
        copied = 0 if is_shared or service + MIRRORED not in given else weight * mirrored // 100
        kept = weight if is_shared and service + KEPT in given else 0
        given |= {service + suffix: part for suffix, part in ((MIRRORED, copied), (KEPT, kept)) if part}
        given[service] = weight - copied - kept
    return given


def stick(color: str, weights: Mapping[str, int]) -> dict[str, int]:
    """The weights, by colour, of the rule that keeps users with this one, which it names first."""
    given = {other: int((other == color) == (weights[color] > 0)) for other in weights}
    return {color: given.pop(color), **given}


def read(services: Mapping[str, str], rules: Sequence[Rule]) -> dict[str, int]:
    """What each colour has of the traffic."""
    first = next((rule for rule in rules if _is_shared(services, rule)), rules[0])
    weights = {backend["name"]: backend.get("weight", 1) for backend in first.get("backendRefs", ())}
    return {
        color: sum(weights.get(service + suffix, 0) for suffix in ("", KEPT, MIRRORED))
        for color, service in services.items()
    }


def write(
    services: Mapping[str, str], rules: Sequence[Rule], weights: Mapping[str, int]
) -> Iterator[tuple[int, int, int]]:
    """What gives the colours these weights: the number of a rule, of its backend, and the backend's weight. No copy is sent any more."""
    colors = {service: color for color, service in services.items()}
    first = True
    for number, rule in enumerate(rules):
        if not _is_shared(services, rule):
            continue
        names = [backend["name"] for backend in rule["backendRefs"]]
        kept = {} if first else stick(colors[names[0]], weights)
        given = spread(services, names, weights) if first else {services[of]: kept[of] for of in kept}
        first = False
        yield from ((number, place, given[name]) for place, name in enumerate(names) if name in given)


def _is_shared(services: Mapping[str, str], rule: Rule) -> bool:
    """Whether a rule names both colours; one that names one alone sends chosen users to it."""
    return {*services.values()} <= {backend["name"] for backend in rule.get("backendRefs", ())}
