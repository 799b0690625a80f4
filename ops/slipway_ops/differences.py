"""What of a resource changes, property by property."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

_PART = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.\[\]]+)')
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What Pulumi writes for a value that only the update will tell."""


class Absent:
    """A property that is not there."""

    def __repr__(self) -> str:
        return "(absent)"


ABSENT = Absent()


@dataclass(frozen=True)
class Change:
    """One property before and after."""

    path: str
    was: Any
    now: Any


def changes(
    step: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[Change, ...]:
    """Those of a step, by what its provider says of it; a list or section that changed is told by what in it changed."""
    detailed: Mapping[str, Any] | None = step.get("detailedDiff")
    if not detailed:
        named = step.get("diffs") or ()
        keys = [*named] or [
            *before["inputs"],
            *(key for key in after["inputs"] if key not in before["inputs"]),
        ]
        detailed = {_key(key): {"inputDiff": True} for key in keys if not key.startswith("__")}
    found: list[Change] = []
    for path, kind in detailed.items():
        parts = _parts(path)
        was = _at(before["inputs"] if kind.get("inputDiff") else before["outputs"], parts)
        if was is ABSENT:
            was = _at(before["inputs"], parts)
        now = _at(after["inputs"], parts)
        if now is ABSENT and not kind.get("diffKind", "").startswith("delete"):
            now = _at(after["outputs"], parts)
        below = [*_below(path, was, now)]
        # Nothing differs once secrets are masked: that it changes is what is left to say.
        found += below or ([Change(path, was, now)] if step.get("detailedDiff") or step.get("diffs") else [])
    return tuple(found)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The plain values in a tree, with their paths."""
    items = _items(value)
    if not items:
        yield path, value
    for key, item in items.items():
        yield from leaves(item, _join(path, key))


def _below(path: str, was: Any, now: Any) -> Iterator[Change]:
    old, new = _items(was), _items(now)
    if type(was) is type(now) and (old or new):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from _below(_join(path, key), old.get(key, ABSENT), new.get(key, ABSENT))
    elif was != now and not path.rsplit(".", 1)[-1].startswith("__"):
        yield Change(path, was, now)


def _items(value: Any) -> dict[Any, Any]:
    if isinstance(value, dict):
        return cast("dict[Any, Any]", value)
    return dict(enumerate(cast("list[Any]", value))) if isinstance(value, list) else {}


def _join(path: str, key: Any) -> str:
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path and not _key(key).startswith("[") else f"{path}{_key(key)}"


def _key(key: str) -> str:
    return (
        key
        if re.fullmatch(r"[^.\[\]\"]+", key)
        else '["' + key.replace("\\", "\\\\").replace('"', '\\"') + '"]'
    )


def _parts(path: str) -> list[str | int]:
    return [
        int(number) if number else re.sub(r"\\(.)", r"\1", quoted) if quoted else name
        for quoted, number, name in _PART.findall(path)
    ]


def _at(value: Any, parts: list[str | int]) -> Any:
    for part in parts:
        items = _items(value)
        if part not in items:
            return ABSENT
        value = items[part]
    return value
