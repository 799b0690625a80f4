"""`slipway status` and `slipway history`: what they say of what they find."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from slipway_ops import lease
from slipway_ops.api import Api
from slipway_ops.cli import main
from slipway_ops.lease import Doing, now
from slipway_ops.records import Records
from tests.support.api_server import LEASE, ROUTE, Answer, FakeApiServer, serve

FILE = """\
config:
  slipway:active: blue
  slipway:blueImage: chat:blue
  slipway:greenImage: chat:green
  slipway:app: {name: chat}
"""
QUERY = "/api/v1/namespaces/dev-monitoring/services/prometheus:9090/proxy/api/v1/query"


class Stack:
    def __init__(self, folder: Path, cluster: FakeApiServer) -> None:
        self.folder, self.cluster, self.file = folder, cluster, folder / "Pulumi.dev.yaml"
        (folder / "Pulumi.yaml").write_text("name: slipway\n")
        self.file.write_text(FILE)

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, [*arguments, "--cwd", str(self.folder), "--stack", "dev"])

    def status(self) -> dict[str, Any]:
        done = self.run("status", "--json")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def hold(self, doing: Doing, renewed: str) -> None:
        noted = {"slipway/doing": json.dumps(doing.__dict__)}
        spec = {"holderIdentity": doing.identity, "renewTime": renewed}
        self.cluster.put(LEASE, {"metadata": {"annotations": noted}, "spec": spec})


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    with serve() as cluster:
        (tmp_path / "kubeconfig").write_text(cluster.kubeconfig)
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
        monkeypatch.setenv("COLUMNS", "200")
        cluster.deployment("blue", 3)
        cluster.deployment("green", 1, 2)
        cluster.route(blue=100, green=0)
        yield Stack(tmp_path, cluster)


def test_all_is_well(stack: Stack) -> None:
    found = stack.status()
    assert found["colors"]["blue"] == {
        "image": "chat:blue",
        "weight": 100,
        "pods_ready": 3,
        "pods_wanted": 3,
        "requests_per_second": None,
        "error_ratio": None,
        "p50_seconds": None,
        "p99_seconds": None,
    }
    assert (found["colors"]["green"]["pods_ready"], found["colors"]["green"]["pods_wanted"]) == (1, 2)
    assert (found["in_progress"], found["findings"]) == (None, [])
    said = stack.run("status").output
    for word in (
        "chat in dev (blue-green)",
        "100 %",
        "3 of 3",
        "1 of 2",
        "chat:green",
        "in progress: nothing",
    ):
        assert word in said, said


def test_what_prometheus_measured(stack: Stack) -> None:
    stack.file.write_text(FILE + "  slipway:monitoring: {}\n")

    def series(name: str, color: str, value: str) -> dict[str, Any]:
        return {
            "metric": {"__name__": f"application_color:gateway_{name}", "color": color},
            "value": [1, value],
        }

    result = [
        series("requests:rate1m", "blue", "12.5"),
        series("errors:ratio_rate1m", "blue", "0.25"),
        series("latency_seconds:p50_1m", "blue", "0.002"),
        series("latency_seconds:p99_1m", "blue", "0.01"),
        series("latency_seconds:p99_1m", "green", "NaN"),
    ]
    stack.cluster.put(QUERY, {"data": {"result": result}})
    blue, green = stack.status()["colors"].values()
    assert (blue["requests_per_second"], blue["error_ratio"]) == (12.5, 0.25)
    assert (blue["p50_seconds"], blue["p99_seconds"]) == (0.002, 0.01)
    assert green["p99_seconds"] is None
    said = stack.run("status").output
    for word in ("12.5", "25.00 %", "2 ms", "10 ms"):
        assert word in said, said


SILENT: list[tuple[Answer, str]] = [((503, {}), "status 503"), ((200, {"data": {}}), "nonsense")]


@pytest.mark.parametrize(("answer", "told"), SILENT)
def test_a_prometheus_that_does_not_answer(stack: Stack, answer: Any, told: str) -> None:
    stack.file.write_text(FILE + "  slipway:monitoring: {}\n")
    stack.cluster.before = lambda _, path: answer if path == QUERY else None
    (finding,) = stack.status()["findings"]
    assert told in finding


def test_traffic_that_is_not_where_the_file_says(stack: Stack) -> None:
    stack.cluster.route(blue=0, green=100)
    (finding,) = stack.status()["findings"]
    assert "the traffic is green 100 %, Pulumi.dev.yaml says blue 100 %" in finding
    assert "`slipway switch green` makes the file agree" in finding


def test_traffic_on_a_colour_without_pods(stack: Stack) -> None:
    stack.cluster.deployment("blue", 0, 2)
    assert stack.status()["findings"] == ["blue carries traffic and has no ready pod: `slipway rollback`"]


def test_what_is_in_progress(stack: Stack) -> None:
    doing = Doing("switch", "blue", "green", who="ann", host="desk", pid=os.getpid())
    stack.hold(doing, lease._micro(now()))  # pyright: ignore[reportPrivateUsage]
    stack.cluster.route(blue=0, green=100)
    found = stack.status()
    assert found["in_progress"] == str(doing)
    assert "ann@desk" in found["in_progress"]
    assert found["findings"] == [], "what differs now is being worked on"


def test_what_a_dead_command_left(stack: Stack) -> None:
    stack.hold(Doing("switch", "blue", "green", pid=2**22 + 1), lease._micro(now()))  # pyright: ignore[reportPrivateUsage]
    found = stack.status()
    assert found["in_progress"] is None
    (finding,) = found["findings"]
    assert "`slipway switch green` finishes it, `slipway switch blue` undoes it" in finding
    assert finding in stack.run("status").output.replace("\n", "")


def test_an_application_that_is_not_there_is_told_to_programs(stack: Stack) -> None:
    """What the pipeline takes for an environment that is not up yet: an answer, not a silence."""
    del stack.cluster.objects[ROUTE]
    done = stack.run("status", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["absent"] is True
    stack.cluster.before = lambda _, __: (403, {"message": "no"})
    done = stack.run("status", "--json")
    assert done.exit_code == 1
    assert "absent" not in json.loads(done.stdout)


def test_status_changes_nothing(stack: Stack) -> None:
    stack.run("status")
    stack.run("history")
    assert {method for method, _, _ in stack.cluster.seen} == {"GET"}


def test_history(stack: Stack) -> None:
    assert "no release yet" in stack.run("history").output
    records = Records(Api(), "dev", "chat")
    for number in range(3):
        doing = Doing("switch", "blue", "green", who="ann", host="desk")
        record = records.begin(doing, f"chat:{number}", stack.folder, now())
        records.write(record.end("succeeded", traffic_moved=0.25))
    releases = json.loads(stack.run("history", "--json", "--limit", "2").stdout)["releases"]
    assert [release["number"] for release in releases] == [3, 2]
    assert releases[0]["image"] == "chat:2"
    said = stack.run("history").output
    for word in ("succeeded", "0.25 s", "ann@desk", "chat:2"):
        assert word in said, said


def test_history_stays_in_a_line_each(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    records = Records(Api(), "dev", "chat")
    image = "registry.example.com:5000/team/chat@sha256:" + "a3d2d3e8242d4c6b" * 4
    record = records.begin(Doing("rollback", "blue", "green"), image, stack.folder, now())
    records.write(record.end("interrupted"))
    said = stack.run("history").output
    assert len(said.splitlines()) == 3, said
    assert "chat@a3d2d3e8242d\n" in said.replace(" \n", "\n"), said
