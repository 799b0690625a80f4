"""What a refresh found to be other than Pulumi's state: resource, property, what was and what is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from slipway_ops import by_hand, property_path
from slipway_ops.by_hand import Addition, Object
from slipway_ops.differences import ABSENT, Change, changes
from slipway_ops.masking import MASK, Masker

_LONGEST, _BEFORE = 120, 30
_SAID = {
    "changed": "was {was}, is {found}",
    "added": "was added: {found}",
    "removed": "was removed: {was}",
    "deleted": "was deleted",
}


@dataclass(frozen=True)
class Drift:
    """One property of one resource, or the resource itself; values are for people: masked, and cut."""

    urn: str
    type: str
    how: str
    """`changed`, `added` or `removed`, of a property; `deleted`, of the whole resource."""
    path: str = ""
    was: str = ""
    found: str = ""
    object: Object | None = None
    """What it is about in the cluster."""
    addition: Addition | None = None
    """What was added there beside the program."""

    @property
    def name(self) -> str:
        return self.urn.rsplit("::", 1)[-1]

    @property
    def label(self) -> str:
        """The resource for people."""
        return f"{self.name} ({self.type.rsplit(':', 1)[-1]})"

    def __str__(self) -> str:
        said = _SAID[self.how].format(was=self.was, found=self.found)
        return f"{self.label}: {self.path} {said}" if self.path else f"{self.label}: {said}"

    def as_dict(self) -> dict[str, str]:
        values = {"property": self.path, "was": self.was, "is": self.found}
        about = {"resource": self.name, "type": self.type, "urn": self.urn, "how": self.how}
        return about | {key: value for key, value in values.items() if value}


def of(step: Mapping[str, Any], masker: Masker) -> list[Drift]:
    """What one step of a refresh found."""
    urn, kind, op = masker.text(step["urn"]), step["type"], step["op"]
    if op == "delete":
        return [Drift(urn, kind, "deleted")]
    old, new = step.get("old"), step.get("new")
    if op not in ("same", "update") or not old or not new:
        return []
    it = by_hand.object_of(kind, new["outputs"])
    additions = by_hand.additions(old["inputs"], new["outputs"]) if it else []
    named = bool(step.get("detailedDiff") or step.get("diffs"))
    if not additions and not (op == "update" and named):
        return []
    # Whole trees, because the name of what is secret may stand beside it.
    before, after = (
        {part: masker.tree(state[part], kind) for part in ("inputs", "outputs")} for state in (old, new)
    )
    seen = _changes(step, before, after) if op == "update" and named else ()
    found = {change.path: change for change in seen}

    def masked(change: Change) -> Change:
        return replace(change, path=masker.text(change.path))

    told = [_drift(urn, kind, masked(change), it) for change in found.values() if not _is_told(change, found)]
    for one in additions:
        name = property_path.write(one.path)
        if not any(path.startswith(name) for path in found):
            value = _shown(property_path.find(after["outputs"], one.path))
            told.append(Drift(urn, kind, "added", masker.text(name), found=value, object=it, addition=one))
    return told


def _changes(
    step: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[Change, ...]:
    """Of what is there and what was there: the inputs have less, because defaults are filled in behind them."""
    detailed: Mapping[str, Any] = step.get("detailedDiff") or {key: {} for key in step.get("diffs") or ()}
    paths = {path: {"diffKind": diff.get("diffKind", "")} for path, diff in detailed.items()}
    there = {"inputs": after["outputs"], "outputs": after["inputs"]}
    return changes({"detailedDiff": paths}, before, there)


def _is_told(change: Change, found: Mapping[str, Change]) -> bool:
    """AWS has tags a second time, with those of the provider: what is said of one is not said again."""
    return change.path.startswith("tagsAll") and change.path.replace("tagsAll", "tags", 1) in found


def _drift(urn: str, kind: str, change: Change, it: Object | None) -> Drift:
    was, now = change.was, change.now
    how = "removed" if now is ABSENT else "added" if was is ABSENT else "changed"
    if MASK in (was, now):
        was, now = (value if value is ABSENT else MASK for value in (was, now))
    return Drift(urn, kind, how, change.path, _shown(was, now), _shown(now, was), object=it)


def _shown(value: Any, other: Any = ABSENT) -> str:
    """A value for people; of a long one the part in which it differs from the other."""
    text = _text(value)
    if len(text) <= _LONGEST:
        return text
    begin = 0 if other is ABSENT else max(0, _first_difference(text, _text(other)) - _BEFORE)
    end = begin + _LONGEST
    return f"{'…' if begin else ''}{text[begin:end]}{'…' if end < len(text) else ''}"


def _text(value: Any) -> str:
    if value is ABSENT:
        return ""
    if value == MASK:
        return MASK
    return json.dumps(_document(value), ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _document(value: Any) -> Any:
    """What a text says that is JSON, as a policy: its blanks and its order are no difference."""
    if not isinstance(value, str) or not value.startswith(("{", "[")):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _first_difference(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (mine, theirs) in pairs if mine != theirs), min(len(one), len(other)))
