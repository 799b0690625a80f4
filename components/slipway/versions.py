"""Every version that the components bring with them, in one place."""

from __future__ import annotations

from importlib.metadata import version

TRAEFIK_IMAGE = "docker.io/library/traefik:v3.5.3"
GATEWAY_API = "v1.3.0"
KUBERNETES = "1.34"
EKS_ADDONS = {"metrics-server": "v0.8.1-eksbuild.5"}
"""Beside what Auto Mode has built in. An add-on without a version would be another one on another day."""


def kubernetes_plugin() -> str:
    """The Kubernetes provider's version: the one of the installed SDK."""
    return version("pulumi-kubernetes")
