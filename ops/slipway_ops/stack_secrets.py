"""What a stack calls secret, in clear: it stays in memory, and is looked for in everything that is said."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from slipway_ops import stack_file, yaml_file
from slipway_ops.errors import OperatorError
from slipway_ops.ink import Ink
from slipway_ops.masking import SIGNATURE, Masker
from slipway_ops.plan import digest
from slipway_ops.process import NO_PULUMI
from slipway_ops.project import Project
from slipway_rules.secret_names import is_secret_name

_IN_ENVIRONMENT = 8
_VOLATILE = ("created", "modified", "sourcePosition", "stackTrace")
"""What of a resource in the state is about the state, not the resource."""
_SECONDS = 120
_SCALARS = (str, int, float)


@dataclass(frozen=True)
class State:
    """A stack's state: which one it is, and its secrets."""

    digest: str
    time: str
    secrets: frozenset[str]


def of_environment() -> set[str]:
    """Tokens and passwords that this process was given."""
    return {
        value
        for name, value in os.environ.items()
        if len(value) >= _IN_ENVIRONMENT and is_secret_name(re.sub(r"(?i)_(id|file|path)$", "_name", name))
    }


def of_config(project: Project) -> set[str]:
    """The values that the stack's file has encrypted."""
    said = stack_file.read(project.file)
    sealed = {key: value for key, value in said.items() if _has_secret(value)}
    if not sealed:
        return set()
    shown: dict[str, Any] = _json(project, "config", "--show-secrets", "--json")
    found: set[str] = set()
    for key, value in sealed.items():
        plain: dict[str, Any] = shown.get(key) or {}
        found |= {*_opened(value, plain.get("objectValue", plain.get("value")))}
    return found


def of_state(project: Project) -> State:
    """The whole state, exported: its digest, when it was written, and every secret in it."""
    deployment = exported(project, "--show-secrets")
    resources = [
        {key: value for key, value in resource.items() if key not in _VOLATILE}
        for resource in deployment.get("resources") or ()
    ]
    found = digest([resources, deployment.get("pending_operations") or []])
    manifest: dict[str, Any] = deployment.get("manifest") or {}
    return State(found, str(manifest.get("time", "")), frozenset(_plain(deployment)))


def exported(project: Project, *options: str) -> dict[str, Any]:
    """The state as Pulumi exports it: its resources, and when it was written."""
    said: dict[str, Any] = _json(project, "stack", "export", *options)
    return said.get("deployment") or {}


def _json(project: Project, *arguments: str) -> dict[str, Any]:
    said = _pulumi(project, *arguments)
    try:
        answer = yaml_file.mapping(json.loads(said or "{}"))
    except ValueError:
        answer = None
    if answer is None:
        raise OperatorError(
            f"pulumi {' '.join(arguments[:2])} answers no JSON, or no such JSON; nothing was changed\n"
            "  to do: see that the pulumi on PATH is Pulumi's own and not older than the project's SDK (pulumi version)"
        )
    return answer


def _pulumi(project: Project, *arguments: str) -> str:
    """What a pulumi that changes nothing prints; OperatorError when it fails."""
    try:
        done = subprocess.run(
            ["pulumi", *arguments, "--stack", project.stack, "--non-interactive", "--color", "never"],
            cwd=project.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
    except FileNotFoundError:
        raise OperatorError(NO_PULUMI) from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise OperatorError(f"pulumi cannot be run: {error}") from None
    if done.returncode:
        said = Ink(Masker(of_environment())).plain(done.stderr.strip())
        why = said or f"exit code {done.returncode}"
        raise OperatorError(f"pulumi {' '.join(arguments[:2])} failed; nothing was changed: {why}")
    return done.stdout


def _has_secret(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_has_secret, cast(list[Any], value)))
    if not isinstance(value, dict):
        return False
    return "secure" in value or any(map(_has_secret, cast(dict[str, Any], value).values()))


def _opened(sealed: Any, plain: Any) -> Iterator[str]:
    """The plain values at the places where the file has `secure`."""
    if isinstance(sealed, dict) and "secure" in sealed:
        yield from _scalars(plain)
    elif isinstance(sealed, dict) and isinstance(plain, dict):
        for key, value in cast(dict[str, Any], sealed).items():
            yield from _opened(value, cast(dict[str, Any], plain).get(key))
    elif isinstance(sealed, list) and isinstance(plain, list):
        for value, inner in zip(cast(list[Any], sealed), cast(list[Any], plain), strict=False):
            yield from _opened(value, inner)


def _plain(value: Any) -> Iterator[str]:
    """Everything that the state marks as secret."""
    if isinstance(value, list):
        for item in cast(list[Any], value):
            yield from _plain(item)
    if not isinstance(value, dict):
        return
    properties = cast(dict[str, Any], value)
    if SIGNATURE in properties and "plaintext" in properties:
        yield from _scalars(json.loads(properties["plaintext"]))
        return
    for item in properties.values():
        yield from _plain(item)


def _scalars(value: Any) -> Iterator[str]:
    if isinstance(value, bool):
        return
    if isinstance(value, _SCALARS):
        yield str(value)
        return
    items = cast(dict[str, Any], value).values() if isinstance(value, dict) else cast(list[Any], value or [])
    for item in items:
        yield from _scalars(item)
