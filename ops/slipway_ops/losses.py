"""What an update would take away, with the data that hangs on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from slipway_ops.preview_steps import DELETE, REPLACE, Step
from slipway_rules.stateful import HOLDERS, lost_with
from slipway_rules.types import present
from slipway_rules.values import each


@dataclass(frozen=True)
class Loss:
    """One resource that goes, or goes and comes anew without what it held."""

    step: Step
    what: str
    allowed: bool
    """Whether the stack's file names it."""

    @property
    def is_refused(self) -> bool:
        """Whether the policies refuse it, where they are mandatory."""
        return present(self.step.type) in HOLDERS and not self.allowed and not self.step.retained


def losses(steps: Iterable[Step], config: Mapping[str, Any]) -> list[Loss]:
    """Those among a preview's steps, what the policies refuse first."""
    names = {*map(str, each(config.get("slipway:allowReplacement")))}
    found = [
        Loss(step, what, bool(names & {step.name, step.urn}))
        for step in steps
        if step.operation in (DELETE, REPLACE) and (what := lost_with(step.type))
    ]
    return sorted(found, key=lambda loss: not loss.is_refused)


def refused(found: Iterable[Loss], config: Mapping[str, Any]) -> list[Loss]:
    """What must not happen: the policies are mandatory, and the stack's file does not name it."""
    if config.get("slipway:policies", "mandatory") != "mandatory":
        return []
    return [loss for loss in found if loss.is_refused]
