"""Secrets are brought to programs by reference, never in what describes a program."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from policies.pods import FUNCTION, pods_of, task_containers
from policies.rules import About, Resource, Rule
from slipway_rules.pods import containers
from slipway_rules.secret_names import is_secret_name
from slipway_rules.values import at, each, entries

_CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
_NO_SECRET = re.compile(
    r"|0|1|true|false|yes|no|on|off|none|enabled|disabled|arn:aws.*|(?:/[a-z0-9_.-]+)+|.*\$(?:\(\w+\)|\{\w+\}).*",
    re.IGNORECASE | re.DOTALL,
)
"""Values that say where a secret is or whether one is wanted, or that bring it from another variable."""
_KINDS = re.compile(r"(?:.*[\W_\d]|.*[a-z](?=[A-Z]))?(?i:auth|cookies?)")
"""Names of secrets elsewhere, but here of the way to log in, and of a cookie's name: AUTH=oidc, SESSION_COOKIE=sid."""
_COUNTS = re.compile(r"(?:^|[\W_])(?:max|min|num|count|total)(?:[\W_]|$)|tokens$", re.IGNORECASE)
"""Names under which a number is one: COMPLETION_TOKENS."""
_ALWAYS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[A-Z2-7]{16}\b|\bgh[pousr]_\w{30,}|://[^\s/:@]*:(?!\$[({])[^\s/@]+@"
)
"""Values that are secrets under whatever name: keys, tokens, an address with a password."""


def _in_clear(variables: Mapping[str, Any]) -> Iterator[str]:
    for name, value in variables.items():
        if not isinstance(value, str):
            continue
        if _ALWAYS.search(value) or (_is_secret(name) and not _says_less(name, value)):
            yield name


def _is_secret(name: str) -> bool:
    return is_secret_name(name) and "PUBLIC" not in name.upper() and not _KINDS.fullmatch(name)


def _says_less(name: str, value: str) -> bool:
    is_number = value.isdecimal() and _COUNTS.search(name)
    return bool(is_number or _NO_SECRET.fullmatch(value))


def _environments(resource: Resource) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every set of variables that a program gets, with where it stands."""
    for pod in pods_of(resource):
        for where, container in containers(pod):
            yield where, _pairs(container.get("env"))
    if resource.type == _CONFIG_MAP:
        yield "data", entries(resource.at("data")) or {}
    if resource.type == FUNCTION:
        yield "environment.variables", entries(resource.at("environment.variables")) or {}
    for where, container in task_containers(resource):
        yield where, _pairs(at(container, "environment"))


def _pairs(variables: Any) -> Mapping[str, Any]:
    return {str(at(variable, "name")): at(variable, "value") for variable in each(variables)}


def _told(resource: Resource) -> Iterator[str]:
    for where, variables in _environments(resource):
        for name in _in_clear(variables):
            yield f"{where}: {name} holds its secret in clear"


BY_REFERENCE = Rule(
    About(
        name="secrets-by-reference",
        what="No variable of a container or a function, and no ConfigMap, holds a secret in clear.",
        why="What describes a program is read by everybody who may look at it, and is kept in the state, in plans and in events.",
        mend="use a Secrets component, or a Secret by `valueFrom.secretKeyRef`; for a Lambda function or a task, Secrets Manager.",
    ),
    _told,
)
