"""How the platform's API server, emulator and `aws` know of each other, so that an EKS cluster here is the local one."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import yaml

from slipway_local import emulator, node, pki, platform, runtime, toolchain
from slipway_local.cluster import Cluster, Kind
from slipway_local.parts import Part
from slipway_local.paths import paths


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """A cache with keys and without a toolchain."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(toolchain, "program", tmp_path.joinpath)
    paths.cache_clear()
    pki.ensure()
    yield
    paths.cache_clear()


def api_server() -> Part:
    return next(part for part in node.control_plane() if part.name == "kube-apiserver")


def test_the_api_server_asks_the_emulator_about_foreign_tokens() -> None:
    part = api_server()
    flag = "--authentication-token-webhook-config-file="
    (file,) = (Path(word.removeprefix(flag)) for word in part.command if word.startswith(flag))
    asked: Any = yaml.safe_load(part.files[file])
    assert asked["clusters"][0]["cluster"]["server"] == "http://127.0.0.1:4566/_slipway/token-review"


def test_the_api_server_does_not_wait_for_the_emulator() -> None:
    assert api_server().after == ("etcd",)


def test_clusters_of_the_emulator_lead_to_the_api_server() -> None:
    environment = emulator.emulator().environment
    assert environment["EKS_ENDPOINT"] == "https://localhost:16443"
    assert environment["EKS_CA_FILE"] == str(paths().ca_certificate)


def test_the_folder_of_aws_holds_nothing_else() -> None:
    for _ in range(2):  # a second start finds the first one's
        folder = runtime.aws_command()
        assert [file.name for file in folder.iterdir()] == ["aws"]
        assert (folder / "aws").readlink() == runtime.AWS.program("aws")


def test_a_real_node_alone_has_a_load_balancer() -> None:
    def names(kind: Kind) -> list[str]:
        parts: Any = platform
        return [part.name for part in parts._parts(Cluster(kind, ""))]

    assert "load-balancer" in names(Kind.NODE)
    assert "load-balancer" not in names(Kind.NAMED) + names(Kind.SIMULATED)
