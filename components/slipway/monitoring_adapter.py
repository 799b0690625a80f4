"""What answers autoscalers that ask for requests per second: prometheus-adapter behind the cluster's external metrics API."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from typing import Any

import pulumi

from slipway.manifest import NO_CPU_LIMIT, Body, excused, restricted_container, restricted_pod
from slipway.monitoring_objects import USER, spread
from slipway.monitoring_settings import PROMETHEUS, Monitoring, RequestMetrics
from slipway.traffic import REQUESTS_METRIC

ADAPTER = "prometheus-adapter"
_PORT = 6443
_RBAC = "rbac.authorization.k8s.io"
# Nothing, not zero, when no gateway is measured: an autoscaler that knows no figure takes no pod away.
_QUERY = (
    "sum(application_color:gateway_requests:rate1m{<<.LabelMatchers>>})"
    ' or 0 * (count(up{job="gateway"} == 1) > 0)'
)
_EXCUSED = excused(CKV_K8S_11=NO_CPU_LIMIT, CKV_K8S_38="it asks the API server who asks it, and may")


def configuration() -> str:
    """Its configuration, by https://github.com/kubernetes-sigs/prometheus-adapter/blob/v0.12.0/docs/externalmetrics.md."""
    rule = {
        "seriesQuery": 'up{job="gateway"}',
        "resources": {"namespaced": False},
        "name": {"as": REQUESTS_METRIC},
        "metricsQuery": _QUERY,
    }
    return json.dumps({"externalRules": [rule]}, indent=2)


def rights(settings: Monitoring) -> dict[str, Body]:
    """To learn who asks it, and whether he may: what every server behind the API server does."""
    subject = {"kind": "ServiceAccount", "name": ADAPTER, "namespace": settings.namespace}
    where = excused(CKV_K8S_21="the API server's own configuration is in kube-system")
    return {
        "delegator": {
            "apiVersion": f"{_RBAC}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": settings.global_metadata(ADAPTER),
            "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": "system:auth-delegator"},
            "subjects": [subject],
        },
        "reader": {
            "apiVersion": f"{_RBAC}/v1",
            "kind": "RoleBinding",
            "metadata": {
                **settings.global_metadata(ADAPTER),
                "namespace": "kube-system",
                "annotations": where,
            },
            "roleRef": {
                "apiGroup": _RBAC,
                "kind": "Role",
                "name": "extension-apiserver-authentication-reader",
            },
            "subjects": [subject],
        },
    }


def certificate(settings: Monitoring, given: RequestMetrics) -> Body:
    """Without a fixed name: a renewal is a new Secret, whose new name rolls the pods."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": settings.namespace, "labels": settings.labels(ADAPTER)},
        "type": "kubernetes.io/tls",
        "stringData": {"tls.crt": given.certificate, "tls.key": pulumi.Output.secret(given.private_key)},
    }


def network_policy(settings: Monitoring) -> Body:
    """In: everyone, for the API server is no pod that could be named. It asks who they are."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": settings.metadata(ADAPTER),
        "spec": {
            "podSelector": {"matchLabels": settings.selector(ADAPTER)},
            "policyTypes": ["Ingress"],
            "ingress": [{"ports": [{"protocol": "TCP", "port": _PORT}]}],
        },
    }


def service(settings: Monitoring) -> Body:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": settings.metadata(ADAPTER),
        "spec": {
            "type": "ClusterIP",
            "selector": settings.selector(ADAPTER),
            "ports": [{"name": "https", "port": 443, "targetPort": "https", "protocol": "TCP"}],
        },
    }


def deployment(settings: Monitoring, secret_name: pulumi.Input[str]) -> Body:
    def probe(path: str, failures: int) -> dict[str, Any]:
        asked = {"httpGet": {"path": path, "port": "https", "scheme": "HTTPS"}, "timeoutSeconds": 3}
        return {**asked, "periodSeconds": 5, "failureThreshold": failures}

    container = {
        "name": ADAPTER,
        "image": settings.images.prometheus_adapter,
        "args": [
            f"--secure-port={_PORT}",
            "--tls-cert-file=/etc/adapter/certificate/tls.crt",
            "--tls-private-key-file=/etc/adapter/certificate/tls.key",
            "--config=/etc/adapter/config/adapter.json",
            f"--prometheus-url={settings.url(PROMETHEUS)}",
            "--metrics-relist-interval=30s",
            "--metrics-max-age=10m",
        ],
        "ports": [{"name": "https", "containerPort": _PORT, "protocol": "TCP"}],
        "readinessProbe": probe("/readyz", 2),
        "livenessProbe": probe("/livez", 12),
        "resources": {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
        "securityContext": restricted_container(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {"name": "config", "mountPath": "/etc/adapter/config", "readOnly": True},
            {"name": "certificate", "mountPath": "/etc/adapter/certificate", "readOnly": True},
        ],
    }
    selector = settings.selector(ADAPTER)
    notes = {"slipway/config": hashlib.sha256(configuration().encode()).hexdigest()[:16]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": settings.metadata(ADAPTER, annotations=_EXCUSED),
        "spec": {
            "replicas": settings.replicas,
            "selector": {"matchLabels": selector},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": {
                "metadata": {"labels": settings.labels(ADAPTER), "annotations": notes},
                "spec": {
                    "serviceAccountName": ADAPTER,
                    "automountServiceAccountToken": True,
                    "enableServiceLinks": False,
                    "securityContext": restricted_pod(USER),
                    "topologySpreadConstraints": spread(selector),
                    "containers": [container],
                    "volumes": [
                        {"name": "config", "configMap": {"name": ADAPTER}},
                        {"name": "certificate", "secret": {"secretName": secret_name}},
                    ],
                },
            },
        },
    }


def api_service(settings: Monitoring, given: RequestMetrics) -> Body:
    """The API's one place in the cluster, and the authority that its server's certificate is held against."""
    group, version = "external.metrics.k8s.io", "v1beta1"
    authority = pulumi.Output.from_input(given.authority)
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {**settings.global_metadata(ADAPTER), "name": f"{version}.{group}"},
        "spec": {
            "group": group,
            "version": version,
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "service": {"name": ADAPTER, "namespace": settings.namespace, "port": 443},
            "caBundle": authority.apply(lambda pem: b64encode(pem.encode()).decode()),
        },
    }
