"""Questions to the platform's own API server and to the health pages of its programs."""

import http.client
import json
import ssl
from typing import Any

from slipway_local.paths import paths
from slipway_local.pki import ADMIN
from slipway_local.ports import API_SERVER

SECONDS = 3
DOES_NOT_EXIST = "does not exist yet"


class UnansweredError(Exception):
    """The server did not answer, or not with a 200."""


def get(path: str, port: int = API_SERVER) -> bytes:
    """One GET with the administrator's certificate, from a program that serves with one of ours."""
    try:
        context = ssl.create_default_context(cafile=str(paths().ca_certificate))
        context.load_cert_chain(ADMIN.certificate, ADMIN.key)
    except OSError as error:
        raise UnansweredError(f"no certificates yet: {error}") from error
    return _read(http.client.HTTPSConnection("127.0.0.1", port, timeout=SECONDS, context=context), path)


def get_plain(path: str, port: int) -> bytes:
    """One GET from a health page on loopback."""
    return _read(http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS), path)


def get_object(path: str) -> dict[str, Any]:
    """One Kubernetes object or list."""
    return json.loads(get(path))


def _read(connection: http.client.HTTPConnection, path: str) -> bytes:
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise UnansweredError(f"{connection.host}:{connection.port} does not answer: {error}") from error
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise UnansweredError(f"{path} answers {answer.status}: {body[:200].decode(errors='replace')}")
    return body


def healthy(path: str, port: int, *, plain: bool = False) -> str | None:
    """Readiness by a health page: None when it answers 200, else why not."""
    try:
        (get_plain if plain else get)(path, port)
    except UnansweredError as error:
        return str(error)
    return None


def unavailable_deployments(namespace: str, names: list[str]) -> dict[str, str]:
    """Of these Deployments those that are not wholly available, and what each lacks."""
    listed = get_object(f"/apis/apps/v1/namespaces/{namespace}/deployments")
    found = {item["metadata"]["name"]: item for item in listed["items"]}
    lacking: dict[str, str] = {}
    for name in names:
        if name not in found:
            lacking[name] = DOES_NOT_EXIST
            continue
        wanted = found[name]["spec"]["replicas"]
        status = found[name]["status"]
        current = status.get("observedGeneration", 0) >= found[name]["metadata"]["generation"]
        updated = status.get("updatedReplicas", 0) if current else 0
        available = min(updated, status.get("availableReplicas", 0))
        if available < wanted:
            lacking[name] = f"{available} of {wanted} pods available"
    return lacking
