"""Without root: an ordinary user's platform with a simulated node, from nothing to an environment, a flip and the end.

The user is one of a namespace of its own, with a network of its own, so that this platform runs beside the real one on the same
ports, and with no more rights than any other. It proves nothing of pods: none runs, and the test holds that nothing claims it.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from slipway_local import toolchain
from slipway_local.cluster import NO_TRAFFIC, Kind
from slipway_local.paths import Paths, paths
from tests.support.project import REPOSITORY

USER = 1000
NETWORK = "ip link set lo up && echo there && exec sleep infinity"
PASSED_ON = ("LANG", "GOPROXY", "GOFLAGS", "GONOSUMDB", "HTTPS_PROXY", "PYTHONPATH")


@dataclass(frozen=True)
class User:
    """Who has no rights but over the files here."""

    holder: int
    project: Path
    cache: Paths

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command of the user's, in the project's folder."""
        entered = ("nsenter", f"--target={self.holder}", "--user", "--net", "--preserve-credentials")
        known = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        return subprocess.run(
            [*entered, f"--wd={self.project}", *command],
            env={
                **known,
                "PATH": os.environ["PATH"],
                "HOME": str(self.cache.cache.parent),
                "XDG_CACHE_HOME": str(self.cache.cache.parent),
            },
            text=True,
            capture_output=True,
            timeout=300,
            check=False,
        )

    def slipway(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        done = self.run(str(REPOSITORY / ".venv/bin/slipway"), *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def inside(self, *command: str) -> str:
        """What a command prints that is run in the platform's environment."""
        return self.slipway("local", "exec", "--", *command).stdout

    def objects(self, kind: str) -> dict[str, Any]:
        found = json.loads(self.inside("kubectl", "get", kind, "--all-namespaces", "--output=json"))
        return {item["metadata"]["name"]: item for item in found["items"]}

    def processes(self) -> list[str]:
        """The programs in the user's network, but for the one that holds it."""
        network = Path(f"/proc/{self.holder}/ns/net").readlink()
        return [name for pid, name in _programs(network) if pid != self.holder]


def _programs(network: Path) -> Iterator[tuple[int, str]]:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "ns/net").readlink() == network:
                yield int(process.name), (process / "comm").read_text().strip()
        except OSError:
            continue  # it has ended meanwhile, or is not ours to look at


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    """A user with a copy of the program and an empty cache, but for the programs, which are this machine's."""
    toolchain.ensure(
        toolchain.names(Kind.SIMULATED, extras=False)
    )  # what is missing is built here, not by the user
    folder = tmp_path_factory.mktemp("user")
    # Not beside the program: Python would take a folder of that name for the library.
    cache = Paths(folder / "home" / "slipway")
    (cache.pulumi).mkdir(parents=True)
    for mine, shared in (
        (cache.toolchain, paths().toolchain),
        (cache.pulumi / "plugins", paths().pulumi / "plugins"),
    ):
        mine.symlink_to(shared)
    for name in ("Pulumi.yaml", "Pulumi.simulated.yaml", "__main__.py"):
        shutil.copy2(REPOSITORY / name, folder / name)
    for name in (".venv", "policies", "scripts", "stacks"):
        (folder / name).symlink_to(REPOSITORY / name)
    made = ("--user", "--net", f"--map-user={USER}", f"--map-group={USER}", "--keep-caps")
    with subprocess.Popen(
        ["unshare", *made, "sh", "-c", NETWORK], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "there\n"
        somebody = User(holder.pid, folder, cache)
        try:
            yield somebody
        finally:
            somebody.run(str(REPOSITORY / ".venv/bin/slipway"), "local", "down")
            holder.kill()


@pytest.fixture(scope="module")
def brought_up(user: User) -> str:
    """What `make up` says."""
    up = user.slipway("local", "up")
    return up.stderr + user.inside("scripts/dev-up.sh")


def test_it_is_an_ordinary_user(user: User) -> None:
    rights = user.run("sh", "-c", "id --user; grep CapEff /proc/self/status").stdout.split()
    assert rights == [str(USER), "CapEff:", "0" * 16]


def test_the_doctor_says_what_there_will_be(user: User) -> None:
    found = {one["name"]: one for one in json.loads(user.slipway("doctor", "--json").stdout)}
    assert found["cluster"]["found"] == "a simulated node, to which no traffic flows"
    assert not found.keys() & {"packages", "npm"}


def test_it_comes_up_and_promises_no_answer(user: User, brought_up: str) -> None:
    assert NO_TRAFFIC in brought_up
    assert "Nothing answers at any URL" in brought_up
    assert "://" not in brought_up
    told = user.slipway("local", "status").stdout
    assert told.splitlines()[-1] == NO_TRAFFIC
    assert set(user.processes()) >= {"etcd", "kube-apiserver", "kube-controller", "kube-scheduler", "kwok"}
    assert not {"containerd", "dockerd", "kubelet", "kube-proxy"} & set(user.processes())


@pytest.mark.usefixtures("brought_up")
def test_the_environment_is_there_in_name(user: User) -> None:
    assert list(user.objects("nodes")) == ["slipway"]
    deployments = user.objects("deployments")
    assert {"chat-blue", "chat-green", "gateway"} <= deployments.keys()
    for name, deployment in deployments.items():
        assert deployment["status"]["availableReplicas"] == deployment["spec"]["replicas"], name
    assert _weights(user) == {"chat-blue": 100, "chat-green": 0}


@pytest.mark.usefixtures("brought_up")
def test_nothing_answers(user: User) -> None:
    asked = user.run(sys.executable, "-c", "import socket; socket.create_connection(('127.0.0.1', 30080), 2)")
    assert "ConnectionRefusedError" in asked.stderr


@pytest.mark.usefixtures("brought_up")
def test_a_flip_moves_the_route(user: User) -> None:
    user.inside("pulumi", "config", "set", "slipway:active", "green")
    user.inside("pulumi", "up", "--yes", "--skip-preview")
    assert _weights(user) == {"chat-blue": 0, "chat-green": 100}


@pytest.mark.usefixtures("brought_up")
def test_down_leaves_nothing(user: User) -> None:
    assert user.processes()
    user.slipway("local", "down")
    assert user.processes() == []
    assert not user.cache.platform.exists()


def _weights(user: User) -> dict[str, int]:
    (rule,) = user.objects("httproutes")["chat"]["spec"]["rules"]
    return {backend["name"]: backend["weight"] for backend in rule["backendRefs"]}
