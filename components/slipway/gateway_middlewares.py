"""What a request passes in Traefik before it is routed, and which ones are turned away: its dynamic configuration."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from slipway.gateway_settings import GatewaySettings
from slipway.manifest import Body

ORIGIN_HEADER, ORIGIN_SECRET = "X-Origin-Verify", "ORIGIN_SECRET"
_NOBODY = "255.255.255.255/32"
_FIRST = 1_000_000_000  # above every priority that a route can come to


def middlewares(settings: GatewaySettings) -> dict[str, Any]:
    """What every request passes, in this order (https://doc.traefik.io/traefik/v3.5/middlewares/http/overview/)."""
    headers = {
        "contentTypeNosniff": True,
        "customFrameOptionsValue": "SAMEORIGIN",
        "referrerPolicy": "strict-origin-when-cross-origin",
        "customResponseHeaders": {"X-Powered-By": ""},
    }
    if settings.has_tls:
        headers |= {"stsSeconds": 31536000}
    if settings.clients == "cdn":
        headers |= {"customRequestHeaders": {ORIGIN_HEADER: ""}}  # no application need know it
    chain: dict[str, Any] = {"security-headers": {"headers": headers}}
    if settings.client_requests_per_second:
        rate = settings.client_requests_per_second
        depth = {"depth": 1} if settings.trusted_proxies else {}
        chain["client-rate"] = {
            "rateLimit": {"average": rate, "burst": 2 * rate, "sourceCriterion": {"ipStrategy": depth}}
        }
    # A stream of events must go out as it comes: compression would hold the first of it back.
    chain["compress"] = {"compress": {"excludedContentTypes": ["text/event-stream"]}}
    if settings.max_request_kib:
        chain["request-size"] = {"buffering": {"maxRequestBodyBytes": settings.max_request_kib * 1024}}
    if settings.attempts > 1:
        chain["retry"] = {"retry": {"attempts": settings.attempts, "initialInterval": "50ms"}}
    return chain


def dynamic_configuration(settings: GatewaySettings) -> Body:
    """Traefik's dynamic configuration. Its name is its content's: a change rolls Traefik, which reads it at start."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": settings.metadata(configuration_name(settings)),
        "immutable": True,
        "data": {"middlewares.yaml": _dynamic_text(settings)},
    }


def _dynamic_text(settings: GatewaySettings) -> str:
    http: dict[str, Any] = {"middlewares": middlewares(settings)}
    if settings.clients == "cdn":
        http["middlewares"] |= {"nobody": {"ipAllowList": {"sourceRange": [_NOBODY]}}}
        http["routers"] = {"not-by-the-cdn": _turned_away(settings)}
    return json.dumps({"http": http}, indent=2)


def _turned_away(settings: GatewaySettings) -> dict[str, Any]:
    """403 for what does not bring its secret, before any route is looked at.

    Traefik puts the secret in as it reads the file (https://doc.traefik.io/traefik/v3.5/providers/file/#go-templating).
    """
    return {
        "rule": f"!Header(`{ORIGIN_HEADER}`, `{{{{ env `{ORIGIN_SECRET}` }}}}`)",
        "priority": _FIRST,
        "entryPoints": ["websecure" if settings.has_tls else "web"],
        "middlewares": ["nobody"],
        "service": "noop@internal",
        **({"tls": {}} if settings.has_tls else {}),
    }


def configuration_name(settings: GatewaySettings) -> str:
    return f"{settings.name}-{hashlib.sha256(_dynamic_text(settings).encode()).hexdigest()[:8]}"
