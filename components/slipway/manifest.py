"""One Kubernetes object, written as the Kubernetes API itself writes it.

The objects are the provider's own (`kubernetes:apps/v1:Deployment`, …) and look the same in state, preview and
policy as those of the SDK's typed classes. The typed classes are left aside because importing `core.v1` alone takes
longer than everything else between `pulumi up` and the first resource, and a traffic switch waits for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from slipway.versions import kubernetes_plugin

Body = Mapping[str, Any]

SKIP_AWAIT = {"pulumi.com/skipAwait": "true"}


class Manifest(pulumi.CustomResource):
    """Any Kubernetes object; `body` has apiVersion, kind, metadata and whatever else the kind has."""

    metadata: pulumi.Output[dict[str, Any]]
    status: pulumi.Output[dict[str, Any] | None]
    data: pulumi.Output[dict[str, Any]]

    def __init__(self, name: str, body: Body, opts: pulumi.ResourceOptions) -> None:
        super().__init__(
            type_token(body["apiVersion"], body["kind"]),
            name,
            {"status": None, "data": None, **body},
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(version=kubernetes_plugin())),
        )


def type_token(api_version: str, kind: str) -> str:
    """The provider's name of a kind: its group and version, where the group without a name is `core`."""
    return f"kubernetes:{api_version if '/' in api_version else f'core/{api_version}'}:{kind}"


def labels(name: str, instance: str, component: str) -> dict[str, str]:
    """The recommended labels (https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/)."""
    return {
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/instance": instance,
        "app.kubernetes.io/component": component,
        "app.kubernetes.io/managed-by": "slipway",
    }


def excused(**reasons: str) -> dict[str, str]:
    """What checkov finds and what is right as it is, each with its reason: annotations of the object that it is found in."""
    return {
        f"checkov.io/skip{number}": f"{check}={reason}"
        for number, (check, reason) in enumerate(reasons.items(), 1)
    }


NO_CPU_LIMIT = "a limit would slow a pod down while its node has cpu to spare"
KEPT_IMAGE = "a registry that is down must not keep a pod from starting where its image is already"


def namespace(name: str, labels: Mapping[str, str]) -> Body:
    """A namespace held to Pod Security's "restricted" level (https://kubernetes.io/docs/concepts/security/pod-security-standards/)."""
    levels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {**labels, **levels}},
    }


def restricted_container() -> dict[str, Any]:
    """A container's security context under "restricted", with a root filesystem that cannot be written."""
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
    }


def restricted_pod(user: int) -> dict[str, Any]:
    """A pod's security context under "restricted", for one numeric user."""
    return {
        "runAsNonRoot": True,
        "runAsUser": user,
        "runAsGroup": user,
        "fsGroup": user,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
