"""`slipway pause`, `slipway promote` and `slipway abort`: the side of who asks, from any terminal with the environment's login."""

from __future__ import annotations

import socket
from typing import Any

from slipway_ops.application import open_one
from slipway_ops.errors import OperatorError
from slipway_ops.lease import Doing, Lease, user
from slipway_ops.project import Project
from slipway_ops.steering import Asked, Course, asked, asking
from slipway_ops.telling import Telling

_FROM = {
    Course.PAUSE: {Course.GO},
    Course.GO: {Course.PAUSE},
    Course.FULL: {Course.GO, Course.PAUSE},
    Course.ABORT: {Course.GO, Course.PAUSE, Course.FULL},
}
"""What a course may follow on."""

_WILL = {
    Course.PAUSE: "stays at the share of traffic that it has, watched by its gates",
    Course.GO: "goes on with its steps",
    Course.FULL: "gives all the traffic as soon as the pods for it are ready, without further steps and gates",
    Course.ABORT: "returns the traffic and undoes everything",
}
_REFUSED = {
    Course.GO: "it is not paused, it goes on by itself\n  to do: `slipway promote --full` skips the steps and gates that are left",
    Course.FULL: "it was {asked}\n  to do: `slipway abort` still undoes it",
    Course.ABORT: "it was {asked}; the traffic is on its way back",
    Course.ENDING: "all the traffic is moved, it is just ending\n  to do: `slipway rollback` takes the traffic back",
}


def run(project: Project, course: Course, dry_run: bool, tell: Telling) -> dict[str, Any]:
    """Asks it of the deployment that is in progress; what was asked, as a report."""
    app = open_one(project, tell)
    app.lease.look()
    doing = _at_work(app.lease, tell)
    stood = Asked()

    def decide(found: Lease) -> dict[str, str] | None:
        nonlocal stood
        stood = asked(found)
        if found.holder != doing:
            raise OperatorError(f"{doing} has just ended; nothing was asked")
        if stood.course is not course and stood.course not in _FROM[course]:
            raise OperatorError(f"{doing}: {_REFUSED[stood.course].format(asked=stood)}")
        if stood.course is course is Course.GO:
            raise OperatorError(f"{doing}: {_REFUSED[course]}")
        return None if dry_run or stood.course is course else asking(course, _who())

    app.lease.ask(decide)
    if stood.course is course:
        tell(f"{doing} was {stood} already")
    elif dry_run:
        tell(f"would ask {doing}: it {_WILL[course]}")
    else:
        tell(f"asked: {doing} {_WILL[course]}, within a second or behind the step that it is at")
    return {
        "stack": project.stack,
        "asked": course,
        "of": str(doing),
        "before": stood.course,
        "dry_run": dry_run,
    }


def _at_work(lease: Lease, tell: Telling) -> Doing:
    """The deployment in progress; OperatorError when there is none."""
    left = lease.holder
    doing = lease.working(tell)
    if doing is None and left:
        raise OperatorError(
            f"nothing is in progress: {left} ended without finishing\n"
            "  to do: `slipway rollback` undoes it, the same command again finishes it"
        )
    if doing is None:
        raise OperatorError("nothing is in progress: there is nothing to pause, promote or abort")
    if doing.command != "deploy":
        raise OperatorError(f"{doing} is at work; only a deployment can be paused, promoted or aborted")
    return doing


def _who() -> str:
    return f"{user()}@{socket.gethostname()}"
