"""A stack's file, read and edited as `pulumi config set` does it: one value changes, every other character stays."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from slipway_ops import yaml_file
from slipway_ops.errors import OperatorError

_PLAIN = re.compile(r"(?!(true|false|yes|no|on|off|null)$)[a-z][a-z0-9._/@:-]*[a-z0-9]", re.IGNORECASE)


_BOM = "\ufeff"
"""What editors of Windows write before everything else."""
WRITTEN = frozenset(
    f"slipway:{key}" for key in ("active", "blueImage", "greenImage", "canaryWeight", "mirrorPercent")
)
"""What releases write."""


def read(file: Path) -> dict[str, Any]:
    """What stands under `config:`. OperatorError where a value that is read would not be the one that is written."""
    text = yaml_file.text(file)
    said = yaml_file.parse(file, text)
    config = yaml_file.section((yaml_file.mapping(said) or {}).get("config"))
    if config is None:
        raise OperatorError(f"{file} has no section `config:`")
    root = yaml_file.compose(file, text)
    if wrong := [*_twice(root), *_twice(_config(root)), *_shared(_config(root), text)]:
        raise OperatorError("\n  ".join([f"{file} cannot be used; nothing was changed.", *wrong]))
    return config


def _twice(section: Any) -> Iterator[str]:
    """Keys that stand there twice."""
    first: dict[Any, int] = {}
    for name, _ in section.value:
        line = name.start_mark.line + 1
        if name.value in first:
            yield f"line {line}: {name.value} stands in line {first[name.value]} already; leave one of them"
        first.setdefault(name.value, line)


def _shared(config: Any, text: str) -> Iterator[str]:
    """Values that other keys share."""
    for name, node in config.value:
        is_alias = node.start_mark.index < name.end_mark.index
        if name.value in WRITTEN and (is_alias or text.startswith("&", node.start_mark.index)):
            line = name.start_mark.line + 1
            yield f"line {line}: {name.value} shares its value by & or *; releases change it, so write it out"


def _config(root: Any) -> Any:
    return next(node for name, node in root.value if name.value == "config")


def write(file: Path, values: Mapping[str, str]) -> None:
    """Sets scalars in place. The file is whole at every moment: the old one, then the new one."""
    try:
        with file.open(encoding="utf-8", newline="") as source:
            whole = source.read()
        text = whole.removeprefix(_BOM)
        mark = whole.removesuffix(text)
        for key, value in values.items():
            text = _set(file, text, key, value)
        _replace(file.resolve(), mark + text)
    except OSError as error:
        raise OperatorError(f"{file} cannot be written: {error.strerror}") from None


def _set(file: Path, text: str, key: str, value: str) -> str:
    config = _config(yaml_file.compose(file, text))
    for name, node in config.value:
        if name.value == key:
            if not isinstance(node.value, str):
                raise OperatorError(
                    f"{file}: {key} must be a plain value, it is a {node.tag.rsplit(':', 1)[-1]}"
                )
            start, end = node.start_mark.index, node.end_mark.index
            gap = "" if end > start else " "  # without a value it is the place right behind the colon
            return text[:start] + gap + _scalar(value) + text[end:]
    if config.flow_style or not config.value:
        raise OperatorError(f"{file}: write `config:` as one key a line, so that {key} can be added")
    first: Any = config.value[0][0].start_mark
    indent = " " * first.column
    start = first.index - first.column
    return f"{text[:start]}{indent}{key}: {_scalar(value)}\n{text[start:]}"


def _scalar(value: str) -> str:
    return value if _PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)


def _replace(file: Path, text: str) -> None:
    with tempfile.NamedTemporaryFile(
        "w", dir=file.parent, prefix=f".{file.name}.", delete=False, encoding="utf-8", newline=""
    ) as new:
        try:
            new.write(text)
            new.flush()
            os.fsync(new.fileno())
            Path(new.name).chmod(file.stat().st_mode & 0o777)
            Path(new.name).replace(file)
        except BaseException:
            Path(new.name).unlink(missing_ok=True)
            raise
