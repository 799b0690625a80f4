"""One pod that keeps something for others, behind a Service: what Database and Cache have in common in a cluster.

Its password is made once and kept in the stack's state, sealed as every Pulumi secret. It reaches the pod as a file.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from slipway.manifest import (
    SKIP_AWAIT,
    Body,
    Manifest,
    labels,
    namespace,
    restricted_container,
    restricted_pod,
)
from slipway_rules.exceptions import excepted

CREDENTIALS = "/etc/credentials"
_ONE_IS_RIGHT = (
    "one pod by design: two would not share what they keep; the kind managed by AWS has a second one"
)
_ALONE = excepted(replicated=_ONE_IS_RIGHT, disruption_budget=_ONE_IS_RIGHT)
_OFFICIAL = excepted(
    images_pinned="the newest release of a version, whichever that is; `image` takes one by its digest"
)


@dataclass(frozen=True)
class Store:
    """What distinguishes one kind of store from another."""

    name: str
    namespace: str
    program: str
    component: str
    port: int
    user: int
    clients: Sequence[pulumi.Input[str]]
    image: pulumi.Input[str] | None
    """The caller's own."""
    official: str
    """The image without one."""
    container: Mapping[str, Any]
    """Command, environment, probes and resources."""
    empty_folders: Mapping[str, Mapping[str, Any]]
    """Folders that can be written and are empty at start: path to what is said of the emptyDir."""
    claim: tuple[str, Mapping[str, Any]] | None
    """Where a volume is mounted, and the specification of its claim."""
    grace_seconds: int

    @property
    def labels(self) -> dict[str, str]:
        return labels(self.program, self.name, self.component)

    @property
    def selector(self) -> dict[str, str]:
        return {key: self.labels[key] for key in ("app.kubernetes.io/name", "app.kubernetes.io/instance")}

    @property
    def host(self) -> str:
        return f"{self.name}.{self.namespace}.svc"

    def metadata(self, **more: Any) -> dict[str, Any]:
        return {"name": self.name, "namespace": self.namespace, "labels": self.labels, **more}


@dataclass(frozen=True)
class Stored:
    """What others need to reach it, known when its pod is ready."""

    host: pulumi.Output[str]
    password: pulumi.Output[str]
    secret_name: pulumi.Output[str]


def build(
    parent: pulumi.Resource,
    name: str,
    store: Store,
    files: Callable[[str], Mapping[str, str]],
    removal: str,
) -> Stored:
    """Makes it all. `files` are what the pod finds in CREDENTIALS, from a password; `password` is always there."""
    home = Manifest(
        f"{name}-namespace",
        namespace(store.namespace, store.labels),
        pulumi.ResourceOptions(parent=parent, protect=True if removal == "protect" else None),
    )
    inside = pulumi.ResourceOptions(parent=parent, depends_on=[home])
    kept = pulumi.ResourceOptions(
        parent=parent, depends_on=[home], protect=True if removal == "protect" else None
    )
    account = Manifest(f"{name}-account", _account(store), inside)
    policy = Manifest(f"{name}-network-policy", _network_policy(store), inside)
    service = Manifest(f"{name}-service", _service(store), inside)
    secret = Manifest(
        f"{name}-credentials",
        _credentials(store, files),
        # The password of this run is a new one; the one of the first run is kept.
        pulumi.ResourceOptions.merge(kept, pulumi.ResourceOptions(ignore_changes=["data"])),
    )
    secret_name = secret.metadata.apply(lambda metadata: metadata["name"])
    pod = Manifest(
        f"{name}-{store.program}",
        _stateful_set(store, secret_name, removal),
        pulumi.ResourceOptions.merge(kept, pulumi.ResourceOptions(depends_on=[account, policy, service])),
    )
    password = secret.data.apply(lambda data: base64.b64decode(data["password"]).decode())
    return Stored(
        host=pod.id.apply(lambda _: store.host),
        password=pulumi.Output.secret(password),
        secret_name=secret_name,
    )


def _account(store: Store) -> Body:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": store.metadata(),
        "automountServiceAccountToken": False,
    }


def _network_policy(store: Store) -> Body:
    """In: its clients' namespaces, to its port. Out: nothing."""
    clients = [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": client}}}
        for client in store.clients
    ]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": store.metadata(),
        "spec": {
            "podSelector": {"matchLabels": store.selector},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": clients, "ports": [{"protocol": "TCP", "port": store.port}]}],
        },
    }


def _service(store: Store) -> Body:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": store.metadata(annotations=SKIP_AWAIT),  # the StatefulSet's own wait says more
        "spec": {
            "type": "ClusterIP",
            "selector": store.selector,
            "ports": [
                {"name": store.program, "port": store.port, "targetPort": store.program, "protocol": "TCP"}
            ],
        },
    }


def _credentials(store: Store, files: Callable[[str], Mapping[str, str]]) -> Body:
    password = secrets.token_urlsafe(24)
    content = {"password": password, **files(password)}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": store.namespace, "labels": store.labels},
        "type": "Opaque",
        "data": {
            key: pulumi.Output.secret(base64.b64encode(value.encode()).decode())
            for key, value in content.items()
        },
    }


def _stateful_set(store: Store, secret_name: pulumi.Input[str], removal: str) -> Body:
    mounts = [{"name": "credentials", "mountPath": CREDENTIALS, "readOnly": True}]
    volumes: list[dict[str, Any]] = [{"name": "credentials", "secret": {"secretName": secret_name}}]
    for path, described in store.empty_folders.items():
        folder = path.strip("/").replace("/", "-")
        mounts.append({"name": folder, "mountPath": path})
        volumes.append({"name": folder, "emptyDir": described})
    claims: list[dict[str, Any]] = []
    if store.claim:
        path, claimed = store.claim
        mounts.append({"name": "data", "mountPath": path})
        claims.append({"metadata": {"name": "data", "labels": store.labels}, "spec": claimed})
    container = {
        "name": store.program,
        "image": store.official if store.image is None else store.image,
        "ports": [{"name": store.program, "containerPort": store.port, "protocol": "TCP"}],
        "securityContext": restricted_container(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": mounts,
        **store.container,
    }
    pod = {
        "serviceAccountName": store.name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        # What the store made its own stays so when the volume is mounted again: PostgreSQL refuses what its group may write.
        "securityContext": {**restricted_pod(store.user), "fsGroupChangePolicy": "OnRootMismatch"},
        "terminationGracePeriodSeconds": store.grace_seconds,
        "containers": [container],
        "volumes": volumes,
    }
    when = "Delete" if removal == "destroy" else "Retain"
    retention = {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": when, "whenScaled": "Retain"}}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": store.metadata(annotations={**_ALONE, **(_OFFICIAL if store.image is None else {})}),
        "spec": {
            "replicas": 1,
            "serviceName": store.name,
            "selector": {"matchLabels": store.selector},
            "template": {"metadata": {"labels": store.labels}, "spec": pod},
            **({"volumeClaimTemplates": claims, **retention} if claims else {}),
        },
    }
