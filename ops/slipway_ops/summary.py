"""A preview as Markdown: first what a reviewer needs, then the details, folded away; within any limit, cut between whole items."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from slipway_ops.differences import leaves
from slipway_ops.fitting import Fitted
from slipway_ops.ink import Ink
from slipway_ops.losses import Loss
from slipway_ops.preview_steps import CREATE, DELETE, REPLACE, SAME, UPDATE, Preview, Step
from slipway_ops.traffic_words import Traffic

_FOOTER = 2_000
"""Characters that what stands below the details may take."""
_ERRORS, _TRAFFIC, _LOSSES, _FINDINGS, _KINDS = 5, 10, 40, 25, 15
"""How many of each a summary has at most: together they leave room for the details."""
_VALUE, _WHOLE_VALUE = 160, 20_000
_MESSAGE, _ERROR = 400, 1_500
_SAID = {
    CREATE: "to create",
    UPDATE: "to update",
    REPLACE: "to replace",
    DELETE: "to delete",
    "import": "to import",
    SAME: "unchanged",
}
_DETAILS = (
    (REPLACE, "Replaced"),
    (DELETE, "Deleted"),
    (UPDATE, "Updated"),
    (CREATE, "Created"),
    ("import", "Imported"),
)


@dataclass(frozen=True)
class Origin:
    """What a preview is of, and where all of it is."""

    project: str
    stack: str
    commit: str
    """Empty outside of git."""
    state: str
    state_time: str
    made: datetime
    seconds: float
    whole: str = ""
    """Where the diff is that has everything: a sentence of our own."""
    plan: str = ""
    """The plan's own digest, when one was saved."""


@dataclass(frozen=True)
class Report:
    """A preview, judged."""

    origin: Origin
    preview: Preview
    traffic: Sequence[Traffic]
    losses: Sequence[Loss]
    refused: Sequence[Loss]

    @property
    def is_good(self) -> bool:
        """Whether the update may be made, as far as this is asked."""
        return not self.preview.failed and not self.refused


def render(report: Report, ink: Ink, limit: int | None) -> str:
    """The text. Without a limit every value is whole, too."""
    text = Fitted(limit)
    origin, preview = report.origin, report.preview
    text.add(f"## Preview of {ink.code(origin.stack)} in {ink.code(origin.project)}\n\n")
    _failure(report, ink, text)
    _traffic(report, ink, text)
    _losses(report, ink, text)
    _policies(preview, ink, text)
    _counts(preview, ink, text)
    _details(report, ink, text, whole=limit is None)
    text.add("".join(_footer(report, ink, text.left_out)))
    return str(text)


def _failure(report: Report, ink: Ink, text: Fitted) -> None:
    preview = report.preview
    if preview.failed:
        why = "was refused by policies" if preview.is_refused else "failed"
        text.add(f"### ❌ This preview {why}; nothing of it can be applied\n\n")
        if not preview.is_refused or preview.errors:
            errors = [f"{ink.block(error, _ERROR)}\n\n" for error in preview.causes]
            text.items("", errors, "", _FOOTER, _ERRORS)
    elif report.refused:
        text.add(
            "### ❌ Refused: it would take away what holds data, and the stack's file does not say so\n\n"
        )


def _traffic(report: Report, ink: Ink, text: Fitted) -> None:
    lines: list[str] = []
    for one in report.traffic:
        sign = "🚦 " if one.moves else ""
        what = (
            f"{report.origin.stack} traffic"
            if len(report.traffic) == 1
            else f"{report.origin.stack} traffic of {one.app}"
        )
        images = "".join(f"\n  - runs another image: {ink.code(image, 300)}" for image in one.images)
        lines.append(f"- {sign}**{_words(ink, what)}: {one}**{images}\n")
    if lines:
        text.items("", lines, "", _FOOTER, _TRAFFIC)


def _words(ink: Ink, text: str) -> str:
    """A stack's or an application's name in a sentence: letters, digits and dashes need no code; anything else gets it."""
    return (
        text
        if all(part.replace("-", "").isalnum() and part.isascii() for part in text.split())
        else ink.code(text)
    )


def _losses(report: Report, ink: Ink, text: Fitted) -> None:
    if not report.losses:
        text.add("\n" if report.preview.failed else "- Nothing that holds data is replaced or deleted.\n\n")
        return
    lines = [f"- ⚠️ {_loss(loss, ink, loss in report.refused)}\n" for loss in report.losses]
    text.items("\n### Data\n\n", lines, "\n", _FOOTER, _LOSSES)


def _loss(loss: Loss, ink: Ink, refused: bool) -> str:
    step = loss.step
    done = "replaced" if step.operation == REPLACE else "deleted"
    why = (
        f" because of {', '.join(ink.code(reason, 80) for reason in step.reasons[:3])}"
        if step.reasons
        else ""
    )
    said = f"{ink.code(step.name)} ({ink.code(step.type)}) is **{done}**{why}"
    if step.retained:
        return f"{said}: Pulumi lets go of it, and leaves it and its data where they are"
    said += f": lost is {loss.what}"
    if step.protected:
        said += "; it is protected, so the update is refused as it is"
    if refused:
        said += f"; refused until {ink.code('slipway:allowReplacement')} names it"
    elif loss.allowed:
        said += f"; {ink.code('slipway:allowReplacement')} names it"
    return said


def _policies(preview: Preview, ink: Ink, text: Fitted) -> None:
    if not preview.findings:
        return
    ordered = sorted(preview.findings, key=lambda finding: not finding.is_mandatory)
    lines: list[str] = []
    for finding in ordered:
        sign = "❌" if finding.is_mandatory else "⚠️"
        about = f" of {ink.code(finding.urn.rsplit('::', 1)[-1], 120)}" if finding.urn else ""
        lines.append(
            f"- {sign} {ink.code(finding.policy, 80)}{about}: {ink.code(finding.message, _MESSAGE)}\n"
        )
    text.items(f"### Policies: {_many(len(lines), 'finding')}\n\n", lines, "\n", _FOOTER, _FINDINGS)


def _counts(preview: Preview, ink: Ink, text: Fitted) -> None:
    said = [f"**{preview.counts[kind]:,}** {words}" for kind, words in _SAID.items() if preview.counts[kind]]
    text.add(f"### Changes: {', '.join(said) or 'none'}\n\n")
    kinds = Counter(step.type for step in preview.changed)
    if kinds:
        lines = [f"{ink.code(kind, 120)} × {count:,}, " for kind, count in kinds.most_common()]  # noqa: RUF001  (times)
        lines[-1] = lines[-1].removesuffix(", ")
        text.items("", lines, "\n\n", _FOOTER, _KINDS)


def _details(report: Report, ink: Ink, text: Fitted, *, whole: bool) -> None:
    preview = report.preview
    if preview.drift:
        pieces = (_step(step, ink, whole=whole) for step in preview.drift)
        _folded(text, f"The cloud is not what the state says ({len(preview.drift):,})", pieces)
    for operation, title in _DETAILS:
        steps = [step for step in preview.changed if step.operation == operation]
        if steps:
            _folded(text, f"{title} ({len(steps):,})", (_step(step, ink, whole=whole) for step in steps))
    if preview.warnings:
        pieces = (f"{ink.block(warning, _ERROR)}\n\n" for warning in preview.warnings)
        _folded(text, f"Warnings ({len(preview.warnings):,})", pieces)


def _folded(text: Fitted, title: str, pieces: Iterable[str]) -> None:
    text.items(f"<details><summary>{title}</summary>\n\n", pieces, "\n</details>\n\n", _FOOTER)


def _step(step: Step, ink: Ink, *, whole: bool) -> str:
    head = f"- {ink.code(step.name)} ({ink.code(step.type)})"
    if step.reasons:
        head += f", because of {', '.join(ink.code(reason, 80) for reason in step.reasons[:5])}"
    lines = [*_lines(step, ink, whole=whole)]
    return f"{head}\n\n{ink.block(chr(10).join(lines), 0, 'diff')}\n\n" if lines else f"{head}\n"


def _lines(step: Step, ink: Ink, *, whole: bool) -> Iterator[str]:
    most = _WHOLE_VALUE if whole else _VALUE
    for change in step.changes:
        path = ink.plain(change.path, most).replace("\n", " ")
        was, now = ink.value(change.was, most), ink.value(change.now, most)
        if was == now:
            yield f"! {path}: {was or 'changes'} (another one)"
            continue
        if was:
            yield f"- {path}: {was}"
        if now:
            yield f"+ {path}: {now}"
    if whole and step.operation in (CREATE, DELETE):
        sign, properties = ("+", step.new) if step.operation == CREATE else ("-", step.old)
        for path, value in leaves(properties):
            if not path.rsplit(".", 1)[-1].startswith("__"):
                yield f"{sign} {ink.plain(path, most)}: {ink.value(value, most)}".replace("\n", " ")


def _footer(report: Report, ink: Ink, left_out: int) -> Iterator[str]:
    origin = report.origin
    if left_out:
        where = origin.whole or f"run {ink.code(f'slipway preview --stack {origin.stack} --diff FILE')}"
        yield f"**{_many(left_out, 'item')} left out here. The whole diff:** {where}\n\n"
    elif origin.whole:
        yield f"The whole diff: {origin.whole}\n\n"
    commit = f"commit {ink.code(origin.commit)}" if origin.commit else "a folder without git"
    state = (
        f"state {ink.code(origin.state)}{f' of {ink.plain(origin.state_time)}' if origin.state_time else ''}"
    )
    plan = f", plan {ink.code(origin.plan)}" if origin.plan else ""
    when = origin.made.strftime("%Y-%m-%d %H:%M:%S UTC")
    yield f"<sub>Of {commit} and {state}{plan}; made {when} in {origin.seconds:.0f} s.</sub>\n"


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
