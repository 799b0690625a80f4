"""What every unit test has: a Pulumi program without an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import settings
from pulumi.runtime import config as runtime_config

from tests.unit.mocks import Plausible, Program, Run, empty, run_into

# How long an example takes is no test's business: they run beside much else.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Program:
    """What the program of this test registers."""
    return empty(monkeypatch)


@pytest.fixture
def run(program: Program) -> Iterator[Run]:
    """Runs a program against the mocks and gives back what it returned, Outputs resolved."""

    def run(build: Callable[[], Any]) -> Any:
        return run_into(program, build)

    yield run
    runtime_config.set_all_config({}, [])


@pytest.fixture
def run_whole(program: Program) -> Iterator[Run]:
    """The same for a whole environment, whose parts read account and region out of what they are answered."""

    def run(build: Callable[[], Any]) -> Any:
        return run_into(program, build, Plausible())

    yield run
    runtime_config.set_all_config({}, [])
