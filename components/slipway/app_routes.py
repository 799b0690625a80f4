"""The routes of one App, by which requests come to its colours: pure functions from its settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from slipway.app_objects import MAY_BE_WRITTEN, AppSettings
from slipway.manifest import Body
from slipway.traffic import other
from slipway.validation import Checks, is_text, matches

Rule = dict[str, Any]

# https://gateway-api.sigs.k8s.io/reference/spec/: Hostname, and the part of HTTPHeaderName that browsers and proxies let through.
HOSTNAME = re.compile(r"(?=.{1,253}$)(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
HEADER = re.compile(r"[A-Za-z0-9_-]{1,64}")
COOKIE = re.compile(r"[A-Za-z0-9_.~%+-]{1,256}")

_EVERYTHING = {"path": {"type": "PathPrefix", "value": "/"}}


def check(check: Checks, app: AppSettings) -> None:
    """Holds what an App says of its routes against the rules."""
    header = "a header's name, as X-Slipway-Color"
    check.value("preview.header", app.preview_header, header, matches(HEADER))
    for argument, hosts in {"hostnames": app.hostnames, "preview.hostnames": app.preview_hostnames}.items():
        for host in hosts:
            check.value(argument, host, "host names, as chat.example.com", matches(HOSTNAME))
    both = sorted({*app.hostnames} & {*app.preview_hostnames})
    check.rule(not both, f"{', '.join(both)} must stand in hostnames or in preview.hostnames, not in both")
    for name, value in app.canary_headers.items():
        check.value("canary_users.headers", name, header, matches(HEADER))
        check.value(f"canary_users.headers[{name}]", value, "text", is_text)
    for name, value in app.canary_cookies.items():
        check.value("canary_users.cookies", name, "a cookie's name", matches(HEADER))
        check.value(f"canary_users.cookies[{name}]", value, "a cookie's value", matches(COOKIE))


def route(app: AppSettings, weights: Mapping[str, int]) -> Body:
    """The switch: one rule with two weighted backends; before it, in precedence, those for whom a colour is chosen by what they send."""
    backends = [_backend(app, color, weights[color]) for color in app.images]
    switch = {"matches": [_EVERYTHING], "backendRefs": backends}
    return _route(
        app,
        app.metadata(annotations=MAY_BE_WRITTEN),
        app.hostnames,
        [switch, *_chosen_users(app), *_by_header(app)],
    )


def preview_route(app: AppSettings) -> Body:
    """The colour that is not active, at host names of its own."""
    rule = {"matches": [_EVERYTHING], "backendRefs": [_backend(app, other(app.active))]}
    metadata = {**app.metadata(), "name": f"{app.name}-preview"}
    return _route(app, metadata, app.preview_hostnames, [rule])


def carriers(app: AppSettings, weights: Mapping[str, int]) -> dict[str, int]:
    """The weights, in which a colour that users are sent to by what they send carries something too: it must be ready for them."""
    if not _chosen_users(app):
        return dict(weights)
    canary = other(app.active)
    return {**weights, canary: max(1, weights[canary])}


def _chosen_users(app: AppSettings) -> list[Rule]:
    """Under `canary`, who brings one of these headers or cookies gets the colour that is not active."""
    if app.strategy != "canary":
        return []
    headers = [{"type": "Exact", "name": name, "value": value} for name, value in app.canary_headers.items()]
    cookies = [_cookie(name, value) for name, value in app.canary_cookies.items()]
    if not headers and not cookies:
        return []
    matches = [{**_EVERYTHING, "headers": [header]} for header in (*headers, *cookies)]
    return [{"matches": matches, "backendRefs": [_backend(app, other(app.active))]}]


def _by_header(app: AppSettings) -> list[Rule]:
    """Who names a colour in the preview header gets that colour."""
    if app.preview_header is None:
        return []
    return [
        {
            "matches": [
                {
                    **_EVERYTHING,
                    "headers": [{"type": "Exact", "name": app.preview_header, "value": color}],
                }
            ],
            "backendRefs": [_backend(app, color)],
        }
        for color in app.images
    ]


def _cookie(name: str, value: str) -> dict[str, str]:
    """All cookies of a request come in one header."""
    pair = f"{re.escape(name)}={re.escape(value)}"
    return {"type": "RegularExpression", "name": "Cookie", "value": f"(^|; ?){pair}(;|$)"}


def _backend(app: AppSettings, color: str, weight: int = 1) -> dict[str, Any]:
    return {"group": "", "kind": "Service", "name": app.colored(color), "port": 80, "weight": weight}


def _route(
    app: AppSettings, metadata: Mapping[str, Any], hostnames: tuple[str, ...], rules: list[Rule]
) -> Body:
    parent = {
        "group": "gateway.networking.k8s.io",
        "kind": "Gateway",
        "name": app.gateway_name,
        "namespace": app.gateway_namespace,
    }
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": metadata,
        "spec": {
            "parentRefs": [parent],
            **({"hostnames": list(hostnames)} if hostnames else {}),
            "rules": rules,
        },
    }
