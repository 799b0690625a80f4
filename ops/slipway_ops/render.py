"""Tables for people."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from slipway_ops.figures import Figures
from slipway_ops.ink import Ink
from slipway_ops.records import Record
from slipway_ops.status import Color, Status

_LINE = 140
_RESULTS = {"succeeded": "green", "running": "cyan", "interrupted": "yellow"}


def status(found: Status, ink: Ink, *, again: bool) -> None:
    """One moment; `again` draws it over the one before. `ink` makes harmless what others wrote."""
    console = Console(highlight=False, markup=False)
    if again and console.is_terminal:
        console.clear()
    table = Table(title=f"{found.app} in {found.stack} ({found.strategy})", title_justify="left")
    for heading in ("colour", "traffic", "pods ready", "requests/s", "errors", "p50", "p99"):
        table.add_column(heading, justify="left" if heading == "colour" else "right")
    for color, state in found.colors.items():
        table.add_row(color, *_cells(state), style="bold" if state.weight else "dim")
    console.print(table)
    for color, state in found.colors.items():
        console.print(f"{color}: {ink.image(state.image)}", soft_wrap=True)
    steered = f", {found.asked}" if found.asked else ""
    console.print(ink.plain(f"in progress: {found.in_progress or 'nothing'}{steered}"), soft_wrap=True)
    for text in found.findings:
        console.print(ink.plain(f"! {text}"), style="yellow", soft_wrap=True)


def _cells(state: Color) -> list[str]:
    def number(value: float | None, form: str, factor: float = 1) -> str:
        return "–" if value is None else form.format(value * factor)  # noqa: RUF001  (a dash for nothing)

    return [
        f"{state.weight} %",
        f"{state.pods_ready} of {state.pods_wanted}",
        number(state.requests_per_second, "{:.1f}"),
        number(state.error_ratio, "{:.2f} %", 100),
        number(state.p50_seconds, "{:.0f} ms", 1000),
        number(state.p99_seconds, "{:.0f} ms", 1000),
    ]


def history(records: Sequence[Record], ink: Ink) -> None:
    """Newest first."""
    console = Console(highlight=False, markup=False)
    if not records:
        console.print("no release yet")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("", "began (UTC)", "command", "to", "result", "took", "traffic", "by", "commit", "image"):
        table.add_column(heading, no_wrap=True)
    for record in records:
        table.add_row(
            str(record.number),
            record.began[5:19].replace("T", " "),
            record.command,
            record.target,
            Text(record.result, _RESULTS.get(record.result, "red")),
            f"{record.seconds:.0f} s" if record.ended else "",
            f"{record.traffic_moved:.2f} s" if record.traffic_moved is not None else "",
            ink.plain(f"{record.who}@{record.host}"),
            ink.plain(record.commit),
            _short(ink.image(record.image)),
        )
    console.width = max(console.width, _LINE)  # on a narrower terminal a line runs on, whole
    console.print(table)


def figures(found: Figures) -> None:
    """Below the table, as one line."""
    rate = "unknown" if found.change_failure_rate is None else f"{found.change_failure_rate:.0%}"
    parts = (
        f"last {found.days:g} days: {_count(found.deployments, 'deployment')} ({found.deployments_per_day:.2g} a day)",
        f"lead time {_span(found.lead_time_seconds)} ({_count(found.commits, 'commit')})",
        f"change failures {rate} ({found.failed} of {found.changes})",
        f"time to restore {_span(found.time_to_restore_seconds)}",
    )
    Console(highlight=False).print(" · ".join(parts), soft_wrap=True)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _span(seconds: float | None) -> str:
    """A length of time in the unit that suits it."""
    if seconds is None:
        return "unknown"
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"


def _short(image: str) -> str:
    """An image without its registry, its digest as short as git's; `--json` has it whole."""
    name, _, digest = image.rsplit("/", 1)[-1].partition("@sha256:")
    return f"{name}@{digest[:12]}" if digest else name
