"""A stand-in for node:24-bookworm-slim where no image registry is reached.

It is made of Debian's packages and of Node's own npm packages, once per machine, and pushed to the local
registry under the upstream's name, the mirror in which `FROM node:24-bookworm-slim` is found.
A machine that reaches the upstream registry never needs it.
"""

import gzip
import hashlib
import io
import json
import os
import platform
import shutil
import subprocess
import tarfile
import tempfile
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from slipway_local import docker, registry
from slipway_local.node import UPSTREAMS
from slipway_local.paths import paths, repository
from slipway_local.pki import SYSTEM_BUNDLES

SECONDS = 45
CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"
UNNEEDED = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*")
ARCHITECTURES = {"x86_64": ("amd64", "x64"), "aarch64": ("arm64", "arm64")}
USERS = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/bash\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
    "node:x:1000:1000::/home/node:/bin/bash\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\nnode:x:1000:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}

Say = Callable[[str], None]


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
        return not _upstream_answers()
    content = file.read_bytes()
    mirrored = registry.manifest_digest(recipe.repository, recipe.tag) == _digest(content)
    pulled = docker.image_id(f"{recipe.repository}:{recipe.tag}") == json.loads(content)["config"]["digest"]
    return not (mirrored and pulled)


def push(say: Say) -> None:
    """Makes the image if this machine never did, and brings it into the registry and the Docker daemon."""
    build(say)
    recipe = _recipe()
    manifest = json.loads((_folder() / "manifest.json").read_text())
    for blob in (*manifest["layers"], manifest["config"]):
        say(f"pushing {recipe.repository}:{recipe.tag}, {blob['size'] // 1_000_000} MB")
        file = _folder() / blob["digest"].removeprefix("sha256:")
        registry.push_blob(recipe.repository, blob["digest"], file)
    registry.push_manifest(recipe.repository, recipe.tag, _folder() / "manifest.json")
    # Builds take what the daemon has. BuildKit in Docker 20.10 cannot ask the mirror itself: it speaks plain
    # HTTP to any registry on loopback.
    say(f"pulling {recipe.repository}:{recipe.tag}")
    docker.pull(f"{recipe.repository}:{recipe.tag}")


def build(say: Say) -> None:
    """Makes the image's layers and manifest in the cache; it needs no other part of the platform."""
    if (_folder() / "manifest.json").exists():
        return
    with _unfinished(_folder()) as work:
        say("unpacking Debian's packages")
        layers = [_layer(work, _debian_archive(work))]
        say("fetching Node")
        layers.append(_layer(work, _node_archive(work)))
        _write_manifest(work, layers)


def _write_manifest(work: Path, layers: list[tuple[dict[str, Any], str]]) -> None:
    configuration = json.dumps(
        {
            "architecture": _architecture()[0],
            "os": "linux",
            "config": {
                "Cmd": ["node"],
                "Env": [
                    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                    f"NODE_VERSION={_recipe().node}",
                    # Node trusts a list of its own; the machine's may hold the certificate of its proxy.
                    f"NODE_EXTRA_CA_CERTS=/{CERTIFICATES}",
                ],
            },
            "rootfs": {"type": "layers", "diff_ids": [diff_id for _, diff_id in layers]},
            "history": [{"created_by": "slipway"} for _ in layers],
        }
    ).encode()
    (work / _digest(configuration).removeprefix("sha256:")).write_bytes(configuration)
    manifest = {
        "schemaVersion": 2,
        "mediaType": registry.MANIFEST,
        "config": _described("application/vnd.docker.container.image.v1+json", configuration),
        "layers": [described for described, _ in layers],
    }
    (work / "manifest.json").write_text(json.dumps(manifest))


def _layer(work: Path, archive: Path) -> tuple[dict[str, Any], str]:
    """The layer as the manifest describes it, and the digest of what is in it."""
    content = archive.read_bytes()
    archive.unlink()
    packed = gzip.compress(content, compresslevel=1, mtime=0)
    (work / _digest(packed).removeprefix("sha256:")).write_bytes(packed)
    return _described("application/vnd.docker.image.rootfs.diff.tar.gzip", packed), _digest(content)


def _debian_archive(work: Path) -> Path:
    """Unpacked, not installed: without dpkg's scripts and its many fsyncs it takes seconds, not minutes."""
    archive = work / "debian.tar"
    _run(
        "mmdebstrap",
        "--quiet",
        "--variant=extract",
        f"--include={','.join(_recipe().packages)}",
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in UNNEEDED),
        _recipe().debian,
        str(archive),
        folder=work,
    )
    return archive


def _node_archive(work: Path) -> Path:
    node = f"node-linux-{_architecture()[1]}@{_recipe().node}"
    packed = _run("npm", "pack", "--silent", node, f"npm@{_recipe().npm}", folder=work).split()
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


def _architecture() -> tuple[str, str]:
    """What images and what npm's packages call this machine's processor."""
    if platform.machine() not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise RuntimeError(f"there is no base image for a {platform.machine()} processor, only for {known}")
    return ARCHITECTURES[platform.machine()]


@cache
def _recipe() -> Recipe:
    return Recipe(**tomllib.loads(_recipe_file().read_text()))


def _recipe_file() -> Path:
    return repository() / "local/images/base.toml"


@cache
def _folder() -> Path:
    described = _recipe_file().read_bytes() + Path(__file__).read_bytes() + _certificates()
    key = hashlib.sha256(described).hexdigest()[:8]
    return paths().toolchain / "base-image" / f"{_recipe().node}-{key}"


@contextmanager
def _unfinished(folder: Path) -> Generator[Path]:
    """A folder to work in that becomes `folder` when all went well."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=folder.parent))
    try:
        yield work
        work.rename(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _upstream_answers() -> bool:
    try:
        urllib.request.urlopen(f"{UPSTREAMS['docker.io']}/v2/", timeout=3).close()  # noqa: S310  (it is https)
    except urllib.error.HTTPError as answer:
        # It asks for a login, which every client gets without a name: any other answer is a proxy's.
        return answer.code == 401  # noqa: PLR2004
    except OSError:
        return False
    return True


def _described(media_type: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "size": len(content), "digest": _digest(content)}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _run(*command: str, folder: Path) -> str:
    environment = {**os.environ, "TMPDIR": str(folder)}
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, cwd=folder, env=environment
        )
    except FileNotFoundError:
        raise RuntimeError(
            f"the base image needs the program {command[0]}: install it, or reach an image registry"
        ) from None
    if done.returncode != 0:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-8:])
        raise RuntimeError(f"`{' '.join(command)}` failed:\n{last}")
    return done.stdout
