"""What each component makes of what is left out: its defaults, by the calls of calls.py. They are contract.

`make docs` writes them to tests/unit/defaults.json, where a review sees a default that changes.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, cast
from unittest.mock import patch

import pulumi

from tests.support.calls import Call
from tests.unit.mocks import record

Settings = dict[str, Any]


def resolved(component: type, call: Call) -> Settings:
    """The settings that a call ends in: what was said, and the default of everything else."""
    module = sys.modules[component.__module__]
    found: list[Any] = []

    def resolve(*args: Any) -> Any:
        found.append(original(*args))
        return found[-1]

    original = module._resolve
    with patch.object(module, "_resolve", resolve):
        record(call.build)
    return json.loads(json.dumps(_plain(found[0]), default=str))


def _plain(value: Any) -> Any:
    if isinstance(value, pulumi.Output):
        return "an output"
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in cast("Sequence[Any]", value)]
    return value
