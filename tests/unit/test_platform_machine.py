"""What the platform looks at and changes on the machine: groups that vanish, another cache's platform, ports that are held."""

import errno
import os
import socket
import subprocess
import threading
import xmlrpc.client
from collections.abc import Callable, Generator
from pathlib import Path
from types import SimpleNamespace

import pytest

from slipway_local import cgroups, docker, doctor, gobuild, host, packages, platform, supervisor
from slipway_local.paths import paths
from slipway_local.supervisor import Process


@pytest.fixture(autouse=True)
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Path]:
    """The platform's control group, in an ordinary folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(cgroups, "ROOT", tmp_path / "cgroup")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    paths.cache_clear()
    (tmp_path / "cgroup/pids").mkdir(parents=True)
    (tmp_path / "cgroup/pids/cgroup.procs").touch()
    for name, pids in {"platform": "11 12", "kubepods": "13", "kubepods/pod": "14"}.items():
        folder = tmp_path / "cgroup/pids/slipway" / name
        folder.mkdir(parents=True)
        (folder / "cgroup.procs").write_text("\n".join(pids.split()))
    (tmp_path / "cgroup/pids/slipway/cgroup.procs").touch()
    yield tmp_path / "cgroup/pids/slipway"
    paths.cache_clear()


@pytest.fixture
def another_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "owner", lambda: "/home/another/.cache/slipway")


def test_members_are_those_of_all_groups_below() -> None:
    assert sorted(cgroups.members()) == [11, 12, 13, 14]


def test_a_group_that_vanishes_meanwhile_has_no_members(group: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (group / "kubepods/cgroup.procs").unlink()
    read_text = Path.read_text

    def vanishing(self: Path) -> str:
        if self.parent.name == "pod":
            raise OSError(errno.ENODEV, "No such device")
        return read_text(self)

    monkeypatch.setattr(Path, "read_text", vanishing)
    assert sorted(cgroups.members()) == [11, 12]


@pytest.mark.usefixtures("another_cache")
def test_where_another_caches_platform_is_up_nothing_is_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*command: str) -> None:
        raise AssertionError(command)

    monkeypatch.setattr(host, "_run", run)
    with pytest.raises(RuntimeError, match=r"with its cache in /home/another/\.cache/slipway"):
        host.prepare()
    assert not paths().before.exists()
    host.restore()
    assert cgroups.members() == []


Supervised = Callable[[str], list[str]]


@pytest.fixture
def supervised(monkeypatch: pytest.MonkeyPatch) -> Supervised:
    """A supervisor that answers to each start with this fault."""

    def answering(fault: str) -> list[str]:
        asked: list[str] = []

        def start(name: str, wait: bool) -> None:
            asked.append(name)
            raise xmlrpc.client.Fault(60, fault)

        monkeypatch.setattr(supervisor, "_call", lambda: SimpleNamespace(startProcess=start))
        monkeypatch.setattr(supervisor, "processes", lambda: {"etcd": Process("EXITED", None, None, "")})
        return asked

    return answering


def test_a_part_that_the_supervisor_was_faster_to_start_is_started(supervised: Supervised) -> None:
    asked = supervised("ALREADY_STARTED: etcd")
    supervisor.start("etcd")
    assert asked == ["etcd"]


def test_a_part_that_does_not_start_is_told_with_its_log(supervised: Supervised) -> None:
    supervised("SPAWN_ERROR: etcd")
    paths().logs.mkdir(parents=True)
    (paths().logs / "etcd.log").write_text("no space left")
    with pytest.raises(RuntimeError, match=r"etcd does not start: SPAWN_ERROR: etcd\nno space left"):
        supervisor.start("etcd")


def test_only_units_of_what_was_installed_are_disabled(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ran: list[tuple[str, ...]] = []

    def run(*command: str) -> None:
        ran.append(command)

    monkeypatch.setattr(packages, "_run", run)
    monkeypatch.setattr(packages, "SYSTEMD", tmp_path)
    monkeypatch.setattr(packages, "POLICY", tmp_path / "policy-rc.d")
    monkeypatch.setattr(packages.shutil, "which", lambda _: "/usr/bin/apt-get")  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    packages.install_packages(["docker.io", "runc"])
    assert ran[1][-3:] == ("--no-remove", "docker.io", "runc")
    assert ran[2:] == [("systemctl", "disable", "docker.service", "docker.socket")]


def test_a_held_port_is_told_with_who_holds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slipway_local.listeners.SETTLE_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        (finding,) = doctor._ports({port: "etcd"})  # pyright: ignore[reportPrivateUsage]
        assert not finding.ok
        assert "held by process" in finding.found
        monkeypatch.setattr("slipway_local.cgroups.members", lambda: [os.getpid()])
        (finding,) = doctor._ports({port: "etcd"})  # pyright: ignore[reportPrivateUsage]
        assert finding.ok


def test_a_port_that_is_let_go_soon_is_free() -> None:
    """Given a holder that ends while it is looked at, as a killed process does, then its port counts as free."""
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    ends = threading.Timer(0.5, server.close)
    ends.start()
    (finding,) = doctor._ports({port: "etcd"})  # pyright: ignore[reportPrivateUsage]
    ends.join()
    assert finding.ok


def test_without_go_it_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> gobuild.Go:
        raise gobuild.BuildError("Go is not installed")

    monkeypatch.setattr(gobuild, "go", none)
    finding = doctor._go()  # pyright: ignore[reportPrivateUsage]
    assert (finding.ok, finding.found) == (False, "Go is not installed")
    assert "install Go 1.25.8 or newer" in finding.mend


def test_the_go_that_all_modules_build_with_is_new_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gobuild, "go", lambda: gobuild.Go("/usr/bin/go", "go1.25.7"))
    assert not doctor._go().ok  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(gobuild, "go", lambda: gobuild.Go("/usr/bin/go", "go1.26"))
    assert doctor._go().ok  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize(
    ("script", "found"),
    [("exit 3", "exit code 3"), ("exec sleep 5", "the Go module registry does not answer within 0.2 s")],
)
def test_a_network_that_says_nothing_is_a_finding(
    script: str, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "go"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(gobuild, "go", lambda: gobuild.Go(str(program), "go1.26"))
    monkeypatch.setattr(doctor, "NETWORK_SECONDS", 0.2)
    assert doctor._modules().found == found  # pyright: ignore[reportPrivateUsage]


@pytest.mark.usefixtures("another_cache")
def test_down_of_another_cache_removes_its_own_folder_only(capsys: pytest.CaptureFixture[str]) -> None:
    paths().state.mkdir(parents=True)
    platform.down()
    assert not paths().platform.exists()
    assert "has its cache in /home/another/.cache/slipway: it was left alone" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("why", "answered", "state"),
    [
        ("", True, "running"),
        ("0 of 1 pods available", True, "starting"),
        ("does not exist yet", True, "absent"),
        ("127.0.0.1:16443 does not answer", False, "absent"),
    ],
)
def test_an_add_on_runs_when_it_is_ready(why: str, answered: bool, state: str) -> None:
    status = platform._status_of_addon("coredns", why, answered)  # pyright: ignore[reportPrivateUsage]
    assert (status.state, status.ready, status.detail) == (state, not why, why)


def test_process_numbers_of_killed_parts_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    (left,) = (file for file in docker.docker().pid_files if file.name == "docker.pid")
    left.parent.mkdir(parents=True)
    left.write_text("1")
    monkeypatch.setattr(supervisor, "is_running", lambda: True)
    monkeypatch.setattr(supervisor.subprocess, "run", ended_well)
    supervisor._spawn([left])  # pyright: ignore[reportPrivateUsage]
    assert not left.exists()


def ended_well(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
    """A program that did its work."""
    return subprocess.CompletedProcess([], 0, "", "")
