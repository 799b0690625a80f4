"""One issue about a stack's drift: opened when there is some, kept to what there is, closed when there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from hashlib import sha256
from itertools import groupby
from typing import Any

from slipway_ops.drifted import Drift
from slipway_ops.fitting import LIMIT, Fitted
from slipway_ops.ink import Ink
from slipway_ops.issues import Issues
from slipway_ops.previewing import Looked

_CLOSING = 200


def keep(looked: Looked, found: list[Drift], issues: Issues, tell: Callable[[str], None]) -> dict[str, Any]:
    """Makes the one open issue say what was found; which, and what was done, or nothing when there was nothing to do."""
    ink, stack = looked.ink, looked.project.stack
    name = f"{looked.name}/{stack}"
    mark = f"<!-- slipway:drift {sha256(name.encode()).hexdigest()[:32]} -->"
    ours = [issue for issue in issues.open_ones() if issue.body.startswith(mark)]
    for double in ours[1:]:  # two runs at once may each have opened one
        issues.close(double, f"The same as #{ours[0].number}.")
    issue, done = ours[0] if ours else None, ""
    title, body = f"Drift in {ink.plain(name)}", f"{mark}\n{text(name, stack, found, ink)}"
    if issue is None and found:
        issue, done = issues.create(title, body), "opened"
    elif issue and found:
        issues.edit(issue, title, body)
        done = "updated"
    elif issue:
        issues.close(issue, "Cloud and cluster are again as Pulumi's state says.")
        done = "closed"
    else:
        return {}
    tell(f"issue #{issue.number} {done}: {issue.url}")
    return {"number": issue.number, "url": issue.url, "done": done}


def text(name: str, stack: str, found: Iterable[Drift], ink: Ink) -> str:
    """The issue's text, within the host's limit."""
    by_resource = [(label, [*those]) for label, those in groupby(found, key=lambda one: one.urn)]
    count = sum(len(those) for _, those in by_resource)
    now = datetime.now(UTC).isoformat(sep=" ", timespec="minutes").removesuffix("+00:00")
    fitted = Fitted(LIMIT)
    fitted.add(
        f"Cloud and cluster are other than Pulumi's state of {ink.code(name)} says, in {count} {_plural('place', count)} "
        f"of {len(by_resource)} {_plural('resource', len(by_resource))}. Compared at {now} UTC.\n"
    )
    fitted.items("\n", (_resource(those, ink) for _, those in by_resource), "\n", keep=_CLOSING + len(stack))
    fitted.add(
        f"{ink.code(f'slipway drift --fix --stack {stack}')} brings it back. What was changed on purpose belongs into the program.\n"
    )
    return str(fitted)


def _resource(those: list[Drift], ink: Ink) -> str:
    about = f"- **{ink.code(those[0].name)}** {ink.code(those[0].type)}"
    if those[0].how == "deleted":
        return f"{about} was deleted\n"
    return "".join([f"{about}\n", *(f"  - {_property(one, ink)}\n" for one in those)])


def _property(one: Drift, ink: Ink) -> str:
    path = ink.code(one.path)
    if one.how == "changed":
        return f"{path} was {ink.code(one.was)}, is {ink.code(one.found)}"
    return f"{path} was {one.how}: {ink.code(one.found or one.was)}"


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"
