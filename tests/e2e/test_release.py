"""A release is one configuration value and `pulumi up`, and nobody notices it."""

import pytest

from tests.support.environment import Environment, wait_for
from tests.support.load import load

pytestmark = pytest.mark.alone


def test_flip_there_and_back_loses_no_request(environment: Environment) -> None:
    """Given load on blue, when active is set to green and back, then every request is answered, by the other version too."""
    versions: dict[str, str] = {}
    for color in ("green", "blue"):
        with load(f"{environment.url}/version", rate=1000, seconds=30) as traffic:
            environment.release(color)
        assert not traffic.failed, traffic.failed[:5]
        traffic.moved_to(color)  # fails unless both colours answered, and the new one last
        versions[color] = environment.version()["version"]
    assert versions["blue"] != versions["green"]


def test_an_image_that_is_built_anew_rolls_in_place(environment: Environment) -> None:
    """Given load on blue, when the image that blue is built from changes, then its pods are replaced one by one and no request is lost."""
    before = environment.version()
    arguments = "slipway:images.v1.buildArgs.VERSION"
    try:
        environment.project.pulumi("config", "set", "--path", arguments, "v1-anew")
        with load(f"{environment.url}/version", rate=300) as traffic:
            environment.project.up()
        assert not traffic.failed, traffic.failed[:5]
        assert environment.version() == {**before, "version": "v1-anew"}
    finally:
        environment.project.pulumi("config", "set", "--path", arguments, "v1")
        environment.project.up()


def test_canary_takes_its_share(environment: Environment) -> None:
    """Given strategy canary, when its weight is 25, then a quarter of the requests is answered by the other colour."""
    environment.project.set("slipway:strategy", "canary")
    environment.project.set("slipway:canaryWeight", "25")
    try:
        environment.project.up()
        with load(f"{environment.url}/version", rate=500, seconds=8) as traffic:
            pass
        share = sum(answer.color == "green" for answer in traffic.answers) / len(traffic.answers)
        assert not traffic.failed
        assert share == pytest.approx(0.25, abs=0.03)
    finally:
        environment.project.pulumi("config", "rm", "slipway:canaryWeight")
        environment.project.set("slipway:strategy", "blue-green")
        environment.project.up()


def test_a_colour_scaled_away_is_brought_back_before_it_gets_traffic(environment: Environment) -> None:
    """Given green without a single pod, when active is set to green, then it gets its pods first and no request is lost."""
    environment.kubectl("delete", "hpa", "--selector=slipway/color=green")
    environment.kubectl("scale", "deployment/chat-green", "--replicas=0")
    wait_for(lambda: environment.pods("green") == 0, 60, "green's pods to go")
    environment.project.pulumi("refresh", "--yes", "--skip-preview")
    with load(f"{environment.url}/version", rate=300) as traffic:
        environment.release("green")
    assert not traffic.failed, traffic.failed[:5]
    environment.release("blue")
    assert environment.weights() == {"chat-blue": 100, "chat-green": 0}
