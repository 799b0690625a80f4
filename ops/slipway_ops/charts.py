"""Lines over time as inline SVG: no script, no request, readable in light, dark and print.

Everything is an element tree, so that what is put in is escaped when it is written. Colours come from the page's style by class.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

Points = Sequence[tuple[float, float | None]]

_WIDTH, _LEFT, _RIGHT, _TOP, _BOTTOM = 720, 64, 16, 20, 26
_SPANS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400)
_MOST_TICKS = 9
_NOTHING = 1e-9


@dataclass(frozen=True)
class Line:
    """A series by time in seconds; where a value is None it is broken."""

    name: str
    style: str
    """Classes of the page: whose colour, and how it is drawn (`measured`, `dots`)."""
    points: Points
    holds: bool = False
    """Whether a value stays until the next one, as shares do."""


@dataclass(frozen=True)
class Chart:
    """Some lines on one pair of axes, from `start` to `end` seconds."""

    title: str
    lines: Sequence[Line]
    start: float
    end: float
    say: Callable[[float], str]
    """A value as people read it."""
    top: float | None = None
    """The value at the upper edge; without it, what the lines need."""
    limit: float | None = None
    marks: Sequence[tuple[float, str]] = ()
    """Moments, with what happened then."""
    height: int = 200


def draw(chart: Chart) -> Element:
    """As <svg>, which names itself to those who cannot see it."""
    size = {"viewBox": f"0 0 {_WIDTH} {chart.height}", "role": "img", "aria-label": _summary(chart)}
    svg = Element("svg", size)
    values = [value for line in chart.lines for _, value in line.points if value is not None]
    ticks = scale(chart.top or max([*values, chart.limit or 0], default=0))
    plane = _Plane(chart, ticks[-1])
    for value in ticks:
        _stroke(svg, "grid", [(plane.left, plane.y(value)), (plane.right, plane.y(value))])
        _text(svg, chart.say(value), plane.left - 6, plane.y(value) + 4, "end")
    for second in moments(chart.start, chart.end):
        _text(svg, clock(second), plane.x(second), chart.height - 8, "middle")
    taken = -math.inf
    for second, said in chart.marks:
        at = plane.x(second)
        _stroke(svg, "mark", [(at, _TOP), (at, plane.bottom)])
        if at > taken:  # one above the other could not be read
            _text(svg, said, at, _TOP - 6, "middle")
            taken = at + 7 * len(said)
    for line in chart.lines:
        for part in _unbroken(line):
            points = [(plane.x(at), plane.y(value)) for at, value in part]
            if len(points) > 1:
                _stroke(svg, f"line {line.style}", points)
            if len(points) == 1 or "dots" in line.style:
                _dots(svg, chart, line, part, points)
    if chart.limit is not None:
        _stroke(svg, "limit", [(plane.left, plane.y(chart.limit)), (plane.right, plane.y(chart.limit))])
    return svg


def scale(most: float) -> list[float]:
    """Round values from 0 to at least `most`, four to six of them."""
    most = most if most > _NOTHING else 1.0
    power = 10.0 ** math.floor(math.log10(most / 4))
    step = next(power * part for part in (1, 2, 2.5, 5, 10, 20) if power * part * 5 >= most)
    return [step * number for number in range(math.ceil(most / step - 1e-9) + 1)]


def moments(start: float, end: float) -> list[float]:
    """Round moments between the two, few enough to be read."""
    span = next((span for span in _SPANS if (end - start) / span < _MOST_TICKS), None)
    span = span or _SPANS[-1] * math.ceil((end - start) / _SPANS[-1] / _MOST_TICKS)
    return [float(span * number) for number in range(math.ceil(start / span), math.floor(end / span) + 1)]


def clock(seconds: float) -> str:
    """A length of time since the beginning: `45 s`, `2:30`, `1:02:30`."""
    sign, whole = ("−" if seconds < 0 else ""), abs(round(seconds))  # noqa: RUF001  (a minus)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    if hours:
        return f"{sign}{hours}:{minute:02}:{second:02}"
    return f"{sign}{minutes}:{second:02}" if minutes else f"{sign}{second} s"


@dataclass(frozen=True)
class _Plane:
    chart: Chart
    top: float

    left, right = _LEFT, _WIDTH - _RIGHT

    @property
    def bottom(self) -> int:
        return self.chart.height - _BOTTOM

    def x(self, at: float) -> float:
        length = self.chart.end - self.chart.start or 1
        return self.left + (self.right - self.left) * (at - self.chart.start) / length

    def y(self, value: float) -> float:
        return self.bottom - (self.bottom - _TOP) * min(value, self.top) / self.top


def _unbroken(line: Line) -> Iterator[list[tuple[float, float]]]:
    """The parts of a line that have values; of one that holds, with its corners."""
    part: list[tuple[float, float]] = []
    for at, value in line.points:
        if value is None:
            yield part
            part = []
            continue
        if line.holds and part:
            part.append((at, part[-1][1]))
        part.append((at, value))
    yield part


def _summary(chart: Chart) -> str:
    said: list[str] = []
    for line in chart.lines:
        known = [value for _, value in line.points if value is not None]
        if known:
            said.append(f"{line.name} from {chart.say(min(known))} to {chart.say(max(known))}")
    return f"{chart.title}: {'; '.join(said) or 'nothing was measured'}"


def _dots(
    svg: Element, chart: Chart, line: Line, part: Points, points: Sequence[tuple[float, float]]
) -> None:
    for (at, value), (x, y) in zip(part, points, strict=True):
        dot = SubElement(
            svg, "circle", {"class": f"dot {line.style}", "cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": "3"}
        )
        SubElement(dot, "title").text = f"{line.name} at {clock(at)}: {chart.say(value or 0)}"


def _stroke(svg: Element, style: str, points: Sequence[tuple[float, float]]) -> None:
    SubElement(svg, "polyline", {"class": style, "points": " ".join(f"{x:.1f},{y:.1f}" for x, y in points)})


def _text(svg: Element, said: str, x: float, y: float, anchor: str) -> None:
    SubElement(svg, "text", {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor}).text = said
