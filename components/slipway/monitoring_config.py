"""The configuration of Prometheus and Alertmanager: the files under monitoring/, and what a MonitoringStack adds to them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from slipway.monitoring_settings import Monitoring

DATA = Path(__file__).parent / "monitoring_data"
SECRETS = "/etc/alertmanager/secrets"


def prometheus(settings: Monitoring) -> dict[str, str]:
    """prometheus.yaml with interval, environment and the namespace of the node exporters."""
    config = _load("prometheus/prometheus.yaml")
    every = f"{settings.scrape_seconds}s"
    config["global"] |= {
        "scrape_interval": every,
        "evaluation_interval": every,
        "external_labels": {"environment": settings.environment},
    }
    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    jobs["node-exporter"]["kubernetes_sd_configs"][0]["namespaces"]["names"] = [settings.nodes_namespace]
    return {"prometheus.yaml": _dump(config)}


def rules(settings: Monitoring) -> dict[str, str]:
    """All rule files by name: those that come with the package, the objectives, and the caller's own."""
    own = {
        file.name: file.read_text().replace("runbook_url: ", f"runbook_url: {settings.runbooks}")
        for file in sorted((DATA / "prometheus").glob("*.rules.yaml"))
    }
    return {**own, "objectives.rules.yaml": _objectives(settings), **settings.rules}


def _objectives(settings: Monitoring) -> str:
    objectives = {
        "error_ratio": round(1 - settings.availability_percent / 100, 8),
        "latency_seconds": settings.latency_seconds,
    }
    recorded = [
        {"record": f"slipway:objective:{name}", "expr": f"vector({value})"}
        for name, value in objectives.items()
    ]
    return _dump({"groups": [{"name": "objectives", "rules": recorded}]})


def alertmanager(settings: Monitoring) -> dict[str, str]:
    """alertmanager.yaml with the receivers, and the text of messages. Every secret is named by its file."""
    config = _load("alertmanager/alertmanager.yaml")
    receivers = {receiver["name"]: receiver for receiver in config["receivers"]}
    receivers["everyone"] |= _everyone(settings)
    if settings.receivers.heartbeat_url is not None:
        receivers["heartbeat"]["webhook_configs"] = [
            {"url_file": f"{SECRETS}/heartbeat-url", "send_resolved": False}
        ]
    template = (DATA / "alertmanager/slipway.tmpl").read_text()
    return {"alertmanager.yaml": _dump(config), "slipway.tmpl": template}


def _everyone(settings: Monitoring) -> dict[str, Any]:
    receivers, config = settings.receivers, dict[str, Any]()
    if receivers.webhook_url is not None:
        config["webhook_configs"] = [{"url_file": f"{SECRETS}/webhook-url", "send_resolved": True}]
    if receivers.slack_url is not None:
        slack: dict[str, Any] = {
            "api_url_file": f"{SECRETS}/slack-url",
            "send_resolved": True,
            "title": '{{ template "slipway.title" . }}',
            "text": '{{ template "slipway.text" . }}',
        }
        channel = {"channel": receivers.slack_channel} if receivers.slack_channel else {}
        config["slack_configs"] = [{**slack, **channel}]
    if receivers.email is not None:
        email = receivers.email
        config["email_configs"] = [
            {
                "to": email.to,
                "from": email.sender,
                "smarthost": email.smarthost,
                "auth_username": email.username,
                "auth_password_file": f"{SECRETS}/smtp-password",
                "require_tls": True,
                "send_resolved": True,
                "headers": {"Subject": '{{ template "slipway.title" . }}'},
                "html": "",
                "text": '{{ template "slipway.text" . }}',
            }
        ]
    return config


def dashboards() -> dict[str, str]:
    """Grafana's dashboards by file name."""
    return {file.name: file.read_text() for file in sorted((DATA / "grafana/dashboards").glob("*.json"))}


def grafana(file: str) -> str:
    """One of Grafana's own files."""
    return (DATA / "grafana" / file).read_text()


def _load(file: str) -> dict[str, Any]:
    import yaml  # with the component, not with the package: most programs have no monitoring of their own

    return yaml.safe_load((DATA / file).read_text())


def _dump(value: Any) -> str:
    import yaml

    # By way of JSON: what the data files share by anchors would come out as `*id001`.
    return yaml.safe_dump(json.loads(json.dumps(value)), sort_keys=False, width=140)
