"""YAML files as plain values."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from slipway_ops.errors import OperatorError


def load(file: Path) -> Any:
    """A YAML file's content."""
    return parse(file, text(file))


def text(file: Path) -> str:
    """It is UTF-8 whatever this machine's own coding is."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"{file} cannot be read: {error}") from None


def parse(file: Path, text: str) -> Any:
    """A text of that file as plain values."""
    import yaml

    return _by(yaml.load, file, text)


def compose(file: Path, text: str) -> Any:
    """The same as nodes, which know where they stand."""
    import yaml

    nodes: Any = yaml
    return _by(nodes.compose, file, text)


def _by(reader: Any, file: Path, text: str) -> Any:
    import yaml

    try:
        return reader(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (
        ValueError,
        RecursionError,
        yaml.YAMLError,
    ) as error:  # a ValueError of 2026-02-30, which looks like a date
        raise OperatorError(f"{file} cannot be read: {error}") from None


def mapping(value: Any) -> dict[str, Any] | None:
    """A value that is a mapping; None when it is anything else."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def section(value: Any) -> dict[str, Any] | None:
    """A mapping without the keys after which nothing stands: they say as much as keys that are left out."""
    said = mapping(value)
    return said and {key: inner for key, inner in said.items() if inner is not None}
