"""A release as one page of HTML: nothing is loaded from anywhere, and everything that is put in is escaped by being text of a tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, tostring

from slipway_ops.charts import Chart, Line, Points, clock, draw
from slipway_ops.records import Record

_STYLE = """
:root { color-scheme: light dark; --page: #fff; --ink: #1d2430; --faint: #5d6878; --rule: #dfe3e9; --card: #f6f7f9;
  --blue: #2160c4; --green: #12803f; --bad: #b3261e; --good: #12803f; --warn: #8a5a00; }
@media screen and (prefers-color-scheme: dark) { :root { --page: #13161b; --ink: #e4e8ee; --faint: #99a4b3;
  --rule: #2c333d; --card: #1a1f26; --blue: #7bb0ff; --green: #5fd08f; --bad: #ff8a80; --good: #5fd08f; --warn: #f0b95a; } }
body { margin: 0 auto; padding: 2rem 1.25rem; max-width: 60rem; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
h3 { font-size: .9rem; font-weight: 600; margin: 0; }
p { margin: .5rem 0; } .faint { color: var(--faint); }
.result { padding: .1rem .6rem; border-radius: 1rem; border: 1px solid currentColor; font-size: .9rem; vertical-align: middle; }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 1rem 0; }
dt { color: var(--faint); } dd { margin: 0; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--card); padding: .75rem; border-radius: .4rem; margin: 1rem 0; }
figure { margin: .5rem 0 1.25rem; break-inside: avoid; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: 0 1.5rem; }
svg { display: block; width: 100%; height: auto; } svg text { font: 11px system-ui, sans-serif; fill: var(--faint); }
.pair svg text { font-size: 16px; } @media (max-width: 40rem) { svg text { font-size: 16px; } }
polyline { fill: none; } .grid { stroke: var(--rule); } .mark { stroke: var(--faint); stroke-dasharray: 2 3; }
.line { stroke-width: 2; stroke-linejoin: round; } .line.measured { stroke-width: 1.5; stroke-dasharray: 5 3; opacity: .8; }
.line.blue { stroke: var(--blue); } .line.green { stroke: var(--green); }
.limit { stroke: var(--bad); stroke-width: 1.5; stroke-dasharray: 8 4; }
.dot.blue { fill: var(--blue); } .dot.green { fill: var(--green); }
.legend { display: flex; flex-wrap: wrap; gap: 0 1rem; margin: 0; padding: 0; list-style: none; font-size: .85rem; color: var(--faint); }
.legend svg { display: inline-block; width: 1.6rem; height: .6rem; margin-right: .35rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; } td, th { text-align: left; padding: .25rem .75rem .25rem 0;
  border-bottom: 1px solid var(--rule); vertical-align: top; } th { color: var(--faint); font-weight: 600; white-space: nowrap; }
td:last-child { overflow-wrap: anywhere; } td:not(:last-child) { white-space: nowrap; }
td.time { white-space: nowrap; text-align: right; font-variant-numeric: tabular-nums; }
tr { break-inside: avoid; } footer { margin-top: 2rem; color: var(--faint); font-size: .85rem; }
@media print { :root { color-scheme: light; } body { max-width: none; padding: 0; font-size: 12px; } h2 { break-after: avoid; } }
"""

_RESULTS = {
    "succeeded": "good",
    "passing": "good",
    "running": "warn",
    "interrupted": "warn",
    "inconclusive": "warn",
}
_GATES = {
    "error_ratio": "errors",
    "p99_seconds": "p99 latency",
    "burn_rate": "error budget's burn rate",
    "cpu_ratio": "cpu in use",
    "memory_ratio": "memory in use",
}
_ALL = 100


@dataclass(frozen=True)
class Measured:
    """What Prometheus knows of the time of a release: by series, then by colour. Or why there is nothing."""

    series: Mapping[str, Mapping[str, Points]]
    start: float
    end: float
    """Seconds since the command's start."""
    absent: str = ""


def page(app: str, stack: str, record: Record, measured: Measured, made: str) -> str:
    """The whole page."""
    html = Element("html", {"lang": "en"})
    head = SubElement(html, "head")
    SubElement(head, "meta", {"charset": "utf-8"})
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    SubElement(head, "meta", {"http-equiv": "Content-Security-Policy", "content": policy})
    SubElement(head, "meta", {"name": "viewport", "content": "width=device-width"})
    title = f"{app} in {stack}: release {record.number}"
    _add(head, "title", title)
    _add(head, "style", _STYLE)
    body = SubElement(html, "body")
    heading = _add(body, "h1", f"{title} ")
    _add(heading, "span", record.result, f"result {_RESULTS.get(record.result, 'bad')}")
    _facts(body, record)
    if record.text:
        _add(body, "pre", record.text)
    _traffic(body, record, measured)
    _users(body, record, measured)
    _gates(body, record)
    _timeline(body, record)
    _add(body, "footer", f"Made by slipway report at {made}. Times count from the command's start.")
    return "<!DOCTYPE html>\n" + tostring(html, encoding="unicode", method="html")


def shares(record: Record) -> list[tuple[float, float]]:
    """The target's share of the traffic as it was set: from when on, and per cent. Empty when nothing was moved."""
    given = [(float(step["at"]), float(step["share"])) for step in record.steps]
    if not given and record.traffic_moved is not None:
        given = [(record.traffic_moved, float(_ALL))]
    return given


def _facts(body: Element, record: Record) -> None:
    facts = SubElement(body, "dl")
    for name, said in (
        ("command", f"slipway {record.command}, from {record.source} to {record.target}"),
        ("image", record.image),
        ("runs as", record.runs if record.runs != record.image else ""),
        ("by", f"{record.who}@{record.host}"),
        ("commit", " of ".join(part for part in (record.commit, record.committed) if part)),
        ("began", record.began),
        ("ended", f"{record.ended} after {record.seconds:g} s" if record.ended else "it is still running"),
        (
            "first traffic",
            "none was moved" if record.traffic_moved is None else f"after {record.traffic_moved:g} s",
        ),
    ):
        if said:
            _add(facts, "dt", name)
            _add(facts, "dd", said)


def _traffic(body: Element, record: Record, measured: Measured) -> None:
    _add(body, "h2", "Traffic")
    moved = shares(record)
    if not moved:
        _add(body, "p", "This command moved no traffic.", "faint")
        return
    given = [(measured.start, 0.0), *moved, (max(measured.end, moved[-1][0]), moved[-1][1])]
    rest = [(at, _ALL - share) for at, share in given]
    lines = [
        Line(f"{record.target}, as set", record.target, given, holds=True),
        Line(f"{record.source}, as set", record.source, rest, holds=True),
    ]
    for color, points in measured.series.get("share", {}).items():
        percent = [(at, None if value is None else value * 100) for at, value in points]
        lines.append(Line(f"{color}, as measured over a minute", f"{color} measured", percent))
    _figure(body, Chart("Share of the traffic", lines, measured.start, measured.end, _per_cent, top=100.0))


def _users(body: Element, record: Record, measured: Measured) -> None:
    """What users of each colour got."""
    _add(body, "h2", "Errors and latency")
    if measured.absent:
        _add(body, "p", f"There are no figures: {measured.absent}.", "faint")
        return
    marks = [(at, f"{share:g} %") for at, share in shares(record)]
    limits = {gate["name"]: gate["limit"] for step in record.steps for gate in step.get("gates", ())}
    for name, title, say, limit in (
        ("errors", "Requests that failed", _ratio, limits.get("error_ratio")),
        ("p99", "Latency, 99th percentile", _milliseconds, limits.get("p99_seconds")),
        ("p50", "Latency, median", _milliseconds, None),
    ):
        lines = [Line(color, color, points) for color, points in measured.series.get(name, {}).items()]
        _figure(body, Chart(title, lines, measured.start, measured.end, say, limit=limit, marks=marks))


def _gates(body: Element, record: Record) -> None:
    watched = [(step, gate) for step in record.steps for gate in step.get("gates", ())]
    _add(body, "h2", "Gates")
    if not watched:
        _add(body, "p", "No gate was watched.", "faint")
        return
    pair = SubElement(body, "div", {"class": "pair"})
    table = _table(body, "share", "gate", "verdict", "at most", "measured")
    for step, gate in watched:
        measure = str(gate["name"])
        name = _GATES.get(measure, measure)
        say = _unit(measure)
        seen: list[tuple[float, float | None]] = [(at, value) for at, value in gate["seen"]]
        if seen:
            line = Line(name, f"{record.target} dots", seen)
            title = f"{name} at {step['share']} %: {gate['verdict']}"
            _figure(
                pair, Chart(title, [line], seen[0][0], seen[-1][0], say, limit=gate["limit"]), legend=False
            )
        row = SubElement(table, "tr")
        _add(row, "td", f"{step['share']} %")
        _add(row, "td", name)
        _add(row, "td", gate["verdict"], _RESULTS.get(gate["verdict"], "bad"))
        _add(row, "td", say(gate["limit"]))
        values = [f"{'nothing' if value is None else say(value)} at {clock(at)}" for at, value in seen]
        _add(row, "td", ", ".join(values) or "it was not measured")


def _timeline(body: Element, record: Record) -> None:
    _add(body, "h2", "What happened")
    table = _table(body, "after", "")
    for at, said in record.happened:
        row = SubElement(table, "tr")
        _add(row, "td", f"{at:.2f} s", "time")
        _add(row, "td", said)


def _figure(parent: Element, chart: Chart, *, legend: bool = True) -> None:
    figure = SubElement(parent, "figure")
    _add(SubElement(figure, "figcaption"), "h3", chart.title)
    if not any(value is not None for line in chart.lines for _, value in line.points):
        _add(figure, "p", "Nothing was measured in this time.", "faint")
        return
    if legend:
        known = SubElement(figure, "ul", {"class": "legend"})
        for line in chart.lines:
            _key(known, f"line {line.style}", line.name)
        if chart.limit is not None:
            _key(known, "limit", f"at most {chart.say(chart.limit)}")
    figure.append(draw(chart))


def _key(legend: Element, style: str, name: str) -> None:
    item = SubElement(legend, "li")
    sample = SubElement(item, "svg", {"viewBox": "0 0 26 10", "aria-hidden": "true"})
    SubElement(sample, "polyline", {"class": style, "points": "0,5 26,5"})
    sample.tail = name


def _table(parent: Element, *headings: str) -> Element:
    table = SubElement(parent, "table")
    row = SubElement(SubElement(table, "thead"), "tr")
    for heading in headings:
        _add(row, "th", heading)
    return SubElement(table, "tbody")


def _add(parent: Element, tag: str, text: str, style: str = "") -> Element:
    child = SubElement(parent, tag, {"class": style} if style else {})
    child.text = text
    return child


def _unit(measure: str) -> Callable[[float], str]:
    """How a gate's values are written."""
    if measure.endswith("_seconds"):
        return _milliseconds
    return _ratio if measure.endswith("_ratio") else _number


def _number(value: float) -> str:
    return f"{value:.3g}"


def _per_cent(value: float) -> str:
    return f"{value:g} %"


def _ratio(value: float) -> str:
    return f"{value * 100:.3g} %"


def _milliseconds(value: float) -> str:
    return f"{value * 1000:.3g} ms" if value < 1 else f"{value:.3g} s"
