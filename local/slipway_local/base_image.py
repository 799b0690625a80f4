"""A stand-in for node:24-bookworm-slim where no image registry is reached.

It is made of Debian's packages and of Node's own npm packages, once per machine, and pushed to the local
registry under the upstream's name, the mirror in which `FROM node:24-bookworm-slim` is found.
A machine that reaches the upstream registry never needs it.
"""

import hashlib
import io
import json
import tarfile
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from slipway_local import docker, image_layers
from slipway_local.image_layers import Say, layer
from slipway_local.paths import paths, repository
from slipway_local.pki import SYSTEM_BUNDLES

SECONDS = 45
CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"
USERS = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/bash\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
    "node:x:1000:1000::/home/node:/bin/bash\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\nnode:x:1000:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}


@dataclass(frozen=True)
class Recipe:
    """local/images/base.toml."""

    repository: str
    tag: str
    node: str
    npm: str
    debian: str
    packages: list[str]


def is_missing() -> bool:
    """Whether a build would find the image neither here nor upstream. Registry and Docker must be ready."""
    recipe, file = _recipe(), _folder() / "manifest.json"
    if not file.exists():
        return not image_layers.upstream_answers()
    mirrored = image_layers.is_mirrored(_folder(), recipe.repository, recipe.tag)
    pulled = (
        docker.image_id(f"{recipe.repository}:{recipe.tag}")
        == json.loads(file.read_text())["config"]["digest"]
    )
    return not (mirrored and pulled)


def push(say: Say) -> None:
    """Makes the image if this machine never did, and brings it into the registry and the Docker daemon."""
    build(say)
    recipe = _recipe()
    image_layers.mirror(_folder(), recipe.repository, recipe.tag, say)
    # Builds take what the daemon has. BuildKit in Docker 20.10 cannot ask the mirror itself: it speaks plain
    # HTTP to any registry on loopback.
    say(f"pulling {recipe.repository}:{recipe.tag}")
    docker.pull(f"{recipe.repository}:{recipe.tag}")


def build(say: Say) -> None:
    """Makes the image's layers and manifest in the cache; it needs no other part of the platform."""
    if (_folder() / "manifest.json").exists():
        return
    recipe = _recipe()
    with image_layers.unfinished(_folder()) as work:
        say("unpacking Debian's packages")
        layers = [layer(work, image_layers.debian_archive(work, recipe.debian, recipe.packages))]
        say("fetching Node")
        layers.append(layer(work, _node_archive(work)))
        image_layers.write_manifest(work, layers, _configuration())


def _configuration() -> dict[str, Any]:
    return {
        "Cmd": ["node"],
        "Env": [
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            f"NODE_VERSION={_recipe().node}",
            # Node trusts a list of its own; the machine's may hold the certificate of its proxy.
            f"NODE_EXTRA_CA_CERTS=/{CERTIFICATES}",
        ],
    }


def _node_archive(work: Path) -> Path:
    node = f"node-linux-{image_layers.architecture()[1]}@{_recipe().node}"
    packed = image_layers.run("npm", "pack", "--silent", node, f"npm@{_recipe().npm}", folder=work).split()
    archive = work / "node.tar"
    with tarfile.open(archive, "w") as image:
        for name, content in (_files() | {CERTIFICATES: _certificates()}).items():
            _add(image, name, content)
        for package, destination in zip(packed, ("usr/local", "usr/local/lib/node_modules/npm"), strict=True):
            _unpack(work / package, destination, image)
            (work / package).unlink()
        for command in ("npm", "npx"):
            link = tarfile.TarInfo(f"usr/local/bin/{command}")
            link.type, link.linkname = tarfile.SYMTYPE, f"../lib/node_modules/npm/bin/{command}-cli.js"
            image.addfile(link)
        home = tarfile.TarInfo("home/node")
        home.type, home.mode, home.uid, home.gid = tarfile.DIRTYPE, 0o755, 1000, 1000
        image.addfile(home)
    return archive


def _unpack(package: Path, destination: str, image: tarfile.TarFile) -> None:
    """An npm package's files below `destination`; of Node's, the program alone, without 60 MB of headers."""
    with tarfile.open(package) as packed:
        for member in packed:
            name = member.name.removeprefix("package/")
            if destination == "usr/local" and name != "bin/node":
                continue
            member.name = f"{destination}/{name}"
            member.uid = member.gid = 0
            image.addfile(member, packed.extractfile(member))


def _add(image: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o644
    image.addfile(entry, io.BytesIO(content))


def _files() -> dict[str, bytes]:
    return {name: text.encode() for name, text in USERS.items()}


def _certificates() -> bytes:
    bundle = next((Path(bundle) for bundle in SYSTEM_BUNDLES if Path(bundle).exists()), None)
    if bundle is None:
        raise RuntimeError(f"no certificates on this machine: none of {', '.join(SYSTEM_BUNDLES)} exists")
    return bundle.read_bytes()


@cache
def _recipe() -> Recipe:
    return Recipe(**tomllib.loads(_recipe_file().read_text()))


def _recipe_file() -> Path:
    return repository() / "local/images/base.toml"


@cache
def _folder() -> Path:
    sources = (Path(__file__), Path(image_layers.__file__))
    described = b"".join(file.read_bytes() for file in (_recipe_file(), *sources)) + _certificates()
    key = hashlib.sha256(described).hexdigest()[:8]
    return paths().toolchain / "base-image" / f"{_recipe().node}-{key}"
