"""Every version that the components bring with them, in one place."""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import version

TRAEFIK_IMAGE = "docker.io/library/traefik:v3.5.3"
PROMETHEUS_IMAGE = "quay.io/prometheus/prometheus:v3.5.0"
ALERTMANAGER_IMAGE = "quay.io/prometheus/alertmanager:v0.28.1"
KUBE_STATE_METRICS_IMAGE = "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.15.0"
NODE_EXPORTER_IMAGE = "quay.io/prometheus/node-exporter:v1.9.1"
GRAFANA_IMAGE = "docker.io/grafana/grafana:12.1.1"
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
