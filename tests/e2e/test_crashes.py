"""What goes wrong beside the application: programs that are killed, states that are lost, an API that refuses, pods that vanish.

Users notice none of it, the cause is told, and the next command goes on from there. It does not prove that a cluster loses a node:
there is one; its pods are taken away as a lost node takes them.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import pytest

from tests.support import crashes
from tests.support.command import slipway, start
from tests.support.environment import Environment, wait_for
from tests.support.load import load
from tests.support.websocket import Listener

RATE = 100
MISSING = "127.0.0.1:5000/slipway/chat:there-is-no-such-tag"


@pytest.fixture(autouse=True)
def on_blue(environment: Environment) -> Iterator[None]:
    """Each test begins on blue, and leaves the environment as the other tests expect it."""
    before = environment.project.settings_file.read_text()
    assert environment.version()["color"] == "blue"
    yield
    if environment.project.settings_file.read_text() != before:
        environment.project.settings_file.write_text(before)
        environment.project.up()
    assert environment.version()["color"] == "blue"


def goes_on(environment: Environment, color: str) -> str:
    """The next switch ends well; what it said."""
    run = slipway(environment, "switch", color)
    assert run.code == 0, run.output
    assert environment.version()["color"] == color
    return run.output


def assert_nothing_left(environment: Environment) -> None:
    """Program, state and cluster agree."""
    environment.project.pulumi("preview", "--expect-no-changes")


def test_programs_that_are_killed(environment: Environment) -> None:
    """Given a flip by `pulumi up`, when its Kubernetes provider is killed in the middle, then it fails, and the next command goes on;
    given a switch, when its pulumi is killed, then that is told, and the next one removes its lock on the state.
    """
    with load(f"{environment.url}/version", rate=RATE) as traffic:
        environment.project.set("slipway:active", "green")
        process = environment.project.start("up", "--yes", "--skip-preview")
        provider = "pulumi-resource-kubernetes"
        wait_for(lambda: crashes.descendant(process.pid, provider), 30, "the provider to start")
        crashes.kill(process.pid, provider)
        output, _ = process.communicate(timeout=120)
        assert process.returncode != 0, output
        goes_on(environment, "green")

        process = start(environment, "switch", "blue")
        crashes.wait_for_its_lock(environment)
        crashes.kill(process.pid, "pulumi")
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 1, output
        assert "the traffic is on blue, and the stack's file says so" in output
        assert "left its lock on the state: removed" in goes_on(environment, "blue")
    assert not traffic.failed, traffic.failed[:5]
    assert_nothing_left(environment)


def test_ctrl_c(environment: Environment) -> None:
    """Given a switch, when Ctrl-C is pressed once, and then twice, behind the move, then all programs end, and the next goes on."""
    with load(f"{environment.url}/version", rate=RATE) as traffic:
        for color, times in {"green": 1, "blue": 2}.items():
            process = start(environment, "switch", color)
            crashes.wait_for_its_lock(environment)
            for _ in range(times):
                os.killpg(process.pid, signal.SIGINT)
                time.sleep(0.2)
            output, _ = process.communicate(timeout=60)
            assert "stopping: pulumi ends the step that it is at" in output
            goes_on(environment, color)
    assert not traffic.failed, traffic.failed[:5]
    assert_nothing_left(environment)


def test_two_bad_releases_and_two_updates_at_once(environment: Environment) -> None:
    """Given an update whose image cannot be pulled, when another begins meanwhile, then that one is told who works; and a second bad
    image after the first is named as it is, while blue serves on.
    """
    with load(f"{environment.url}/version", rate=RATE) as traffic:
        environment.project.set("slipway:greenImage", MISSING)
        first = environment.project.start("up", "--yes", "--skip-preview")
        crashes.wait_for_its_lock(environment)
        second = environment.project.up(check=False)
        assert second.code != 0
        assert "is currently locked by" in second.output, second.output
        assert f"pid {first.pid}" in second.output, second.output
        output, _ = first.communicate(timeout=120)
        assert first.returncode != 0
        assert "there-is-no-such-tag" in output

        environment.project.set("slipway:greenImage", f"{MISSING}-either")
        again = environment.project.up(check=False)
        assert again.code != 0
        assert "there-is-no-such-tag-either" in again.output
    assert not traffic.failed, traffic.failed[:5]
    assert {answer.color for answer in traffic.answers} == {"blue"}


def test_an_immutable_field(environment: Environment) -> None:
    """Given a Deployment of green that somebody made anew with another selector, when it is to change, then `up` says that it cannot,
    blue serves on, and without it the next `up` makes it as it should be.
    """
    found = json.loads(
        environment.kubectl("get", "deployment/chat-green", "--output=json", "--show-managed-fields")
    )
    environment.kubectl("delete", "deployment/chat-green", "--wait=true")
    mine = {"by": "hand"}
    found["spec"]["selector"]["matchLabels"] |= mine
    found["spec"]["template"]["metadata"]["labels"] |= mine
    (owner,) = {one["manager"] for one in found["metadata"]["managedFields"] if one["operation"] == "Apply"}
    found["metadata"] = {key: found["metadata"][key] for key in ("name", "labels", "annotations")}
    apply = ["apply", "--server-side", f"--field-manager={owner}", "--filename=-"]
    subprocess.run(
        ["kubectl", "--namespace", environment.namespace, *apply],
        input=json.dumps({key: found[key] for key in ("apiVersion", "kind", "metadata", "spec")}),
        check=True,
        capture_output=True,
        text=True,
    )
    environment.project.set("slipway:greenImage", environment.image("blue"))
    with load(f"{environment.url}/version", rate=RATE) as traffic:
        run = environment.project.up(check=False)
        assert run.code != 0
        assert "immutable" in run.output, run.output
        environment.kubectl("delete", "deployment/chat-green", "--wait=true")
        environment.project.pulumi("up", "--yes", "--skip-preview", "--refresh")
    assert not traffic.failed, traffic.failed[:5]
    assert {answer.color for answer in traffic.answers} == {"blue"}
    assert json.loads(environment.kubectl("get", "deployment/chat-green", "--output=json"))["spec"][
        "selector"
    ] != {"matchLabels": found["spec"]["selector"]["matchLabels"]}


STATES = {
    "incorrect passphrase": crashes.wrong_passphrase,
    "no stack named": crashes.lost_state,
    "unexpected end of JSON": crashes.state_cut_short,
    "no space left on device": crashes.full_disk,
}


def test_a_state_that_cannot_be_used(environment: Environment, tmp_path: Path) -> None:
    """Given a state that is sealed otherwise, lost, cut short or on a full disk, when traffic is switched, then it moves all the same,
    the cause is told, and with the state back the same command goes on.
    """
    colors = cycle(("green", "blue"))
    with load(f"{environment.url}/version", rate=RATE) as traffic:
        for told, fault in STATES.items():
            color = next(colors)
            folder = tmp_path / fault.__name__
            folder.mkdir()
            with fault(environment, folder) as variables:
                run = slipway(environment, "switch", color, **variables)
            assert run.code == 1, run.output
            assert told in run.output, run.output
            assert f"the traffic is on {color}, and the stack's file says so" in run.output
            assert environment.version()["color"] == color
            goes_on(environment, color)
    assert not traffic.failed, traffic.failed[:5]
    assert_nothing_left(environment)


def test_an_unreachable_cluster_is_not_taken_for_an_empty_one(
    environment: Environment, tmp_path: Path
) -> None:
    """Given a kubeconfig that leads nowhere, when a release is brought up by it, then that fails; and with the right one nothing of
    what was there is made anew, deleted or lost.
    """

    def made() -> dict[str, str]:
        return {one["metadata"]["name"]: one["metadata"]["uid"] for one in environment.objects("deployments")}

    before = made()
    with load(f"{environment.url}/version", rate=RATE) as traffic:
        environment.project.set("slipway:active", "green")
        with crashes.no_cluster(environment, tmp_path) as variables, pytest.MonkeyPatch.context() as patch:
            patch.setenv("KUBECONFIG", variables["KUBECONFIG"])
            run = environment.project.up(check=False)
        assert run.code != 0, run.output
        run = environment.project.up()
        rows = [row for row in run.output.splitlines() if "kubernetes:" in row and "-autoscaler" not in row]
        assert not [row for row in rows if {"deleted", "replaced", "created"} & {*row.split()}], run.output
    assert not traffic.failed, traffic.failed[:5]
    assert made() == before
    environment.project.pulumi("preview", "--expect-no-changes", "--refresh")


def test_pods_that_are_lost_during_a_switch(environment: Environment) -> None:
    """Given a switch to green, when all but one of green's pods and one of blue's are gone at that moment, then it waits for pods, and
    no request is lost.
    """
    with load(f"{environment.url}/version", rate=RATE) as traffic:
        process = start(environment, "switch", "green")
        for color in ("green", "blue"):
            labels = f"--selector=slipway/color={color}"
            (first, *_) = environment.kubectl("get", "pods", labels, "--output=name").split()
            environment.kubectl("delete", first, "--grace-period=0", "--force", "--wait=false")
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0, output
    assert not traffic.failed, traffic.failed[:5]


SERVER = """
const { createHash } = require("crypto");
process.on("SIGTERM", () => console.log("no"));
const { COLOR: color, WORD: word } = process.env;
const server = require("http").createServer((_, answer) => answer.end(JSON.stringify({ color, word })));
server.on("upgrade", (request, socket) => {
  const key = request.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  const accept = createHash("sha1").update(key).digest("base64");
  const head = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Accept: ${accept}`];
  socket.write(head.join("\\r\\n") + "\\r\\n\\r\\n");
  const text = Buffer.from(color);
  const saying = setInterval(() => socket.write(Buffer.concat([Buffer.from([0x81, text.length]), text])), 200);
  socket.on("close", () => clearInterval(saying)).on("error", () => clearInterval(saying));
});
server.listen(3000);
"""


@pytest.fixture
def stubborn(environment: Environment, tmp_path: Path) -> str:
    """A server with WebSockets that ignores SIGTERM."""
    reference = "127.0.0.1:5000/slipway/stubborn:1"
    (tmp_path / "server.js").write_text(SERVER)
    (tmp_path / "Dockerfile").write_text(
        f'FROM {environment.image("blue")}\nCOPY server.js /\nENTRYPOINT []\nCMD ["node", "/server.js"]\n'
    )
    for command in (["build", "--quiet", "--tag", reference, str(tmp_path)], ["push", "--quiet", reference]):
        subprocess.run(["docker", *command], check=True, capture_output=True)
    return reference


def test_a_websocket_and_a_secret_under_an_application_that_ignores_sigterm(
    environment: Environment, stubborn: str
) -> None:
    """Given a WebSocket on green, when traffic goes away and comes back, then it stays open; and when a secret is changed without the
    image, then green's pods are replaced, though they ignore SIGTERM, and no request is lost.
    """
    deployed = slipway(environment, "deploy", stubborn)
    assert deployed.code == 0, deployed.output
    listener = Listener(f"{environment.url}/socket")
    with load(f"{environment.url}/version", rate=RATE) as traffic:
        for color in ("blue", "green"):
            assert slipway(environment, "switch", color).code == 0
        time.sleep(1)
        assert listener.closed is None
        assert {text for _, text in listener.heard} == {"green"}
        assert time.time() - listener.heard[-1][0] < 1, "it still hears"

        old = environment.kubectl("get", "pods", "--selector=slipway/color=green", "--output=name").split()
        environment.project.pulumi("config", "set", "--secret", "--path", "slipway:secrets.WORD", "changed")
        environment.project.up()
        assert environment.version() == {"color": "green", "word": "changed"}
        assert environment.image("green").startswith(stubborn.partition(":1")[0])
        wait_for(
            lambda: not {*old} & {*environment.kubectl("get", "pods", "--output=name").split()},
            90,
            "the old pods to be killed",
        )
        wait_for(lambda: listener.closed is not None, 10, "the socket of a pod that is gone to close")
    assert not traffic.failed, traffic.failed[:5]
    listener.close()
    assert slipway(environment, "switch", "blue").code == 0
