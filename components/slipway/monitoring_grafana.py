"""Grafana's objects: dashboards and data sources from monitoring/grafana, for whoever may port-forward, to look and no more."""

from __future__ import annotations

import hashlib
from typing import Any

from slipway import monitoring_config as config
from slipway.manifest import NO_CPU_LIMIT, Body, excused, restricted_container, restricted_pod
from slipway.monitoring_objects import config_map, spread
from slipway.monitoring_settings import Monitoring

GRAFANA = "grafana"
_PORT, _USER = 3000, 472
# There is no administrator and no login, so there is no password to lose: what is shown is in files.
_ENVIRONMENT = {
    "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
    "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
    "GF_ANALYTICS_REPORTING_ENABLED": "false",
    "GF_AUTH_ANONYMOUS_ENABLED": "true",
    "GF_AUTH_ANONYMOUS_ORG_ROLE": "Viewer",
    "GF_AUTH_BASIC_ENABLED": "false",
    "GF_AUTH_DISABLE_LOGIN_FORM": "true",
    "GF_LOG_CONSOLE_FORMAT": "json",
    "GF_PLUGINS_PREINSTALL_DISABLED": "true",
    "GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION": "true",
    "GF_SNAPSHOTS_EXTERNAL_ENABLED": "false",
}
_FILES = {
    "datasources": "/etc/grafana/provisioning/datasources",
    "provider": "/etc/grafana/provisioning/dashboards",
}
_EXCUSED = excused(CKV_K8S_11=NO_CPU_LIMIT, CKV_K8S_40="the files of the image belong to this user")
_FOLDERS = {"data": "/var/lib/grafana", "tmp": "/tmp"}  # noqa: S108 (a mount, not a file)


def config_maps(settings: Monitoring) -> dict[str, Body]:
    """A change of the dashboards is seen by itself; one of the other two rolls the pod."""
    return {
        f"{GRAFANA}-{noun}": config_map(settings, GRAFANA, f"{GRAFANA}-{noun}", data)
        for noun, data in {
            "dashboards": config.dashboards(),
            "datasources": {"datasources.yaml": config.grafana("datasources.yaml")},
            "provider": {"provider.yaml": config.grafana("provider.yaml")},
        }.items()
    }


def service(settings: Monitoring) -> Body:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": settings.metadata(GRAFANA),
        "spec": {
            "type": "ClusterIP",
            "clusterIP": "None",
            "selector": settings.selector(GRAFANA),
            "ports": [{"name": "http", "port": _PORT, "targetPort": "http", "protocol": "TCP"}],
        },
    }


def deployment(settings: Monitoring) -> Body:
    """Pods without anything to keep: what each shows comes from the files."""
    mounts: list[dict[str, Any]] = [
        {"name": "dashboards", "mountPath": "/etc/grafana/dashboards", "readOnly": True},
        *({"name": name, "mountPath": path, "readOnly": True} for name, path in _FILES.items()),
        *({"name": name, "mountPath": path} for name, path in _FOLDERS.items()),
    ]
    volumes: list[dict[str, Any]] = [
        *({"name": name, "configMap": {"name": f"{GRAFANA}-{name}"}} for name in ("dashboards", *_FILES)),
        *({"name": name, "emptyDir": {}} for name in _FOLDERS),
    ]
    probe = {"httpGet": {"path": "/api/health", "port": "http"}, "periodSeconds": 5, "timeoutSeconds": 3}
    container = {
        "name": GRAFANA,
        "image": settings.images.grafana,
        "env": [{"name": name, "value": value} for name, value in _ENVIRONMENT.items()],
        "ports": [{"name": "http", "containerPort": _PORT, "protocol": "TCP"}],
        "startupProbe": {**probe, "failureThreshold": 24},
        "readinessProbe": probe,
        "livenessProbe": {**probe, "failureThreshold": 6},
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "securityContext": restricted_container(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": mounts,
    }
    provisioned = "".join(config.grafana(file) for file in ("datasources.yaml", "provider.yaml"))
    notes = {"slipway/config": hashlib.sha256(provisioned.encode()).hexdigest()[:16]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": settings.metadata(GRAFANA, annotations=_EXCUSED),
        "spec": {
            "replicas": settings.replicas,
            "selector": {"matchLabels": settings.selector(GRAFANA)},
            "template": {
                "metadata": {"labels": settings.labels(GRAFANA), "annotations": notes},
                "spec": {
                    "serviceAccountName": GRAFANA,
                    "automountServiceAccountToken": False,
                    "enableServiceLinks": False,
                    "securityContext": restricted_pod(_USER),
                    "topologySpreadConstraints": spread(settings.selector(GRAFANA)),
                    "containers": [container],
                    "volumes": volumes,
                },
            },
        },
    }
