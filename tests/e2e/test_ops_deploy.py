"""One command takes an image into the idle colour and to all the traffic; one that cannot serve never gets any."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Generator
from contextlib import contextmanager

import yaml

from tests.support.command import ended
from tests.support.environment import Environment, wait_for
from tests.support.load import load
from tests.support.project import SLIPWAY


@contextmanager
def paused_at_a_fifth(environment: Environment, image: str) -> Generator[subprocess.Popen[str]]:
    """`slipway deploy` from another terminal, waiting with 20 % of the traffic for somebody; ended when the block is."""
    command = [SLIPWAY, "deploy", image, "--steps", "20,pause,100", "--stack", environment.project.stack]
    process = subprocess.Popen(
        command, cwd=environment.project.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        wait_for(lambda: asked(environment) == "pause", 120, "the deployment to pause")
        yield process
    finally:
        process.kill()
        process.communicate()


def asked(environment: Environment) -> str:
    """The course that stands on the lock of releases."""
    noted = environment.kubectl(
        "get",
        "lease",
        "chat-release",
        "--ignore-not-found",
        "--output=jsonpath={.metadata.annotations.slipway/asked}",
    )
    return json.loads(noted or "{}").get("course", "")


def test_an_image_to_all_the_traffic_and_back(environment: Environment) -> None:
    """Given load on blue, when an image is deployed and rolled back, then no request is lost and file and state agree."""
    before = environment.project.settings_file.read_text()
    image = environment.image("green")
    with load(f"{environment.url}/version", rate=200) as traffic:
        deployed = ended(environment, "deploy", image)
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    assert "smoke test passed" in deployed.stdout
    assert not traffic.failed, traffic.failed[:5]
    assert environment.version()["color"] == "green"
    said = yaml.safe_load(environment.project.settings_file.read_text())["config"]
    assert (said["slipway:active"], said["slipway:greenImage"]) == ("green", image)
    environment.project.pulumi("preview", "--expect-no-changes")
    newest = json.loads(ended(environment, "history", "--json").stdout)["releases"][0]
    assert (newest["command"], newest["result"], newest["image"]) == ("deploy", "succeeded", image)
    assert ended(environment, "rollback").returncode == 0
    environment.project.settings_file.write_text(before)
    environment.project.up()
    assert environment.version()["color"] == "blue"


def test_an_image_that_is_not_there_is_undone(environment: Environment) -> None:
    """Given blue serving, when an image that does not exist is deployed, then its name is told and all is as it was."""
    before = environment.project.settings_file.read_text()
    with load(f"{environment.url}/version", rate=50) as traffic:
        done = ended(environment, "deploy", "127.0.0.1:5000/slipway/chat:there-is-no-such-tag")
    assert done.returncode == 1
    assert "there-is-no-such-tag" in done.stderr
    assert "undone: blue serves as before" in done.stderr
    assert environment.project.settings_file.read_text() == before
    assert not traffic.failed, traffic.failed[:5]
    assert {answer.color for answer in traffic.answers} == {"blue"}
    environment.project.pulumi("preview", "--expect-no-changes")


def test_paused_then_aborted_or_promoted(environment: Environment) -> None:
    """Given a canary that waits at 20 %, when it is aborted, all goes back; when it is promoted, all goes on; no request is lost."""
    before = environment.project.settings_file.read_text()
    canary = before.replace("strategy: blue-green", "strategy: canary")
    environment.project.settings_file.write_text(canary)
    image = environment.image("green")
    with load(f"{environment.url}/version", rate=100) as traffic:
        with paused_at_a_fifth(environment, image) as deploying:
            assert environment.weights() == {"chat-blue": 80, "chat-green": 20}
            assert "already" in ended(environment, "pause").stdout
            assert ended(environment, "abort").returncode == 0
            output, _ = deploying.communicate(timeout=60)
        assert deploying.returncode == 1, output
        assert "undone: blue serves as before" in output
        assert environment.weights() == {"chat-blue": 100, "chat-green": 0}
        with paused_at_a_fifth(environment, image) as deploying:
            assert ended(environment, "promote").returncode == 0
            output, _ = deploying.communicate(timeout=60)
        assert deploying.returncode == 0, output
    assert not traffic.failed, traffic.failed[:5]
    assert environment.version()["color"] == "green"
    said = json.loads(ended(environment, "history", "--json").stdout)
    assert [one["result"] for one in said["releases"][:2]] == ["succeeded", "aborted"]
    assert said["figures"]["failed"] >= 1
    assert "nothing is in progress" in ended(environment, "abort").stderr
    assert ended(environment, "rollback").returncode == 0
    environment.project.settings_file.write_text(before)
    environment.project.up()
    assert environment.version()["color"] == "blue"
