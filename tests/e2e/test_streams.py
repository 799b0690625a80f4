"""Answers that take half a minute are not cut: not by a switch, not by the way back, not by pods that are replaced under them."""

from __future__ import annotations

import json
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.command import slipway
from tests.support.environment import Environment

STREAMS, PIECES = 8, 31
MODEL = """
require("http").createServer((request, answer) => {
  answer.setHeader("content-type", "text/event-stream");
  let piece = 0;
  const say = () => {
    const delta = { choices: [{ index: 0, delta: { content: `piece ${piece} ` } }] };
    answer.write(`data: ${JSON.stringify(delta)}\\n\\n`);
    if (++piece < PIECES) return setTimeout(say, 1000);
    answer.end("data: [DONE]\\n\\n");
  };
  say();
}).listen(9000);
""".replace("PIECES", str(PIECES))


def model(image: str) -> list[dict[str, Any]]:
    """A model's server in the application's namespace: a word a second, for half a minute."""
    labels = {"app": "model"}
    container = {
        "name": "model",
        "image": image,
        "command": ["node", "-e", MODEL],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "readinessProbe": {"tcpSocket": {"port": 9000}, "periodSeconds": 1},
    }
    pod = {"metadata": {"name": "model", "labels": labels}, "spec": {"containers": [container]}}
    service = {"metadata": {"name": "model"}, "spec": {"selector": labels, "ports": [{"port": 9000}]}}
    return [
        {"apiVersion": "v1", "kind": "Pod", **pod},
        {"apiVersion": "v1", "kind": "Service", **service},
    ]


@pytest.fixture(scope="module")
def chat(environment: Environment) -> Iterator[Environment]:
    """The environment, whose application asks the slow model. Afterwards as it was before."""
    file = environment.project.settings_file
    before = file.read_text()
    objects = json.dumps({"apiVersion": "v1", "kind": "List", "items": model(environment.image("blue"))})
    subprocess.run(
        ["kubectl", "--namespace", environment.namespace, "apply", "--filename=-"],
        input=objects,
        check=True,
        capture_output=True,
        text=True,
    )
    environment.kubectl("wait", "--for=condition=Ready", "pod/model", "--timeout=60s")
    environment.project.pulumi(
        "config", "set", "--path", "slipway:app.env.BASE_URL", f"http://model.{environment.namespace}:9000"
    )
    environment.project.up()
    yield environment
    file.write_text(before)
    environment.project.up()
    environment.kubectl("delete", "pod/model", "service/model", "--wait=false")


class Streams:
    """Questions asked at once, each answered piece by piece."""

    def __init__(self, environment: Environment) -> None:
        self.answers: list[str] = []
        self._url = f"{environment.url}/api/chat"
        self._threads = [threading.Thread(target=self._ask) for _ in range(STREAMS)]
        for thread in self._threads:
            thread.start()
        time.sleep(2)

    def _ask(self) -> None:
        body = json.dumps({"messages": [{"role": "user", "content": "tell me"}]}).encode()
        request = urllib.request.Request(self._url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            self.answers.append(answer.read().decode())

    def assert_whole(self) -> None:
        """Every one has come to its end, with every piece."""
        for thread in self._threads:
            thread.join()
        assert len(self.answers) == STREAMS
        for answer in self.answers:
            assert answer.count("piece ") == PIECES
            assert answer.rstrip().endswith("[DONE]")


def test_a_switch_and_the_way_back_cut_no_answer(chat: Environment) -> None:
    """Given half-minute answers on blue, when traffic goes to green and back, then each is whole, and so are those begun on green."""
    begun_on_blue = Streams(chat)
    assert slipway(chat, "switch", "green").code == 0
    begun_on_green = Streams(chat)
    assert slipway(chat, "rollback").code == 0
    begun_on_blue.assert_whole()
    begun_on_green.assert_whole()


def test_pods_that_are_replaced_finish_their_answers(chat: Environment) -> None:
    """Given half-minute answers on blue, when blue's pods are rolled, then each answer is whole."""
    streams = Streams(chat)
    chat.project.pulumi("config", "set", "--path", "slipway:app.env.MODEL", "another")
    chat.project.up()
    streams.assert_whole()
