"""`pulumi up` dies in the middle of a flip; nothing is lost and the next `up` finishes."""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.support.environment import Environment
from tests.support.load import load
from tests.support.project import AS_A_PERSON

pytestmark = pytest.mark.alone


@pytest.fixture(autouse=True, scope="module")
def blue_again(environment: Environment) -> Iterator[None]:
    """Leaves the environment as the other tests expect it."""
    yield
    if environment.version()["color"] != "blue":
        environment.release("blue")


@pytest.mark.parametrize("after", [0.3, 0.9, 1.3, 1.7, 2.2])
def test_sigkill_during_a_flip(environment: Environment, after: float) -> None:
    """Given load, when `pulumi up` is killed this far into a flip, then no request fails and the next `up` ends as asked."""
    color = "green" if environment.version()["color"] == "blue" else "blue"
    project = replace(environment.project, command=AS_A_PERSON)
    project.set("slipway:active", color)
    with load(f"{environment.url}/version", rate=500) as traffic:
        process = project.start("up", "--yes", "--skip-preview")
        time.sleep(after)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        project.up()
    assert not traffic.failed, traffic.failed[:5]
    assert environment.version()["color"] == color
    assert environment.weights()[f"chat-{color}"] == 100
    environment.project.pulumi("preview", "--expect-no-changes")
