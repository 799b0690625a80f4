"""The Kubernetes objects of one App: pure functions from its settings."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from slipway.manifest import (
    KEPT_IMAGE,
    NO_CPU_LIMIT,
    SKIP_AWAIT,
    Body,
    excused,
    labels,
    restricted_container,
    restricted_pod,
)
from slipway.traffic import IDLE_REPLICAS, REPLICAS, REQUESTS_METRIC, measured_as

_FINISH_SECONDS = 30
# The labels of a MonitoringStack's namespace.
_MONITORING = {"app.kubernetes.io/component": "monitoring", "app.kubernetes.io/managed-by": "slipway"}
# https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html
_POD_IDENTITY_AGENT = ("169.254.170.23/32", "fd00:ec2::23/128")
_EXCUSED = excused(
    CKV_K8S_11=NO_CPU_LIMIT,
    CKV_K8S_15=KEPT_IMAGE,
    CKV_K8S_40="the user is the one that the image is made for",
    CKV_K8S_43="the stack says which image; the policy images-pinned holds it to a digest",
)


MAY_BE_WRITTEN = {"pulumi.com/patchForce": "true"}
"""What a release writes straight to the cluster must not lock the next `up` out."""


@dataclass(frozen=True)
class AppSettings:
    """An App's arguments with every default filled in."""

    name: str
    namespace: str
    images: Mapping[str, pulumi.Input[str]]
    active: str
    strategy: str
    canary_weight: int
    port: int
    health_path: str
    metrics_path: str | None
    env: Mapping[str, pulumi.Input[str]]
    secrets: Mapping[str, pulumi.Input[str]]
    gateway_name: pulumi.Input[str]
    gateway_namespace: pulumi.Input[str]
    hostnames: tuple[str, ...]
    min_replicas: int
    max_replicas: int
    idle_replicas: int
    warm_seconds: int
    cpu_percent: int
    requests_per_second: int | None
    cpu: str
    memory: str
    startup_seconds: int
    period_seconds: int
    timeout_seconds: int
    live_path: str
    command: tuple[str, ...]
    arguments: tuple[str, ...]
    files: Mapping[str, pulumi.Input[str]]
    claims: Mapping[str, pulumi.Input[str]]
    user: int
    writable_paths: tuple[str, ...]
    drain_seconds: int
    rollout_seconds: int
    preview_header: str | None
    preview_hostnames: tuple[str, ...]
    sticky_cookie: str | None
    mirror_percent: int
    canary_headers: Mapping[str, str]
    canary_cookies: Mapping[str, str]

    def colored(self, color: str) -> str:
        return f"{self.name}-{color}"

    def selector(self, color: str) -> dict[str, str]:
        return {**self.app_selector, "slipway/color": color}

    @property
    def app_selector(self) -> dict[str, str]:
        return {"app.kubernetes.io/name": self.name, "app.kubernetes.io/instance": self.name}

    @property
    def labels(self) -> dict[str, str]:
        return labels(self.name, self.name, "app")

    def metadata(self, color: str | None = None, **more: Any) -> dict[str, Any]:
        if color is None:
            return {"name": self.name, "namespace": self.namespace, "labels": self.labels, **more}
        own = {**self.labels, "slipway/color": color}
        return {"name": self.colored(color), "namespace": self.namespace, "labels": own, **more}


@dataclass(frozen=True)
class Mounts:
    """The names of the objects that pods take their settings from; they change with what is in them."""

    secrets: pulumi.Input[str] | None
    files: pulumi.Input[str] | None


def account(app: AppSettings) -> Body:
    """A ServiceAccount that gives pods no token: they have no business with the API server."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": app.metadata(),
        "automountServiceAccountToken": False,
    }


def secret(app: AppSettings) -> Body:
    """The secret settings. Without a fixed name: a change makes a new Secret, whose new name rolls the pods."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": app.namespace, "labels": app.labels},
        "type": "Opaque",
        "stringData": {key: pulumi.Output.secret(value) for key, value in app.secrets.items()},
    }


def files(app: AppSettings) -> Body:
    """The configuration files, each under a key that its path makes. Without a fixed name, as the secret settings."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"namespace": app.namespace, "labels": app.labels},
        "data": {_key(path): content for path, content in app.files.items()},
    }


def _key(path: str) -> str:
    """A path as a ConfigMap's key, which takes letters, digits, -, _ and dots: any other character by its number, between dots."""
    return re.sub(r"[^A-Za-z0-9_-]", lambda found: f".{ord(found[0]):x}.", path)


def network_policy(app: AppSettings) -> Body:
    """In: the gateway's namespace and the Jobs that test a release, to the app's port; for metrics the monitoring's too.

    Out: everywhere but the link-local addresses, where clouds keep the nodes' credentials; the agent that gives pods their own
    is let through.
    """
    inside: list[dict[str, Any]] = [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": app.gateway_namespace}}},
        {"podSelector": {"matchLabels": {**app.app_selector, "app.kubernetes.io/component": "gate"}}},
    ]
    if app.metrics_path is not None:
        inside.append({"namespaceSelector": {"matchLabels": _MONITORING}})
    outside = [
        {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]}},
        {"ipBlock": {"cidr": "::/0", "except": ["fe80::/10", "fd00:ec2::/32"]}},
    ]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": app.metadata(),
        "spec": {
            "podSelector": {"matchLabels": app.app_selector},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": inside, "ports": [{"protocol": "TCP", "port": app.port}]}],
            "egress": [
                {"to": outside},
                {
                    "to": [{"ipBlock": {"cidr": agent}} for agent in _POD_IDENTITY_AGENT],
                    "ports": [{"protocol": "TCP", "port": 80}],
                },
            ],
        },
    }


def service(app: AppSettings, color: str) -> Body:
    """A colour's Service; the provider's ten seconds of waiting for endpoints are left out, the release's own wait says more."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": app.metadata(color, annotations=SKIP_AWAIT),
        "spec": {
            "type": "ClusterIP",
            "selector": app.selector(color),
            "ports": [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}],
        },
    }


def autoscaler(app: AppSettings, color: str) -> Body:
    """The autoscaler of a colour with traffic. It shrinks slowly: a colour scaled up for a switch is still there when the traffic comes."""
    return _autoscaler(app, color, app.min_replicas, {"slipway/carries": "traffic"}, _SLOWLY)


def idle_autoscaler(app: AppSettings, color: str, runs: pulumi.Input[str]) -> Body:
    """The autoscaler of a colour without traffic, for one release: it keeps the pods that it finds for the warm time, then few.

    What gives the colour traffic raises it to the least number with traffic first; how many that is, it says itself.
    """
    notes = {
        "slipway/template": runs,
        REPLICAS: str(app.min_replicas),
        IDLE_REPLICAS: str(app.idle_replicas),
    }
    at_once = {
        "stabilizationWindowSeconds": app.warm_seconds,
        "policies": [{"type": "Percent", "value": 100, "periodSeconds": 60}],
    }
    return _autoscaler(app, color, app.idle_replicas, notes, at_once)


_SLOWLY = {
    "stabilizationWindowSeconds": 300,
    "policies": [{"type": "Percent", "value": 10, "periodSeconds": 60}],
}


def _autoscaler(
    app: AppSettings,
    color: str,
    least: int,
    notes: Mapping[str, pulumi.Input[str]],
    scale_down: Mapping[str, Any],
) -> Body:
    metadata = app.metadata(color, annotations={**notes, **MAY_BE_WRITTEN})
    del metadata["name"]  # another one each time that it is replaced
    target = {"type": "Utilization", "averageUtilization": app.cpu_percent}
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": target}}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": metadata,
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": app.colored(color)},
            "minReplicas": least,
            "maxReplicas": app.max_replicas,
            "metrics": [cpu, *_requests(app, color)],
            "behavior": {"scaleDown": scale_down},
        },
    }


def _requests(app: AppSettings, color: str) -> list[dict[str, Any]]:
    """What a colour gets by way of the gateway, shared by its pods; the autoscaler goes by what asks for the most of them."""
    if app.requests_per_second is None:
        return []
    own = {"matchLabels": {"application": measured_as(app.namespace, app.name), "color": color}}
    target = {"type": "AverageValue", "averageValue": str(app.requests_per_second)}
    return [
        {
            "type": "External",
            "external": {"metric": {"name": REQUESTS_METRIC, "selector": own}, "target": target},
        }
    ]


def disruption_budget(app: AppSettings, color: str) -> Body:
    """Lets a drained node take one pod of a colour at a time."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": app.metadata(color),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": app.selector(color)}},
    }


def deployment(app: AppSettings, color: str, mounts: Mounts) -> Body:
    """A colour's Deployment. It says nothing of replicas: the autoscaler owns them."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": app.metadata(color, annotations={**SKIP_AWAIT, **_EXCUSED}),
        "spec": {
            "revisionHistoryLimit": 3,
            "selector": {"matchLabels": app.selector(color)},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": {
                "metadata": {"labels": {**app.labels, "slipway/color": color}, **_scraped(app)},
                "spec": _pod(app, color, mounts),
            },
        },
    }


def _scraped(app: AppSettings) -> dict[str, Any]:
    """The annotations by which Prometheus finds pods, as is the custom."""
    if app.metrics_path is None:
        return {}
    said = {"scrape": "true", "port": str(app.port), "path": app.metrics_path}
    return {"annotations": {f"prometheus.io/{key}": value for key, value in said.items()}}


def _pod(app: AppSettings, color: str, mounts: Mounts) -> dict[str, Any]:
    def probe(path: str, period: int, failures: int) -> dict[str, Any]:
        asked = {"httpGet": {"path": path, "port": "http"}, "timeoutSeconds": app.timeout_seconds}
        return {**asked, "periodSeconds": period, "failureThreshold": failures}

    env = {"COLOR": color, "PORT": str(app.port), **app.env}
    container: dict[str, Any] = {
        "name": app.name,
        "image": app.images[color],
        "env": [{"name": key, "value": value} for key, value in env.items()],
        "ports": [{"name": "http", "containerPort": app.port, "protocol": "TCP"}],
        "startupProbe": probe(app.health_path, 1, app.startup_seconds),
        "readinessProbe": probe(app.health_path, app.period_seconds, 2),
        "livenessProbe": probe(app.live_path, 10, 6),
        # The endpoint is taken away while the container still answers: no request meets a closed port.
        "lifecycle": {"preStop": {"sleep": {"seconds": app.drain_seconds}}},
        "resources": {"requests": {"cpu": app.cpu, "memory": app.memory}, "limits": {"memory": app.memory}},
        "securityContext": restricted_container(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            *({"name": _volume(path), "mountPath": path} for path in (*app.writable_paths, *app.claims)),
            *(
                {"name": "files", "mountPath": path, "subPath": _key(path), "readOnly": True}
                for path in app.files
            ),
        ],
    }
    if mounts.secrets is not None:
        container["envFrom"] = [{"secretRef": {"name": mounts.secrets}}]
    if app.command:
        container["command"] = list(app.command)
    if app.arguments:
        container["args"] = list(app.arguments)
    return {
        "serviceAccountName": app.name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": restricted_pod(app.user),
        "terminationGracePeriodSeconds": app.drain_seconds + _FINISH_SECONDS,
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": key,
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": app.selector(color)},
            }
            for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
        ],
        "containers": [container],
        "volumes": [
            *({"name": _volume(path), "emptyDir": {}} for path in app.writable_paths),
            *(
                {"name": _volume(path), "persistentVolumeClaim": {"claimName": claim}}
                for path, claim in app.claims.items()
            ),
            *([{"name": "files", "configMap": {"name": mounts.files}}] if mounts.files is not None else []),
        ],
    }


def _volume(path: str) -> str:
    """A volume's name, which no other path makes too."""
    words = re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-")[:40].strip("-")
    return f"{words or 'root'}-{hashlib.sha256(path.encode()).hexdigest()[:6]}"


def release_record(app: AppSettings, color: str, template_hash: pulumi.Input[str]) -> Body:
    """What a colour runs, written once it runs it. Annotations, not data: the provider replaces a ConfigMap whose data changes."""
    notes = {"slipway/image": app.images[color], "slipway/template": template_hash}
    metadata = {**app.metadata(color, annotations=notes), "name": f"{app.colored(color)}-release"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
