"""What a release must pass: thresholds on what is measured of its colour, and Jobs that have to end well.

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
class Http:
    """One request to the colour, and what its answer must be."""

    path: str
    at: str = ""
    """The preview address that it is asked at, as https://chat.example.com; empty: the colour's Service, by the API server."""
    header: str = ""
    """The header that says the colour there; empty where the host name does."""
    status: int = 200
    json: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What fields of a JSON answer must be, each by its path with dots."""
    text: str = ""
    """What must stand in the answer."""
    passes: int = 1
    of: int = 1
    """How many of how many requests must pass."""


@dataclass(frozen=True)
class Job:
    """A Job that must end well before there is any traffic."""

    command: tuple[str, ...] = ()
    """Empty: the image's own."""
    image: str = ""
    """Empty: the release's own."""
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    timeout_seconds: int = 300


@dataclass(frozen=True)
class Gates:
    """`slipway:gates` of the stack's file; None means that it is not asked."""

    seconds: int = 60
    error_percent: float | None = 1.0
    p99_seconds: float | None = None
    burn_rate: float | None = None
    burn_minutes: int = 5
    cpu_percent: float | None = None
    memory_percent: float | None = None
    restarts: int | None = None
    http: Mapping[str, Http] = field(default_factory=dict[str, Http])
    jobs: Mapping[str, Job] = field(default_factory=dict[str, Job])
    smoke: bool = True

    def open(self) -> list[Gate]:
        """A gate for each threshold that is asked for while there is traffic."""
        limits = {
            "error_ratio": _ratio(self.error_percent),
            "p99_seconds": self.p99_seconds,
            "burn_rate": self.burn_rate,
            "cpu_ratio": _ratio(self.cpu_percent),
            "memory_ratio": _ratio(self.memory_percent),
            "restarts": self.restarts,
        }
        return [
            *(Gate(name, limit) for name, limit in limits.items() if limit is not None),
            *self.open_before_traffic(),
        ]

    def open_before_traffic(self) -> list[Gate]:
        """Those that a colour can pass without any: its requests, of which so many may fail."""
        return [Gate(of_http(name), check.of - check.passes) for name, check in self.http.items()]


NO_GATES = Gates(seconds=0, error_percent=None)
"""What is not asked for."""


def of_http(name: str) -> str:
    """What the gate of a request is called."""
    return f"http {name}"


def _ratio(percent: float | None) -> float | None:
    return None if percent is None else percent / 100


@dataclass(frozen=True)
class Measured:
    """What was measured at one moment, by the names of gates; and in words why a value is bad, or why there is none."""

    values: Mapping[str, float]
    why: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass
class Gate:
    """One threshold over the measurements of one step."""

    name: str
    limit: float
    seen: list[tuple[float, float | None]] = field(default_factory=list)
    """When, in seconds since the command's start, and what; None when nothing was measured."""
    in_a_row: int = _IN_A_ROW
    """How many measurements must agree."""
    why: str = ""
    """What the last measurement said beside its value."""

    @property
    def verdict(self) -> Verdict:
        """By the last measurements: as many as must agree."""
        known = [value for _, value in self.seen[-self.in_a_row :] if value is not None]
        if not known:
            return Verdict.MISSING
        if len(known) < self.in_a_row:
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
        why = f" ({self.why})" if self.why and self.verdict is not Verdict.PASSING else ""
        return f"{self.name} {self.verdict}: {measured}, at most {self.limit:g}{why}"

    def see(self, at: float, measured: Measured) -> None:
        """One more measurement; GateError when it fails by that."""
        self.seen.append((round(at, 1), measured.values.get(self.name)))
        self.why = measured.why.get(self.name, "")
        if self.verdict is Verdict.FAILING:
            raise GateError(str(self))


def watch(
    held: Sequence[Gate],
    seconds: float,
    measure: Callable[[], Measured],
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
                gate.see(clock(), measured)
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
