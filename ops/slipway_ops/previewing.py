"""`slipway preview`: what an update would do, for those who review it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from slipway_ops import checkout, github, plan, publishing, stack_file, stack_secrets, update, yaml_file
from slipway_ops import losses as lost
from slipway_ops.errors import OperatorError
from slipway_ops.ink import Ink
from slipway_ops.lease import now
from slipway_ops.masking import Masker
from slipway_ops.plan import Plan
from slipway_ops.preview_steps import Preview
from slipway_ops.project import Project
from slipway_ops.stack_secrets import State
from slipway_ops.summary import Origin, Report, render
from slipway_ops.telling import Telling
from slipway_ops.traffic_words import traffic

STREAM = {"PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"}
_STDOUT = Path("/dev/stdout")
_PACK = Path("policies", "PulumiPolicy.yaml")


@dataclass(frozen=True)
class Order:
    """What was asked for."""

    comment: bool = False
    pull_request: int | None = None
    plan: Path | None = None
    diff: Path | None = None
    policy_pack: Path | None = None
    began: datetime = field(default_factory=now)


@dataclass(frozen=True)
class Looked:
    """A stack before anything is run: its file, its state, its checkout, and who masks its secrets."""

    project: Project
    name: str
    config: dict[str, Any]
    state: State
    commit: str
    """Empty outside of git."""
    ink: Ink
    masker: Masker

    def plan(self, preview: Preview | None, made: datetime) -> Plan:
        """What this checkout would do now, as digests; without a preview, what it would be done from."""
        return Plan(
            self.name,
            self.project.stack,
            self.commit,
            made.isoformat(timespec="seconds"),
            self.state.digest,
            checkout.digests(self.project),
            plan.of_config(self.config),
            plan.of_drift(preview) if preview else {},
            plan.of_steps(preview) if preview else {},
        )


class RefusedError(OperatorError):
    """The preview was made and shown; the update must not be."""


def look(project: Project, tell: Telling) -> Looked:
    """Reads what is there; from now on nothing that is told has a secret of the stack."""
    state = stack_secrets.of_state(project)
    masker = Masker({*stack_secrets.of_environment(), *stack_secrets.of_config(project), *state.secrets})
    name = str((yaml_file.mapping(yaml_file.load(project.folder / "Pulumi.yaml")) or {}).get("name"))
    config = stack_file.read(project.file)
    commit = checkout.reviewed(checkout.commits(project.folder), github.event_head())
    tell.ink = Ink(masker)
    return Looked(project, name, config, state, commit, tell.ink, masker)


def run(project: Project, order: Order, tell: Telling) -> dict[str, Any]:
    """Makes the preview and shows it; RefusedError when the update must not be made, OperatorError when nothing could be shown."""
    if order.plan:
        plan.clear(order.plan)
    board = publishing.board(project, order, tell)
    if board:
        board.announce()
    try:
        looked = look(project, tell)
    except OperatorError as error:
        publishing.failed(project, board, str(error), tell)
        raise
    tell(f"previewing {project.stack} of {looked.name}")
    preview = made(looked, tell, pack=order.policy_pack, refresh=order.plan is not None)
    planned = looked.plan(preview, order.began)
    report = _report(looked, preview, order, planned)
    if order.diff:
        _write(order.diff, render(report, looked.ink, None))
    if order.plan and report.is_good:
        planned.save(order.plan)
        tell(f"the plan {planned.digest} is in {order.plan}")
    where = publishing.show(report, looked.ink, board, tell)
    if not report.is_good:
        raise RefusedError(_why_not(report, looked.ink))
    return {
        "command": "preview",
        "project": looked.name,
        "stack": project.stack,
        "commit": report.origin.commit,
        "state": looked.state.digest,
        "changes": dict(preview.counts),
        "traffic": [{"app": one.app, "was": one.was, "now": one.now} for one in report.traffic],
        "losses": [f"{loss.step.operation} {loss.step.urn}" for loss in report.losses],
        "findings": [f"{finding.level} {finding.policy} {finding.urn}" for finding in preview.findings],
        "plan": planned.digest if order.plan else None,
        "shown": where,
    }


def made(
    looked: Looked,
    tell: Telling,
    *,
    pack: Path | None = None,
    refresh: bool = False,
    save: Path | None = None,
) -> Preview:
    """One run of `pulumi preview`, understood. `save` is for Pulumi's own plan."""
    arguments = ["preview", "--json"]
    own = looked.project.folder / _PACK
    if pack or own.exists():
        arguments += ["--policy-pack", str(pack or own.parent)]
    if refresh:
        arguments.append("--refresh")
    if save:
        arguments += ["--save-plan", str(save)]
    lines = _Lines()
    failure = update.run(looked.project, arguments, lines, tell, STREAM)
    preview = Preview(looked.masker)
    for line in lines.output:
        preview.read(line)
    for line in lines.errors:
        preview.warn(line)
    preview.failed = failure is not None
    if failure:
        preview.warn(failure)
    return preview


@dataclass
class _Lines:
    """What pulumi says, kept: to understand it takes longer than to write it."""

    output: list[str] = field(default_factory=list[str])
    errors: list[str] = field(default_factory=list[str])

    def read(self, line: str) -> None:
        self.output.append(line)

    def warn(self, line: str) -> None:
        self.errors.append(line)


def _report(looked: Looked, preview: Preview, order: Order, planned: Plan) -> Report:
    found = lost.losses(preview.changed, looked.config)
    origin = Origin(
        looked.name,
        looked.project.stack,
        _commit(looked),
        looked.state.digest[:12],
        _readable(looked.state.time),
        order.began,
        (now() - order.began).total_seconds(),
        publishing.whole(order.diff, looked.ink),
        planned.digest if order.plan else "",
    )
    return Report(origin, preview, traffic(preview.steps), found, lost.refused(found, looked.config))


def _commit(looked: Looked) -> str:
    changed = looked.commit and checkout.is_changed(looked.project.folder)
    return f"{looked.commit} and changes" if changed else looked.commit


def _readable(time: str) -> str:
    try:
        return datetime.fromisoformat(time).strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return ""


def _why_not(report: Report, ink: Ink) -> str:
    preview = report.preview
    if preview.failed:
        refused = [
            f"{one.policy}: {one.urn.rsplit('::', 1)[-1]}: {one.message}"
            for one in preview.findings
            if one.is_mandatory
        ]
        said = "\n".join([*preview.errors, *refused] or preview.causes)
        return f"the preview failed; nothing was changed\n  {ink.plain(said, 4000)}"
    names = ", ".join(ink.plain(loss.step.urn) for loss in report.refused)
    return (
        f"the update would take away what holds data: {names}\n"
        f"  to do: undo what causes it, or name it in slipway:allowReplacement of Pulumi.{report.origin.stack}.yaml"
    )


def _write(file: Path, text: str) -> None:
    """Whole, or not at all; what is no regular file, as a pipe, stays what it is."""
    if file == _STDOUT:  # opened anew, it would be overwritten by what is said after it
        click.echo(text)
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if plan.is_replaceable(file):
            with tempfile.TemporaryDirectory(dir=file.parent, prefix=f".{file.name}.") as folder:
                new = Path(folder) / file.name
                new.write_text(text, encoding="utf-8")
                new.replace(file)
        else:
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise plan.unwritable(file, error) from None
