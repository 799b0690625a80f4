"""The stack's own Prometheus, through the API server's proxy: no port of its own is needed, and no login of its own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from math import isfinite
from typing import Any
from urllib.parse import urlencode

from slipway.traffic import measured_as
from slipway_ops.application import Application

Series = dict[str, Any]


class SilentError(Exception):
    """It did not answer, or not as it should; why."""


def now(app: Application, names: Iterable[str]) -> list[Series]:
    """The newest value of these series of the application."""
    return _ask(app, "query", {"query": _selector(app, names)})


def value(app: Application, query: str) -> float | None:
    """What a query comes to; None when there is nothing to measure."""
    found = _ask(app, "query", {"query": query})
    value = float(found[0]["value"][1]) if found else float("nan")
    return value if isfinite(value) else None


def over(app: Application, names: Iterable[str], start: float, end: float, step: float) -> list[Series]:
    """These series of the application between two moments, in seconds since the epoch."""
    times = {"start": f"{start:.0f}", "end": f"{end:.0f}", "step": f"{step:.0f}"}
    return _ask(app, "query_range", {"query": _selector(app, names), **times})


def _selector(app: Application, names: Iterable[str]) -> str:
    application = measured_as(app.guard.namespace, app.guard.route)
    return f'{{__name__=~"{"|".join(names)}",application="{application}"}}'


def _ask(app: Application, what: str, parameters: Mapping[str, str]) -> list[Series]:
    place = f"{app.guard.namespace}-monitoring"
    service = f"/api/v1/namespaces/{place}/services/prometheus:9090/proxy"
    status, text = app.api.ask("GET", f"{service}/api/v1/{what}?{urlencode(parameters)}")
    if status != HTTPStatus.OK:
        raise SilentError(f"Prometheus in {place} does not answer (status {status})")
    try:
        return json.loads(text)["data"]["result"]
    except (ValueError, KeyError, TypeError) as error:
        raise SilentError(f"Prometheus in {place} answers nonsense ({error!r})") from None
