"""`slipway local up` without root: a simulated node, nothing that an ordinary user may not do, and words that promise no traffic.

That pods become ready and an environment comes up on it: tests/engine/test_simulated.py.
"""

import os
import signal
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from slipway_local import (
    addons,
    base_image,
    cgroups,
    cli,
    cluster,
    doctor,
    host,
    node,
    packages,
    pki,
    platform,
    processes,
    programs,
    runtime,
    simulation,
    supervisor,
    toolchain,
)
from slipway_local.api import UnansweredError
from slipway_local.cluster import NO_TRAFFIC, Cluster, Kind
from slipway_local.environment import environment
from slipway_local.paths import paths
from slipway_local.ports import KUBELET, KUBELET_HEALTH, REGISTRY, SIMULATION_PORTS
from slipway_local.supervisor import Process
from tests.support.supervised import PID, ready_at_once

PARTS = [
    "emulator",
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kwok",
]


def nothing(*_: object, **__: object) -> None:
    """What has no part in this."""


def never(*_: object, **__: object) -> Any:
    raise AssertionError("an ordinary user may not do this")


@pytest.fixture(autouse=True)
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """An ordinary user, for whom whatever takes root is an error."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    paths.cache_clear()
    for module, name in (
        (base_image, "is_missing"),
        (host, "prepare"),
        (host, "restore"),
        (node, "node"),
        (packages, "missing_packages"),
        (doctor, "missing_packages"),
        (platform, "load_balancer"),
        *((cgroups, name) for name in ("prepare", "enter", "members", "kill_all", "is_ours", "remove")),
    ):
        monkeypatch.setattr(module, name, never)
    yield
    paths.cache_clear()


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the supervisor is given to run, all of it ready at once on a cluster that has its add-ons."""

    def program(name: str) -> Path:
        return tmp_path / name

    def applied(kind: Kind) -> bool:
        return kind is Kind.SIMULATED

    monkeypatch.setattr(toolchain, "ensure", nothing)
    monkeypatch.setattr(toolchain, "program", program)
    monkeypatch.setattr(toolchain, "bin_dirs", list)
    monkeypatch.setattr(runtime.PythonEnvironment, "is_installed", lambda _: True)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    monkeypatch.setattr(runtime, "aws_command", lambda: tmp_path)
    monkeypatch.setattr(addons, "are_applied", applied)
    monkeypatch.setattr(simulation, "node_ready", nothing)
    monkeypatch.setattr("slipway_local.pruning.prune", list)
    monkeypatch.setattr("slipway_local.environment.connects", nothing)
    return ready_at_once(monkeypatch)


def test_what_needs_root_is_left_out(started: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    platform.up(extras=True)
    assert sorted(started) == PARTS
    assert cluster.recorded() == Cluster(Kind.SIMULATED, str(paths().kubeconfig))
    assert NO_TRAFFIC in capsys.readouterr().err


@pytest.mark.usefixtures("started")
def test_status_says_that_no_traffic_flows() -> None:
    platform.up()
    told = CliRunner().invoke(cli.local, ["status"])
    assert told.exit_code == 0
    assert told.output.splitlines()[-1] == NO_TRAFFIC
    assert [line.split()[:3] for line in told.output.splitlines() if line.startswith("simulated")] == [
        ["simulated-node", "running", "ready"]
    ]


def test_status_of_nothing_promises_nothing() -> None:
    told = CliRunner().invoke(cli.local, ["status"])
    assert "not brought up" in told.output
    assert NO_TRAFFIC not in told.output


@pytest.mark.usefixtures("started")
def test_commands_know_the_kind_and_get_no_docker() -> None:
    platform.up()
    given = environment()
    assert given["SLIPWAY_LOCAL_CLUSTER"] == "simulated"
    assert given["KUBECONFIG"] == str(paths().kubeconfig)
    assert "DOCKER_HOST" not in given


@pytest.mark.usefixtures("started")
def test_down_ends_the_supervisor_first_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    platform.up()
    killed: list[tuple[int, int]] = []

    def kill(pid: int, sent: int) -> None:
        if sent:
            killed.append((pid, sent))
        if pid == PID or not sent:
            raise ProcessLookupError  # it ended with the supervisor

    monkeypatch.setattr(os, "kill", kill)
    monkeypatch.setattr(supervisor, "family", lambda: [3, PID])
    platform.down()
    assert killed == [(3, signal.SIGKILL), (PID, signal.SIGKILL)]
    assert not paths().platform.exists()


def test_the_processes_are_those_of_the_supervisor(monkeypatch: pytest.MonkeyPatch) -> None:
    assert processes.members() == []

    class Called:
        def getPID(self) -> int:  # noqa: N802 (the supervisor's own name)
            return 3

    monkeypatch.setattr(supervisor, "is_running", lambda: True)
    monkeypatch.setattr(supervisor, "_call", Called)
    monkeypatch.setattr(
        supervisor,
        "processes",
        lambda: {"etcd": Process("RUNNING", 7, None, ""), "kwok": Process("BACKOFF", None, None, "")},
    )
    assert processes.members() == [3, 7]


def test_the_doctor_tells_the_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain, "missing", lambda _: [])  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    asked: list[set[int]] = []

    def ports(wanted: dict[int, str]) -> list[doctor.Finding]:
        asked.append({*wanted})
        return []

    monkeypatch.setattr(doctor, "_ports", ports)
    found = {finding.name: finding for finding in doctor.examine()}
    assert found["cluster"].found == "a simulated node, to which no traffic flows"
    assert (found["root"].ok, found["root"].found) == (
        True,
        "user id 1000: enough for a simulated node; root gets a real one",
    )
    assert not found.keys() & {"packages", "npm"}
    assert asked == [{*SIMULATION_PORTS}]
    assert KUBELET_HEALTH in asked[0]
    assert not asked[0] & {KUBELET, REGISTRY}


def test_a_cluster_of_ones_own_needs_root_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "kubeconfig"
    own.touch()
    monkeypatch.setenv("KUBECONFIG", str(own))
    monkeypatch.setattr(toolchain, "missing", lambda _: [])  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    monkeypatch.setattr(doctor, "missing_packages", list)
    monkeypatch.setattr(doctor, "_npm_is_needed", nothing)
    monkeypatch.setattr(doctor, "_ports", lambda _: [])  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    (root,) = (finding for finding in doctor.examine() if finding.name == "root")
    assert not root.ok


def test_programs_of_a_real_node_are_not_built_for_a_simulated_one() -> None:
    simulated, real = (set(toolchain.names(kind, extras=False)) for kind in (Kind.SIMULATED, Kind.NODE))
    assert simulated - real == {"kwok"}
    assert real - simulated == {"coredns", "metrics-server", "pause", "pulumi-resource-docker", "traefik"}
    kinds = {*Kind}
    assert all({*program.clusters} <= kinds for program in programs.table().values())


def test_kwok_answers_on_loopback_and_knows_its_node(
    started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pki.ensure()
    part = simulation.kwok()
    assert {"--manage-single-node=slipway", f"--server-address=127.0.0.1:{KUBELET_HEALTH}"} <= {*part.command}
    assert part.after == ("kube-apiserver",)


@pytest.mark.parametrize(
    ("node", "lacks"),
    [
        ({"status": {"conditions": [{"type": "Ready", "status": "True"}]}}, None),
        ({"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}, "the node is not Ready"),
        ({}, "the node is not Ready"),
        (None, "does not answer"),
    ],
)
def test_the_node_is_ready_when_it_says_so(
    node: dict[str, Any] | None, lacks: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(_: str) -> dict[str, Any]:
        if node is None:
            raise UnansweredError("does not answer")
        return node

    monkeypatch.setattr(simulation, "get_object", answer)
    assert simulation.node_ready() == lacks
    assert addons.missing_addons(Kind.SIMULATED) == ({"simulated-node": lacks} if lacks else {})
