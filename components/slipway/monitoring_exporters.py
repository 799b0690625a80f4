"""What turns the cluster and its nodes into metrics: kube-state-metrics and a node exporter on each node."""

from __future__ import annotations

from typing import Any

from slipway.manifest import NO_CPU_LIMIT, Body, excused, restricted_container, restricted_pod
from slipway.monitoring_objects import USER, account, cluster_rights
from slipway.monitoring_settings import Monitoring
from slipway_rules.exceptions import excepted

KUBE_STATE_METRICS, NODE_EXPORTER = "kube-state-metrics", "node-exporter"
_METRICS, _NODE_METRICS = 8080, 9100
# What the rules and dashboards read, by API group.
_KINDS = {
    "": ["nodes", "pods"],
    "apps": ["deployments"],
    "autoscaling": ["horizontalpodautoscalers"],
    "batch": ["cronjobs", "jobs"],
}
_LABELS = {
    "cronjobs": ["app.kubernetes.io/component"],
    "deployments": ["app.kubernetes.io/name", "slipway/color"],
    "jobs": ["app.kubernetes.io/component"],
}
_ONE_IS_RIGHT = "two would count every object twice; a new one knows the whole cluster within seconds"
_ALONE = {
    **excepted(replicated=_ONE_IS_RIGHT, disruption_budget=_ONE_IS_RIGHT),
    **excused(CKV_K8S_11=NO_CPU_LIMIT, CKV_K8S_38="it counts objects, which it lists at the API server"),
}
_OF_THE_NODE = excepted(
    pods_restricted="a node's cpu, memory and disks are files of the node, which its pod mounts read-only"
)
# Of the node itself. What a network namespace of one's own cannot see, as network devices, the kubelet counts.
_COLLECTORS = ("cpu", "diskstats", "filesystem", "loadavg", "meminfo")
_NOT_OF_THE_NODE = r"^/(dev|etc|proc|run|sys|var/lib/(containerd|docker|kubelet))($|/)"


def kube_state_metrics_rights(settings: Monitoring) -> dict[str, Body]:
    rules = [
        {"apiGroups": [group], "resources": kinds, "verbs": ["list", "watch"]}
        for group, kinds in _KINDS.items()
    ]
    return cluster_rights(settings, KUBE_STATE_METRICS, rules)


def kube_state_metrics(settings: Monitoring) -> Body:
    """One pod: two would count everything twice. A new one has the whole state within seconds."""
    kinds = sorted(kind for kinds in _KINDS.values() for kind in kinds)
    allowed = [f"{kind}=[{','.join(names)}]" for kind, names in _LABELS.items()]
    container = {
        "name": KUBE_STATE_METRICS,
        "image": settings.images.kube_state_metrics,
        "args": [
            f"--port={_METRICS}",
            "--telemetry-port=8081",
            f"--resources={','.join(kinds)}",
            f"--metric-labels-allowlist={','.join(allowed)}",
        ],
        "ports": [{"name": "metrics", "containerPort": _METRICS, "protocol": "TCP"}],
        "readinessProbe": {
            "httpGet": {"path": "/readyz", "port": 8081},
            "periodSeconds": 5,
            "timeoutSeconds": 3,
        },
        "livenessProbe": {
            "httpGet": {"path": "/livez", "port": "metrics"},
            "periodSeconds": 10,
            "timeoutSeconds": 5,
            "failureThreshold": 6,
        },
        "resources": {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
        "securityContext": restricted_container(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }
    selector = settings.selector(KUBE_STATE_METRICS)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": settings.metadata(KUBE_STATE_METRICS, annotations=_ALONE),
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": selector},
            "strategy": {"type": "Recreate"},
            "template": {
                "metadata": {"labels": settings.labels(KUBE_STATE_METRICS)},
                "spec": {
                    "serviceAccountName": KUBE_STATE_METRICS,
                    "automountServiceAccountToken": True,
                    "enableServiceLinks": False,
                    "securityContext": restricted_pod(USER),
                    "containers": [container],
                },
            },
        },
    }


def nodes_namespace(settings: Monitoring) -> Body:
    """A namespace of its own, because Pod Security is decided by namespace.

    The node's own file systems, read-only, are a hostPath, which "restricted" and "baseline" forbid. Everything else in the
    node exporter's pod is as "restricted" asks for.
    """
    levels = {f"pod-security.kubernetes.io/{mode}": "privileged" for mode in ("enforce", "audit", "warn")}
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": settings.nodes_namespace,
            "labels": {
                **settings.labels(NODE_EXPORTER, "node-metrics"),
                **levels,
            },
            "annotations": _OF_THE_NODE,
        },
    }


def _on_nodes(settings: Monitoring) -> dict[str, Any]:
    return {
        "name": NODE_EXPORTER,
        "namespace": settings.nodes_namespace,
        "labels": settings.labels(NODE_EXPORTER, "node-metrics"),
    }


def node_account(settings: Monitoring) -> Body:
    return {**account(settings, NODE_EXPORTER, token=False), "metadata": _on_nodes(settings)}


def node_network_policy(settings: Monitoring) -> Body:
    """In: Prometheus alone. Out: nothing, it only answers."""
    prometheus = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": settings.namespace}},
        "podSelector": {"matchLabels": settings.selector("prometheus")},
    }
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": _on_nodes(settings),
        "spec": {
            "podSelector": {},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": [prometheus], "ports": [{"protocol": "TCP", "port": _NODE_METRICS}]}],
        },
    }


def node_exporter(settings: Monitoring) -> Body:
    """On every node, whatever its taints. Neither the node's network nor its processes: what it reads are files."""
    probe = {"httpGet": {"path": "/", "port": "metrics"}, "periodSeconds": 10, "timeoutSeconds": 3}
    container = {
        "name": NODE_EXPORTER,
        "image": settings.images.node_exporter,
        "args": [
            f"--web.listen-address=:{_NODE_METRICS}",
            "--path.procfs=/host/proc",
            "--path.sysfs=/host/sys",
            "--path.rootfs=/host/root",
            "--collector.disable-defaults",
            *(f"--collector.{collector}" for collector in _COLLECTORS),
            f"--collector.filesystem.mount-points-exclude={_NOT_OF_THE_NODE}",
        ],
        "ports": [{"name": "metrics", "containerPort": _NODE_METRICS, "protocol": "TCP"}],
        "readinessProbe": probe,
        "livenessProbe": {**probe, "failureThreshold": 6},
        "resources": {"requests": {"cpu": "10m", "memory": "24Mi"}, "limits": {"memory": "64Mi"}},
        "securityContext": restricted_container(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {"name": "proc", "mountPath": "/host/proc", "readOnly": True},
            {"name": "sys", "mountPath": "/host/sys", "readOnly": True},
            # Without propagation: what is mounted later are volumes, which the kubelet counts, and a root that is not shared has none.
            {"name": "root", "mountPath": "/host/root", "readOnly": True},
        ],
    }
    paths = {"proc": "/proc", "sys": "/sys", "root": "/"}
    selector = settings.selector(NODE_EXPORTER)
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {
            **_on_nodes(settings),
            "annotations": {**_OF_THE_NODE, **excused(CKV_K8S_11=NO_CPU_LIMIT)},
        },
        "spec": {
            "selector": {"matchLabels": selector},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "10%"}},
            "template": {
                "metadata": {"labels": settings.labels(NODE_EXPORTER, "node-metrics")},
                "spec": {
                    "serviceAccountName": NODE_EXPORTER,
                    "automountServiceAccountToken": False,
                    "enableServiceLinks": False,
                    "securityContext": restricted_pod(USER),
                    "tolerations": [{"operator": "Exists"}],
                    "containers": [container],
                    "volumes": [{"name": name, "hostPath": {"path": path}} for name, path in paths.items()],
                },
            },
        },
    }
