"""`slipway deploy IMAGE`: into the idle colour, then its traffic in steps, each held against the gates.

What fails is undone: the traffic first, then the stack's file and Pulumi's state, as they were before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any

from slipway.traffic import other
from slipway_ops import gates, migrating, status, update
from slipway_ops.application import Application, open_one
from slipway_ops.errors import OperatorError
from slipway_ops.lease import Doing, LostError, now
from slipway_ops.live import Live
from slipway_ops.project import Project
from slipway_ops.records import FAILED, INTERRUPTED, RETURNED, SUCCEEDED, Records
from slipway_ops.telling import Telling


@dataclass(frozen=True)
class Deployment:
    """What was asked for."""

    image: str
    steps: tuple[int, ...] = (100,)
    dry_run: bool = False
    began: datetime = field(default_factory=now)


def run(project: Project, order: Deployment, tell: Telling) -> dict[str, Any]:
    """Brings an image into the idle colour and gives it the traffic; what happened, as a report."""
    app = open_one(project, tell)
    _check(app, order)
    found = app.take()
    live = app.look()
    migrating.check(app, order.image)
    doing = _doing(app, order, live, found)
    report: dict[str, Any] = {
        "command": "deploy",
        "stack": project.stack,
        "target": doing.target,
        "image": order.image,
        "dry_run": order.dry_run,
    }
    if order.dry_run:
        _plan(app, order, doing)
        return report
    app.lease.hold(doing)
    app.lease.keep()
    done: dict[str, str] | None = None
    try:
        report |= _Release(app, order, doing).run(live)
        done = {"command": "deploy", "target": doing.target, "at": now().isoformat(timespec="seconds")}
    finally:
        app.free(done)
    return report


@dataclass
class _Release:
    """One deployment under way, with its lock held."""

    app: Application
    order: Deployment
    doing: Doing
    moved: float | None = None
    steps: list[dict[str, Any]] = field(default_factory=list)

    def run(self, live: Live) -> dict[str, Any]:
        app, doing = self.app, self.doing
        records = Records(app.api, app.guard.namespace, app.guard.route)
        record = records.begin(doing, self.order.image, app.project.folder, self.order.began)
        record = migrating.run(app, records, record, live)
        try:
            self._bring_up()
            self._smoke()
            for share in self.order.steps:
                self._step(share)
            app.write({**_back(app), "slipway:active": doing.target})
            self._up("serves")
        except LostError:
            raise
        except KeyboardInterrupt:
            app.tell("stopped: the traffic goes back")
            self._undo("stopped by Ctrl-C")
            app.note(records, record.end(INTERRUPTED, "Ctrl-C", traffic_moved=self.moved, steps=self.steps))
            raise
        except OperatorError as error:
            result = RETURNED if isinstance(error, gates.GateError) else FAILED
            undone = self._undo(str(error))
            app.note(records, record.end(result, str(error), traffic_moved=self.moved, steps=self.steps))
            raise OperatorError(f"{error}\n  {undone}{migrating.stays(record)}") from None
        app.note(records, record.end(SUCCEEDED, traffic_moved=self.moved, steps=self.steps))
        app.tell(f"done: {doing.target} serves {self.order.image}")
        return {"release": record.number, "steps": self.steps, "seconds": round(app.tell.seconds, 3)}

    def _bring_up(self) -> None:
        """The image into the idle colour; `pulumi up` waits until it is ready, or says why it is not."""
        self.app.write({f"slipway:{self.doing.target}Image": self.order.image})
        self._up("runs")

    def _smoke(self) -> None:
        """The colour answers on its health path, before anybody is sent to it."""
        app, color = self.app, self.doing.target
        if app.said.gates is not None and not app.said.gates.smoke:
            return
        service = f"{app.guard.colors[color].deployment}:80"
        path = f"/api/v1/namespaces/{app.guard.namespace}/services/{service}/proxy{app.said.health_path}"
        answer, text = app.api.ask("GET", path)
        if answer >= HTTPStatus.BAD_REQUEST:
            raise OperatorError(
                f"{color} does not pass its smoke test: GET {app.said.health_path} answers {answer}: {text[:200]}"
            )
        app.tell(f"smoke test passed: GET {app.said.health_path} answers {answer}")

    def _step(self, share: int) -> None:
        app, color = self.app, self.doing.target
        weights = {color: share, other(color): 100 - share}
        if app.shift(weights) and self.moved is None:
            self.moved = round(app.tell.seconds, 3)
        if app.said.strategy == "canary" and share < 100:  # noqa: PLR2004  (all of it)
            app.write({"slipway:canaryWeight": str(share)})
        step: dict[str, Any] = {"share": share, "at": round(app.tell.seconds, 1)}
        self.steps.append(step)
        if app.said.gates is not None:
            app.tell(f"watching {color} for {app.said.gates.seconds} s")
            step["gates"] = gates.watch(app.said.gates, self._measure, app.lease.check)
            for said in step["gates"]:
                app.tell(said)

    def _measure(self) -> dict[str, float]:
        found, _ = status.measured(self.app)
        return found.get(self.doing.target, {})

    def _up(self, verb: str) -> None:
        self.app.lease.check()
        changes = update.up(
            self.app.project, self.app.tell, f"slipway deploy: {self.doing.target} {verb} {self.order.image}"
        )
        self.app.tell(f"Pulumi's state agrees: {changes} changed")

    def _undo(self, why: str) -> str:
        """Traffic, file and state as they were before; what came of it."""
        app, source, target = self.app, self.doing.source, self.doing.target
        app.tell(f"undoing: {why.splitlines()[0]}")
        try:
            if app.look().weights[target]:
                app.shift({source: 100, target: 0}, going_back=True)
            app.write({**_back(app), "slipway:active": source, f"slipway:{target}Image": self.doing.earlier})
            self._up("is back at")
        except OperatorError as error:
            return (
                f"it was not wholly undone: {error}\n"
                f"  to do: `slipway status` says where things stand; `slipway switch {source}` goes on"
            )
        return f"undone: {source} serves as before, the stack's file is as it was"


def _doing(app: Application, order: Deployment, live: Live, found: Doing | None) -> Doing:
    """A deployment of the same image that died is taken up where it was; any other goes to the idle colour."""
    if found and found.command == "deploy" and found.image == order.image:
        target, earlier = found.target, found.earlier
        app.tell("taking it up again")
    else:
        target = live.idle
        earlier = app.said.images[target]
    since = order.began.isoformat(timespec="seconds")
    return Doing("deploy", other(target), target, order.image, earlier, since)


def _back(app: Application) -> dict[str, str]:
    return {"slipway:canaryWeight": "0"} if app.said.strategy == "canary" else {}


def _check(app: Application, order: Deployment) -> None:
    if app.said.strategy == "rolling":
        raise OperatorError(
            f"{app.project.file.name}: under the strategy rolling a release is a new image in place; nothing was changed\n"
            f"  to do: set slipway:{app.said.active}Image and run pulumi up"
        )
    if order.steps[-1] != 100 or list(order.steps) != sorted(set(order.steps)) or order.steps[0] < 1:  # noqa: PLR2004
        raise OperatorError(f"--steps must rise from 1 or more to 100, got {_said(order.steps)}")
    if len(order.steps) > 1 and app.said.strategy != "canary":
        raise OperatorError(
            f"{app.project.file.name}: --steps needs slipway:strategy canary, it is {app.said.strategy}; nothing was changed"
        )


def _plan(app: Application, order: Deployment, doing: Doing) -> None:
    """Says what would happen."""
    if migration := app.said.migration:
        copied = "copy the database, then " if migration.copy_image else ""
        app.tell(
            f"would {copied}run {' '.join(migration.command)} in a Job with {migration.image or order.image}"
        )
    app.tell(
        f"would set slipway:{doing.target}Image {order.image} in {app.project.file.name} and run pulumi up: no traffic moves"
    )
    if app.said.gates is None or app.said.gates.smoke:
        app.tell(f"would ask {doing.target} for {app.said.health_path}")
    for share in order.steps:
        held = f", then watch it for {app.said.gates.seconds} s" if app.said.gates else ""
        app.tell(f"would give {doing.target} {share} % of the traffic{held}")
    app.tell(f"would set slipway:active {doing.target} and run pulumi up; whatever fails is undone")


def _said(steps: Sequence[int]) -> str:
    return ",".join(map(str, steps))
