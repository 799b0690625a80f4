"""The four DORA figures: each counts what docs/releases.md says, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway_ops import render
from slipway_ops.figures import Figures, figures
from slipway_ops.records import KEPT, Record

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


def release(
    number: int,
    command: str = "deploy",
    result: str = "succeeded",
    *,
    hours: float = 1,
    moved: float | None = 10.0,
    commit: str = "",
    committed: float = 0,
    back: float | None = None,
) -> Record:
    """One that began so many hours ago; `back` is when it returned its traffic, `committed` how many hours before its beginning."""
    began = NOW - timedelta(hours=hours)
    steps: list[dict[str, Any]] = (
        [] if back is None else [{"share": 10, "at": moved}, {"share": 0, "at": back}]
    )
    return Record(
        number,
        command,
        "blue",
        "green",
        f"chat:{number}",
        "ann",
        "desk",
        began.isoformat(),
        commit=commit,
        committed=(began - timedelta(hours=committed)).isoformat() if commit else "",
        result=result,
        ended=(began + timedelta(seconds=60)).isoformat(),
        seconds=60.0,
        traffic_moved=moved,
        steps=steps,
    )


def of(*records: Record, days: int = 30) -> Figures:
    return figures(records, days, NOW)


def test_nothing_yet() -> None:
    assert of() == Figures(30, 0, 0.0, 0, None, 0, 0, None, None)


def test_what_went_well() -> None:
    found = of(
        release(1, hours=50, commit="a", committed=2), release(2, "switch", hours=20, commit="b", committed=4)
    )
    assert (found.deployments, found.deployments_per_day, found.changes, found.failed) == (2, 0.0667, 2, 0)
    assert (found.commits, found.lead_time_seconds) == (2, 3 * 3600 + 10)
    assert (found.change_failure_rate, found.time_to_restore_seconds) == (0.0, None)


def test_what_took_itself_back_failed_and_is_no_deployment() -> None:
    found = of(
        *(release(number, result=result, back=40.0) for number, result in enumerate(("returned", "aborted")))
    )
    assert (found.deployments, found.changes, found.failed) == (0, 2, 2)
    assert (found.change_failure_rate, found.time_to_restore_seconds) == (1.0, 30.0)


def test_what_was_rolled_back_failed_and_was_a_deployment() -> None:
    found = of(release(1, hours=2), release(2, "rollback", hours=1, moved=0.2))
    assert (found.deployments, found.changes, found.failed) == (1, 1, 1)
    assert found.time_to_restore_seconds == 3600 - 10 + 0.2


def test_one_that_undid_itself_in_between_hides_no_rollback() -> None:
    found = of(
        release(1, hours=3), release(2, hours=2, result="returned", back=40), release(3, "rollback", hours=1)
    )
    assert (found.changes, found.failed, found.time_to_restore_seconds) == (2, 2, (30 + 7200) / 2)


def test_a_rollback_that_found_nothing_to_move_is_none() -> None:
    found = of(release(1, hours=2), release(2, "rollback", moved=None))
    assert (found.deployments, found.failed) == (1, 0)


@pytest.mark.parametrize(
    "record",
    [
        release(1, result="failed", moved=None),
        release(1, "switch", moved=None),
        release(1, result="running"),
        release(1, result="interrupted"),
        release(1, "rollback"),
        release(1, hours=30 * 24 + 1),
    ],
)
def test_what_is_no_change(record: Record) -> None:
    assert (of(record).changes, of(record).deployments) == (0, 0)


def test_a_commit_counts_once_by_the_first_that_served() -> None:
    found = of(
        release(1, hours=900, commit="a", committed=1),
        release(2, hours=50, commit="a+", committed=900),
        release(3, hours=40, result="returned", back=1, commit="b", committed=1),
        release(4, hours=30, commit="b", committed=2),
        release(5, hours=20, commit="b", committed=99),
    )
    assert (found.commits, found.lead_time_seconds) == (1, 2 * 3600 + 10)


def test_a_record_that_does_not_go_back_so_far() -> None:
    records = [release(number, hours=48 - number / 10) for number in range(KEPT)]
    found = of(*records)
    assert (found.days, found.deployments, found.deployments_per_day) == (2.0, KEPT, KEPT / 2)


RELEASES = st.lists(
    st.builds(
        release,
        st.integers(1, 99),
        st.sampled_from(["deploy", "switch", "rollback"]),
        st.sampled_from(["succeeded", "failed", "returned", "aborted", "interrupted", "running"]),
        hours=st.floats(-1, 1000),
        moved=st.one_of(st.none(), st.floats(0, 100)),
        commit=st.sampled_from(["", "a", "b", "b+"]),
        committed=st.floats(-1, 100),
        back=st.one_of(st.none(), st.floats(0, 100)),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(RELEASES, st.integers(1, 400))
def test_whatever_the_record(records: list[Record], days: int) -> None:
    found = figures(records, days, NOW)
    assert found.failed <= found.changes <= len(records)
    assert found.deployments <= found.changes
    assert found.commits <= found.deployments
    assert (found.change_failure_rate is None) == (found.changes == 0)
    assert (found.time_to_restore_seconds is None) == (found.failed == 0)
    assert 0 <= (found.change_failure_rate or 0) <= 1
    assert min(found.lead_time_seconds or 0, found.time_to_restore_seconds or 0) >= 0
    wider = figures(records, days + 1, NOW)
    assert wider.changes >= found.changes
    assert wider.failed >= found.failed


@settings(max_examples=60, deadline=None)
@given(RELEASES)
def test_a_rollback_never_makes_it_better(records: list[Record]) -> None:
    after = [*records, release(100, "rollback", hours=0)]
    assert figures(after, 30, NOW).failed >= figures(records, 30, NOW).failed
    assert figures(after, 30, NOW).changes == figures(records, 30, NOW).changes


def test_as_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    render.figures(of(release(1, hours=50, commit="a", committed=2), release(2, result="returned", back=40)))
    assert capsys.readouterr().out == (
        "last 30 days: 1 deployment (0.033 a day) · lead time 2.0 h (1 commit) · change failures 50% (1 of 2) · time to restore 30 s\n"
    )
    render.figures(of())
    assert "0 deployments (0 a day) · lead time unknown (0 commits) · change failures unknown (0 of 0)" in (
        capsys.readouterr().out
    )
