"""Stand-ins for official images where no registry is reached: programs of Debian's packages under the upstream's name.

Each is a file of local/images. It is made once per machine and pushed to the local registry, the mirror in which
the node finds `docker.io/library/postgres:17-trixie`. A machine that reaches the upstream registry never needs it.
"""

import hashlib
import io
import tarfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slipway_local import image_layers
from slipway_local.image_layers import Say, layer
from slipway_local.paths import paths, repository

RECIPES = ("postgres", "valkey")
SECONDS = 30
USER = 999  # of the official images, by which the components run them


@dataclass(frozen=True)
class Recipe:
    """One file of local/images."""

    repository: str
    tag: str
    debian: str
    packages: list[str]
    excluded: list[str]
    user: str
    entrypoint: list[str]
    command: list[str]
    stop_signal: str
    files: dict[str, str]
    """Path in the image to a file of local/images, which can be run."""
    environment: dict[str, str]


def missing() -> list[str]:
    """Those that the node would find neither here nor upstream. The registry must be ready."""
    lacking = [name for name in RECIPES if not _is_mirrored(name)]
    return [] if lacking and image_layers.upstream_answers() else lacking


def push(name: str, say: Say) -> None:
    """Makes the image if this machine never did, and brings it into the registry."""
    build(name, say)
    recipe = _recipe(name)
    image_layers.mirror(_folder(name), recipe.repository, recipe.tag, say)


def build(name: str, say: Say) -> None:
    """Makes the image's layers and manifest in the cache; it needs no other part of the platform."""
    if _is_made(name):
        return
    recipe = _recipe(name)
    with image_layers.unfinished(_folder(name)) as work:
        say(f"unpacking Debian's packages for {name}")
        packages = image_layers.debian_archive(work, recipe.debian, recipe.packages, recipe.excluded)
        layers = [layer(work, packages), layer(work, _own_archive(work, recipe))]
        image_layers.write_manifest(work, layers, _configuration(recipe))


def _is_made(name: str) -> bool:
    return (_folder(name) / "manifest.json").exists()


def _is_mirrored(name: str) -> bool:
    recipe = _recipe(name)
    return _is_made(name) and image_layers.is_mirrored(_folder(name), recipe.repository, recipe.tag)


def _configuration(recipe: Recipe) -> dict[str, Any]:
    return {
        "User": f"{USER}:{USER}",
        "Entrypoint": recipe.entrypoint,
        "Cmd": recipe.command,
        "Env": [f"{key}={value}" for key, value in recipe.environment.items()],
        "StopSignal": recipe.stop_signal,
        "WorkingDir": "/",
    }


def _own_archive(work: Path, recipe: Recipe) -> Path:
    """What Debian's packages would have set up themselves, and what stands in for the official image's scripts."""
    archive = work / "own.tar"
    with tarfile.open(archive, "w") as image:
        user = f"{recipe.user}:x:{USER}:{USER}::/tmp:/usr/sbin/nologin\n"
        _add(image, "etc/passwd", f"root:x:0:0:root:/root:/bin/sh\n{user}".encode(), 0o644)
        _add(image, "etc/group", f"root:x:0:\n{recipe.user}:x:{USER}:\n".encode(), 0o644)
        for path, source in recipe.files.items():
            _add(image, path, (_source() / source).read_bytes(), 0o755)
    return archive


def _add(image: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    image.addfile(entry, io.BytesIO(content))


def _recipe(name: str) -> Recipe:
    return Recipe(**tomllib.loads((_source() / f"{name}.toml").read_text()))


def _folder(name: str) -> Path:
    sources = (_source() / f"{name}.toml", Path(__file__), Path(image_layers.__file__))
    files = (_source() / source for source in sorted(_recipe(name).files.values()))
    described = b"".join(file.read_bytes() for file in (*sources, *files))
    return paths().toolchain / "debian-images" / f"{name}-{hashlib.sha256(described).hexdigest()[:8]}"


def _source() -> Path:
    return repository() / "local/images"
