"""The images that the node itself needs, brought into containerd without a registry."""

import hashlib
import subprocess

from slipway_local import toolchain
from slipway_local.paths import paths
from slipway_local.static_images import STATIC_IMAGES, StaticImage, archive


def import_missing() -> None:
    """Imports the static images of the programs that are installed, each once per program that it is made of."""
    for image in STATIC_IMAGES:
        if not toolchain.is_installed(image.program):
            continue
        mark = paths().containerd / "imported" / _key(image)
        if not mark.exists():
            _import(image)
            mark.parent.mkdir(exist_ok=True)
            mark.touch()


def _key(image: StaticImage) -> str:
    described = f"{image} {toolchain.program(image.program)}"
    return f"{image.program}-{hashlib.sha256(described.encode()).hexdigest()[:16]}"


def _import(image: StaticImage) -> None:
    _ctr(image, "import", "-", content=archive(image))
    if image.pinned:
        # The build stands for the published image also where a pod names that one by its digest.
        _ctr(image, "tag", "--force", image.name, image.pinned)


def _ctr(image: StaticImage, *arguments: str, content: bytes | None = None) -> None:
    done = subprocess.run(
        ["ctr", f"--address={paths().containerd_socket}", "--namespace=k8s.io", "images", *arguments],
        check=False,
        capture_output=True,
        input=content,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{image.name} cannot be imported into containerd: {done.stderr.decode().strip()}")
