"""Some requests have their colour chosen by what they bring: to look at it before it gets traffic, and for chosen users."""

import json
import urllib.request
from collections.abc import Iterator

import pytest

from tests.support.environment import Environment, wait_for

PREVIEW, CANARY = "slipway:app.preview", "slipway:app.canaryUsers"


def asked(environment: Environment, **headers: str) -> str:
    """The colour that answers a request with these headers."""
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(f"{environment.url}/version", headers=told)
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)["color"]


@pytest.fixture
def chosen(environment: Environment) -> Iterator[Environment]:
    """The environment with a preview by header and by host name, and with users who get the canary."""
    said = {
        f"{PREVIEW}.header": "X-Slipway-Color",
        f"{PREVIEW}.hostnames[0]": "next.example.com",
        f"{CANARY}.cookies.beta": "yes",
        f"{CANARY}.headers.X-Beta": "yes",
    }
    for key, value in said.items():
        environment.project.pulumi("config", "set", "--path", key, value)
    environment.project.set("slipway:strategy", "canary")
    environment.project.up()
    yield environment
    for key in (PREVIEW, CANARY):
        environment.project.pulumi("config", "rm", "--path", key)
    environment.project.set("slipway:strategy", "blue-green")
    environment.project.up()


def test_who_asks_for_a_colour_gets_it_and_nobody_else(chosen: Environment) -> None:
    """Given traffic on blue, when a request brings what chooses green, then green answers it, and blue all others."""
    wait_for(lambda: asked(chosen, X_Slipway_Color="green") == "green", 20, "the route to be in force")
    assert chosen.weights() == {"chat-blue": 100, "chat-green": 0}
    assert asked(chosen, X_Slipway_Color="blue") == "blue"
    assert asked(chosen, X_Slipway_Color="red") == "blue"
    assert asked(chosen, Host="next.example.com") == "green"
    assert asked(chosen, Host="chat.example.com") == "blue"
    assert asked(chosen, Cookie="theme=dark; beta=yes") == "green"
    assert asked(chosen, Cookie="beta=yes-but-no") == "blue"
    assert asked(chosen, X_Beta="yes") == "green"
    assert {asked(chosen) for _ in range(20)} == {"blue"}
    chosen.project.pulumi("preview", "--expect-no-changes")
