"""Every version that the components bring with them, in one place."""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import version

# By digest, as their registries have them: a tag can be moved. The digest of an index counts for every architecture.
TRAEFIK_IMAGE = (
    "docker.io/library/traefik:v3.5.3@sha256:d6be8725d21b45bdd84b93ea01438256e0e3c94aa8fa51834fe87f37cd5d4af8"
)
PROMETHEUS_IMAGE = (
    "quay.io/prometheus/prometheus:v3.5.0"
    "@sha256:63805ebb8d2b3920190daf1cb14a60871b16fd38bed42b857a3182bc621f4996"
)
ALERTMANAGER_IMAGE = (
    "quay.io/prometheus/alertmanager:v0.28.1"
    "@sha256:27c475db5fb156cab31d5c18a4251ac7ed567746a2483ff264516437a39b15ba"
)
KUBE_STATE_METRICS_IMAGE = (
    "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.15.0"
    "@sha256:db384bf43222b066c378e77027a675d4cd9911107adba46c2922b3a55e10d6fb"
)
NODE_EXPORTER_IMAGE = (
    "quay.io/prometheus/node-exporter:v1.9.1"
    "@sha256:d00a542e409ee618a4edc67da14dd48c5da66726bbd5537ab2af9c1dfc442c8a"
)
GRAFANA_IMAGE = (
    "docker.io/grafana/grafana:12.1.1@sha256:a1701c2180249361737a99a01bc770db39381640e4d631825d38ff4535efa47d"
)
PROMETHEUS_ADAPTER_IMAGE = "registry.k8s.io/prometheus-adapter/prometheus-adapter:v0.12.0"
"""By its tag; where images are to be pinned, `images` says the digest."""
GATEWAY_API = "v1.3.0"
KUBERNETES = "1.34"
EKS_ADDONS = {"metrics-server": "v0.8.1-eksbuild.5"}
"""Beside what Auto Mode has built in. An add-on without a version would be another one on another day."""
POSTGRES = "17"
VALKEY = "8.1"
MAJOR = re.compile(r"[1-9]\d")
MINOR = re.compile(r"[1-9]\d*\.\d+")


def postgres_image(major: str) -> str:
    """The official image of a major version, for the newest of its minor ones."""
    return f"docker.io/library/postgres:{major}-trixie"


def valkey_image(minor: str) -> str:
    """The official image of a version."""
    return f"docker.io/valkey/valkey:{minor}-trixie"


@cache
def kubernetes_plugin() -> str:
    """The Kubernetes provider's version: the one of the installed SDK."""
    return version("pulumi-kubernetes")


@cache
def docker_plugin() -> str:
    """The Docker provider's version: the one of the installed SDK."""
    return version("pulumi-docker")
