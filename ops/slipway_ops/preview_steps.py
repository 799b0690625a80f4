"""What a preview says, understood: steps with what changes in them, drift, policy findings, diagnostics.

Secrets are masked as it is read.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from slipway_ops.differences import Change, changes
from slipway_ops.masking import Masker

Properties = Mapping[str, Any]

CREATE, UPDATE, REPLACE, DELETE, SAME = "create", "update", "replace", "delete", "same"
_OPERATIONS = {
    "create": CREATE,
    "update": UPDATE,
    "replace": REPLACE,
    "delete": DELETE,
    "import": "import",
    "import-replacement": "import",
    "read": "read",
    "read-replacement": "read",
    "discard": "read",
    "same": SAME,
}
"""The parts of a replacement (`create-replacement`, `delete-replaced`) are told by `replace` once."""
_QUIET = frozenset({SAME, "read"})
_KEPT_WHEN_SAME = re.compile(r":HTTPRoute$")
_COLORS = re.compile(r"<\{%.*?%\}>")


@dataclass(frozen=True)
class Step:
    """One resource, and what the update would do to it."""

    operation: str
    urn: str
    type: str
    old: Properties
    new: Properties
    changes: tuple[Change, ...] = ()
    reasons: tuple[str, ...] = ()
    """The properties because of which it is replaced."""
    protected: bool = False
    retained: bool = False
    """Pulumi lets go of it and deletes nothing: its state says so, that the program does counts from the next update on."""

    @property
    def name(self) -> str:
        return self.urn.rsplit("::", 1)[-1]


@dataclass(frozen=True)
class Finding:
    """One violation of a policy."""

    policy: str
    level: str
    urn: str
    message: str

    @property
    def is_mandatory(self) -> bool:
        return self.level == "mandatory"


@dataclass
class Preview:
    """A preview, as far as it came."""

    masker: Masker
    steps: list[Step] = field(default_factory=list[Step])
    """What changes, and the routes that do not."""
    drift: list[Step] = field(default_factory=list[Step])
    """What the cloud is, other than the state says; known when the preview looked."""
    findings: list[Finding] = field(default_factory=list[Finding])
    errors: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])
    other: list[str] = field(default_factory=list[str])
    """What pulumi says that is no event: why it did not begin."""
    counts: Counter[str] = field(default_factory=Counter[str])
    failed: bool = False
    _refreshed: set[str] = field(default_factory=set[str])

    @property
    def changed(self) -> list[Step]:
        return [step for step in self.steps if step.operation not in _QUIET]

    @property
    def is_refused(self) -> bool:
        """Whether a mandatory policy is why it failed."""
        return any(finding.is_mandatory for finding in self.findings)

    @property
    def causes(self) -> list[str]:
        """Why it failed."""
        return self.errors or [line for line in self.other if line.strip()] or ["pulumi says no reason"]

    def read(self, line: str) -> None:
        """One event, a line of JSON."""
        try:
            event: dict[str, Any] = json.loads(line)
        except ValueError:
            event = {}
        if not isinstance(event, dict) or not event:  # pyright: ignore[reportUnnecessaryIsInstance]  (it may be any JSON)
            self.warn(line)
        elif before := event.get("resourcePreEvent"):
            self._begun(before["metadata"])
        elif after := event.get("resOutputsEvent"):
            self._ended(after["metadata"])
        elif said := event.get("policyEvent"):
            self.findings.append(
                Finding(
                    said["policyName"],
                    said["enforcementLevel"],
                    self.masker.text(said.get("resourceUrn", "")),
                    self._text(said["message"]),
                )
            )
        elif said := event.get("diagnosticEvent"):
            self._diagnosed(said)

    def warn(self, line: str) -> None:
        """A line that is no event."""
        if text := self._text(line):
            self.other.append(text)

    def _begun(self, step: dict[str, Any]) -> None:
        if step["op"] == "refresh":
            self._refreshed.add(step["urn"])
            return
        operation = _OPERATIONS.get(step["op"])
        if operation is None or (operation == SAME and step["type"] == "pulumi:pulumi:Stack"):
            return
        self.counts[operation] += 1
        if operation != SAME or _KEPT_WHEN_SAME.search(step["type"]):
            self.steps.append(self._step(operation, step))

    def _ended(self, step: dict[str, Any]) -> None:
        """A refresh tells at its end what it found."""
        if step["urn"] not in self._refreshed:
            return
        self._refreshed.remove(step["urn"])
        if not step.get("new"):
            self.drift.append(self._step(DELETE, step))
        elif step.get("detailedDiff") or step.get(
            "diffs"
        ):  # the provider knows what does not matter, as a set's order
            self.drift.append(self._step(UPDATE, step))

    def _step(self, operation: str, step: dict[str, Any]) -> Step:
        before, after = (self._state(step, side) for side in ("old", "new"))
        old = _side(step, "old")
        return Step(
            operation,
            self.masker.text(step["urn"]),
            step["type"],
            before["inputs"],
            after["inputs"],
            self._changes(step, before, after) if operation in (UPDATE, REPLACE) else (),
            tuple(map(self.masker.text, step.get("keys") or ())),
            bool(old.get("protect")),
            bool(old.get("retainOnDelete")),
        )

    def _changes(self, step: dict[str, Any], before: Properties, after: Properties) -> tuple[Change, ...]:
        found = changes(step, before, after)
        return tuple(Change(self.masker.text(change.path), change.was, change.now) for change in found)

    def _state(self, step: dict[str, Any], side: str) -> dict[str, Any]:
        state = _side(step, side)
        return {part: self.masker.tree(state.get(part) or {}, step["type"]) for part in ("inputs", "outputs")}

    def _diagnosed(self, said: dict[str, Any]) -> None:
        text = self._text(said.get("prefix", "") + said["message"])
        if not text or said.get("ephemeral"):
            return
        where = f"{said['urn'].rsplit('::', 1)[-1]}: " if said.get("urn") else ""
        if said["severity"] == "error":
            self.errors.append(where + text)
        elif said["severity"] == "warning":
            self.warnings.append(where + text)

    def _text(self, text: str) -> str:
        return self.masker.text(_COLORS.sub("", text).strip())


def _side(step: dict[str, Any], side: str) -> dict[str, Any]:
    """A resource before or after a step; empty where it is not."""
    return step.get(side) or {}
