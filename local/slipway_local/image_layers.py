"""Container images as files: layers, a configuration and a manifest in one folder, as a registry takes them."""

import gzip
import hashlib
import json
import os
import platform
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slipway_local import registry
from slipway_local.node import UPSTREAMS

UNNEEDED = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*")
ARCHITECTURES = {"x86_64": ("amd64", "x64"), "aarch64": ("arm64", "arm64")}

Say = Callable[[str], None]


@dataclass(frozen=True)
class Layer:
    """A layer as the manifest describes it, and the digest of what is in it."""

    described: Mapping[str, Any]
    diff_id: str


def architecture() -> tuple[str, str]:
    """What images and what npm's packages call this machine's processor."""
    if platform.machine() not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise RuntimeError(f"there is no image for a {platform.machine()} processor, only for {known}")
    return ARCHITECTURES[platform.machine()]


def debian_archive(work: Path, suite: str, packages: list[str], excluded: Sequence[str] = ()) -> Path:
    """Unpacked, not installed: without dpkg's scripts and its many fsyncs it takes seconds, not minutes."""
    archive = work / "debian.tar"
    run(
        "mmdebstrap",
        "--quiet",
        "--variant=extract",
        f"--include={','.join(packages)}",
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in (*UNNEEDED, *excluded)),
        suite,
        str(archive),
        folder=work,
    )
    return archive


def layer(work: Path, archive: Path) -> Layer:
    """The archive packed and named by its content; it is gone itself."""
    content = archive.read_bytes()
    archive.unlink()
    packed = gzip.compress(content, compresslevel=1, mtime=0)
    (work / digest(packed).removeprefix("sha256:")).write_bytes(packed)
    return Layer(described("application/vnd.docker.image.rootfs.diff.tar.gzip", packed), digest(content))


def write_manifest(work: Path, layers: list[Layer], config: Mapping[str, Any]) -> None:
    """The configuration and the manifest, which makes the image whole."""
    configuration = json.dumps(
        {
            "architecture": architecture()[0],
            "os": "linux",
            "config": config,
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
            "history": [{"created_by": "slipway"} for _ in layers],
        }
    ).encode()
    (work / digest(configuration).removeprefix("sha256:")).write_bytes(configuration)
    manifest = {
        "schemaVersion": 2,
        "mediaType": registry.MANIFEST,
        "config": described("application/vnd.docker.container.image.v1+json", configuration),
        "layers": [layer.described for layer in layers],
    }
    (work / "manifest.json").write_text(json.dumps(manifest))


def is_mirrored(folder: Path, repository: str, tag: str) -> bool:
    """Whether the registry has, under this name, the image of this folder."""
    return registry.manifest_digest(repository, tag) == digest((folder / "manifest.json").read_bytes())


def mirror(folder: Path, repository: str, tag: str, say: Say) -> None:
    """Brings the image of this folder into the registry."""
    manifest = json.loads((folder / "manifest.json").read_text())
    for blob in (*manifest["layers"], manifest["config"]):
        say(f"pushing {repository}:{tag}, {blob['size'] // 1_000_000} MB")
        registry.push_blob(repository, blob["digest"], folder / blob["digest"].removeprefix("sha256:"))
    registry.push_manifest(repository, tag, folder / "manifest.json")


@contextmanager
def unfinished(folder: Path) -> Generator[Path]:
    """A folder to work in that becomes `folder` when all went well."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=folder.parent))
    try:
        yield work
        work.rename(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def upstream_answers() -> bool:
    """Whether a registry upstream is reached: what stands in for its images is not needed then."""
    try:
        urllib.request.urlopen(f"{UPSTREAMS['docker.io']}/v2/", timeout=3).close()  # noqa: S310  (it is https)
    except urllib.error.HTTPError as answer:
        # It asks for a login, which every client gets without a name: any other answer is a proxy's.
        return answer.code == 401  # noqa: PLR2004
    except OSError:
        return False
    return True


def described(media_type: str, content: bytes) -> dict[str, Any]:
    """How a manifest names what is stored."""
    return {"mediaType": media_type, "size": len(content), "digest": digest(content)}


def digest(content: bytes) -> str:
    """What a registry calls it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def run(*command: str, folder: Path) -> str:
    """A program that works in this folder alone; what it printed."""
    environment = {**os.environ, "TMPDIR": str(folder)}
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, cwd=folder, env=environment
        )
    except FileNotFoundError:
        raise RuntimeError(
            f"an image needs the program {command[0]}: install it, or reach an image registry"
        ) from None
    if done.returncode != 0:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-8:])
        raise RuntimeError(f"`{' '.join(command)}` failed:\n{last}")
    return done.stdout
