"""Events as the engine writes them in a preview, made by hand."""

from __future__ import annotations

import json
from typing import Any

Event = dict[str, Any]

ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
BUCKET = "aws:s3/bucket:Bucket"
DATABASE = "aws:rds/instance:Instance"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"


def urn(type_: str, name: str) -> str:
    return f"urn:pulumi:prod::shop::slipway:index:App${type_}::{name}"


def state(type_: str, name: str, inputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": type_,
        "urn": urn(type_, name),
        "inputs": inputs,
        "outputs": {**inputs, "id": name},
        **more,
    }


def step(
    op: str,
    type_: str,
    name: str,
    old: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
    *,
    diff: dict[str, str] | None = None,
    keys: list[str] | None = None,
    **of_old: Any,
) -> Event:
    """`diff`: by path, what Pulumi calls the kind of a difference."""
    return {
        "resourcePreEvent": {
            "metadata": {
                "op": op,
                "urn": urn(type_, name),
                "type": type_,
                "old": None if old is None else state(type_, name, old, **of_old),
                "new": None if new is None else state(type_, name, new),
                "keys": keys or [],
                "diffs": [],
                "detailedDiff": {
                    path: {"diffKind": kind, "inputDiff": True} for path, kind in (diff or {}).items()
                }
                or None,
            }
        }
    }


def same(type_: str, name: str, inputs: dict[str, Any]) -> Event:
    return step("same", type_, name, inputs, inputs)


def refreshed(
    type_: str, name: str, old: dict[str, Any], new: dict[str, Any] | None, **diff: str
) -> list[Event]:
    """Both events of a refresh; the second has what it found."""
    before = step("refresh", type_, name, old, old)
    after = step("refresh", type_, name, old, new, diff=diff)
    return [before, {"resOutputsEvent": after["resourcePreEvent"]}]


def route(**weights: int) -> dict[str, Any]:
    refs = [{"name": f"chat-{color}", "port": 80, "weight": weight} for color, weight in weights.items()]
    return {"metadata": {"name": "chat"}, "spec": {"rules": [{"backendRefs": refs}]}}


def deployment(color: str, image: str) -> dict[str, Any]:
    containers = [{"name": "chat", "image": image}]
    return {"metadata": {"name": f"chat-{color}"}, "spec": {"template": {"spec": {"containers": containers}}}}


def diagnostic(severity: str, message: str, **more: Any) -> Event:
    return {"diagnosticEvent": {"severity": severity, "message": message, **more}}


def finding(policy: str, level: str, message: str, name: str = "db", type_: str = DATABASE) -> Event:
    return {
        "policyEvent": {
            "resourceUrn": urn(type_, name),
            "message": message,
            "policyName": policy,
            "policyPackName": "slipway",
            "enforcementLevel": level,
        }
    }


def lines(*events: Event) -> list[str]:
    return [json.dumps(event) for event in events]


def large(resources: int, changes: int) -> list[Event]:
    """So many resources, of which so many change in every way."""
    found: list[Event] = []
    ways = ("update", "update", "create", "delete", "replace")
    for number in range(resources):
        name, type_ = (
            f"resource-{number:05}-{'x' * 30}",
            (CONFIG_MAP, BUCKET, DEPLOYMENT, DATABASE)[number % 4],
        )
        old = {
            "metadata": {"name": name, "labels": {"app": "chat"}},
            "spec": {f"field-{key}": f"value-{key}-{number}" for key in range(20)},
        }
        new = {
            **old,
            "spec": {**old["spec"], "field-3": f"other-{number}", "field-7": {"deep": ["a", number]}},
        }
        diff = {"spec.field-3": "update", "spec.field-7": "update"}
        if number >= changes:
            found.append(same(type_, name, old))
            continue
        op = ways[number % len(ways)]
        found.append(
            step(
                op,
                type_,
                name,
                None if op == "create" else old,
                None if op == "delete" else new,
                diff=None if op in ("create", "delete") else diff,
                keys=["spec.field-3"] if op == "replace" else None,
            )
        )
    return found
