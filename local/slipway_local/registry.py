"""The local image registry: the part that runs it, and what this package asks of it."""

import hashlib
import http.client
import ssl
from pathlib import Path
from urllib.parse import quote, urlsplit

from slipway_local import pki
from slipway_local.api import healthy
from slipway_local.parts import Part
from slipway_local.paths import paths
from slipway_local.ports import REGISTRY
from slipway_local.templates import rendered

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
SECONDS = 60


def registry() -> Part:
    """Debian's docker-registry on loopback, with a certificate of the platform's own authority."""
    configuration = paths().configuration / "registry.yaml"
    files = {
        configuration: rendered(
            "registry.yaml",
            root=paths().registry,
            port=REGISTRY,
            secret=_upload_secret(),
            certificate=pki.REGISTRY.certificate,
            key=pki.REGISTRY.key,
        )
    }
    return Part(
        "registry",
        ["/usr/bin/docker-registry", "serve", str(configuration)],
        lambda: healthy("/v2/", REGISTRY),
        start_seconds=1,
        files=files,
    )


def manifest_digest(repository: str, tag: str) -> str | None:
    """The digest that a tag stands for, or None when the registry does not have it."""
    accepted = {"Accept": MANIFEST}
    answer = _ask("HEAD", f"/v2/{repository}/manifests/{tag}", headers=accepted, expected=(200, 404))
    return answer.getheader("Docker-Content-Digest") if answer.status == http.client.OK else None


def push_blob(repository: str, digest: str, file: Path) -> None:
    """Stores a layer or a configuration, unless it is there."""
    if _ask("HEAD", f"/v2/{repository}/blobs/{digest}", expected=(200, 404)).status == http.client.OK:
        return
    opened = _ask("POST", f"/v2/{repository}/blobs/uploads/", expected=(202,))
    upload = urlsplit(opened.getheader("Location") or "")
    _ask("PUT", f"{upload.path}?{upload.query}&digest={quote(digest)}", body=file, expected=(201,))


def push_manifest(repository: str, tag: str, file: Path) -> None:
    """Gives a tag its meaning: everything that the manifest names must have been pushed."""
    kind = {"Content-Type": MANIFEST}
    _ask("PUT", f"/v2/{repository}/manifests/{tag}", headers=kind, body=file, expected=(201,))


def _upload_secret() -> str:
    """Stays the same over restarts, so that an upload goes on."""
    return hashlib.sha256(pki.REGISTRY.key.read_bytes()).hexdigest()[:32]


def _ask(
    method: str,
    target: str,
    *,
    expected: tuple[int, ...],
    headers: dict[str, str] | None = None,
    body: Path | None = None,
) -> http.client.HTTPResponse:
    context = ssl.create_default_context(cafile=str(paths().ca_certificate))
    connection = http.client.HTTPSConnection("127.0.0.1", REGISTRY, timeout=SECONDS, context=context)
    try:
        if body is None:
            connection.request(method, target, headers=headers or {})
        else:
            with body.open("rb") as content:
                length = {"Content-Length": str(body.stat().st_size)}
                connection.request(method, target, body=content, headers={**(headers or {}), **length})
        answer = connection.getresponse()
        said = answer.read()
    finally:
        connection.close()
    if answer.status not in expected:
        told = said[:300].decode(errors="replace")
        raise RuntimeError(f"the local registry answers {answer.status} to {method} {target}: {told}")
    return answer
