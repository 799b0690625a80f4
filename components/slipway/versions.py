"""Every version that the components bring with them, in one place."""

from __future__ import annotations

from importlib.metadata import version

TRAEFIK_IMAGE = "docker.io/library/traefik:v3.5.3"
GATEWAY_API = "v1.3.0"
KUBERNETES = "1.34"


def kubernetes_plugin() -> str:
    """The Kubernetes provider's version: the one of the installed SDK."""
    return version("pulumi-kubernetes")
