"""`slipway rollback --to RELEASE`: the image of an earlier release, by a switch when a colour still runs it, by a deployment otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from slipway_ops import deploying, switching
from slipway_ops.application import open_one
from slipway_ops.errors import OperatorError
from slipway_ops.project import Project
from slipway_ops.records import SUCCEEDED, Record
from slipway_ops.telling import Telling

_SHOWN = 5


def run(project: Project, number: int, order: switching.Order, tell: Telling) -> dict[str, Any]:
    """Brings that release's image back; what happened, as a report."""
    app = open_one(project, tell)
    live = app.look()
    records = app.records.all()
    image = _image(records, number, live.image(live.carrier))
    # The file too: the `pulumi up` of a switch makes the colour run what the file says, when users are on it already.
    if live.image(live.idle) == image == _resolved(records, app.said.images[live.idle]):
        tell(f"{live.idle} still runs release {number}: a switch is enough")
        back = switching.Order("rollback", live.idle, order.force, order.dry_run, order.began)
        return switching.run(project, back, tell)
    tell(
        f"{live.idle} runs another image, or {project.file.name} says another: release {number} is deployed again"
    )
    again = deploying.Deployment(
        image,
        dry_run=order.dry_run,
        force=order.force,
        gated=False,
        command="rollback",
        began=order.began,
    )
    return deploying.run(project, again, tell)


def _image(records: Sequence[Record], number: int, served: str) -> str:
    """What that release ran; OperatorError when it cannot be gone back to."""
    release = next((record for record in records if record.number == number), None)
    if release is None:
        gone = " any more" if records and number < records[0].number else ""
        wrong = f"there is no release {number}{gone}"
    elif release.result != SUCCEEDED:
        wrong = f"release {number} ({_runs(release)}) served nobody for long, it is noted as {release.result}"
    elif _runs(release) == served:
        wrong = f"release {number} is {_runs(release)}, which is served now"
    else:
        return _runs(release)
    newest = {_runs(record): record.number for record in records if record.result == SUCCEEDED}
    there = [f"{number} ({image})" for image, number in newest.items() if image != served]
    choice = f"choose {', '.join(there[-_SHOWN:])}" if there else "no other image has served yet"
    raise OperatorError(f"{wrong}; nothing was changed\n  to do: {choice}; `slipway history` has them all")


def _resolved(records: Sequence[Record], named: str) -> str:
    """What an image of the stack's file last ran as; itself when no release says that."""
    return next((record.runs for record in reversed(records) if record.image == named and record.runs), named)


def _runs(record: Record) -> str:
    return record.runs or record.image
