"""Database's `in-cluster` kind: one PostgreSQL pod, with a volume or without."""

from typing import Any

import pulumi

from slipway import in_cluster, versions
from slipway.database import PORT, DatabaseSettings
from slipway.datastore import Parts
from slipway.in_cluster import CREDENTIALS, Store

_USER = 999  # of the official image
_DATA = "/var/lib/postgresql/data"


def build(parent: pulumi.Resource, name: str, settings: DatabaseSettings) -> Parts:
    """The pod, the volume and who may connect."""
    stored = in_cluster.build(parent, name, _store(name, settings), lambda _: {}, settings.removal)
    url = pulumi.Output.all(stored.host, stored.password).apply(
        lambda at: (
            f"postgresql://{settings.username}:{at[1]}@{at[0]}:{PORT}/{settings.database}?sslmode=disable"
        )
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


def _store(name: str, settings: DatabaseSettings) -> Store:
    ephemeral = {_DATA: {"sizeLimit": f"{settings.storage_gib}Gi"}}
    lasting = settings.storage == "volume"
    return Store(
        name=name,
        namespace=settings.namespace,
        program="postgres",
        component="database",
        port=PORT,
        user=_USER,
        clients=settings.client_namespaces,
        image=settings.image,
        official=versions.postgres_image(settings.version),
        container=_container(settings),
        empty_folders={
            "/tmp": {},  # noqa: S108 (a mount, not a file)
            "/var/run/postgresql": {},
            # Queries that run in parallel share memory here, of which a container has 64 MiB by itself.
            "/dev/shm": {"medium": "Memory", "sizeLimit": "256Mi"},  # noqa: S108
            **({} if lasting else ephemeral),
        },
        claim=(_DATA, _claim(settings)) if lasting else None,
        grace_seconds=60,
    )


def _container(settings: DatabaseSettings) -> dict[str, Any]:
    """By TCP, not by the socket: what the image starts to set itself up listens there alone."""
    asked = ["pg_isready", "--host=127.0.0.1", f"--username={settings.username}"]
    probe = {"exec": {"command": asked}, "timeoutSeconds": 5}
    env = {
        "POSTGRES_DB": settings.database,
        "POSTGRES_USER": settings.username,
        "POSTGRES_PASSWORD_FILE": f"{CREDENTIALS}/password",
        "POSTGRES_INITDB_ARGS": "--data-checksums",
        "PGDATA": f"{_DATA}/pgdata",  # a volume's own top folder may hold lost+found
    }
    return {
        "env": [{"name": key, "value": value} for key, value in env.items()],
        "startupProbe": {**probe, "periodSeconds": 2, "failureThreshold": 60},
        "readinessProbe": {**probe, "periodSeconds": 10},
        "livenessProbe": {**probe, "periodSeconds": 10, "failureThreshold": 6},
        "resources": {
            "requests": {"cpu": settings.cpu, "memory": settings.memory},
            "limits": {"memory": settings.memory},
        },
    }


def _claim(settings: DatabaseSettings) -> dict[str, Any]:
    claim: dict[str, Any] = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": f"{settings.storage_gib}Gi"}},
    }
    if settings.storage_class:
        claim["storageClassName"] = settings.storage_class
    return claim
