"""Weights for every strategy, colour and share; and how many pods a change of weights takes."""

from __future__ import annotations

import itertools

import pytest

from slipway.traffic import COLORS, STRATEGIES, other, pods_needed, weights


@pytest.mark.parametrize(
    ("active", "strategy", "share"), list(itertools.product(COLORS, STRATEGIES, range(101)))
)
def test_weights(active: str, strategy: str, share: int) -> None:
    given = weights(active, strategy, share)
    assert given[other(active)] == (share if strategy == "canary" else 0)
    assert sum(given.values()) == 100
    assert given.keys() == set(COLORS)


@pytest.mark.parametrize(
    ("wanted", "live", "serving", "needed"),
    [
        # a flip: the target needs what the carrier has
        ({"green": 100, "blue": 0}, {"blue": 100, "green": 0}, {"blue": 5, "green": 2}, {"green": 5}),
        # a first route: the least
        ({"blue": 100, "green": 0}, {}, {"blue": 0, "green": 0}, {"blue": 2}),
        # a canary needs its share, rounded up, and no less than the least
        ({"green": 50, "blue": 50}, {"blue": 100}, {"blue": 9, "green": 2}, {"green": 5}),
        ({"green": 5, "blue": 95}, {"blue": 100}, {"blue": 9, "green": 2}, {"green": 2}),
        # what carries less is not asked: leaving a broken colour waits for nobody but the target
        ({"blue": 100, "green": 0}, {"green": 100, "blue": 0}, {"green": 0, "blue": 2}, {"blue": 2}),
        # promotion of a canary, by what its own pods carry
        ({"green": 100, "blue": 0}, {"green": 20, "blue": 80}, {"green": 2, "blue": 9}, {"green": 10}),
        # a canary of the least number of pods says nothing of the whole; pods that come do not ask for more
        ({"green": 50, "blue": 50}, {"green": 10, "blue": 90}, {"green": 3, "blue": 3}, {"green": 2}),
        ({"green": 100, "blue": 0}, {"green": 50, "blue": 50}, {"green": 3, "blue": 3}, {"green": 6}),
        ({"green": 100, "blue": 0}, {"green": 50, "blue": 50}, {"green": 6, "blue": 3}, {"green": 6}),
        # nothing changes
        ({"blue": 100, "green": 0}, {"blue": 100, "green": 0}, {"blue": 2, "green": 2}, {}),
    ],
)
def test_pods_needed(
    wanted: dict[str, int], live: dict[str, int], serving: dict[str, int], needed: dict[str, int]
) -> None:
    assert pods_needed(wanted, live, serving, min_replicas=2, max_replicas=10) == needed
