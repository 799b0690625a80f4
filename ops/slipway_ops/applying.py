"""`slipway up --plan FILE`: does what was reviewed, and nothing else.

Asked in turn: is the checkout what was reviewed, and the state? Does a preview that looks at the cloud find the same, and would it do
the same? Only then `pulumi up`, bound by Pulumi's own plan of that preview, so that nothing slips in between either.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from slipway_ops import plan, previewing, update
from slipway_ops.errors import OperatorError
from slipway_ops.lease import now
from slipway_ops.plan import Plan
from slipway_ops.project import Project
from slipway_ops.telling import Telling


@dataclass(frozen=True)
class Order:
    """What was asked for."""

    plan: Path
    policy_pack: Path | None = None
    began: datetime = field(default_factory=now)


class BeyondPlanError(OperatorError):
    """What would happen is not what was reviewed; nothing was changed."""


def run(project: Project, order: Order, tell: Telling) -> dict[str, Any]:
    """Applies a reviewed plan; BeyondPlanError says what differs from it."""
    reviewed = plan.load(order.plan)
    looked = previewing.look(project, tell)
    _refuse(reviewed, plan.before(reviewed, looked.plan(None, order.began)))
    tell(f"code, configuration and state are those of plan {reviewed.digest}; looking at the cloud")
    with tempfile.TemporaryDirectory(prefix="slipway-") as folder:
        # Pulumi's plan has plain values in it: for this run alone, in a folder that nobody else may read.
        file = Path(folder) / "plan"
        preview = previewing.made(looked, tell, pack=order.policy_pack, refresh=True, save=file)
        if preview.failed:
            why = looked.ink.plain("\n".join(preview.causes), 4000)
            raise OperatorError(f"the preview failed; nothing was changed\n  {why}")
        _refuse(reviewed, plan.after(reviewed, looked.plan(preview, order.began)))
        tell("the update does what was reviewed: applying it")
        message = f"slipway up, plan {reviewed.digest} of {reviewed.commit[:12] or 'no commit'}"
        changes = update.up(project, tell, message, "--refresh", "--plan", str(file))
    tell(f"done: {changes} changed, as plan {reviewed.digest} says")
    return {
        "command": "up",
        "stack": project.stack,
        "plan": reviewed.digest,
        "commit": reviewed.commit,
        "changes": changes,
        "seconds": round(tell.seconds, 3),
    }


def _refuse(reviewed: Plan, differences: list[str]) -> None:
    if differences:
        raise BeyondPlanError(
            "\n  ".join(
                [
                    f"this is not what was reviewed as plan {reviewed.digest} on {reviewed.made}; nothing was changed",
                    *differences,
                    "to do: make the review anew: bring the branch up to date, let `slipway preview --comment --plan FILE` run on the "
                    "pull request, have it approved, and apply that plan",
                ]
            )
        )
