"""Paths of properties, written as Pulumi writes them: `spec.ports[0].port`, `metadata.labels["a.b/c"]`."""

from __future__ import annotations

import json
import re
from typing import Any, cast

from slipway_ops.differences import ABSENT

Path = tuple[str | int, ...]

_PLAIN = re.compile(r'[^.\[\]"]+')


def write(path: Path) -> str:
    """The path as text."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f"[{json.dumps(step, ensure_ascii=False)}]"
    return text


def find(value: Any, path: Path) -> Any:
    """What stands there, or ABSENT; a text that the way leads into, which is then what a secret is masked by."""
    for step in path:
        if isinstance(value, str):
            return value
        if isinstance(value, dict) and step in value:
            value = cast("dict[Any, Any]", value)[step]
        elif isinstance(value, list) and isinstance(step, int) and step < len(cast("list[Any]", value)):
            value = cast("list[Any]", value)[step]
        else:
            return ABSENT
    return value
