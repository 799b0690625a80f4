"""YAML files as plain values."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from slipway_ops.errors import OperatorError


def load(file: Path) -> Any:
    """A YAML file's content."""
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(file.read_text(), loader)  # noqa: S506  (a safe loader, written in C)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise OperatorError(f"{file} cannot be read: {error}") from None


def mapping(value: Any) -> dict[str, Any] | None:
    """A value that is a mapping; None when it is anything else."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None
