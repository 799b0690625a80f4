"""Users of a canary keep their colour while it has any traffic; copies of requests reach the second colour, and nobody sees its answers."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.command import slipway
from tests.support.environment import Environment, wait_for
from tests.support.images import with_program
from tests.support.load import load

pytestmark = pytest.mark.alone

REQUESTS = 200
# Ready, and broken in everything else; it counts what it was asked.
COUNTING = """
let asked = 0;
require("http").createServer((request, answer) => {
  if (request.url === "/healthz") return answer.end("ok");
  if (request.url === "/asked") return answer.end(String(asked));
  asked += 1;
  answer.writeHead(500).end("broken");
}).listen(3000);
"""


@pytest.fixture(scope="module")
def traefik(environment: Environment) -> Iterator[Environment]:
    """The environment with a gateway that knows Traefik's own kinds, under the strategy canary."""
    project = environment.project
    project.pulumi("config", "set", "--path", "slipway:gateway.traefikKinds", "install")
    project.pulumi("config", "set", "--path", "slipway:app.stickyCookie", "lane")
    project.set("slipway:strategy", "canary")
    project.up()
    yield environment
    project.pulumi("config", "rm", "slipway:canaryWeight", check=False)
    project.pulumi("config", "rm", "slipway:mirrorPercent", check=False)
    project.pulumi("config", "rm", "--path", "slipway:app.stickyCookie")
    project.pulumi("config", "rm", "--path", "slipway:gateway.traefikKinds")
    project.set("slipway:strategy", "blue-green")
    project.up()
    assert environment.weights() == {"chat-blue": 100, "chat-green": 0}


class Client:
    """One user with one connection at a time and the cookies that he was given."""

    def __init__(self, environment: Environment) -> None:
        self._at = urlsplit(environment.url).netloc
        self.cookies: dict[str, str] = {}
        self.failures: list[str] = []

    def color(self) -> str:
        """The colour that answers a request; empty when it fails."""
        connection = http.client.HTTPConnection(self._at, timeout=5)
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        try:
            connection.request("GET", "/version", headers=sent if self.cookies else {})
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.failures.append(repr(error))
            return ""
        finally:
            connection.close()
        if answer.status != http.client.OK:
            self.failures.append(f"{answer.status} {body[:100]!r}")
            return ""
        for key, value in answer.getheaders():
            if key.lower() == "set-cookie":
                name, _, told = value.partition(";")[0].partition("=")
                self.cookies[name] = told
        return json.loads(body)["color"]


def canary(environment: Environment, weight: int) -> None:
    environment.project.set("slipway:canaryWeight", str(weight))
    environment.project.up()


def test_a_user_keeps_the_colour_that_he_was_given_until_it_has_no_traffic(traefik: Environment) -> None:
    """Given a canary of 25 % and users of both colours, then each keeps his over 200 requests, and is served on when it is aborted."""
    canary(traefik, 0)
    assert {Client(traefik).color() for _ in range(20)} == {"blue"}
    canary(traefik, 25)
    wait_for(lambda: Client(traefik).color() == "green", 20, "the canary to be served")
    users = [Client(traefik) for _ in range(80)]
    first = Counter(user.color() for user in users)
    assert 10 <= first["green"] <= 30, first
    kept = {color: next(user for user in users if user.color() == color) for color in ("blue", "green")}
    for color, user in kept.items():
        assert {user.color() for _ in range(REQUESTS)} == {color}
        assert [name.rsplit("-", 1)[0] for name in user.cookies] == [f"lane-{color}"]
    ended, seen = threading.Event(), list[str]()

    def go_on() -> None:
        while not ended.is_set():
            seen.append(kept["green"].color())

    going = threading.Thread(target=go_on)
    going.start()
    try:
        # Aborted by the command, which goes back as a failing gate does.
        run = slipway(traefik, "rollback")
        assert run.code == 0, run.output
        wait_for(lambda: seen[-1] == "blue", 10, "the canary's user to be served by blue")
    finally:
        ended.set()
        going.join()
    assert not kept["green"].failures
    assert [color for color, before in zip(seen[1:], seen, strict=False) if color != before] == ["blue"]
    traefik.project.pulumi("preview", "--expect-no-changes")


def test_its_share_is_kept_and_all_traffic_can_be_moved(traefik: Environment) -> None:
    """Given requests without cookies at a canary of 25 %, then a quarter goes there; a switch moves kept users too, and loses nothing."""
    canary(traefik, 25)
    user = Client(traefik)
    wait_for(lambda: user.color() == "blue", 10, "a user of blue")
    with load(f"{traefik.url}/version", rate=500, seconds=8) as traffic:
        pass
    assert not traffic.failed, traffic.failed[:5]
    share = sum(answer.color == "green" for answer in traffic.answers) / len(traffic.answers)
    assert share == pytest.approx(0.25, abs=0.02)
    with load(f"{traefik.url}/version", rate=300) as traffic:
        run = slipway(traefik, "switch", "green")
    assert run.code == 0, run.output
    assert not traffic.failed, traffic.failed[:5]
    traffic.moved_to("green")
    assert user.color() == "green"
    assert slipway(traefik, "switch", "blue").code == 0
    traefik.project.pulumi("preview", "--expect-no-changes")


def asked(environment: Environment, color: str) -> int:
    """How many requests the pods of a colour have counted; those that are on their way out are the release before."""
    pods = [
        pod
        for pod in environment.objects("pods")
        if pod["metadata"]["labels"].get("slipway/color") == color
        and "deletionTimestamp" not in pod["metadata"]
    ]
    paths = [
        f"/api/v1/namespaces/{environment.namespace}/pods/{pod['metadata']['name']}:3000/proxy/asked"
        for pod in pods
    ]
    return sum(int(environment.kubectl("get", "--raw", path)) for path in paths)


def at_rest(environment: Environment, color: str) -> int:
    """The same, when no copy is on its way any more: it leaves behind the answer that the user gets."""
    seen = [-1]

    def rests() -> bool:
        time.sleep(1)
        seen.append(asked(environment, color))
        return seen[-1] == seen[-2]

    wait_for(rests, 30, "copies to have arrived")
    return seen[-1]


def test_copies_reach_the_second_colour_and_its_failures_reach_nobody(
    traefik: Environment, tmp_path: Path
) -> None:
    """Given a green that answers 500 and copies of all requests to it, then it is asked each of them, and users get blue's answers."""
    project = traefik.project
    broken = with_program(tmp_path, traefik.image("blue"), "counting", COUNTING)
    project.set("slipway:greenImage", broken)
    project.set("slipway:mirrorPercent", "100")
    try:
        project.up()

        def copied() -> bool:
            assert Client(traefik).color() == "blue"
            return asked(traefik, "green") > 0

        wait_for(copied, 20, "copies to come")
        before = at_rest(traefik, "green")
        user = Client(traefik)
        assert {user.color() for _ in range(REQUESTS)} == {"blue"}
        assert not user.failures
        assert at_rest(traefik, "green") - before == REQUESTS
        with load(f"{traefik.url}/version", rate=100) as traffic:
            traefik.kubectl("delete", "pods", "--selector=slipway/color=green", "--wait=false")
        assert not traffic.failed, traffic.failed[:5]
    finally:
        project.set("slipway:greenImage", "build:v2")
        project.set("slipway:mirrorPercent", "0")
        project.up()
