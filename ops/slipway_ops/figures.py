"""The four DORA figures, from the record of releases. What each counts stands in docs/releases.md. https://dora.dev/guides/dora-metrics/

A *change* is a deployment or a switch that moved traffic to an image and is over; a rollback is none. One that was killed is none
either: the deployment that took it up again is. A change *failed* when its traffic was taken back: by itself, or by the rollback that
followed it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from slipway_ops.records import INTERRUPTED, KEPT, RUNNING, Record


@dataclass(frozen=True)
class Figures:
    """Of one window; a figure without anything to count is None."""

    days: float
    """How long the window is, or how far back the record goes when that is less."""
    deployments: int
    deployments_per_day: float
    commits: int
    lead_time_seconds: float | None
    changes: int
    failed: int
    change_failure_rate: float | None
    time_to_restore_seconds: float | None


def figures(records: Sequence[Record], days: int, at: datetime) -> Figures:
    """Of the releases, oldest first, that began in the last `days` before `at`."""
    start = at - timedelta(days=days)
    if len(records) >= KEPT:
        start = max(start, _began(records[0]))
    changes = [change for change in _changes(records) if start <= _began(change[0]) <= at]
    restored = [seconds for change in changes if (seconds := _restored(*change)) is not None]
    served = [record for record, _ in changes if not _is_undone(record)]
    lead_times = _lead_times(records, served)
    length = (at - start) / timedelta(days=1)
    return Figures(
        days=round(length, 3),
        deployments=len(served),
        deployments_per_day=round(len(served) / length, 4) if length else 0.0,
        commits=len(lead_times),
        lead_time_seconds=round(median(lead_times), 1) if lead_times else None,
        changes=len(changes),
        failed=len(restored),
        change_failure_rate=round(len(restored) / len(changes), 4) if changes else None,
        time_to_restore_seconds=round(median(restored), 1) if restored else None,
    )


def _changes(records: Sequence[Record]) -> list[tuple[Record, Record | None]]:
    """Each change, and what moved the traffic after it: one that undid itself left everything as it was."""
    moved = [record for record in records if record.traffic_moved is not None and record.result != RUNNING]
    return [
        (record, next((after for after in moved[place:] if not _is_undone(after)), None))
        for place, record in enumerate(moved, 1)
        if record.command in ("deploy", "switch") and (record.result != INTERRUPTED or _is_undone(record))
    ]


def _is_undone(record: Record) -> bool:
    """Whether it returned its traffic itself."""
    return bool(record.steps) and record.steps[-1]["share"] == 0


def _restored(change: Record, after: Record | None) -> float | None:
    """Seconds from the first traffic of a change that failed until its traffic was back; None when it did not fail."""
    if _is_undone(change):
        return max(0.0, change.steps[-1]["at"] - (change.traffic_moved or 0))
    if after is not None and after.command == "rollback":
        return max(0.0, (_moved(after) - _moved(change)).total_seconds())
    return None


def _lead_times(records: Sequence[Record], served: Sequence[Record]) -> list[float]:
    """Seconds from each commit until it first served, where the commit is known and that was in the window."""
    first: dict[str, Record] = {}
    for record, _ in _changes(records):
        if record.committed and not _is_undone(record):
            first.setdefault(record.commit.rstrip("+"), record)
    return [
        max(0.0, (_moved(record) - datetime.fromisoformat(record.committed)).total_seconds())
        for record in served
        if first.get(record.commit.rstrip("+")) is record
    ]


def _began(record: Record) -> datetime:
    return datetime.fromisoformat(record.began)


def _moved(record: Record) -> datetime:
    """When it first moved traffic."""
    return _began(record) + timedelta(seconds=record.traffic_moved or 0)
