"""How to reach the API server: what a kubeconfig's current context says, by kubectl's rules.

https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from slipway_ops import yaml_file
from slipway_ops.errors import OperatorError

_LISTS = ("clusters", "users", "contexts")
_FILES = ("certificate-authority", "client-certificate", "client-key", "tokenFile")


@dataclass(frozen=True)
class Access:
    """One context, read."""

    server: SplitResult
    context: str
    origin: str
    cluster: Mapping[str, Any]
    user: Mapping[str, Any]

    def __str__(self) -> str:
        return f'{self.server.geturl()} (context "{self.context}" of {self.origin})'

    def pem(self, key: str) -> bytes | None:
        """A certificate or key, which stands there itself or in a file."""
        source = self.cluster if key in self.cluster or f"{key}-data" in self.cluster else self.user
        if data := source.get(f"{key}-data"):
            return base64.b64decode(data)
        return Path(source[key]).read_bytes() if source.get(key) else None

    def credential(self) -> dict[str, str]:
        """A bearer token as `token`, or a client certificate as `certificate` and `key`; by the user's program if it has one."""
        if program := self.user.get("exec"):
            return _by_program(program, str(self))
        if token := self.user.get("token"):
            return {"token": token}
        if file := self.user.get("tokenFile"):
            return {"token": Path(file).read_text().strip()}
        certificate, key = self.pem("client-certificate"), self.pem("client-key")
        if certificate and key:
            return {"certificate": certificate.decode(), "key": key.decode()}
        raise OperatorError(
            f"the user of {self} has neither token, client certificate nor exec; log in to the cluster anew"
        )


def read() -> Access:
    """The current context of $KUBECONFIG, or of ~/.kube/config."""
    named = os.environ.get("KUBECONFIG")
    files = [Path(part) for part in named.split(os.pathsep) if part] if named else [_home()]
    origin = os.pathsep.join(map(str, files))
    merged: dict[str, Any] = {name: dict[str, Any]() for name in _LISTS}
    for file in files:
        if file.exists():
            _merge(merged, file)
    context = merged.get("current-context")
    if not context:
        raise OperatorError(
            f"there is no cluster to talk to: {origin} names no current context; set KUBECONFIG to the stack's cluster"
        )
    try:
        chosen = merged["contexts"][context]
        cluster, user = merged["clusters"][chosen["cluster"]], merged["users"][chosen["user"]]
        return Access(urlsplit(str(cluster["server"])), context, origin, cluster, user)
    except KeyError as error:
        raise OperatorError(f'context "{context}" of {origin} names {error}, which is not there') from None


def _home() -> Path:
    return Path.home() / ".kube" / "config"


def _merge(merged: dict[str, Any], file: Path) -> None:
    """What an earlier file says stays; relative paths are relative to their file."""
    said: Any = yaml_file.load(file) or {}
    try:
        merged.setdefault("current-context", said.get("current-context"))
        for name in _LISTS:
            for item in said.get(name) or ():
                entry: dict[str, Any] = {**(item.get(name.removesuffix("s")) or {})}
                for key in _FILES:
                    if entry.get(key):
                        entry[key] = str(file.parent / entry[key])
                merged[name].setdefault(item["name"], entry)
    except (AttributeError, KeyError, TypeError) as error:
        raise OperatorError(f"{file} is no kubeconfig: {error!r}") from None


def _by_program(program: Mapping[str, Any], whose: str) -> dict[str, str]:
    """What a credential plugin answers. https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins"""
    import subprocess

    asked = {"apiVersion": program["apiVersion"], "kind": "ExecCredential", "spec": {"interactive": False}}
    variables = {item["name"]: item["value"] for item in program.get("env") or ()}
    command = [program["command"], *(program.get("args") or ())]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **variables, "KUBERNETES_EXEC_INFO": json.dumps(asked)},
            check=True,
            capture_output=True,
            text=True,
            timeout=30,
        )
        status = json.loads(done.stdout)["status"]
    except subprocess.CalledProcessError as error:
        raise OperatorError(f"{command[0]!r} gives no login for {whose}: {error.stderr.strip()}") from None
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError) as error:
        raise OperatorError(f"{command[0]!r} gives no login for {whose}: {error}") from None
    if token := status.get("token"):
        return {"token": token}
    return {"certificate": status["clientCertificateData"], "key": status["clientKeyData"]}
