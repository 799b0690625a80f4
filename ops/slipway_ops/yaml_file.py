"""YAML files as plain values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from slipway_ops.errors import OperatorError


def load(file: Path) -> Any:
    """A YAML file's content."""
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(file.read_text(), loader)  # noqa: S506  (a safe loader, written in C)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise OperatorError(f"{file} cannot be read: {error}") from None
