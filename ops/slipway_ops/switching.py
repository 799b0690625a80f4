"""`slipway switch` and `slipway rollback`: the traffic first, then the stack's file, then Pulumi's state.

Killed at any moment, the traffic is on ready colours; the lock says what was meant, and the next command does that or
the opposite. Nothing is imported here that the traffic would have to wait for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from slipway.traffic import other
from slipway_ops.application import Application, open_one, shares
from slipway_ops.errors import OperatorError
from slipway_ops.lease import Doing, LostError, now
from slipway_ops.live import Live
from slipway_ops.project import Project, Said
from slipway_ops.telling import Telling


@dataclass(frozen=True)
class Order:
    """What was asked for."""

    command: str
    color: str | None = None
    force: bool = False
    dry_run: bool = False
    began: datetime = field(default_factory=now)


def run(project: Project, order: Order, tell: Telling) -> dict[str, Any]:
    """Moves the whole traffic to one colour; what happened, as a report."""
    app = open_one(project, tell)
    found = app.take(order.force)
    live = app.look()
    app.tell_leftover(live)
    target = _target(order, app, live, found)
    if app.said.migration:
        from slipway_ops import migrating

        migrating.check_schema(app, live.image(target))
    weights = {target: 100, other(target): 0}
    report: dict[str, Any] = {
        "command": order.command,
        "stack": project.stack,
        "target": target,
        "image": live.image(target),
        "before": live.weights,
        "dry_run": order.dry_run,
    }
    if order.dry_run:
        _plan(app, live, weights, target, found)
        return report
    since = order.began.isoformat(timespec="seconds")
    doing = Doing(order.command, other(target), target, live.image(target), since=since)
    app.lease.hold(doing)
    done: dict[str, str] | None = None
    try:
        moved = app.shift(weights, going_back=target == app.said.active)
        if not moved:
            tell(f"the traffic is on {target} already: {live.image(target)}")
        done = {"command": order.command, "target": target, "at": now().isoformat(timespec="seconds")}
        report["traffic_moved"] = tell.lines[-1]["seconds"] if moved else None  # when that was said
        app.lease.keep()
        report |= _agree(app, order, doing, report["traffic_moved"], found)
    finally:
        app.free(done)
    return report


def _target(order: Order, app: Application, live: Live, found: Doing | None) -> str:
    """The colour asked for. Without one, `switch` finishes what a dead command began, and `rollback` undoes it."""
    if order.color:
        return order.color
    if order.command == "switch":
        return found.target if found else live.idle
    if app.said.strategy == "rolling":
        raise OperatorError(
            f"{app.project.file.name}: under the strategy rolling there is no second colour to go back to; nothing was changed\n"
            f"  to do: set slipway:{app.said.active}Image to the earlier image (`slipway history` has it) and run pulumi up"
        )
    if found:
        return found.target if found.command == "rollback" else found.source
    if min(live.weights.values()) > 0 or app.said.leftover(live.weights):
        # A canary goes back to the colour that it was to replace; also one whose traffic somebody has taken away by hand.
        return app.said.active
    done = app.lease.done
    if done.get("command") == "rollback" and done.get("target") == live.carrier:
        app.tell(
            f"rolled back to {live.carrier} at {done.get('at')} already; `slipway switch {live.idle}` goes the other way"
        )
        return live.carrier
    return live.idle


def _agree(
    app: Application, order: Order, doing: Doing, moved: float | None, found: Doing | None
) -> dict[str, Any]:
    """Makes file, record and state agree with the traffic."""
    from slipway_ops import update
    from slipway_ops.records import FAILED, INTERRUPTED, SUCCEEDED

    target = doing.target
    where = f"the traffic is on {target}"
    record = None
    try:
        written = app.write(_values(app.said, target, found))
        where += ", and the stack's file says so"
        record = app.records.begin(doing, doing.image, app.project.folder, order.began)
        changes = update.up(app.project, app.tell, f"slipway {order.command} to {target}")
        app.tell(f"Pulumi's state agrees: {changes} changed")
    except OperatorError as error:
        if record and not isinstance(error, LostError):
            app.note(record.end(FAILED, str(error), traffic_moved=moved))
        raise OperatorError(
            f"{error}\n  {where}; Pulumi's state does not agree yet\n"
            f"  to do: mend what is said above, then `slipway switch {target}` or pulumi up goes on from here"
        ) from None
    except KeyboardInterrupt:
        if record:
            app.note(record.end(INTERRUPTED, "Ctrl-C", traffic_moved=moved))
        app.tell(f"{where}; `slipway switch {target}` or pulumi up goes on from here")
        raise
    app.note(record.end(SUCCEEDED, traffic_moved=moved))
    app.tell(f"done: {target} serves {doing.image}")
    return {
        "written": written,
        "changes": changes,
        "release": record.number,
        "seconds": round(app.tell.seconds, 3),
    }


def _values(said: Said, target: str, found: Doing | None) -> dict[str, str]:
    """What the stack's file must say so that `pulumi up` gives the whole traffic to this colour."""
    back = {"slipway:canaryWeight": "0"} if said.canary_weight else {}
    if said.mirror_percent:
        back["slipway:mirrorPercent"] = "0"  # to the earlier release nothing is copied
    if found and found.earlier and found.source == target:
        back[f"slipway:{found.target}Image"] = found.earlier  # the deployment that died is undone
    return {"slipway:active": target, **back}


def _plan(app: Application, live: Live, weights: dict[str, int], target: str, found: Doing | None) -> None:
    """Says what would happen."""
    if live.weights == weights:
        app.tell(f"the traffic is on {target} already")
    else:
        app.tell(f"would move the traffic: {shares(live.weights)} → {shares(weights)}")
    for color, pods in live.lacking(weights).items():
        state = live.rollout(color)
        app.tell(f"would first wait until {color} has {pods} ready pods: it has {state.ready}")
    for key, value in _values(app.said, target, found).items():
        app.tell(f"would set {key} {value} in {app.project.file.name}, then run pulumi up")
