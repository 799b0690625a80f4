"""`slipway deploy IMAGE`: into the idle colour, then its traffic in steps, each held against the gates.

What fails, and what somebody aborts, is undone: the traffic first, then the stack's file and Pulumi's state, as they were before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from http import HTTPStatus
from typing import Any

from slipway.traffic import other
from slipway_ops import gate_jobs, gates, migrating, update
from slipway_ops.application import Application, open_one
from slipway_ops.errors import OperatorError
from slipway_ops.gates import NO_GATES, Gate, Gates, Measured
from slipway_ops.lease import Doing, LostError, now
from slipway_ops.live import Live
from slipway_ops.measuring import Meter
from slipway_ops.project import Project
from slipway_ops.records import ABORTED, FAILED, INTERRUPTED, RETURNED, RUNNING, SUCCEEDED
from slipway_ops.steering import AbortedError, Course, Steering
from slipway_ops.steps import ALL, Step
from slipway_ops.telling import Telling

_RESULTS: dict[type[OperatorError], str] = {gates.GateError: RETURNED, AbortedError: ABORTED}


@dataclass(frozen=True)
class Deployment:
    """What was asked for."""

    image: str
    steps: tuple[Step, ...] = (Step(ALL),)
    dry_run: bool = False
    force: bool = False
    gated: bool = True
    command: str = "deploy"
    began: datetime = field(default_factory=now)


def run(project: Project, order: Deployment, tell: Telling) -> dict[str, Any]:
    """Brings an image into the idle colour and gives it the traffic; what happened, as a report."""
    app = open_one(project, tell)
    _check(app, order)
    found = app.take(order.force)
    live = app.look()
    app.tell_leftover(live)
    if order.command == "deploy":
        migrating.check_name(app, order.image)
    migrating.check_schema(app, order.image)
    doing = _doing(app, order, live, found)
    report: dict[str, Any] = {
        "command": order.command,
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
        done = {"command": order.command, "target": doing.target, "at": now().isoformat(timespec="seconds")}
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

    def __post_init__(self) -> None:
        app = self.app
        self.steering = Steering(app.lease, app.tell)
        self.gates = _gates(app, self.order)
        doing = replace(self.doing, command=self.order.command)
        self.record = app.records.begin(doing, self.order.image, app.project.folder, self.order.began)

    def run(self, live: Live) -> dict[str, Any]:
        app, doing = self.app, self.doing
        if self.order.command == "deploy":
            self.record = migrating.run(app, self.record, live)
        try:
            self._bring_up()
            self._smoke()
            self._before_traffic()
            for step in self.order.steps:
                self._step(step)
            while not self.steering.end():
                self._watch(0)
            app.write({**_back(app), "slipway:active": doing.target})
            self._up("serves")
        except LostError:
            raise
        except KeyboardInterrupt:
            app.tell("stopped: the traffic goes back")
            self._undo("stopped by Ctrl-C")
            self._note(INTERRUPTED, "Ctrl-C")
            raise
        except OperatorError as error:
            undone = self._undo(str(error))
            self._note(_RESULTS.get(type(error), FAILED), str(error))
            raise OperatorError(f"{error}\n  {undone}{migrating.stays(self.record)}") from None
        app.tell(f"done: {doing.target} serves {self.order.image}")
        self._note(SUCCEEDED)
        return {"release": self.record.number, "steps": self.steps, "seconds": round(app.tell.seconds, 3)}

    def _bring_up(self) -> None:
        """The image into the idle colour; `pulumi up` waits until it is ready, or says why it is not."""
        app, source, target = self.app, self.doing.source, self.doing.target
        image = f"slipway:{target}Image"
        changed = app.write({**_back(app), "slipway:active": source, image: self.order.image})
        if image in changed and app.look().weights[target]:
            app.shift({source: ALL, target: 0}, going_back=True)  # nobody is on a colour whose image changes
        self._up("runs")
        self.record = replace(self.record, runs=app.look().image(target))
        self.meter = Meter(app, target, self.gates)

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

    def _before_traffic(self) -> None:
        """What a colour can pass without any: requests of one's own, and Jobs."""
        if not (self.gates.http or self.gates.jobs):
            return
        self.steps.append({"share": 0, "at": round(self.app.tell.seconds, 1)})
        self._hold_against(self.gates.open_before_traffic(), 0, self.meter.requests)
        for name, job in self.gates.jobs.items():
            run = gate_jobs.Run(
                app=self.app,
                name=name,
                job=job,
                release=self.record.number,
                image=self.record.runs,
                color=self.doing.target,
                look=self.steering.look,
            )
            try:
                run.to_the_end()
            finally:
                self._keep([run.gate])
            self.app.tell(str(run.gate))

    def _step(self, step: Step) -> None:
        app, color, share = self.app, self.doing.target, step.share
        if share < ALL and self.steering.look() is Course.FULL:
            return
        if share:
            app.shift({color: share, other(color): ALL - share}, hold=self._hold)
            self.moved = self.moved or round(app.tell.seconds, 3)
            if app.said.strategy == "canary" and share < ALL:
                app.write({"slipway:canaryWeight": str(share)})
        self.steps.append({"share": share, "at": round(app.tell.seconds, 1)})
        self._note(RUNNING)
        if step.pauses:
            self.steering.pause()
        if self.steering.look() is Course.FULL:
            return
        seconds = self.gates.seconds if share else 0
        if seconds:
            app.tell(f"watching {color} for {seconds} s")
        self._watch(seconds)

    def _hold(self) -> bool:
        """Whether it was paused, and waited for that to end."""
        if self.steering.look() is not Course.PAUSE:
            return False
        self._watch(0)
        return True

    def _watch(self, seconds: float) -> None:
        """Holds what carries traffic against its gates, for this time and for as long as a pause lasts."""
        carries = bool(self.steps and self.steps[-1]["share"])
        self._hold_against(self.gates.open() if carries else [], seconds, self.meter.all)

    def _hold_against(self, held: list[Gate], seconds: float, measure: Callable[[], Measured]) -> None:
        try:
            gates.watch(held, seconds, measure, self.steering.look, lambda: self.app.tell.seconds)
        finally:
            self._keep(held)
        for gate in held:
            self.app.tell(str(gate))

    def _keep(self, held: Sequence[Gate]) -> None:
        """With the step at which they were asked."""
        if held:
            self.steps[-1].setdefault("gates", []).extend(gate.as_dict() for gate in held)

    def _note(self, result: str, text: str = "") -> None:
        record = replace(self.record, traffic_moved=self.moved, steps=self.steps)
        self.app.note(record if result == RUNNING else record.end(result, text))

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
                app.shift({source: ALL, target: 0}, going_back=True)
                self.steps.append({"share": 0, "at": round(app.tell.seconds, 1)})
            app.write({**_back(app), "slipway:active": source, f"slipway:{target}Image": self.doing.earlier})
            self._up("is back at")
        except OperatorError as error:
            return (
                f"it was not wholly undone: {error}\n"
                f"  to do: `slipway status` says where things stand; `slipway switch {source}` goes on"
            )
        copies = ", but for slipway:mirrorPercent, which is 0" if app.said.mirror_percent else ""
        return f"undone: {source} serves as before, the stack's file is as it was{copies}"


def _doing(app: Application, order: Deployment, live: Live, found: Doing | None) -> Doing:
    """A deployment of the same image that died is taken up where it was; any other goes to the idle colour."""
    if found and found.command == "deploy" and found.image == order.image:
        target, earlier = found.target, found.earlier
        app.tell("taking it up again")
    else:
        target = live.idle
        earlier = app.said.images[target]
        if found and found.earlier and found.target == target and found.image == earlier:
            earlier = found.earlier  # what died here has never passed: it is nothing to go back to
    since = order.began.isoformat(timespec="seconds")
    return Doing("deploy", other(target), target, order.image, earlier, since)


def _gates(app: Application, order: Deployment) -> Gates:
    return (app.said.gates if order.gated else None) or NO_GATES


def _back(app: Application) -> dict[str, str]:
    """No traffic for the colour that is not active, and no copies."""
    copies = {"slipway:mirrorPercent": "0"} if app.said.mirror_percent else {}
    share = {"slipway:canaryWeight": "0"} if app.said.strategy == "canary" or app.said.canary_weight else {}
    return {**share, **copies}


def _check(app: Application, order: Deployment) -> None:
    if order.command == "deploy":
        from slipway.validation import IMAGE  # it brings the SDK along, and going back must not wait for that

        if not IMAGE.fullmatch(order.image):
            raise OperatorError(
                f"IMAGE must be an image, as registry/path:tag, got {order.image!r}; nothing was changed"
            )
    if app.said.strategy == "rolling":
        raise OperatorError(
            f"{app.project.file.name}: under the strategy rolling a release is a new image in place; nothing was changed\n"
            f"  to do: set slipway:{app.said.active}Image and run pulumi up"
        )
    if any(0 < step.share < ALL for step in order.steps) and app.said.strategy != "canary":
        raise OperatorError(
            f"{app.project.file.name}: --steps with shares needs slipway:strategy canary, it is {app.said.strategy}; nothing was changed"
        )


def _plan(app: Application, order: Deployment, doing: Doing) -> None:
    """Says what would happen."""
    migration = app.said.migration
    if migration and order.command == "deploy":
        copied = "copy the database, then " if migration.copy_image else ""
        copied = "make a snapshot of the database, then " if migration.snapshot else copied
        app.tell(
            f"would {copied}run {' '.join(migration.command)} in a Job with {migration.image or order.image}"
        )
    app.tell(
        f"would set slipway:{doing.target}Image {order.image} in {app.project.file.name} and run pulumi up: no traffic moves"
    )
    if app.said.gates is None or app.said.gates.smoke:
        app.tell(f"would ask {doing.target} for {app.said.health_path}")
    asked = _gates(app, order)
    for check in asked.http.values():
        app.tell(f"would ask {doing.target} for {check.at}{check.path}, then and at each step")
    for name, job in asked.jobs.items():
        app.tell(f"would run the Job {name} with {job.image or order.image} against {doing.target}")
    for step in order.steps:
        watched = f", then watch it for {asked.seconds} s" if asked.seconds else ""
        if step.share:
            app.tell(f"would give {doing.target} {step.share} % of the traffic{watched}")
        if step.pauses:
            app.tell("would pause there until `slipway promote`")
    app.tell(f"would set slipway:active {doing.target} and run pulumi up; whatever fails is undone")
