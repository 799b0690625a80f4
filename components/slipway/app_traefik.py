"""What the Gateway API cannot say and Traefik can: the TraefikServices of one App, pure functions from its settings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import pulumi

from slipway import shares
from slipway.app_objects import AppSettings
from slipway.manifest import Body
from slipway.traffic import other, traefik_name

TRAEFIK = "traefik.io"
_LARGEST_COPY = 1024 * 1024


def is_sticky(app: AppSettings) -> bool:
    """Whether users keep the colour that they were given first."""
    return app.strategy == "canary" and app.sticky_cookie is not None


def kept_cookie(app: AppSettings, color: str) -> pulumi.Output[str]:
    """The cookie that keeps users with a colour while these two images run: with the next release everyone is drawn anew."""

    def named(images: Mapping[str, str]) -> str:
        digest = hashlib.sha256(json.dumps(images, sort_keys=True).encode()).hexdigest()
        return f"{app.sticky_cookie}-{color}-{digest[:8]}"

    return pulumi.Output.all(**app.images).apply(named)


def traefik_services(app: AppSettings) -> dict[str, Body]:
    """By noun: a colour's Service with a cookie of its own, and with copies to the other colour.

    They hold no weights. Each leads to the very backend of the route's own Service, by the name that Traefik gives it; a copy
    goes by a backend of its own, so that what comes of copies is not counted among what users get.
    https://doc.traefik.io/traefik/v3.5/reference/routing-configuration/kubernetes/crd/http/traefikservice/
    """
    made = dict[str, Body]()
    for color in app.images:
        if is_sticky(app):
            cookie = {"name": kept_cookie(app, color), "httpOnly": True, "sameSite": "lax"}
            weighted = {"services": [_own(app, color)], "sticky": {"cookie": cookie}}
            made[f"{color}-kept"] = _traefik_service(app, color, shares.KEPT, {"weighted": weighted})
        if app.mirror_percent:
            copies = [{"kind": "Service", "name": app.colored(other(color)), "port": 80, "percent": 100}]
            mirroring = {**_own(app, color), "mirrors": copies, "maxBodySize": _LARGEST_COPY}
            made[f"{color}-mirrored"] = _traefik_service(
                app, color, shares.MIRRORED, {"mirroring": mirroring}
            )
    return made


def _own(app: AppSettings, color: str) -> dict[str, str]:
    backend = traefik_name(f"{app.namespace}-{app.colored(color)}-http-80")
    return {"kind": "TraefikService", "name": f"{backend}@kubernetesgateway"}


def _traefik_service(app: AppSettings, color: str, suffix: str, spec: Mapping[str, Any]) -> Body:
    metadata = {**app.metadata(color), "name": app.colored(color) + suffix}
    return {"apiVersion": f"{TRAEFIK}/v1alpha1", "kind": "TraefikService", "metadata": metadata, "spec": spec}
