"""What releases know of the schema: what a migration writes, and which images can run on it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway_ops import schema
from slipway_ops.errors import OperatorError
from slipway_ops.records import Record
from slipway_ops.schema import Schema


def release(number: int, image: str, **said: str) -> Record:
    return Record(
        number, "deploy", "blue", "green", image, "ann", "desk", "2026-01-01T00:00:00+00:00", schema=said
    )


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ("before 0001\nafter 0002_sender\noldest 0001\n", Schema("0001", "0002_sender", "0001")),
        ("before 0004 (head)\nafter 0005 (head)", Schema("0004", "0005")),
        ("before\nafter 0001", Schema("0", "0001")),
        ("Error: before the end\nafter all\n\noldest?\n", Schema()),
        ("", Schema()),
    ],
)
def test_what_a_migration_writes(message: str, found: Schema) -> None:
    assert schema.read(message) == found


@given(st.text())
def test_whatever_it_writes_is_read(message: str) -> None:
    schema.read(message)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Schema("1", "1"), "the schema is at 1, as before"),
        (Schema("1", "2"), "the schema is at 2, it was at 1"),
        (Schema("", "2"), "the schema is at 2"),
        (Schema("1", ""), "which version the schema has now is not known: it was at 1 before"),
        (Schema(), "which version the schema has now is not known: the migration did not say"),
    ],
)
def test_in_words(found: Schema, said: str) -> None:
    assert str(found) == said


def test_where_a_failed_one_stopped_is_not_what_its_image_was_made_for() -> None:
    records = [
        release(1, "app:1", **Schema("0", "1").noted(ended_well=True)),
        release(2, "app:2", **Schema("1", "1").noted(ended_well=False)),
    ]
    assert schema.latest(records) == "1"
    assert schema.made_for(records, "app:2") == ""


def test_an_image_is_made_for_the_lowest_that_it_was_released_on() -> None:
    records = [
        release(1, "app:1", after="9"),
        release(2, "app:2", after="10"),
        release(3, "app:1", after="10"),
    ]
    assert schema.made_for(records, "app:1") == "9"


def test_what_no_migration_came_with_was_made_for_what_the_first_one_found() -> None:
    records: list[Any] = [
        release(1, "app:1"),
        release(2, "app:2"),
        release(3, "app:3", before="4", after="5", serving="app:2"),
        release(4, "app:4", before="5", after="6", serving="app:hand-made"),
    ]
    assert [schema.made_for(records, f"app:{name}") for name in ("1", "2", "hand-made", "new")] == [
        "4",
        "4",
        "5",
        "",
    ]


def test_a_contract_holds_for_all_later_releases() -> None:
    records = [
        release(1, "app:1", before="0", after="1"),
        release(2, "app:2", before="1", after="2"),
        release(3, "app:3", before="2", after="3", oldest="2"),
        release(4, "app:4", before="3", after="4"),
    ]
    for image in ("app:2", "app:3", "app:4"):
        assert schema.refuse(records, image) == ""
    with pytest.raises(
        OperatorError, match=r"release 3 \(app:3\) left it at 3, which takes images made for 2 or newer"
    ):
        schema.refuse(records, "app:1")
    assert "is not known" in schema.refuse(records, "app:9")
    assert schema.refuse(records[:2], "app:9") == "", "without a contract every image can run"


@given(st.lists(st.integers(1, 50), min_size=1, max_size=6), st.integers(1, 50))
def test_refused_is_what_is_older_than_the_highest_oldest(floors: list[int], made_for: int) -> None:
    records = [release(1, "app:old", after=str(made_for))]
    records += [release(2 + n, "app:new", after="99", oldest=f"{floor}_x") for n, floor in enumerate(floors)]
    if made_for < max(floors):
        with pytest.raises(OperatorError):
            schema.refuse(records, "app:old")
    else:
        assert schema.refuse(records, "app:old") == ""
