"""Reading of nested plain data in which some values are not known yet."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

_PLAIN = (str, int, float, bool, list, tuple, Mapping, type(None))


def is_known(value: Any) -> bool:
    """Whether it is plain data: no Output, nothing that only the update will tell."""
    return isinstance(value, _PLAIN)


def at(value: Any, path: str, default: Any = None) -> Any:
    """What stands at `a.b.c`; the default where there is nothing; the unknown value itself where the way ends in one."""
    for key in path.split("."):
        if not isinstance(value, Mapping):
            return default if is_known(value) else value
        value = cast(Mapping[str, Any], value).get(key)
    return default if value is None else value


def entries(value: Any) -> Mapping[str, Any] | None:
    """A mapping as what it is; None for whatever is none, or is not known."""
    return cast(Mapping[str, Any], value) if isinstance(value, Mapping) else None


def parsed(value: Any) -> Any:
    """What JSON says, given as a text or as it is; None for a text that is none, which its provider refuses by itself."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return None


def each(value: Any) -> Iterator[Any]:
    """The known members of a list; nothing of what is no list."""
    if isinstance(value, list | tuple):
        yield from (item for item in cast(list[Any], value) if is_known(item))
