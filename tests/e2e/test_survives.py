"""Processes of the platform die; what it holds is still there, and it heals by itself or by `slipway local up`."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import boto3  # pyright: ignore[reportMissingTypeStubs]
import pytest

from slipway_local import platform
from tests.support.environment import Environment, wait_for
from tests.support.project import SLIPWAY

pytestmark = pytest.mark.alone

NOTE = "/slipway/survives"


def all_ready() -> bool:
    """Every part and add-on, asked without a process of one's own each time."""
    return all(part.ready for part in platform.status())


def processes() -> dict[str, int]:
    return {part.name: part.pid for part in platform.status() if part.pid}


@pytest.fixture(scope="module")
def note(environment: Environment) -> Iterator[None]:
    """One object in the emulator and one in the cluster, to be found again."""
    connect: Any = boto3.client  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  (boto3 makes its clients at run time)
    connect("ssm").put_parameter(Name=NOTE, Value="kept", Type="String", Overwrite=True)
    environment.kubectl("create", "configmap", "survives", "--from-literal=note=kept")
    yield
    connect("ssm").delete_parameter(Name=NOTE)
    environment.kubectl("delete", "configmap", "survives")


def assert_nothing_lost(environment: Environment) -> None:
    connect: Any = boto3.client  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    assert connect("ssm").get_parameter(Name=NOTE)["Parameter"]["Value"] == "kept"
    assert environment.kubectl("get", "configmap/survives", "--output=jsonpath={.data.note}") == "kept"
    wait_for(lambda: environment.version().get("color") == "blue", 60, "the application to answer")
    environment.project.pulumi("preview", "--expect-no-changes")
    told = subprocess.run([SLIPWAY, "local", "status", "--json"], capture_output=True, text=True, check=True)
    assert all(part["ready"] for part in json.loads(told.stdout))


@pytest.mark.usefixtures("note")
def test_each_part_killed_heals_by_itself(environment: Environment) -> None:
    """Given a platform that is up, when each part in turn is killed, then it comes back and nothing is lost."""
    for name, pid in processes().items():
        os.kill(pid, signal.SIGKILL)
        wait_for(
            lambda name=name, pid=pid: processes().get(name) not in (None, pid), 30, f"{name} to come back"
        )
        wait_for(all_ready, 60, f"the platform to be ready after {name} was killed")
    assert_nothing_lost(environment)


@pytest.mark.usefixtures("note")
def test_all_parts_killed_are_healed_by_up(environment: Environment) -> None:
    """Given a platform that is up, when all its parts are killed at once, then `slipway local up` heals it and nothing is lost."""
    before = processes()
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    healed = subprocess.run([SLIPWAY, "local", "up"], check=False, capture_output=True, text=True)
    assert healed.returncode == 0, healed.stderr
    wait_for(all_ready, 60, "the platform to stay ready")
    assert not set(before.values()) & set(processes().values())
    assert_nothing_lost(environment)
