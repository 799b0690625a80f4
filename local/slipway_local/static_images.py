"""Container images of static programs, made from nothing: program, certificates, a user that is not root."""

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path

from slipway_local import toolchain

USER = 65532
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass(frozen=True)
class StaticImage:
    """One program of the toolchain under the name of the image that upstream publishes it as."""

    name: str
    program: str
    entrypoint: str
    digest: str = ""
    """By which a component pins the published image."""

    @property
    def pinned(self) -> str:
        """The published image by its digest alone, as containerd looks up a name that has both."""
        return f"{self.name.rpartition(':')[0]}@{self.digest}" if self.digest else ""


STATIC_IMAGES = (
    StaticImage("registry.k8s.io/pause:3.10", "pause", "/pause"),
    StaticImage("registry.k8s.io/coredns/coredns:v1.12.4", "coredns", "/coredns"),
    StaticImage("registry.k8s.io/metrics-server/metrics-server:v0.7.2", "metrics-server", "/metrics-server"),
    StaticImage(
        "docker.io/library/traefik:v3.5.3",
        "traefik",
        "/usr/local/bin/traefik",
        "sha256:d6be8725d21b45bdd84b93ea01438256e0e3c94aa8fa51834fe87f37cd5d4af8",
    ),
    StaticImage(
        "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.15.0",
        "kube-state-metrics",
        "/kube-state-metrics",
        "sha256:db384bf43222b066c378e77027a675d4cd9911107adba46c2922b3a55e10d6fb",
    ),
    StaticImage(
        "registry.k8s.io/prometheus-adapter/prometheus-adapter:v0.12.0", "prometheus-adapter", "/adapter"
    ),
    StaticImage(
        "quay.io/prometheus/node-exporter:v1.9.1",
        "node_exporter",
        "/bin/node_exporter",
        "sha256:d00a542e409ee618a4edc67da14dd48c5da66726bbd5537ab2af9c1dfc442c8a",
    ),
    StaticImage(
        "quay.io/prometheus/prometheus:v3.5.0",
        "prometheus",
        "/bin/prometheus",
        "sha256:63805ebb8d2b3920190daf1cb14a60871b16fd38bed42b857a3182bc621f4996",
    ),
    StaticImage(
        "quay.io/prometheus/alertmanager:v0.28.1",
        "alertmanager",
        "/bin/alertmanager",
        "sha256:27c475db5fb156cab31d5c18a4251ac7ed567746a2483ff264516437a39b15ba",
    ),
)


def archive(image: StaticImage) -> bytes:
    """The image as `docker load` and `ctr images import` take it; the same bytes for the same program."""
    binary = (toolchain.program(image.program) / "bin" / image.program).read_bytes()
    layer = _tar(
        {
            "etc/passwd": (f"nonroot:x:{USER}:{USER}:nonroot:/tmp:/sbin/nologin\n".encode(), 0o644),
            "etc/group": (f"nonroot:x:{USER}:\n".encode(), 0o644),
            "etc/ssl/certs/ca-certificates.crt": (CERTIFICATES.read_bytes(), 0o644),
            image.entrypoint.removeprefix("/"): (binary, 0o755),
        },
        folders={"tmp": 0o1777},
    )
    configuration = json.dumps(
        {
            "architecture": _architecture(binary),
            "os": "linux",
            "config": {
                "User": f"{USER}:{USER}",
                "Entrypoint": [image.entrypoint],
                "Env": ["PATH=/usr/local/bin:/usr/bin:/bin"],
                "WorkingDir": "/",
            },
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
            "history": [{"created_by": "slipway"}],
        }
    ).encode()
    name = f"{hashlib.sha256(configuration).hexdigest()}.json"
    manifest = json.dumps([{"Config": name, "RepoTags": [image.name], "Layers": ["layer.tar"]}]).encode()
    return _tar(
        {name: (configuration, 0o644), "layer.tar": (layer, 0o644), "manifest.json": (manifest, 0o644)}, {}
    )


def _architecture(binary: bytes) -> str:
    machine = int.from_bytes(binary[18:20], "little")  # e_machine of the ELF header
    return {62: "amd64", 183: "arm64"}[machine]


def _tar(files: dict[str, tuple[bytes, int]], folders: dict[str, int]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archived:
        for name, mode in folders.items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, mode
            archived.addfile(entry)
        for name, (content, mode) in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            archived.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
