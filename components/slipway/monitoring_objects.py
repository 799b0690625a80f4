"""The Kubernetes objects of Prometheus and Alertmanager: pure functions from a MonitoringStack's settings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import pulumi

from slipway import monitoring_config as config
from slipway.manifest import NO_CPU_LIMIT, Body, excused, restricted_container, restricted_pod
from slipway.monitoring_settings import ALERTMANAGER, PROMETHEUS, WEB, Monitoring

USER = 65534
_CLUSTER = 9094
_RBAC = "rbac.authorization.k8s.io"
_EXCUSED = {
    ALERTMANAGER: excused(CKV_K8S_11=NO_CPU_LIMIT),
    PROMETHEUS: excused(CKV_K8S_11=NO_CPU_LIMIT, CKV_K8S_38="it finds what it measures at the API server"),
}


def network_policy(settings: Monitoring) -> Body:
    """In: from the same namespace alone, which has neither a login nor a reason to be asked by others. A port-forward gets in."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": settings.metadata("monitoring"),
        "spec": {
            "podSelector": {},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"podSelector": {}}]}],
        },
    }


def account(settings: Monitoring, part: str, token: bool) -> Body:
    """A part's ServiceAccount; only what asks the API server gets a token."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": settings.metadata(part),
        "automountServiceAccountToken": token,
    }


def cluster_rights(settings: Monitoring, part: str, rules: list[dict[str, Any]]) -> dict[str, Body]:
    """A ClusterRole and its binding to a part's account."""
    return {
        "role": {
            "apiVersion": f"{_RBAC}/v1",
            "kind": "ClusterRole",
            "metadata": settings.global_metadata(part),
            "rules": rules,
        },
        "role-binding": {
            "apiVersion": f"{_RBAC}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": settings.global_metadata(part),
            "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": settings.global_name(part)},
            "subjects": [{"kind": "ServiceAccount", "name": part, "namespace": settings.namespace}],
        },
    }


def prometheus_rights(settings: Monitoring) -> dict[str, Body]:
    """Finding pods and nodes everywhere, reading the metrics of kubelets and API server; Services only where the API server's is."""
    see = ["get", "list", "watch"]
    rules: list[dict[str, Any]] = [
        {"apiGroups": [""], "resources": ["nodes", "pods"], "verbs": see},
        {"apiGroups": [""], "resources": ["nodes/metrics"], "verbs": ["get"]},
        {"nonResourceURLs": ["/metrics"], "verbs": ["get"]},
    ]
    where = excused(CKV_K8S_21="the API server's own Service is in the namespace default")
    metadata = {**settings.global_metadata(PROMETHEUS), "namespace": "default", "annotations": where}
    inside = [
        {"apiGroups": [""], "resources": ["services"], "verbs": see},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": see},
    ]
    subject = {"kind": "ServiceAccount", "name": PROMETHEUS, "namespace": settings.namespace}
    return {
        **cluster_rights(settings, PROMETHEUS, rules),
        "api-server-role": {
            "apiVersion": f"{_RBAC}/v1",
            "kind": "Role",
            "metadata": metadata,
            "rules": inside,
        },
        "api-server-role-binding": {
            "apiVersion": f"{_RBAC}/v1",
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": {"apiGroup": _RBAC, "kind": "Role", "name": settings.global_name(PROMETHEUS)},
            "subjects": [subject],
        },
    }


def config_map(settings: Monitoring, part: str, name: str, data: Mapping[str, str]) -> Body:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {**settings.metadata(part), "name": name},
        "data": data,
    }


def receiver_secret(settings: Monitoring) -> Body:
    """Without a fixed name: a change makes a new Secret, whose new name rolls Alertmanager."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": settings.namespace, "labels": settings.labels(ALERTMANAGER)},
        "type": "Opaque",
        "stringData": {
            name: pulumi.Output.secret(value) for name, value in settings.receivers.secrets().items()
        },
    }


def service(settings: Monitoring, part: str) -> Body:
    """Headless: it names each pod, also one that is not ready, so that the Alertmanagers find each other at their start."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": settings.metadata(part),
        "spec": {
            "type": "ClusterIP",
            "clusterIP": "None",
            "publishNotReadyAddresses": part == ALERTMANAGER,
            "selector": settings.selector(part),
            "ports": [{"name": "http", "port": WEB[part], "targetPort": "http", "protocol": "TCP"}],
        },
    }


def disruption_budget(settings: Monitoring, part: str) -> Body:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": settings.metadata(part),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": settings.selector(part)}},
    }


def prometheus(settings: Monitoring) -> Body:
    """Prometheus. It notices by itself when the files that are mounted change: a new rule costs no gap in the measurements."""
    arguments = [
        "--config.file=/etc/prometheus/config/prometheus.yaml",
        "--config.auto-reload-interval=15s",
        # The second lets a counter begin at zero: otherwise the first errors of a new release would not count as any.
        "--enable-feature=auto-reload-config,created-timestamp-zero-ingestion",
        "--storage.tsdb.path=/prometheus",
        f"--storage.tsdb.retention.time={settings.retention_days}d",
        # Room is left for the write-ahead log and for a block while it is compacted.
        f"--storage.tsdb.retention.size={settings.storage.size_gib * 800}MB",
        "--log.format=json",
    ]
    container = {
        **_container(PROMETHEUS, settings.images.prometheus, arguments, "/-/ready", "/-/healthy"),
        # After a crash the log is read again before it is ready.
        "startupProbe": {
            "httpGet": {"path": "/-/ready", "port": "http"},
            "periodSeconds": 2,
            "failureThreshold": 450,
        },
        "resources": {
            "requests": {"cpu": settings.cpu, "memory": settings.memory},
            "limits": {"memory": settings.memory},
        },
        "volumeMounts": [
            {"name": "config", "mountPath": "/etc/prometheus/config", "readOnly": True},
            {"name": "rules", "mountPath": "/etc/prometheus/rules", "readOnly": True},
            {"name": "data", "mountPath": "/prometheus"},
        ],
    }
    volumes = [
        {"name": "config", "configMap": {"name": PROMETHEUS}},
        {"name": "rules", "configMap": {"name": "prometheus-rules"}},
    ]
    return _stateful_set(settings, PROMETHEUS, container, volumes, size_gib=settings.storage.size_gib)


def alertmanager(settings: Monitoring, secret_name: pulumi.Input[str] | None) -> Body:
    """Alertmanager. A change of its configuration rolls it, one pod after the other; what is silenced stays so."""
    peers = [
        f"--cluster.peer={ALERTMANAGER}-{index}.{ALERTMANAGER}.{settings.namespace}.svc:{_CLUSTER}"
        for index in range(settings.replicas)
    ]
    alone = ["--cluster.listen-address="]
    mounts: list[dict[str, Any]] = [
        {"name": "config", "mountPath": "/etc/alertmanager/config", "readOnly": True},
        {"name": "data", "mountPath": "/alertmanager"},
    ]
    arguments = [
        "--config.file=/etc/alertmanager/config/alertmanager.yaml",
        "--storage.path=/alertmanager",
        "--log.format=json",
        *(peers if settings.replicas > 1 else alone),
    ]
    container = {
        **_container(ALERTMANAGER, settings.images.alertmanager, arguments, "/-/ready", "/-/healthy"),
        "resources": {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
        "volumeMounts": mounts,
    }
    volumes: list[dict[str, Any]] = [{"name": "config", "configMap": {"name": ALERTMANAGER}}]
    if secret_name is not None:
        volumes.append({"name": "secrets", "secret": {"secretName": secret_name}})
        mounts.append({"name": "secrets", "mountPath": config.SECRETS, "readOnly": True})
    described = json.dumps(config.alertmanager(settings), sort_keys=True)
    notes = {"slipway/config": hashlib.sha256(described.encode()).hexdigest()[:16]}
    return _stateful_set(settings, ALERTMANAGER, container, volumes, size_gib=1, annotations=notes)


def _container(
    part: str, image: pulumi.Input[str], arguments: list[str], ready: str, alive: str
) -> dict[str, Any]:
    return {
        "name": part,
        "image": image,
        "args": arguments,
        "ports": [{"name": "http", "containerPort": WEB[part], "protocol": "TCP"}],
        "readinessProbe": {
            "httpGet": {"path": ready, "port": "http"},
            "periodSeconds": 5,
            "timeoutSeconds": 3,
        },
        "livenessProbe": {
            "httpGet": {"path": alive, "port": "http"},
            "periodSeconds": 10,
            "timeoutSeconds": 3,
            "failureThreshold": 6,
        },
        "securityContext": restricted_container(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }


def _stateful_set(
    settings: Monitoring,
    part: str,
    container: dict[str, Any],
    volumes: list[dict[str, Any]],
    *,
    size_gib: int,
    annotations: dict[str, str] | None = None,
) -> Body:
    size = f"{size_gib}Gi"
    claims: dict[str, Any] = {}
    if settings.storage.kind == "persistent":
        claims = _claims(settings, part, size)
    else:
        volumes = [*volumes, {"name": "data", "emptyDir": {"sizeLimit": size}}]
    pod = {
        "serviceAccountName": part,
        "automountServiceAccountToken": part == PROMETHEUS,
        "enableServiceLinks": False,
        "securityContext": {**restricted_pod(USER), "fsGroupChangePolicy": "OnRootMismatch"},
        "terminationGracePeriodSeconds": 120,
        "topologySpreadConstraints": spread(settings.selector(part)),
        "containers": [container],
        "volumes": volumes,
    }
    metadata: dict[str, Any] = {"labels": settings.labels(part)}
    if annotations is not None:
        metadata["annotations"] = annotations
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": settings.metadata(part, annotations=_EXCUSED[part]),
        "spec": {
            "serviceName": part,
            "replicas": settings.replicas,
            # All at once: none of them waits for another.
            "podManagementPolicy": "Parallel",
            "selector": {"matchLabels": settings.selector(part)},
            "template": {
                "metadata": metadata,
                "spec": pod,
            },
            **claims,
        },
    }


def _claims(settings: Monitoring, part: str, size: str) -> dict[str, Any]:
    storage_class = {"storageClassName": settings.storage.class_name} if settings.storage.class_name else {}
    when_deleted = "Retain" if settings.removal == "protect" else "Delete"
    return {
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": when_deleted, "whenScaled": "Retain"},
        "volumeClaimTemplates": [
            {
                "metadata": {"name": "data", "labels": settings.selector(part)},
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "volumeMode": "Filesystem",
                    "resources": {"requests": {"storage": size}},
                    **storage_class,
                },
            }
        ],
    }


def spread(selector: dict[str, str]) -> list[dict[str, Any]]:
    """Over zones and nodes, where there are several."""
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": selector},
        }
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]
