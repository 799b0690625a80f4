"""What every unit test has: a Pulumi program without an engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pulumi
import pytest
from pulumi.runtime import config as runtime_config
from pulumi.runtime.settings import SETTINGS
from pulumi.runtime.stack import wait_for_rpcs

from tests.unit.mocks import Mocks, Monitor, Program, Run


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Program:
    """What the program of this test registers."""
    monkeypatch.delenv("KUBECONFIG", raising=False)  # the SDK would take it for the provider's argument
    program = Program()

    def register(hook: pulumi.ResourceHook) -> asyncio.Future[None]:
        program.hooks[hook.name] = hook
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    monkeypatch.setattr("pulumi.resource_hooks.register_resource_hook", register)
    return program


@pytest.fixture
def run(program: Program) -> Iterator[Run]:
    """Runs a program against the mocks and gives back what it returned, Outputs resolved."""

    def run(build: Callable[[], Any]) -> Any:
        async def resolve() -> Any:
            pulumi.runtime.set_mocks(Mocks(), project="slipway", stack="test", monitor=Monitor(program))
            pending: Any = SETTINGS
            pending.outputs.clear()  # those of a program that failed would be waited for, for ever
            result = pulumi.Output.from_input(build())
            await wait_for_rpcs()
            return await result.future()

        return asyncio.run(resolve())

    yield run
    runtime_config.set_all_config({}, [])
