"""`slipway drift`: what cloud and cluster have that Pulumi's state does not say, an issue about it, and the way back."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from slipway_ops import by_hand, drifted, previewing, update
from slipway_ops.by_hand import Addition, Object
from slipway_ops.drifted import Drift
from slipway_ops.errors import OperatorError
from slipway_ops.losses import losses
from slipway_ops.masking import Masker
from slipway_ops.preview_steps import Step
from slipway_ops.previewing import Looked
from slipway_ops.project import Project
from slipway_ops.telling import Telling
from slipway_ops.update import Events, UpdateError

_TAKES_OWNERSHIP = {"PULUMI_K8S_ENABLE_PATCH_FORCE": "true"}
"""Else what another tool has written into the cluster is a conflict, which ends the update."""


@dataclass(frozen=True)
class Order:
    """What was asked for."""

    fix: bool = False
    issue: bool = False


def run(project: Project, order: Order, tell: Telling) -> dict[str, Any]:
    """Compares; mends and writes the issue when asked to. What is found in the end, as a report."""
    looked = previewing.look(project, tell)
    issues = None
    if order.issue:
        from slipway_ops import github
        from slipway_ops.issues import Issues

        issues = Issues(github.host())
    found = compare(looked, tell)
    report: dict[str, Any] = {"command": "drift", "project": looked.name, "stack": project.stack}
    if order.fix and found:
        report["mended"] = [one.as_dict() for one in found]
        fix(looked, found, tell)
        found = compare(looked, tell)
    report |= {"clean": not found, "drift": [one.as_dict() for one in found]}
    if issues:
        from slipway_ops import drift_issue

        report["issue"] = drift_issue.keep(looked, found, issues, tell)
    return report


@dataclass
class _Comparison(Events):
    """A refresh that only looks."""

    masker: Masker = field(default_factory=Masker)
    found: list[Drift] = field(default_factory=list[Drift])
    read_ones: set[str] = field(default_factory=set[str])

    def step(self, done: dict[str, Any]) -> None:
        self.read_ones.add(done["urn"])
        self.found += drifted.of(done, self.masker)


def compare(looked: Looked, tell: Telling) -> list[Drift]:
    """Reads every resource of the stack anew; changes nothing."""
    seen = _Comparison(tell, masker=looked.masker)
    try:
        update.run_alone(looked.project, ["refresh", "--preview-only", "--json"], seen, previewing.STREAM)
    except UpdateError as error:
        raise OperatorError(f"cloud and cluster could not be compared with the state: {error}") from None
    found, count = sorted(seen.found, key=lambda one: (one.name, one.urn, one.path)), len(seen.read_ones)
    if found:
        tell(f"drift: {len(found)} differences in {len({one.urn for one in found})} of {count} resources")
    else:
        tell(f"clean: {count} resources are as Pulumi's state says")
    for one in found:
        tell(f"  {one}")
    return found


def fix(looked: Looked, found: Sequence[Drift], tell: Telling) -> None:
    """Brings back what the program says. OperatorError when the update would release something besides, or lose data."""
    os.environ |= _TAKES_OWNERSHIP
    if ahead := _foreseen(looked, tell, refresh=False):
        raise OperatorError(
            f"the program and {looked.project.file.name} say other than Pulumi's state, and mending would release that too; "
            "nothing was changed\n"
            f"{_list(ahead)}\n  to do: release it with pulumi up, or take it back; then slipway drift --fix"
        )
    objects: dict[Object, list[Addition]] = {one.object: [] for one in found if one.object}
    for one in found:
        if one.object and one.addition:
            objects[one.object].append(one.addition)
            tell(f"taking away {one.path} of {one.label}")
    if objects:
        by_hand.hand_back(objects)
    steps = _foreseen(looked, tell, refresh=True)
    for step in steps:
        tell(f"would {step.operation} {_label(step)}")
    if lost := [loss.step for loss in losses(steps, looked.config) if not loss.allowed]:
        raise OperatorError(
            f"mending would lose data; no update was made\n{_list(lost)}\n"
            f"  to do: bring it back by hand, or name it in slipway:allowReplacement of {looked.project.file.name}"
        )
    update.up(looked.project, tell, "slipway drift --fix", "--refresh")


def _foreseen(looked: Looked, tell: Telling, *, refresh: bool) -> list[Step]:
    """The steps that change something, of a preview."""
    preview = previewing.made(looked, tell, refresh=refresh)
    if preview.failed:
        why = looked.ink.plain("\n".join(preview.causes), 4000)
        raise OperatorError(f"the preview failed; no update was made\n  {why}")
    return preview.changed


def _list(steps: Sequence[Step]) -> str:
    return "\n".join(f"  would {step.operation} {_label(step)}" for step in steps)


def _label(step: Step) -> str:
    return f"{step.name} ({step.type.rsplit(':', 1)[-1]})"
