"""Images of Debian packages: what is in them, by which name they are found, and when they are wanted."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from slipway import versions
from slipway_local import debian_images, image_layers, registry


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where images are made, with mmdebstrap replaced by what it writes."""
    monkeypatch.setattr(debian_images, "_folder", lambda name: tmp_path / name)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    monkeypatch.setattr(image_layers, "run", mmdebstrap)
    monkeypatch.setattr(image_layers.platform, "machine", lambda: "x86_64")
    return tmp_path


asked: list[str] = []


def mmdebstrap(*command: str, folder: Path) -> str:
    asked[:] = command
    with tarfile.open(command[-1], "w") as archive:
        archive.addfile(tarfile.TarInfo("./bin/sh"), io.BytesIO())
    return ""


def built(folder: Path, name: str) -> tuple[dict[str, Any], list[tarfile.TarFile]]:
    """Configuration and layers."""
    debian_images.build(name, lambda _: None)
    manifest = json.loads((folder / name / "manifest.json").read_text())

    def blob(described: dict[str, Any]) -> bytes:
        return (folder / name / described["digest"].removeprefix("sha256:")).read_bytes()

    layers = [unpacked(blob(layer)) for layer in manifest["layers"]]
    return json.loads(blob(manifest["config"])), layers


def unpacked(layer: bytes) -> tarfile.TarFile:
    return tarfile.open(fileobj=io.BytesIO(gzip.decompress(layer)))


def test_postgres_begins_by_its_entrypoint_and_not_as_root(folder: Path) -> None:
    configuration, (debian, own) = built(folder, "postgres")
    assert debian.getnames() == ["./bin/sh"]
    assert own.getnames() == ["etc/passwd", "etc/group", "usr/local/bin/docker-entrypoint.sh"]
    assert own.getmember("usr/local/bin/docker-entrypoint.sh").mode == 0o755
    assert configuration["config"]["User"] == "999:999"
    assert configuration["config"]["Entrypoint"] == ["docker-entrypoint.sh"]
    assert configuration["config"]["Cmd"] == ["postgres"]
    assert configuration["config"]["StopSignal"] == "SIGINT"
    assert "PGDATA=/var/lib/postgresql/data" in configuration["config"]["Env"]
    assert "trixie" in asked
    assert any("postgresql-17" in word for word in asked)
    assert "--dpkgopt=path-exclude=/usr/lib/*/libLLVM*" in asked


def test_valkey_is_its_server(folder: Path) -> None:
    configuration, (_, own) = built(folder, "valkey")
    assert own.getnames() == ["etc/passwd", "etc/group"]
    assert configuration["config"]["Entrypoint"] == []
    assert configuration["config"]["Cmd"] == ["valkey-server"]


def test_they_have_the_names_that_the_components_ask_for() -> None:
    recipe: Any = debian_images._recipe  # pyright: ignore[reportPrivateUsage]
    named = {f"docker.io/{recipe(name).repository}:{recipe(name).tag}" for name in debian_images.RECIPES}
    assert named == {versions.postgres_image(versions.POSTGRES), versions.valkey_image(versions.VALKEY)}


@pytest.mark.parametrize(("upstream", "missing"), [(True, []), (False, ["postgres", "valkey"])])
def test_what_was_never_made_is_missed_only_where_upstream_is_not_reached(
    upstream: bool, missing: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_layers, "upstream_answers", lambda: upstream)
    assert debian_images.missing() == missing


def test_what_was_made_must_be_in_the_mirror(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in debian_images.RECIPES:
        built(folder, name)
    postgres = image_layers.digest((folder / "postgres" / "manifest.json").read_bytes())

    def manifest_digest(repository: str, tag: str) -> str | None:
        return postgres if (repository, tag) == ("library/postgres", "17-trixie") else None

    monkeypatch.setattr(registry, "manifest_digest", manifest_digest)
    monkeypatch.setattr(image_layers, "upstream_answers", lambda: False)
    assert debian_images.missing() == ["valkey"]
