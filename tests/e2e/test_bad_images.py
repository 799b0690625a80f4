"""An image that cannot serve is refused with its cause, and the other colour never notices."""

import pytest

from tests.support.environment import Environment
from tests.support.load import load

pytestmark = pytest.mark.alone

MISSING = "127.0.0.1:5000/slipway/chat:there-is-no-such-tag"
TOLD = {
    "missing": ("image", "there-is-no-such-tag"),
    "crash": ("exit code 3", "cannot reach the database"),
    "mute": ("probe", "/healthz"),
    "wrong-port": ("probe", "connection refused"),
}


@pytest.mark.parametrize("fault", TOLD)
def test_up_names_the_cause_and_blue_serves_on(
    environment: Environment, broken_images: dict[str, str], fault: str
) -> None:
    """Given traffic on blue, when green gets an image with this fault, then `up` fails within two minutes naming it."""
    good = environment.project.pulumi("config", "get", "slipway:greenImage").output.strip()
    environment.project.set("slipway:greenImage", {**broken_images, "missing": MISSING}[fault])
    with load(f"{environment.url}/version", rate=100) as traffic:
        run = environment.project.up(check=False)
    assert run.code != 0, run.output
    assert run.seconds < 120, f"it took {run.seconds:.0f} s to be told"
    for word in TOLD[fault]:
        assert word.lower() in run.output.lower(), run.output
    assert not traffic.failed, traffic.failed[:5]
    assert {answer.color for answer in traffic.answers} == {"blue"}

    environment.project.set("slipway:greenImage", good)
    environment.project.up()
    assert environment.version()["color"] == "blue"


def test_a_colour_that_is_not_ready_gets_no_traffic_for_the_asking(environment: Environment) -> None:
    """Given a green that cannot start, when active is set to green, then `up` fails and every request is still blue's."""
    good = environment.project.pulumi("config", "get", "slipway:greenImage").output.strip()
    environment.project.set("slipway:greenImage", MISSING)
    environment.project.set("slipway:active", "green")
    with load(f"{environment.url}/version", rate=100) as traffic:
        assert environment.project.up(check=False).code != 0
    assert not traffic.failed, traffic.failed[:5]
    assert {answer.color for answer in traffic.answers} == {"blue"}
    assert environment.weights() == {"chat-blue": 100, "chat-green": 0}
    environment.project.set("slipway:active", "blue")
    environment.project.set("slipway:greenImage", good)
    environment.project.up()
