"""What a release must pass while it carries traffic: thresholds on what the gateway measured of its colour.

What is missing, what is inconclusive and what fails is told apart; only what passes is promoted.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from slipway_ops.errors import OperatorError

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

    def limits(self) -> dict[str, float]:
        """The thresholds by the measure that they are for."""
        ratio = None if self.error_percent is None else self.error_percent / 100
        asked = {"error_ratio": ratio, "p99_seconds": self.p99_seconds}
        return {name: limit for name, limit in asked.items() if limit is not None}


@dataclass
class Gate:
    """One threshold over the measurements of one step."""

    name: str
    limit: float
    seen: list[float | None] = field(default_factory=list)

    @property
    def verdict(self) -> Verdict:
        """By the last measurements: as many as must agree."""
        last = self.seen[-_IN_A_ROW:]
        known = [value for value in last if value is not None]
        if not known:
            return Verdict.MISSING
        if len(known) < _IN_A_ROW:
            return Verdict.INCONCLUSIVE
        if all(value > self.limit for value in known):
            return Verdict.FAILING
        return Verdict.INCONCLUSIVE if any(value > self.limit for value in known) else Verdict.PASSING

    def __str__(self) -> str:
        value = next((value for value in reversed(self.seen) if value is not None), None)
        measured = "nothing was measured" if value is None else f"{value:.4g}"
        return f"{self.name} {self.verdict}: {measured}, at most {self.limit:g}"


def watch(gates: Gates, measure: Callable[[], Mapping[str, Any]], check: Callable[[], None]) -> list[str]:
    """Measures for the gates' time; GateError as soon as one fails, or when one has not passed at its end."""
    held = [Gate(name, limit) for name, limit in gates.limits().items()]
    deadline = time.monotonic() + gates.seconds
    for count in itertools.count(1):
        check()
        measured = measure()
        for gate in held:
            gate.seen.append(measured.get(gate.name))
            if gate.verdict is Verdict.FAILING:
                raise GateError(str(gate))
        if count >= _IN_A_ROW and time.monotonic() >= deadline:
            break
        time.sleep(PAUSE_SECONDS)
    if missed := [str(gate) for gate in held if gate.verdict is not Verdict.PASSING]:
        raise GateError("; ".join(missed))
    return [str(gate) for gate in held]
