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
_ANEW = "to do: log in to the cluster anew"
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
        try:
            if data := source.get(f"{key}-data"):
                return base64.b64decode(data)
            return Path(source[key]).read_bytes() if source.get(key) else None
        except (OSError, ValueError, TypeError) as error:
            raise OperatorError(f"the {key} of {self} cannot be read: {error}\n  {_ANEW}") from None

    def credential(self) -> dict[str, str]:
        """A bearer token as `token`, or a client certificate as `certificate` and `key`; by the user's program if it has one."""
        if program := self.user.get("exec"):
            return _by_program(program, str(self))
        if token := self.user.get("token"):
            return {"token": self._sendable(str(token))}
        if file := self.user.get("tokenFile"):
            try:
                return {"token": self._sendable(Path(file).read_text())}
            except (OSError, UnicodeDecodeError) as error:
                raise OperatorError(f"the token of {self} cannot be read: {error}\n  {_ANEW}") from None
        certificate, key = self.pem("client-certificate"), self.pem("client-key")
        if certificate and key:
            return {
                "certificate": certificate.decode("ascii", "replace"),
                "key": key.decode("ascii", "replace"),
            }
        raise OperatorError(f"the user of {self} has neither token, client certificate nor exec\n  {_ANEW}")

    def _sendable(self, token: str) -> str:
        """Without the line break that a file ends with; no other text is a header, and an error would show it."""
        if not (bare := token.strip()).isascii() or not bare.isprintable():
            raise OperatorError(f"the token of {self} is none: it has other than printable ASCII\n  {_ANEW}")
        return bare


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
        lacks = "names no current context" if any(file.exists() for file in files) else "is not there"
        raise OperatorError(
            f"there is no cluster to talk to: {origin} {lacks}; set KUBECONFIG to the stack's cluster"
        )
    try:
        chosen = merged["contexts"][context]
        cluster, user = merged["clusters"][chosen["cluster"]], merged["users"][chosen["user"]]
    except (KeyError, TypeError) as error:
        raise OperatorError(f'context "{context}" of {origin} names {error}, which is not there') from None
    return Access(_server(cluster.get("server"), context, origin), context, origin, cluster, user)


def _server(said: Any, context: str, origin: str) -> SplitResult:
    try:
        server = urlsplit(str(said))
        if server.scheme in ("http", "https") and server.hostname and (server.port is None or server.port):
            return server
    except ValueError:
        pass
    raise OperatorError(
        f'the server of context "{context}" of {origin} must be an address, as https://192.0.2.1:6443, got {said!r}'
    )


def _home() -> Path:
    return Path(os.path.expanduser("~/.kube/config"))  # noqa: PTH111  (Path's own raises without a home)


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

    try:
        version, command = program["apiVersion"], [program["command"], *(program.get("args") or ())]
        variables = {item["name"]: item["value"] for item in program.get("env") or ()}
    except (KeyError, TypeError) as error:
        raise OperatorError(
            f"the login program of {whose} is not described whole: {error!r}\n  {_ANEW}"
        ) from None
    asked = {"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": False}}
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
        if token := status.get("token"):
            return {"token": str(token).strip()}
        return {"certificate": status["clientCertificateData"], "key": status["clientKeyData"]}
    except subprocess.CalledProcessError as error:
        raise OperatorError(f"{command[0]!r} gives no login for {whose}: {error.stderr.strip()}") from None
    except FileNotFoundError:
        raise OperatorError(f"{command[0]!r} gives no login for {whose}: it is not on PATH") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise OperatorError(f"{command[0]!r} gives no login for {whose}: {error}") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:  # what it said may hold the login
        why = f"its answer is none ({type(error).__name__})"
        raise OperatorError(f"{command[0]!r} gives no login for {whose}: {why}") from None
