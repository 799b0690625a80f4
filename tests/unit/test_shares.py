"""Where the weights of a route stand: what is written is what is read, whatever else the route holds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from slipway.shares import KEPT, MIRRORED, read, spread, stick, write

SERVICES = {"blue": "chat-blue", "green": "chat-green"}
PLAIN = ["chat-blue", "chat-green"]
ALL = [*PLAIN, *(service + suffix for service in PLAIN for suffix in (KEPT, MIRRORED))]
SHARES = some.integers(0, 100).map(lambda green: {"blue": 100 - green, "green": green})
NAMES = some.sets(some.sampled_from(ALL[2:])).map(lambda more: [*PLAIN, *sorted(more)])


def rule(weights: dict[str, int]) -> dict[str, Any]:
    return {"backendRefs": [{"name": name, "weight": weight} for name, weight in weights.items()]}


def route(names: list[str], weights: dict[str, int], mirrored: int = 0) -> list[dict[str, Any]]:
    """A route with everything: shares, chosen users, and who keeps which colour."""
    chosen = rule({"chat-green": 1})
    kept = [
        rule({SERVICES[of]: weight for of, weight in stick(color, weights).items()}) for color in SERVICES
    ]
    return [rule(spread(SERVICES, names, weights, mirrored)), chosen, *kept]


@given(SHARES, NAMES, some.integers(0, 100))
def test_what_is_spread_is_read(weights: dict[str, int], names: list[str], mirrored: int) -> None:
    given = spread(SERVICES, names, weights, mirrored)
    assert list(given) == names
    assert min(given.values()) >= 0
    assert sum(given.values()) == 100
    assert read(SERVICES, route(names, weights, mirrored)) == weights


@given(SHARES, SHARES, NAMES, some.integers(0, 100))
def test_what_is_written_is_what_the_program_would_say(
    before: dict[str, int], after: dict[str, int], names: list[str], mirrored: int
) -> None:
    """But for copies, which end."""
    rules = route(names, before, mirrored)
    for number, place, weight in write(SERVICES, rules, after):
        rules[number]["backendRefs"][place]["weight"] = weight
    assert rules == route(names, after)


@pytest.mark.parametrize(
    ("names", "weights", "mirrored", "given"),
    [
        (PLAIN, {"blue": 100, "green": 0}, 50, [100, 0]),
        (ALL, {"blue": 100, "green": 0}, 0, [100, 0, 0, 0, 0, 0]),
        (ALL, {"blue": 100, "green": 0}, 40, [60, 0, 0, 40, 0, 0]),
        (ALL, {"blue": 0, "green": 100}, 100, [0, 0, 0, 0, 0, 100]),
        (ALL, {"blue": 75, "green": 25}, 100, [0, 0, 75, 0, 25, 0]),
    ],
)
def test_which_of_its_backends_has_a_colour_s_weight(
    names: list[str], weights: dict[str, int], mirrored: int, given: list[int]
) -> None:
    assert list(spread(SERVICES, names, weights, mirrored).values()) == given


def test_users_are_kept_while_their_colour_carries_anything() -> None:
    assert stick("green", {"blue": 99, "green": 1}) == {"green": 1, "blue": 0}
    assert stick("green", {"blue": 100, "green": 0}) == {"green": 0, "blue": 1}
    assert stick("blue", {"blue": 0, "green": 100}) == {"blue": 0, "green": 1}


def test_a_route_without_both_colours_is_read_by_its_first_rule_and_never_written() -> None:
    rules = [rule({"chat-blue": 1})]
    assert read(SERVICES, rules) == {"blue": 1, "green": 0}
    assert list(write(SERVICES, rules, {"blue": 0, "green": 100})) == []
