"""What a release must pass while it carries traffic: thresholds on what the gateway measured of its colour.

What is missing, what is inconclusive and what fails is told apart; only what passes is promoted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from slipway_ops import steering
from slipway_ops.errors import OperatorError
from slipway_ops.steering import Course

PAUSE_SECONDS = 5.0
_IN_A_ROW = 2
"""One measurement may be a fluke; this many one after the other are none."""


class Verdict(StrEnum):
    """How a gate stands."""

    PASSING = "passing"
    FAILING = "failing"
    INCONCLUSIVE = "inconclusive"
    MISSING = "missing"


class GateError(OperatorError):
    """The release is not promoted."""


@dataclass(frozen=True)
class Gates:
    """`slipway:gates` of the stack's file; None means that it is not asked."""

    seconds: int = 60
    error_percent: float | None = 1.0
    p99_seconds: float | None = None
    smoke: bool = True

    def open(self) -> list[Gate]:
        """A gate for each threshold that is asked for."""
        ratio = None if self.error_percent is None else self.error_percent / 100
        limits = {"error_ratio": ratio, "p99_seconds": self.p99_seconds}
        return [Gate(name, limit) for name, limit in limits.items() if limit is not None]


@dataclass
class Gate:
    """One threshold over the measurements of one step."""

    name: str
    limit: float
    seen: list[tuple[float, float | None]] = field(default_factory=list)
    """When, in seconds since the command's start, and what; None when nothing was measured."""

    @property
    def verdict(self) -> Verdict:
        """By the last measurements: as many as must agree."""
        known = [value for _, value in self.seen[-_IN_A_ROW:] if value is not None]
        if not known:
            return Verdict.MISSING
        if len(known) < _IN_A_ROW:
            return Verdict.INCONCLUSIVE
        if all(value > self.limit for value in known):
            return Verdict.FAILING
        return Verdict.INCONCLUSIVE if any(value > self.limit for value in known) else Verdict.PASSING

    def as_dict(self) -> dict[str, Any]:
        """For the record."""
        seen = [(at, None if value is None else float(f"{value:.4g}")) for at, value in self.seen]
        return {"name": self.name, "limit": self.limit, "verdict": self.verdict, "seen": seen}

    def __str__(self) -> str:
        value = next((value for _, value in reversed(self.seen) if value is not None), None)
        measured = "nothing was measured" if value is None else f"{value:.4g}"
        return f"{self.name} {self.verdict}: {measured}, at most {self.limit:g}"


def watch(
    held: Sequence[Gate],
    seconds: float,
    measure: Callable[[], Mapping[str, float]],
    look: Callable[[], Course],
    clock: Callable[[], float],
) -> None:
    """Measures for this time, and as long as a pause lasts; GateError as soon as a gate fails, or when one has not passed at the end."""
    end, due, count = time.monotonic() + seconds, 0.0, 0
    while (course := look()) is not Course.FULL:
        if held and time.monotonic() >= due:
            due = time.monotonic() + PAUSE_SECONDS
            count += 1
            measured = measure()
            for gate in held:
                gate.seen.append((round(clock(), 1), measured.get(gate.name)))
                if gate.verdict is Verdict.FAILING:
                    raise GateError(str(gate))
        left = end - time.monotonic()
        if course is Course.GO and left <= 0 and (count >= _IN_A_ROW or not held):
            if missed := [str(gate) for gate in held if gate.verdict is not Verdict.PASSING]:
                raise GateError("; ".join(missed))
            return
        waits = [
            steering.LOOK_SECONDS,
            *([due - time.monotonic()] if held else []),
            *([left] if left > 0 else []),
        ]
        time.sleep(max(0, min(waits)))
