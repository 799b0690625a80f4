"""The routes of one App, by which requests come to its colours: pure functions from its settings."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import pulumi

from slipway import shares
from slipway.app_objects import MAY_BE_WRITTEN, AppSettings
from slipway.app_traefik import TRAEFIK, is_sticky, kept_cookie, traefik_services
from slipway.manifest import Body
from slipway.traffic import other

Rule = dict[str, Any]


# https://gateway-api.sigs.k8s.io/reference/spec/: Hostname, and the part of HTTPHeaderName that browsers and proxies let through.
HOSTNAME = re.compile(r"(?=.{1,253}$)(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
HEADER = re.compile(r"[A-Za-z0-9_-]{1,64}")
COOKIE = re.compile(r"[A-Za-z0-9_.~%+-]{1,256}")

HOSTNAMES_RULE = "16 different host names at most, which is all that a route takes"
_MOST_HOSTNAMES = 16


def are_hostnames(hosts: Collection[Any]) -> bool:
    """Whether one route takes them: each once, and not too many."""
    known = [host for host in hosts if isinstance(host, str)]
    return len(known) == len({*known}) <= _MOST_HOSTNAMES


# All cookies of a request come in one header.
_COOKIE_BEGINS = "(^|; ?)"
_EVERYTHING = {"path": {"type": "PathPrefix", "value": "/"}}


def route(app: AppSettings, weights: Mapping[str, int]) -> Body:
    """The switch: one rule with weighted backends; before it, in precedence, those for whom a colour is chosen by what they send."""
    services = {color: app.colored(color) for color in app.images}
    backends = [_backend(app, color) for color in app.images] + [
        {"group": TRAEFIK, "kind": "TraefikService", "name": made["metadata"]["name"]}
        for made in traefik_services(app).values()
    ]
    names = [backend["name"] for backend in backends]
    given = shares.spread(services, names, weights, app.mirror_percent)
    weighted = [{**backend, "weight": given[backend["name"]]} for backend in backends]
    switch = {"matches": [_EVERYTHING], "backendRefs": weighted}
    return _route(
        app,
        app.metadata(annotations=MAY_BE_WRITTEN),
        app.hostnames,
        [switch, *_chosen_users(app), *_by_header(app), *_kept(app, services, weights)],
    )


def preview_route(app: AppSettings) -> Body:
    """The colour that is not active, at host names of its own."""
    rule = {"matches": [_EVERYTHING], "backendRefs": [_backend(app, other(app.active))]}
    metadata = {**app.metadata(), "name": f"{app.name}-preview"}
    return _route(app, metadata, app.preview_hostnames, [rule])


def carriers(app: AppSettings, weights: Mapping[str, int]) -> dict[str, int]:
    """The weights, in which a colour that users are sent to by what they send carries something too, and one that gets copies
    as much as it gets of them: it must be ready for them.
    """
    second = other(app.active)
    return {**weights, second: max(weights[second], app.mirror_percent, 1 if _chosen_users(app) else 0)}


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


def _kept(app: AppSettings, services: Mapping[str, str], weights: Mapping[str, int]) -> list[Rule]:
    """Who was given a colour while both had traffic brings its cookie, and keeps the colour for as long as that has any."""
    if not is_sticky(app):
        return []
    return [
        {
            "matches": [{**_EVERYTHING, "headers": [_kept_cookie(app, color)]}],
            "backendRefs": [_backend(app, *given) for given in shares.stick(color, weights).items()],
        }
        for color in services
    ]


def _kept_cookie(app: AppSettings, color: str) -> dict[str, pulumi.Input[str]]:
    pattern = kept_cookie(app, color).apply(lambda name: f"{_COOKIE_BEGINS}{name}=")
    return {"type": "RegularExpression", "name": "Cookie", "value": pattern}


def _cookie(name: str, value: str) -> dict[str, str]:
    pattern = f"{_COOKIE_BEGINS}{re.escape(name)}={re.escape(value)}(;|$)"
    return {"type": "RegularExpression", "name": "Cookie", "value": pattern}


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
