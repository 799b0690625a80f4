"""What `slipway:migration` of the stack's file says, and the Job that it makes: pure functions.

The Job's pod is the application's own, as it serves now: its service account, settings, secrets, files and security context. Only image
and command are the migration's. A copy of the database is an init container of that pod: without it the migration does not begin.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from slipway_ops import yaml_file
from slipway_ops.api import Object

COPY, MIGRATE = "copy", "migrate"
"""The containers."""
RELEASE, IMAGE, SAVED = "slipway/release", "slipway/image", "slipway/saved"
"""Annotations of the Job: the release that it was made for, the image that was to be released, and the snapshot of before."""
SERVING = "SERVING_SCHEMA"
"""The variable that says what schema the image was made for that serves beside the migration."""
_BACKUPS = {"in-cluster": "copy", "rds": "snapshot"}
"""What saves a database before its migration, by its kind."""
_OF_THE_CONTAINER = ("env", "envFrom", "resources", "securityContext", "volumeMounts")
_NOT_OF_A_JOB = ("initContainers", "terminationGracePeriodSeconds", "topologySpreadConstraints")
_STAYS = {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false", "karpenter.sh/do-not-disrupt": "true"}

# A copy beside the first, by a pipe: it takes no volume of its own. psql's \connect keeps server, user and password.
# Copies are kept by their time: the numbers of releases begin anew when the records are gone.
_COPY_SCRIPT = r"""
set -euo pipefail
if [ -z "${!SLIPWAY_ADDRESS:-}" ]; then
  echo "\$$SLIPWAY_ADDRESS is not set: slipway:migration.addressVariable names the variable that has the database's address" >&2
  exit 1
fi
export PGOPTIONS="-c client_min_messages=warning"
ask() { psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 "$@" "${!SLIPWAY_ADDRESS}"; }
name=$(ask --command="SELECT current_database()")
copy=${name}_before_$(date -u +%Y%m%d_%H%M%S)_$SLIPWAY_RELEASE
ask --command="CREATE DATABASE \"$copy\""
if ! { printf '\\connect "%s"\n' "$copy"; pg_dump "${!SLIPWAY_ADDRESS}"; } | ask --output=/dev/null; then
  ask --command="DROP DATABASE \"$copy\""
  exit 1
fi
ask --command="SELECT 'database $copy holds what was there before: ' || pg_size_pretty(pg_database_size('$copy'))"
older="SELECT datname FROM pg_database WHERE datname ~ '^${name}_before_[0-9]{8}_[0-9]{6}_[0-9]+\$' AND datname <> '$copy'"
ask --command="$older ORDER BY datname DESC OFFSET 1" | while read -r old; do
  ask --command="DROP DATABASE \"$old\"" || echo "database $old, an older copy, could not be dropped and stays" >&2
done || echo "copies from before that are no longer needed could not be looked for" >&2
"""


@dataclass(frozen=True)
class Migration:
    """`slipway:migration`, its defaults filled in."""

    command: tuple[str, ...]
    image: str = ""
    """Empty: the release's own."""
    timeout_seconds: int = 600
    lock_seconds: int = 5
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    address_variable: str = "DATABASE_URL"
    copy_image: str = ""
    """The image that copies a database in the cluster before; empty: no copy is made."""
    snapshot: bool = False
    """Whether a snapshot of the RDS database is made before."""


def read(config: Mapping[str, Any], wrong: Callable[[str, str, object], None]) -> Migration | None:
    """The section, which is checked whole by the stack's own program; here only what is used, by type."""
    if "slipway:migration" not in config:
        return None
    said = yaml_file.section(config["slipway:migration"])
    if said is None:
        wrong("migration", "a section", config["slipway:migration"])
        return None
    command: Any = said.get("command")
    words = cast("list[object]", command) if isinstance(command, list) else []
    env = yaml_file.mapping(said.get("env", {}))
    if not words:
        wrong("migration.command", "a list of words", said.get("command"))
    if env is None:
        wrong("migration.env", "variables", said["env"])
    given: dict[str, Any] = {}
    for key, name in {"timeoutSeconds": "timeout_seconds", "lockSeconds": "lock_seconds"}.items():
        value = said.get(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            wrong(f"migration.{key}", "a number of seconds", value)
        elif value is not None:
            given[name] = value
    for key, name in {"image": "image", "addressVariable": "address_variable"}.items():
        if key in said:
            given[name] = str(said[key])
    variables = {key: str(value) for key, value in (env or {}).items()}
    database = yaml_file.mapping(config.get("slipway:database")) or {}
    backup = _backup(database, said, wrong)
    return Migration(
        tuple(map(str, words)),
        env=variables,
        copy_image=_copy_image(database) if backup == "copy" else "",
        snapshot=backup == "snapshot",
        **given,
    )


def _backup(
    database: Mapping[str, Any], said: Mapping[str, Any], wrong: Callable[[str, str, object], None]
) -> str:
    mine = _BACKUPS.get(str(database.get("kind")), "none")
    backup = said.get("backup", mine)
    if backup not in (mine, "none"):
        right = "none, or left out," if mine == "none" else f"{mine} or none"
        wrong("migration.backup", f"{right} with this slipway:database", backup)
    return str(backup)


def _copy_image(database: Mapping[str, Any]) -> str:
    """That of the stack's own database in the cluster, whose programs fit its server."""
    from slipway import versions  # here, because a switch of traffic that copies nothing must not wait for it

    return str(
        database.get("image") or versions.postgres_image(str(database.get("version", versions.POSTGRES)))
    )


@dataclass(frozen=True)
class Release:
    """What one migration belongs to."""

    app: str
    namespace: str
    number: int
    image: str
    serving: str
    """The schema that the serving image was made for; empty when it is not known."""
    saved: str = ""
    """The snapshot that was made before; empty when there is none."""

    @property
    def name(self) -> str:
        from slipway_ops.jobs import named  # a switch of traffic runs no Job

        return named(self.app, f"migrate-{self.number}")


def selector(app: str) -> dict[str, str]:
    """The labels by which the Jobs of an application are found."""
    return {"app.kubernetes.io/name": app, "app.kubernetes.io/component": "migration"}


def job(migration: Migration, release: Release, deployment: Object) -> Object:
    """The Job; `deployment` is that of the colour that serves."""
    labels = {
        **selector(release.app),
        "app.kubernetes.io/instance": release.app,  # under the application's own NetworkPolicy
        "app.kubernetes.io/managed-by": "slipway",
    }
    notes = {RELEASE: str(release.number), IMAGE: release.image}
    if release.saved:
        notes[SAVED] = release.saved
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": release.name,
            "namespace": release.namespace,
            "labels": labels,
            "annotations": notes,
        },
        "spec": {
            "backoffLimit": 0,  # a migration that failed is looked at before it runs again
            "template": {
                "metadata": {"labels": labels, "annotations": _STAYS},
                "spec": _pod(migration, release, deployment["spec"]["template"]["spec"]),
            },
        },
    }


def _pod(migration: Migration, release: Release, serving: Object) -> Object:
    kept = copy.deepcopy({key: value for key, value in serving.items() if key not in _NOT_OF_A_JOB})
    own: Object = kept["containers"][0]
    container: Object = {key: own[key] for key in _OF_THE_CONTAINER if key in own}
    options = f"-c lock_timeout={migration.lock_seconds}s"
    if theirs := next((one.get("value") for one in own.get("env", ()) if one["name"] == "PGOPTIONS"), None):
        options = f"{theirs} {options}"
    variables = {"PGOPTIONS": options, SERVING: release.serving, **migration.env}
    migrate: Object = {
        **container,
        "name": MIGRATE,
        "image": migration.image or release.image,
        "command": list(migration.command),
        "env": _env(container, variables),
    }
    if migration.copy_image:
        script = {"SLIPWAY_ADDRESS": migration.address_variable, "SLIPWAY_RELEASE": str(release.number)}
        kept["initContainers"] = [
            {
                **container,
                "name": COPY,
                "image": migration.copy_image,
                "command": ["bash", "-c", _COPY_SCRIPT],
                "env": _env(container, script),
            }
        ]
    return {
        **kept,
        "restartPolicy": "Never",
        "activeDeadlineSeconds": migration.timeout_seconds,  # of the pod: a Job's own would remove pod and log
        "containers": [migrate],
    }


def _env(container: Object, more: Mapping[str, str]) -> list[Object]:
    """The application's variables under these."""
    theirs = [one for one in container.get("env", ()) if one["name"] not in more]
    return [*theirs, *({"name": key, "value": value} for key, value in more.items())]
