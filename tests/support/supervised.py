"""A supervisor in memory: what it is given to run is ready at once."""

from collections.abc import Sequence

import pytest

from slipway_local import platform, supervisor
from slipway_local.parts import Part
from slipway_local.supervisor import Process

PID = 7
"""Of each of them."""


def ready_at_once(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what the supervisor is given from here on."""
    given: list[str] = []

    def configure(parts: Sequence[Part]) -> set[str]:
        given.extend(part.name for part in parts)
        return set()

    def lacking(parts: Sequence[Part]) -> dict[str, str]:
        return {}

    def running() -> dict[str, Process]:
        return {name: Process("RUNNING", PID, None, "") for name in given}

    monkeypatch.setattr(supervisor, "configure", configure)
    monkeypatch.setattr(supervisor, "processes", running)
    monkeypatch.setattr(supervisor, "is_running", lambda: True)
    monkeypatch.setattr(platform, "_lacking", lacking)
    return given
