"""One change of traffic under load, and what several of them come to."""

import statistics
from dataclasses import dataclass

from tests.support.load import Load
from tests.support.project import Run


@dataclass(frozen=True)
class Change:
    """In seconds after the command's start. `moved`: the last request of the old colour was sent then; `back`: the command had ended."""

    moved: float
    back: float
    requests: int
    failed: int
    p99_ms: float


def measured(traffic: Load, color: str, run: Run) -> Change:
    """What a load that has ended saw of a command that moved the traffic to `color`."""
    return Change(
        moved=round(traffic.moved_to(color) - run.started, 3),
        back=round(run.seconds, 3),
        requests=len(traffic.answers),
        failed=len(traffic.failed),
        p99_ms=round(traffic.percentile(0.99) * 1000, 1),
    )


def summary(changes: list[Change]) -> dict[str, float]:
    """The medians, and every failed request."""
    return {
        "moved": round(statistics.median(change.moved for change in changes), 3),
        "back": round(statistics.median(change.back for change in changes), 3),
        "p99_ms": statistics.median(change.p99_ms for change in changes),
        "requests": sum(change.requests for change in changes),
        "failed": sum(change.failed for change in changes),
    }
