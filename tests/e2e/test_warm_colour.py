"""The colour without traffic keeps its pods for a while, then has few; whatever gives it traffic gives it its pods first."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.command import slipway
from tests.support.environment import Environment, wait_for
from tests.support.load import load

pytestmark = pytest.mark.alone

SCALING = "slipway:app.scaling"
# The window is counted from the first look at a new autoscaler; here the controller looks every five seconds.
WARM, LOOKS = 30, 5


@pytest.fixture(scope="module")
def briefly_warm(environment: Environment) -> Iterator[Environment]:
    """The environment with an idle colour that is warm for less than a minute, and then has one pod."""
    for key, value in {"idleReplicas": "1", "warmSeconds": str(WARM)}.items():
        environment.project.pulumi("config", "set", "--path", f"{SCALING}.{key}", value)
    environment.project.up()
    yield environment
    environment.project.pulumi("config", "rm", "--path", f"{SCALING}.warmSeconds")
    environment.project.pulumi("config", "set", "--path", f"{SCALING}.idleReplicas", "2")
    environment.project.up()


def wanted(environment: Environment, color: str) -> int:
    """How many pods a colour is scaled to."""
    said = environment.kubectl("get", f"deployment/chat-{color}", "--output=jsonpath={.spec.replicas}")
    return int(said)


def scaler(environment: Environment, color: str) -> dict[str, Any]:
    """The one autoscaler of a colour."""
    found = environment.objects("hpa")
    (own,) = [one for one in found if one["metadata"]["labels"]["slipway/color"] == color]
    return own


def least(environment: Environment, color: str) -> int:
    """How many pods a colour's autoscaler leaves."""
    return scaler(environment, color)["spec"]["minReplicas"]


def cooled(environment: Environment, color: str) -> None:
    wait_for(lambda: wanted(environment, color) == 1, WARM + 12 * LOOKS, f"{color} to be scaled to one pod")


def test_an_idle_colour_falls_to_its_least_size_after_the_warm_time_and_no_sooner(
    briefly_warm: Environment,
) -> None:
    """Given little load, when traffic leaves blue, then blue keeps its pods for the warm time, and has one after it."""
    cooled(briefly_warm, "green")
    assert (least(briefly_warm, "blue"), least(briefly_warm, "green")) == (2, 1)
    with load(f"{briefly_warm.url}/version", rate=50) as traffic:
        briefly_warm.release("green")
    assert not traffic.failed, traffic.failed[:5]
    assert (least(briefly_warm, "blue"), least(briefly_warm, "green")) == (1, 2)
    made = datetime.fromisoformat(scaler(briefly_warm, "blue")["metadata"]["creationTimestamp"])
    while (datetime.now(UTC) - made).total_seconds() < WARM:
        assert wanted(briefly_warm, "blue") == 2
        time.sleep(1)
    cooled(briefly_warm, "blue")
    assert wanted(briefly_warm, "green") == 2
    briefly_warm.project.pulumi("preview", "--expect-no-changes")


def test_a_warm_colour_gets_its_traffic_back_at_once(briefly_warm: Environment) -> None:
    """Given a switch a moment ago, when it is rolled back, then that waits for nothing; both ways the colour has its pods."""
    cooled(briefly_warm, "blue")
    with load(f"{briefly_warm.url}/version", rate=100) as traffic:
        cold = slipway(briefly_warm, "switch", "blue")
    assert cold.code == 0, cold.output
    assert "blue needs 2 ready pods before it gets this traffic" in cold.output
    assert not traffic.failed, traffic.failed[:5]
    assert least(briefly_warm, "blue") == 2
    with load(f"{briefly_warm.url}/version", rate=100) as traffic:
        warm = slipway(briefly_warm, "rollback")
    assert warm.code == 0, warm.output
    assert "ready pods before" not in warm.output
    assert not traffic.failed, traffic.failed[:5]
    assert slipway(briefly_warm, "switch", "blue").code == 0
    briefly_warm.project.pulumi("preview", "--expect-no-changes")
    briefly_warm.project.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")


def test_a_configured_flip_gives_a_cold_colour_its_pods_first(briefly_warm: Environment) -> None:
    """Given green with one pod and blue with two, when active is set to green, then green has two before it gets any traffic."""
    cooled(briefly_warm, "green")
    with load(f"{briefly_warm.url}/version", rate=100) as traffic:
        briefly_warm.project.set("slipway:active", "green")
        done = briefly_warm.project.up()
    assert "green: 1 of 2 pods ready" in done.output, done.output
    assert not traffic.failed, traffic.failed[:5]
    traffic.moved_to("green")
    assert least(briefly_warm, "green") == 2
    briefly_warm.release("blue")
