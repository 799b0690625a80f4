"""The command moves traffic before anything else, loses nothing, and leaves file, record and state in agreement."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.command import slipway, start
from tests.support.environment import Environment, wait_for
from tests.support.load import Load, load
from tests.support.project import SLIPWAY, Run

pytestmark = pytest.mark.alone


def status(environment: Environment) -> dict[str, Any]:
    return json.loads(slipway(environment, "status", "--json").output)


def releases(environment: Environment) -> list[dict[str, Any]]:
    return json.loads(slipway(environment, "history", "--json").output)["releases"]


def assert_agreed(environment: Environment, color: str) -> None:
    """Traffic, file and state all say this colour, and nothing is left to tell."""
    assert environment.version()["color"] == color
    assert environment.weights()[f"chat-{color}"] == 100
    assert f"slipway:active: {color}" in environment.project.settings_file.read_text()
    environment.project.pulumi("preview", "--expect-no-changes")
    found = status(environment)
    assert (found["in_progress"], found["findings"]) == (None, [])


def moved(traffic: Load, color: str, run: Run) -> float:
    """Seconds from the command's start until all traffic was on the colour."""
    assert not traffic.failed, traffic.failed[:5]
    return traffic.moved_to(color) - run.started


def written(run: Run) -> float:
    """Seconds from the command's start until it had written the route, by its own clock."""
    told = re.search(r"([\d.]+) s  traffic moved", run.output)
    assert told, run.output
    return float(told[1])


@pytest.fixture(autouse=True)
def on_blue(environment: Environment) -> Iterator[None]:
    """Each test begins on blue, and leaves the environment as the other tests expect it."""
    assert environment.version()["color"] == "blue"
    yield
    if environment.version()["color"] != "blue":
        environment.release("blue")


def test_switch_and_rollback_lose_nothing_and_leave_nothing_to_do(environment: Environment) -> None:
    """Given load on blue, when traffic is switched and rolled back, then it moves first of all and `pulumi preview` is clean."""
    for arguments, color in ((("switch", "green"), "green"), (("rollback",), "blue")):
        with load(f"{environment.url}/version", rate=500) as traffic:
            run = slipway(environment, *arguments)
        assert run.code == 0, run.output
        # The route is written before anything else, and the gateway has followed before the command ends.
        assert written(run) < 1, run.output
        assert moved(traffic, color, run) < run.seconds, run.output
        assert_agreed(environment, color)
    newest, before = releases(environment)[:2]
    assert [(one["command"], one["target"], one["result"]) for one in (before, newest)] == [
        ("switch", "green", "succeeded"),
        ("rollback", "blue", "succeeded"),
    ]


def test_a_colour_without_pods_gets_them_first(environment: Environment) -> None:
    """Given green without a single pod, when traffic is switched, then it waits for green's pods and no request is lost."""
    environment.kubectl("delete", "hpa", "--selector=slipway/color=green")
    environment.kubectl("scale", "deployment/chat-green", "--replicas=0")
    wait_for(lambda: environment.pods("green") == 0, 60, "green's pods to go")
    environment.project.pulumi("refresh", "--yes", "--skip-preview")
    with load(f"{environment.url}/version", rate=200) as traffic:
        run = slipway(environment, "switch", "green")
    assert run.code == 0, run.output
    assert "green needs 2 ready pods" in run.output
    moved(traffic, "green", run)
    assert slipway(environment, "rollback").code == 0
    assert_agreed(environment, "blue")


@pytest.mark.parametrize("after", [0.1, 0.35, 1.5])
def test_a_killed_switch_is_told_and_finished(environment: Environment, after: float) -> None:
    """Given load, when the command is killed this far into a switch, then no request fails, and the next one says so and finishes."""
    with load(f"{environment.url}/version", rate=200) as traffic:
        process = start(environment, "switch", "green")
        time.sleep(after)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        run = slipway(environment, "switch", "green")
    assert run.code == 0, run.output
    assert not traffic.failed, traffic.failed[:5]
    assert_agreed(environment, "green")
    assert releases(environment)[0]["result"] == "succeeded"
    assert "running" not in {one["result"] for one in releases(environment)}


def test_one_of_two_at_once_is_told_who_holds_the_lock(environment: Environment) -> None:
    """Given a switch under way, when another is asked for, then that one changes nothing and names the first."""
    first = start(environment, "switch", "green")
    wait_for(lambda: environment.weights()["chat-green"] == 100, 30, "the first to move the traffic")
    second = slipway(environment, "switch")
    output, _ = first.communicate(timeout=300)
    assert first.returncode == 0, output
    assert second.code == 1, second.output
    assert f"(process {first.pid})" in second.output
    assert "holds the lock of this application; nothing was changed" in second.output
    assert_agreed(environment, "green")


def test_a_hand_edit_of_the_live_route_is_told_and_mended(environment: Environment) -> None:
    """Given traffic that somebody moved by kubectl, when asked for, then status tells it and a switch makes all agree."""
    patch = [
        {"op": "replace", "path": f"/spec/rules/0/backendRefs/{place}/weight", "value": weight}
        for place, weight in enumerate((0, 100))
    ]
    environment.kubectl("patch", "httproute", "chat", "--type=json", f"--patch={json.dumps(patch)}")
    (finding,) = status(environment)["findings"]
    assert "`slipway switch green` makes the file agree" in finding
    assert slipway(environment, "switch", "blue").code == 0
    assert_agreed(environment, "blue")


def test_a_cluster_that_is_not_there(environment: Environment) -> None:
    """Given a kubeconfig that leads nowhere, when a rollback is asked for, then it says so and changes nothing."""
    before = environment.project.settings_file.read_text()
    command = [SLIPWAY, "rollback", "--stack", environment.project.stack]
    nowhere = environment.project.folder / "nowhere"
    nowhere.write_text(
        '{"current-context": "x", "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],'
        ' "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],'
        ' "users": [{"name": "u", "user": {"token": "t"}}]}'
    )
    done = subprocess.run(
        command,
        cwd=environment.project.folder,
        env={**os.environ, "KUBECONFIG": str(nowhere)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "https://127.0.0.1:1" in done.stderr
    assert "does not answer" in done.stderr
    assert environment.project.settings_file.read_text() == before
