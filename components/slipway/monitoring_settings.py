"""A MonitoringStack's arguments with every default filled in, and the names that its parts know each other by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from slipway.manifest import labels

COMPONENT = "monitoring"
"""Value of app.kubernetes.io/component on namespace and pods: applications let in what carries it."""

PROMETHEUS, ALERTMANAGER = "prometheus", "alertmanager"
WEB = {PROMETHEUS: 9090, ALERTMANAGER: 9093}


@dataclass(frozen=True)
class Images:
    """The image of each part."""

    prometheus: pulumi.Input[str]
    alertmanager: pulumi.Input[str]
    kube_state_metrics: pulumi.Input[str]
    node_exporter: pulumi.Input[str]
    grafana: pulumi.Input[str]
    prometheus_adapter: pulumi.Input[str]


@dataclass(frozen=True)
class RequestMetrics:
    """What the server of requests per second shows itself with."""

    certificate: pulumi.Input[str]
    private_key: pulumi.Input[str]
    authority: pulumi.Input[str]


@dataclass(frozen=True)
class Storage:
    """Where measurements are kept."""

    kind: str
    size_gib: int
    class_name: str | None


@dataclass(frozen=True)
class Email:
    """Alerts by e-mail."""

    to: str
    sender: str
    smarthost: str
    username: str
    password: pulumi.Input[str]


@dataclass(frozen=True)
class Receivers:
    """Who hears of alerts."""

    webhook_url: pulumi.Input[str] | None
    slack_url: pulumi.Input[str] | None
    slack_channel: str | None
    email: Email | None
    heartbeat_url: pulumi.Input[str] | None

    def secrets(self) -> dict[str, pulumi.Input[str]]:
        """What must not stand in a ConfigMap, by the name of the file that Alertmanager reads it from."""
        said = {
            "webhook-url": self.webhook_url,
            "slack-url": self.slack_url,
            "smtp-password": self.email and self.email.password,
            "heartbeat-url": self.heartbeat_url,
        }
        return {name: value for name, value in said.items() if value is not None}


@dataclass(frozen=True)
class Monitoring:
    """The whole of it."""

    name: str
    namespace: str
    environment: str
    replicas: int
    retention_days: int
    storage: Storage
    removal: str
    cpu: str
    memory: str
    scrape_seconds: int
    availability_percent: float
    latency_seconds: float
    receivers: Receivers
    rules: Mapping[str, str]
    runbooks: str
    grafana: str
    request_metrics: RequestMetrics | None
    images: Images

    @property
    def nodes_namespace(self) -> str:
        return f"{self.namespace}-nodes"

    @property
    def keeps_data(self) -> bool:
        """Whether something is lost when it is deleted."""
        return self.storage.kind == "persistent" and self.removal == "protect"

    def labels(self, part: str, component: str = COMPONENT) -> dict[str, str]:
        return labels(part, self.global_name(), component)

    def selector(self, part: str) -> dict[str, str]:
        return {"app.kubernetes.io/name": part, "app.kubernetes.io/instance": self.global_name()}

    def global_name(self, part: str = "") -> str:
        """Name of what has no namespace: another MonitoringStack in the same cluster must not meet it."""
        return "-".join(filter(None, (self.namespace, self.name, part)))

    def metadata(self, part: str, **more: Any) -> dict[str, Any]:
        """Of an object that is named like the part it belongs to."""
        return {"name": part, "namespace": self.namespace, "labels": self.labels(part), **more}

    def global_metadata(self, part: str) -> dict[str, Any]:
        return {"name": self.global_name(part), "labels": self.labels(part)}

    def url(self, part: str) -> str:
        """Address of Prometheus or Alertmanager inside the cluster."""
        return f"http://{part}.{self.namespace}.svc:{WEB[part]}"
