"""What an update would take away: databases, clusters, vaults and buckets that a preview deletes or replaces.

A policy cannot see that: it is asked about what a program declares, not about what is done for it. The events of the preview
tell it: `python -m policies.losses STACK EVENTS`, where EVENTS is what `pulumi preview --event-log EVENTS` wrote.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from slipway_rules.stateful import HOLDERS
from slipway_rules.types import present
from slipway_rules.values import at

_OPERATIONS = {"delete": "deletes", "replace": "replaces"}


@dataclass(frozen=True)
class Loss:
    """One resource that holds data, and what the update would do to it."""

    operation: str
    urn: str

    @property
    def name(self) -> str:
        return self.urn.rsplit("::", 1)[-1]

    def is_wanted(self, allowed: Iterable[str]) -> bool:
        """Whether the stack file says so by name."""
        return bool({self.urn, self.name} & set(allowed))


def losses(events: Iterable[str]) -> Iterator[Loss]:
    """Those among a preview's events, which are JSON, one a line. What Pulumi only lets go of stays in the cloud."""
    for line in events:
        step: Any = at(json.loads(line), "resourcePreEvent.metadata", {})
        kept = at(step, "old.retainOnDelete", default=False)
        if step.get("op") in _OPERATIONS and present(step["type"]) in HOLDERS and not kept:
            yield Loss(_OPERATIONS[step["op"]], step["urn"])


def main(stack: str, events: Path) -> int:
    """Says what would be lost; 1 when the stack's policies are mandatory and its file does not name it."""
    file = Path(f"Pulumi.{stack}.yaml")
    config: Any = at(yaml.safe_load(file.read_text()), "config", {})
    allowed, level = config.get("slipway:allowReplacement", []), config.get("slipway:policies", "mandatory")
    with events.open() as lines:
        unwanted = [loss for loss in losses(lines) if not loss.is_wanted(allowed)]
    for loss in unwanted:
        sys.stderr.write(
            f"[{level}] data-protected: this update {loss.operation} {loss.urn}, which holds data.\n"
            f"  mend: undo what causes it (the preview's diff says what), or name {loss.name} in slipway:allowReplacement of {file}.\n"
        )
    return 1 if unwanted and level == "mandatory" else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
