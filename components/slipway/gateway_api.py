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
    return json.loads(files("slipway").joinpath("gateway_api.json").read_text())
