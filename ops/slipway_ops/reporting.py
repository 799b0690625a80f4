"""`slipway report`: what the record and the stack's Prometheus know of one release, as a page."""

from __future__ import annotations

from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import Any

from slipway_ops import prometheus
from slipway_ops.application import Application, open_one
from slipway_ops.errors import OperatorError
from slipway_ops.lease import now
from slipway_ops.page import Measured, page
from slipway_ops.project import Project
from slipway_ops.records import Record
from slipway_ops.telling import Telling

_SERIES = {
    "application_color:gateway_requests:share1m": "share",
    "application_color:gateway_errors:ratio_rate1m": "errors",
    "application_color:gateway_latency_seconds:p50_1m": "p50",
    "application_color:gateway_latency_seconds:p99_1m": "p99",
}
_AROUND_SECONDS = 60
_MOST_POINTS = 240
_LEAST_STEP = 5


def run(project: Project, number: int | None, out: Path | None, tell: Telling) -> dict[str, Any]:
    """Writes the page; where, as a report."""
    app = open_one(project, tell)
    record = _chosen(app.records.all(), number)
    measured = _measured(app, record)
    made = now().isoformat(timespec="seconds")
    file = out or Path(f"{app.said.app}-release-{record.number}.html")
    try:
        file.write_text(page(app.said.app, project.stack, record, measured, made), encoding="utf-8")
    except OSError as error:
        raise OperatorError(f"{file} cannot be written: {error.strerror}") from None
    if measured.absent:
        tell(f"without errors and latency: {measured.absent}")
    tell(f"release {record.number} ({record.result}): {file}")
    return {"stack": project.stack, "release": record.number, "file": str(file), "absent": measured.absent}


def _chosen(records: list[Record], number: int | None) -> Record:
    if not records:
        raise OperatorError("there is no release yet: there is nothing to report")
    if number is None:
        return records[-1]
    for record in records:
        if record.number == number:
            return record
    kept = f"{records[0].number} to {records[-1].number}"
    raise OperatorError(f"there is no release {number}: the record has {kept} (`slipway history`)")


def _measured(app: Application, record: Record) -> Measured:
    """The series of a release and of a minute around it, in seconds since its command's start."""
    began = datetime.fromisoformat(record.began).timestamp()
    ended = datetime.fromisoformat(record.ended).timestamp() if record.ended else now().timestamp()
    start, end = began - _AROUND_SECONDS, min(ended + _AROUND_SECONDS, now().timestamp())
    if not app.said.monitored:
        return Measured({}, start - began, end - began, "the stack has no slipway:monitoring")
    series: dict[str, dict[str, list[tuple[float, float | None]]]] = {}
    step = max(_LEAST_STEP, (end - start) / _MOST_POINTS)
    absent = ""
    try:
        for found in prometheus.over(app, _SERIES, start, end, step):
            label = found["metric"]
            points = [(float(at) - began, float(value)) for at, value in found["values"]]
            known = [(at, value if isfinite(value) else None) for at, value in points]
            series.setdefault(_SERIES[label["__name__"]], {})[label["color"]] = _broken(known, step)
    except prometheus.SilentError as silence:
        absent = str(silence)
    if not series and not absent:
        absent = "Prometheus knows nothing of this time"
    return Measured(series, start - began, end - began, absent)


def _broken(points: list[tuple[float, float | None]], step: float) -> list[tuple[float, float | None]]:
    """With a gap where values are missing: Prometheus leaves them out."""
    whole: list[tuple[float, float | None]] = []
    for at, value in points:
        if whole and at - whole[-1][0] > 1.5 * step:
            whole.append((at - step, None))
        whole.append((at, value))
    return whole
