"""What a MonitoringStack's values must be like."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pulumi

from slipway.monitoring_settings import Email, Monitoring
from slipway.validation import (
    CPU,
    DNS_LABEL,
    MEMORY,
    REMOVAL,
    REMOVAL_RULE,
    Checks,
    is_one_of,
    is_pem,
    is_text,
    is_whole,
    matches,
)

STORAGES = ("persistent", "ephemeral")
GRAFANA = ("install", "none")
RULES_FILE = re.compile(r"[a-z0-9][a-z0-9.-]*\.rules\.yaml")
RULES_RULE = "files named *.rules.yaml"
SMARTHOST = re.compile(r"[A-Za-z0-9.-]+:\d{1,5}")
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")


def check_values(check: Checks, settings: Monitoring) -> None:
    storage, receivers = settings.storage, settings.receivers
    label = "lower-case letters, digits and -, at most 57"
    check.value("name", settings.name, label, _short_label)
    check.value("namespace", settings.namespace, label, _short_label)
    check.value("environment", settings.environment, "a text", is_text)
    check.value("replicas", settings.replicas, "1-3", is_whole(1, 3))
    check.value("retention_days", settings.retention_days, "1-3650", is_whole(1, 3650))
    check.value("storage.kind", storage.kind, f"one of {', '.join(STORAGES)}", is_one_of(STORAGES))
    check.value("storage.size_gib", storage.size_gib, "1-16384", is_whole(1, 16384))
    check.value("storage.class_name", storage.class_name, "a storage class's name", is_text)
    check.rule(
        storage.kind != "ephemeral" or storage.class_name is None,
        'storage.class_name needs storage.kind "persistent"',
    )
    check.value("removal", settings.removal, REMOVAL_RULE, is_one_of(REMOVAL))
    check.value("cpu", settings.cpu, "as 250m or 1", matches(CPU))
    check.value("memory", settings.memory, "as 1Gi", matches(MEMORY))
    check.value("scrape_seconds", settings.scrape_seconds, "5-60", is_whole(5, 60))
    check.value(
        "availability_percent",
        settings.availability_percent,
        "90 to below 100",
        availability,
    )
    check.value("latency_seconds", settings.latency_seconds, "above 0 to 60", latency)
    for name, content in settings.rules.items():
        check.value("rules", name, RULES_RULE, matches(RULES_FILE))
        check.value(f"rules {name}", content, "the file's content", is_text)
    check.value("runbooks", settings.runbooks, "a text", lambda value: isinstance(value, str))
    check.value("grafana", settings.grafana, f"one of {', '.join(GRAFANA)}", is_one_of(GRAFANA))
    for part in (field.name for field in fields(settings.images)):
        check.value(f"images.{part}", getattr(settings.images, part), "an image", is_text)
    for url in ("webhook_url", "slack_url", "heartbeat_url"):
        _check_secret(check, f"receivers.{url}", getattr(receivers, url), "an http(s) address", _is_url)
    check.value("receivers.slack_channel", receivers.slack_channel, "a channel's name", is_text)
    check.rule(
        receivers.slack_channel is None or receivers.slack_url is not None,
        "receivers.slack_channel needs receivers.slack_url",
    )
    if receivers.email is not None:
        _check_email(check, receivers.email)
    if (given := settings.request_metrics) is not None:
        check.value("request_metrics.certificate", given.certificate, "a certificate in PEM", is_pem)
        check.value("request_metrics.authority", given.authority, "a certificate in PEM", is_pem)
        _check_secret(check, "request_metrics.private_key", given.private_key, "a private key in PEM", is_pem)


def _check_email(check: Checks, email: Email) -> None:
    for key, right, test in (
        ("to", "an e-mail address", matches(ADDRESS)),
        ("sender", "an e-mail address", matches(ADDRESS)),
        ("smarthost", "host:port", matches(SMARTHOST)),
        ("username", "a login", is_text),
    ):
        check.value(f"receivers.email.{key}", getattr(email, key), right, test)
    _check_secret(check, "receivers.email.password", email.password, "a password", is_text)


def _check_secret(check: Checks, argument: str, value: Any, right: str, test: Callable[[Any], bool]) -> None:
    """As Checks.value, but what came is not shown."""
    known = value is not None and not isinstance(value, pulumi.Output)
    check.rule(not known or test(value), f"{argument} must be {right}; what came is a secret and not shown")


def _short_label(value: Any) -> bool:
    """Room is left for `-nodes`."""
    return matches(DNS_LABEL)(value) and len(value) <= 57  # noqa: PLR2004


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def availability(value: Any) -> bool:
    """Less than everything: without an error budget there is nothing to hold a failure against."""
    return _is_number(value) and 90 <= value < 100  # noqa: PLR2004


def latency(value: Any) -> bool:
    return _is_number(value) and 0 < value <= 60  # noqa: PLR2004


def _is_url(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(("http://", "https://"))
