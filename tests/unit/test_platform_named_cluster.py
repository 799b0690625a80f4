"""`slipway local up` with a KUBECONFIG of the user's own: that cluster serves, and nothing of a node here is begun.

It does not prove that any cluster is good enough for an environment.
"""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from slipway_local import (
    addons,
    base_image,
    cluster,
    host,
    node,
    node_images,
    pki,
    platform,
    runtime,
)
from slipway_local.cluster import Kind
from slipway_local.environment import environment
from slipway_local.paths import paths
from tests.support.supervised import ready_at_once

OF_EVERY_KIND = ["docker", "emulator", "registry"]


@pytest.fixture
def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Path]:
    """A user's kubeconfig, on a machine where whatever concerns a node is an error."""
    own = tmp_path / "own.kubeconfig"
    own.write_text("the user's")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("KUBECONFIG", str(own))
    paths.cache_clear()
    paths().run.mkdir(parents=True)

    def never(*_: object, **__: object) -> Any:
        raise AssertionError("a node here was begun")

    for module, name in (
        (node, "control_plane"),
        (node, "node"),
        (platform, "load_balancer"),
        (node_images, "import_missing"),
        (addons, "apply_addons"),
        (addons, "missing_addons"),
        (pki, "kubeconfig"),
    ):
        monkeypatch.setattr(module, name, never)
    for module, name in (
        (platform, "_install"),
        (host, "prepare"),
    ):
        monkeypatch.setattr(module, name, nothing)
    monkeypatch.setattr(runtime, "aws_command", lambda: tmp_path)
    monkeypatch.setattr(base_image, "is_missing", lambda: False)
    monkeypatch.setattr("slipway_local.environment.connects", nothing)
    yield own
    paths.cache_clear()


def nothing(*_: object, **__: object) -> None:
    """What has no part in the choice of a cluster."""


@pytest.fixture
def started(named: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the supervisor is given to run, all of it ready at once."""
    return ready_at_once(monkeypatch)


def test_no_node_is_started(named: Path, started: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Given KUBECONFIG, when the platform is brought up, then registry, Docker and emulator are all that it runs."""
    platform.up()
    assert sorted(started) == OF_EVERY_KIND
    assert not paths().kubeconfig.exists()
    assert f"the platform uses the cluster that {named} names" in capsys.readouterr().err


@pytest.mark.usefixtures("started")
def test_what_runs_in_the_platform_reaches_the_named_cluster(
    named: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a platform that was brought up so, then `exec` and `status` stay with that cluster when KUBECONFIG is no longer set."""
    platform.up()
    monkeypatch.delenv("KUBECONFIG")
    assert environment()["KUBECONFIG"] == str(named)
    assert cluster.recorded() == cluster.Cluster(Kind.NAMED, str(named))
    assert sorted(part.name for part in platform.status()) == OF_EVERY_KIND
    assert all(part.ready for part in platform.status())
