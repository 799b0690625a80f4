"""What watches the cluster and the application of a stack."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from slipway import monitoring_checks
from slipway.monitoring_checks import availability, latency
from slipway.validation import CPU, MEMORY
from stacks.sections.rules import ImageName, Pem, Section, between, passes, rule

WebAddress = Annotated[str, rule("an http(s) address", re.compile(r"https?://\S+"))]


class MonitoringStorage(Section):
    """Where measurements are kept."""

    kind: Literal["persistent", "ephemeral"] | None = None
    size_gib: Annotated[int | None, between(1, 16384)] = None
    class_name: Annotated[str, Field(min_length=1)] | None = None

    @field_validator("class_name")
    @classmethod
    def _of_volumes_alone(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("kind") == "ephemeral":
            raise ValueError("must be left out unless kind is persistent")
        return value


class MonitoringImages(Section):
    """Images of the parts, where they come from another registry."""

    prometheus: ImageName | None = None
    alertmanager: ImageName | None = None
    kube_state_metrics: ImageName | None = None
    node_exporter: ImageName | None = None
    grafana: ImageName | None = None
    prometheus_adapter: ImageName | None = None


class RequestMetrics(Section):
    """How autoscalers see requests per second."""

    certificate: Pem
    private_key: Pem
    authority: Pem


class EmailReceiver(Section):
    """Alerts by e-mail."""

    to: Annotated[str, rule("an e-mail address", monitoring_checks.ADDRESS)]
    sender: Annotated[str, rule("an e-mail address", monitoring_checks.ADDRESS)]
    smarthost: Annotated[str, rule("host:port", monitoring_checks.SMARTHOST)]
    username: Annotated[str, Field(min_length=1)]
    password: Annotated[str, Field(min_length=1)]


class Receivers(Section):
    """Who hears of alerts."""

    webhook_url: WebAddress | None = None
    slack_url: WebAddress | None = None
    slack_channel: Annotated[str | None, Field(min_length=1)] = None
    email: EmailReceiver | None = None
    heartbeat_url: WebAddress | None = None

    @field_validator("slack_channel")
    @classmethod
    def _of_slack(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("slack_url", ...) is None:
            raise ValueError("must have slackUrl beside it")
        return value


class Monitoring(Section):
    """Prometheus, Alertmanager, Grafana and who hears of alerts."""

    replicas: Annotated[int | None, between(1, 3)] = None
    retention_days: Annotated[int | None, between(1, 3650)] = None
    storage: MonitoringStorage | None = None
    removal: Literal["protect", "destroy"] | None = None
    cpu: Annotated[str, rule("as 250m or 1", CPU)] | None = None
    memory: Annotated[str, rule("as 1Gi", MEMORY)] | None = None
    scrape_seconds: Annotated[int | None, between(5, 60)] = None
    availability_percent: Annotated[float | None, passes("90 to below 100", availability)] = None
    latency_seconds: Annotated[float | None, passes("above 0 to 60", latency)] = None
    receivers: Receivers | None = None
    rules: (
        dict[Annotated[str, rule(monitoring_checks.RULES_RULE, monitoring_checks.RULES_FILE)], str] | None
    ) = None
    runbooks: str | None = None
    grafana: Literal["install", "none"] | None = None
    request_metrics: RequestMetrics | None = None
    images: MonitoringImages | None = None
