"""The Gateway API's custom resource definitions, for clusters that do not bring them.

gateway_api.json is the standard channel of the version in versions.py (Apache-2.0, The Kubernetes Authors,
https://github.com/kubernetes-sigs/gateway-api, config/crd/standard), one definition a line, without the prose of its
`description` fields: those are two thirds of it, and every word of it would stand twice in the stack's state.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any


def definitions() -> list[dict[str, Any]]:
    """The definitions as Kubernetes objects."""
    return _read("gateway_api.json")


def traefik_kinds() -> list[dict[str, Any]]:
    """Those of Traefik's own kinds: its provider for them starts with all or none.

    traefik_kinds.json is made likewise of the version in versions.py (MIT, Containous SAS; Traefik Labs,
    https://github.com/traefik/traefik, docs/content/reference/dynamic-configuration/kubernetes-crd-definition-v1.yml).
    """
    return _read("traefik_kinds.json")


def _read(name: str) -> list[dict[str, Any]]:
    return json.loads(files("slipway").joinpath(name).read_text())
