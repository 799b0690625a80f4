"""A stack's file, read and edited as `pulumi config set` does it: one value changes, every other character stays."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slipway_ops import yaml_file
from slipway_ops.errors import OperatorError

_PLAIN = re.compile(r"(?!(true|false|yes|no|on|off|null)$)[a-z][a-z0-9._/@:-]*[a-z0-9]", re.IGNORECASE)


def read(file: Path) -> dict[str, Any]:
    """What stands under `config:`."""
    said = yaml_file.load(file)
    config = yaml_file.mapping((yaml_file.mapping(said) or {}).get("config"))
    if config is None:
        raise OperatorError(f"{file} has no section `config:`")
    return config


def write(file: Path, values: Mapping[str, str]) -> None:
    """Sets scalars in place. The file is whole at every moment: the old one, then the new one."""
    try:
        with file.open(newline="") as source:
            text = source.read()
        for key, value in values.items():
            text = _set(file, text, key, value)
        _replace(file.resolve(), text)
    except OSError as error:
        raise OperatorError(f"{file} cannot be written: {error.strerror}") from None


def _set(file: Path, text: str, key: str, value: str) -> str:
    import yaml

    nodes: Any = yaml
    root: Any = nodes.compose(text, yaml.SafeLoader)
    config: Any = next(node for name, node in root.value if name.value == "config")
    for name, node in config.value:
        if name.value == key:
            if not isinstance(node, yaml.ScalarNode):
                raise OperatorError(
                    f"{file}: {key} must be a plain value, it is a {node.tag.rsplit(':', 1)[-1]}"
                )
            return text[: node.start_mark.index] + _scalar(value) + text[node.end_mark.index :]
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
        "w", dir=file.parent, prefix=f".{file.name}.", delete=False, newline=""
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
