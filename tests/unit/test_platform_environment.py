"""Which cluster `up` chooses, and the Pulumi locks that `exec` clears."""

import json
import os
import socket
from collections.abc import Generator
from pathlib import Path

import pytest

from slipway_local import cluster
from slipway_local.cluster import Kind
from slipway_local.environment import environment, remember_programs
from slipway_local.listeners import listeners
from slipway_local.paths import paths
from slipway_local.pulumi_locks import clear_stale_locks
from slipway_local.templates import rendered


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    paths.cache_clear()
    paths().platform.mkdir(parents=True)
    yield
    paths.cache_clear()


def lock(name: str, hostname: str, pid: int) -> Path:
    file = paths().state / ".pulumi/locks/organization/slipway" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(
        json.dumps(
            {"pid": pid, "username": "root", "hostname": hostname, "timestamp": "2026-01-01T00:00:00Z"}
        )
    )
    return file


def test_a_kubeconfig_of_the_users_own_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "kubeconfig"
    own.touch()
    monkeypatch.setenv("KUBECONFIG", str(own))
    assert cluster.choose() == cluster.Cluster(Kind.NAMED, str(own))


def test_a_kubeconfig_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/nowhere/config")
    with pytest.raises(RuntimeError, match="KUBECONFIG names /nowhere/config, which does not exist"):
        cluster.choose()


def test_the_platforms_own_kubeconfig_is_not_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(paths().kubeconfig))
    assert cluster.choose().kind is Kind.NODE


def test_a_platform_that_is_up_does_not_turn_into_the_other_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.record(cluster.choose())
    own = tmp_path / "kubeconfig"
    own.touch()
    monkeypatch.setenv("KUBECONFIG", str(own))
    with pytest.raises(RuntimeError, match=r"brought up with a node here.*run `slipway local down` first"):
        cluster.choose()


@pytest.mark.parametrize(("system", "user"), [("Linux", 1000), ("Darwin", 0)])
def test_without_linux_or_root_the_node_is_simulated(
    system: str, user: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr("platform.system", lambda: system)
    assert cluster.choose().kind is Kind.SIMULATED
    assert cluster.is_simulated()


def test_a_node_that_is_up_does_not_turn_into_a_simulated_one(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster.record(cluster.choose())
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert not cluster.is_simulated()
    with pytest.raises(RuntimeError, match=r"with a node here.*now asks for a simulated node"):
        cluster.choose()


def test_the_choice_is_remembered() -> None:
    assert cluster.recorded() is None
    cluster.record(cluster.choose())
    assert cluster.recorded() == cluster.choose()


def test_clears_only_the_locks_of_processes_that_are_gone_from_this_machine() -> None:
    stale = lock("stale.json", socket.gethostname(), 4_000_000)
    reused = lock("reused.json", socket.gethostname(), os.getpid())
    elsewhere = lock("elsewhere.json", "another-machine", 4_000_000)
    assert len(clear_stale_locks()) == 2
    assert not stale.exists()
    assert not reused.exists()
    assert elsewhere.exists()


def test_a_lock_that_cannot_be_read_is_told_and_left() -> None:
    broken = lock("broken.json", socket.gethostname(), 4_000_000)
    broken.write_text('{"pid": 12')
    (told,) = clear_stale_locks()
    assert f"the lock {broken} cannot be read and is left" in told
    assert broken.exists()


def test_where_nobody_says_what_runs_no_lock_is_cleared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = lock("kept.json", socket.gethostname(), 4_000_000)
    monkeypatch.setattr("slipway_local.pulumi_locks.PROCESSES", tmp_path / "no-proc")
    assert clear_stale_locks() == []
    assert kept.exists()


def test_a_lock_that_goes_away_meanwhile_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    lock("gone.json", socket.gethostname(), 4_000_000)

    def read_text(self: Path) -> str:
        raise FileNotFoundError(self)

    monkeypatch.setattr(Path, "read_text", read_text)
    assert clear_stale_locks() == []


def test_addresses_of_this_machine_go_past_the_users_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster.record(cluster.choose())
    remember_programs([])
    monkeypatch.setattr("slipway_local.environment.connects", serves)
    monkeypatch.setenv("no_proxy", "internal.example")
    assert environment()["NO_PROXY"] == "internal.example,127.0.0.1,localhost"


def serves(_: object) -> None:
    """What `connects` says of something that answers."""


def test_names_who_listens_on_a_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        (found,) = listeners([port])
        assert (found.port, found.pid) == (port, os.getpid())
        assert f"process {os.getpid()} of user" in found.who
    assert listeners([port]) == []


def test_a_template_takes_all_of_its_names_and_no_others() -> None:
    assert rendered("Corefile", outside="forward . 10.0.0.2").count("forward . 10.0.0.2") == 1
    with pytest.raises(ValueError, match="local/node/Corefile has no place for inside"):
        rendered("Corefile", outside="", inside="")
    with pytest.raises(KeyError):
        rendered("Corefile")
