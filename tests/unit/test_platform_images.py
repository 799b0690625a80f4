"""Images of static programs: what is in them, and that the same program gives the same image."""

import io
import json
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from slipway import versions
from slipway_local import node_images, programs, static_images, toolchain
from slipway_local.static_images import StaticImage, archive

ELF_AMD64 = b"\x7fELF" + bytes(14) + (62).to_bytes(2, "little") + b"program"
IMAGE = StaticImage("registry.k8s.io/pause:3.10", "pause", "/usr/local/bin/pause")


@pytest.fixture(autouse=True)
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    binary = tmp_path / "bin" / "pause"
    binary.parent.mkdir()
    binary.write_bytes(ELF_AMD64)

    def installed(_: str) -> Path:
        return tmp_path

    monkeypatch.setattr(toolchain, "program", installed)
    monkeypatch.setattr(static_images, "CERTIFICATES", binary)
    return binary


def unpacked(content: bytes) -> tarfile.TarFile:
    return tarfile.open(fileobj=io.BytesIO(content))


def read(archived: tarfile.TarFile, name: str) -> bytes:
    file = archived.extractfile(name)
    assert file is not None
    return file.read()


def test_holds_the_program_under_its_upstream_name_for_a_user_that_is_not_root() -> None:
    image = unpacked(archive(IMAGE))
    (manifest,) = json.loads(read(image, "manifest.json"))
    configuration = json.loads(read(image, manifest["Config"]))
    layer = unpacked(read(image, "layer.tar"))
    assert manifest["RepoTags"] == ["registry.k8s.io/pause:3.10"]
    assert configuration["architecture"] == "amd64"
    assert configuration["config"]["User"] == "65532:65532"
    assert configuration["config"]["Entrypoint"] == ["/usr/local/bin/pause"]
    assert read(layer, "usr/local/bin/pause") == ELF_AMD64
    assert layer.getmember("usr/local/bin/pause").mode == 0o755
    assert layer.getmember("tmp").mode == 0o1777


def test_the_same_program_gives_the_same_bytes_and_another_does_not(program: Path) -> None:
    first = archive(IMAGE)
    assert archive(IMAGE) == first
    program.write_bytes(ELF_AMD64 + b"2")
    assert archive(IMAGE) != first


def test_the_node_has_the_images_of_the_components_in_the_versions_that_are_built() -> None:
    images = {f"{image.name}@{image.digest}": image for image in static_images.STATIC_IMAGES}
    for wanted in (
        versions.TRAEFIK_IMAGE,
        versions.PROMETHEUS_IMAGE,
        versions.ALERTMANAGER_IMAGE,
        versions.KUBE_STATE_METRICS_IMAGE,
        versions.NODE_EXPORTER_IMAGE,
    ):
        image = images[wanted]
        assert image.name.endswith(f":v{programs.table()[image.program].version}")


def test_containerd_knows_a_pinned_image_by_its_digest_alone() -> None:
    assert StaticImage("registry.example.com:5000/a/b:v1", "b", "/b", "sha256:12").pinned == (
        "registry.example.com:5000/a/b@sha256:12"
    )
    assert IMAGE.pinned == ""


def test_an_image_is_imported_and_known_by_its_digest_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        said.append(command[4:])
        return subprocess.CompletedProcess(command, 0, b"", b"")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(node_images, "STATIC_IMAGES", [replace(IMAGE, digest="sha256:12"), IMAGE])

    def is_installed(_: str) -> bool:
        return True

    monkeypatch.setattr(toolchain, "is_installed", is_installed)
    monkeypatch.setattr(
        node_images, "paths", lambda: SimpleNamespace(containerd=tmp_path, containerd_socket="s")
    )
    node_images.import_missing()
    tagged = ["tag", "--force", IMAGE.name, "registry.k8s.io/pause@sha256:12"]
    assert said == [["import", "-"], tagged, ["import", "-"]]
    node_images.import_missing()
    assert len(said) == 3
