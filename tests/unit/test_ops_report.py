"""`slipway report`: one page that says what the record and Prometheus know, loads nothing, and takes nothing for markup."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway_ops.api import Api
from slipway_ops.charts import Chart, Line, clock, draw, moments, scale
from slipway_ops.lease import Doing, now
from slipway_ops.page import Measured, page
from slipway_ops.records import Record, Records
from tests.support.api_server import Answer
from tests.support.stack import CANARY, WATCHED, Stack, measuring, ready

QUERY = "/api/v1/namespaces/dev-monitoring/services/prometheus:9090/proxy/api/v1/query_range"


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    with ready(tmp_path, monkeypatch) as made:
        monkeypatch.chdir(tmp_path)
        yield made


class _Page(HTMLParser):
    """Its elements and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    @property
    def said(self) -> str:
        return "\n".join(self.text)

    def all(self, tag: str, style: str = "") -> list[dict[str, str | None]]:
        return [found for name, found in self.elements if name == tag and style in (found.get("class") or "")]


def record(**more: Any) -> Record:
    said = Record(7, "deploy", "blue", "green", "chat:2", "ann", "desk", "2026-06-01T10:00:00.000+00:00")
    gate = {
        "name": "error_ratio",
        "limit": 0.05,
        "verdict": "failing",
        "seen": [(5.0, None), (10.0, 0.0), (15.0, 0.2)],
    }
    steps = [{"share": 10, "at": 5.0, "gates": [gate]}, {"share": 0, "at": 15.5}]
    ended = {"ended": "2026-06-01T10:00:20.000+00:00", "seconds": 20.0, "result": "returned", "text": "why"}
    told = [(5.0, "traffic moved"), (12.0, "paused by bob@laptop")]
    return replace(said, **{"traffic_moved": 5.0, "steps": steps, "happened": told, **ended, **more})


MEASURED = Measured(
    {
        "share": {"blue": [(0, 1.0), (10, 0.9)], "green": [(0, 0.0), (10, 0.1)]},
        "errors": {"blue": [(0, 0.0), (10, 0.01)], "green": [(0, None), (10, 0.2)]},
        "p99": {"blue": [(0, 0.1), (5, None), (10, 1.5), (15, 1.5)]},
    },
    -60.0,
    80.0,
)


def written(**more: Any) -> _Page:
    return _Page(page("chat", "dev", record(**more), MEASURED, "2026-06-01"))


def test_what_stands_in_it() -> None:
    found = written(runs="chat@sha256:1", commit="abc", committed="2026-06-01T09:00:00+00:00")
    for words in (
        "chat in dev: release 7",
        "returned",
        "slipway deploy, from blue to green",
        "chat@sha256:1",
        "ann@desk",
        "abc of 2026-06-01T09:00:00+00:00",
        "after 20 s",
        "why",
        "paused by bob@laptop",
        "nothing at 5 s, 0 % at 10 s, 20 % at 15 s",
        "errors at 10 %: failing",
        "at most 5 %",
        "1.5 s",
    ):
        assert words in found.said, words
    summaries = [str(chart["aria-label"]) for chart in found.all("svg") if "aria-label" in chart]
    assert summaries[0].startswith(
        "Share of the traffic: green, as set from 0 % to 10 %; blue, as set from 90 %"
    )
    assert "Requests that failed: blue from 0 % to 1 %; green from 20 % to 20 %" in summaries
    assert len(found.all("circle", "dots")) == 2, "one for each measurement"
    assert len(found.all("polyline", "mark")) == 4, "10 % and back, with errors and with latency"


def test_what_is_not_known_is_said() -> None:
    absent = Measured({}, 0, 1, "the stack has no slipway:monitoring")
    bare = replace(record(), steps=[], traffic_moved=None, ended="", result="running", text="")
    found = _Page(page("chat", "dev", bare, absent, "2026-06-01"))
    for words in (
        "There are no figures: the stack has no slipway:monitoring.",
        "This command moved no traffic.",
        "No gate was watched.",
        "it is still running",
        "none was moved",
    ):
        assert words in found.said, words
    assert not found.all("svg")
    assert "Nothing was measured in this time." in written().said, (
        "the median is missing in what was measured"
    )


def test_a_switch_moves_everything_at_once() -> None:
    found = written(steps=[], traffic_moved=0.2, command="switch")
    (chart,) = [one for one in found.all("svg") if "Share" in str(one.get("aria-label"))]
    assert "green, as set from 0 % to 100 %; blue, as set from 0 % to 100 %" in str(chart["aria-label"])


def test_nothing_is_loaded_and_nothing_runs() -> None:
    found = written()
    assert not {"script", "img", "link", "iframe", "object", "a", "use"} & {tag for tag, _ in found.elements}
    assert not {name for _, attributes in found.elements for name in attributes} & {
        "src",
        "href",
        "style",
        "onload",
    }
    policy = next(meta["content"] for meta in found.all("meta") if "http-equiv" in meta)
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    assert not re.search(r"url\(|@import|https?:", page("chat", "dev", record(), MEASURED, "2026"))


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(
        st.text(),
        st.sampled_from(["<script>alert(1)</script>", '"><img src=x onerror=y>', "</style>", "]]>"]),
    )
)
def test_what_is_put_in_is_never_markup(hostile: str) -> None:
    def elements(text: str) -> list[tuple[str, list[str]]]:
        gate = {"name": text, "limit": 1, "verdict": text, "seen": [(1.0, 0.5)]}
        said = record(
            command=text, source=text, image=text, runs=f"{text}.", who=text, host=text, commit=text, committed=text,
            result=text, text=f"{text}.", happened=[(1.0, text)], steps=[{"share": 10, "at": 1.0, "gates": [gate]}],
        )  # fmt: skip
        measured = Measured({"errors": {text: [(0, 0.1), (1, 0.2)]}}, -60, 80, "")
        return [(tag, sorted(names)) for tag, names in _Page(page(text, text, said, measured, text)).elements]

    assert elements(hostile or "x") == elements("x")


def test_it_is_written_of_the_newest(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.file.write_text(CANARY + WATCHED)
    measuring(stack, monkeypatch, 0.0, 0.0, 0.2)
    stack.run("deploy", "chat:2", "--steps", "10,100")
    began = now().timestamp()

    def series(name: str, color: str, *values: str) -> dict[str, Any]:
        metric = {"__name__": f"application_color:gateway_{name}", "color": color}
        return {
            "metric": metric,
            "values": [[began + 5 * at, value] for at, value in enumerate(values) if value],
        }

    result = [
        series("errors:ratio_rate1m", "green", "0.25", "NaN", "0.5", "", "", "0.5"),
        series("latency_seconds:p50_1m", "blue", "0.002"),
    ]
    stack.cluster.put(QUERY, {"data": {"result": result}})
    done = stack.run("report", "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert (said["release"], said["file"], said["absent"]) == (1, "chat-release-1.html", "")
    found = _Page((stack.folder / "chat-release-1.html").read_text())
    for words in (
        "error_ratio failing: 0.2, at most 0.05",
        "undoing: error_ratio failing",
        "errors at 10 %: failing",
    ):
        assert words in found.said, words
    assert "Requests that failed: green from 25 % to 50 %" in [
        one.get("aria-label") for one in found.all("svg")
    ]


def test_of_one_that_is_chosen_into_a_file_that_is_named(stack: Stack) -> None:
    records = Records(Api(), "dev", "chat")
    for image in ("chat:1", "chat:2"):
        records.write(
            records.begin(Doing("switch", "blue", "green"), image, stack.folder, now()).end("succeeded")
        )
    done = stack.run("report", "1", "--out", "page.html")
    assert done.exit_code == 0, done.output
    assert "without errors and latency: the stack has no slipway:monitoring" in done.output
    assert "release 1 (succeeded): page.html" in done.output
    assert "chat:1" in (stack.folder / "page.html").read_text()
    assert "there is no release 9: the record has 1 to 2" in stack.run("report", "9").output
    assert "/nowhere/page.html cannot be written" in stack.run("report", "--out", "/nowhere/page.html").output


SILENT: list[tuple[Answer, str]] = [
    ((503, {}), "Prometheus in dev-monitoring does not answer (status 503)"),
    ((200, {}), "answers nonsense"),
    ((200, {"data": {"result": []}}), "Prometheus knows nothing of this time"),
]


@pytest.mark.parametrize(("answer", "told"), SILENT)
def test_a_prometheus_that_does_not_answer(stack: Stack, answer: Any, told: str) -> None:
    assert "there is no release yet" in stack.run("report").output
    stack.run("deploy", "chat:2")
    stack.file.write_text(CANARY + WATCHED)
    stack.cluster.before = lambda _, path: answer if path == QUERY else None
    assert told in stack.run("report").output
    assert told in (stack.folder / "chat-release-1.html").read_text()


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 1e9))
def test_the_scale_is_round_and_reaches_the_highest(most: float) -> None:
    ticks = scale(most)
    assert ticks[0] == 0
    assert 3 <= len(ticks) <= 7
    assert ticks[-1] >= most * (1 - 1e-6)
    assert most <= 1e-9 or ticks[-2] < most


@settings(max_examples=60, deadline=None)
@given(st.floats(-1e5, 1e6, allow_subnormal=False), st.floats(0.1, 1e7))
def test_the_moments_are_few_and_within(start: float, length: float) -> None:
    found = moments(start, start + length)
    assert len(found) <= 10
    assert all(start <= at <= start + length for at in found)
    assert length < 1 or len(found) >= 1 or length < 2


def test_the_clock() -> None:
    assert [clock(at) for at in (0, 45.4, -60, 150, 3750)] == ["0 s", "45 s", "−1:00", "2:30", "1:02:30"]  # noqa: RUF001


POINTS = st.lists(st.tuples(st.floats(-60, 200), st.one_of(st.none(), st.floats(0, 1e6))), max_size=20)


@settings(max_examples=60, deadline=None)
@given(POINTS, st.booleans(), st.one_of(st.none(), st.floats(0, 1e6)))
def test_every_line_lies_in_the_picture(
    points: list[tuple[float, float | None]], holds: bool, limit: float | None
) -> None:
    lines = [Line("green", "green", sorted(points, key=lambda point: point[0]), holds=holds)]
    svg = draw(Chart("x", lines, -60, 200, str, limit=limit, marks=[(0, "10 %"), (0.1, "20 %")]))
    drawn = [point for line in svg.iter("polyline") for point in line.attrib["points"].split()]
    for x, y in (map(float, point.split(",")) for point in drawn):
        assert 0 <= x <= 720
        assert 0 <= y <= 200
    assert len(list(svg.iter("text"))) < 25
    assert "20 %" not in [text.text for text in svg.iter("text")], "it would stand on the other"
