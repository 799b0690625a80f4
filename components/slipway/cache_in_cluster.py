"""Cache's `in-cluster` kind: one Valkey pod that keeps nothing on disk."""

from typing import Any

import pulumi

from slipway import in_cluster, versions
from slipway.cache import PORT, CacheSettings
from slipway.datastore import Parts
from slipway.in_cluster import CREDENTIALS, Store

_USER = 999  # of the official image
_BYTES = {"Mi": 1024**2, "Gi": 1024**3}
_CONFIGURATION = "valkey.conf"


def build(parent: pulumi.Resource, name: str, settings: CacheSettings) -> Parts:
    """The pod and who may connect."""
    stored = in_cluster.build(
        parent,
        name,
        _store(name, settings),
        lambda password: {_CONFIGURATION: f"requirepass {password}\n"},
        removal="destroy",
    )
    url = pulumi.Output.all(stored.host, stored.password).apply(
        lambda at: f"redis://default:{at[1]}@{at[0]}:{PORT}/0"
    )
    nothing = pulumi.Output.from_input("")
    return Parts(
        host=stored.host,
        port=stored.host.apply(lambda _: PORT),
        url=pulumi.Output.secret(url),
        secret_name=stored.secret_name,
        secret_arn=nothing,
        read_policy_arn=nothing,
    )


def _store(name: str, settings: CacheSettings) -> Store:
    return Store(
        name=name,
        namespace=settings.namespace,
        program="valkey",
        component="cache",
        port=PORT,
        user=_USER,
        clients=settings.client_namespaces,
        image=settings.image,
        official=versions.valkey_image(settings.version),
        container=_container(settings),
        empty_folders={"/data": {}},
        claim=None,
        grace_seconds=30,
    )


def _container(settings: CacheSettings) -> dict[str, Any]:
    amount, unit = int(settings.memory[:-2]), settings.memory[-2:]
    arguments = {
        "maxmemory": str(amount * _BYTES[unit] * 3 // 4),  # the rest is for connections and copies
        "maxmemory-policy": settings.eviction,
        "save": "",
        "appendonly": "no",
    }
    # The password stands in no command line and in no variable of the pod.
    asked = f"REDISCLI_AUTH=$(cat {CREDENTIALS}/password) valkey-cli -e ping"
    probe = {"exec": {"command": ["sh", "-c", asked]}, "timeoutSeconds": 5}
    return {
        "args": [
            "valkey-server",
            f"{CREDENTIALS}/{_CONFIGURATION}",
            *(word for key, value in arguments.items() for word in (f"--{key}", value)),
        ],
        "startupProbe": {**probe, "periodSeconds": 1, "failureThreshold": 60},
        "readinessProbe": {**probe, "periodSeconds": 5},
        "livenessProbe": {**probe, "periodSeconds": 10, "failureThreshold": 6},
        "resources": {
            "requests": {"cpu": settings.cpu, "memory": settings.memory},
            "limits": {"memory": settings.memory},
        },
    }
