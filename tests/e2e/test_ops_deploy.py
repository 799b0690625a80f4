"""One command takes an image into the idle colour and to all the traffic; one that cannot serve never gets any."""

from __future__ import annotations

import json
import subprocess

import yaml

from tests.support.environment import Environment
from tests.support.load import load
from tests.support.project import SLIPWAY


def slipway(environment: Environment, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [SLIPWAY, *arguments, "--stack", environment.project.stack]
    return subprocess.run(
        command, cwd=environment.project.folder, capture_output=True, text=True, check=False, timeout=400
    )


def test_an_image_to_all_the_traffic_and_back(environment: Environment) -> None:
    """Given load on blue, when an image is deployed and rolled back, then no request is lost and file and state agree."""
    before = environment.project.settings_file.read_text()
    image = environment.image("green")
    with load(f"{environment.url}/version", rate=200) as traffic:
        deployed = slipway(environment, "deploy", image)
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    assert "smoke test passed" in deployed.stdout
    assert not traffic.failed, traffic.failed[:5]
    assert environment.version()["color"] == "green"
    said = yaml.safe_load(environment.project.settings_file.read_text())["config"]
    assert (said["slipway:active"], said["slipway:greenImage"]) == ("green", image)
    environment.project.pulumi("preview", "--expect-no-changes")
    newest = json.loads(slipway(environment, "history", "--json").stdout)["releases"][0]
    assert (newest["command"], newest["result"], newest["image"]) == ("deploy", "succeeded", image)
    assert slipway(environment, "rollback").returncode == 0
    environment.project.settings_file.write_text(before)
    environment.project.up()
    assert environment.version()["color"] == "blue"


def test_an_image_that_is_not_there_is_undone(environment: Environment) -> None:
    """Given blue serving, when an image that does not exist is deployed, then its name is told and all is as it was."""
    before = environment.project.settings_file.read_text()
    with load(f"{environment.url}/version", rate=50) as traffic:
        done = slipway(environment, "deploy", "127.0.0.1:5000/slipway/chat:there-is-no-such-tag")
    assert done.returncode == 1
    assert "there-is-no-such-tag" in done.stderr
    assert "undone: blue serves as before" in done.stderr
    assert environment.project.settings_file.read_text() == before
    assert not traffic.failed, traffic.failed[:5]
    assert {answer.color for answer in traffic.answers} == {"blue"}
    environment.project.pulumi("preview", "--expect-no-changes")
