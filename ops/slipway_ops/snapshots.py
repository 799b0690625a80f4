"""A snapshot of the stack's RDS database, made before a migration and waited for.

By the AWS command line, as logins to an EKS cluster are: with the credentials that are there, of the region and the profile that the
stack's file names. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_CreateSnapshot.html
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from slipway_ops import stack_file, stack_secrets
from slipway_ops.errors import OperatorError
from slipway_ops.lease import now
from slipway_ops.project import Project

PAUSE_SECONDS = 5.0
KEPT = 5
"""How many are kept, the new one included."""
_LONGEST_SECONDS = 3600
_CALL_SECONDS = 60
_INFIX = "-before-release-"
_INSTANCE = "aws:rds/instance:Instance"
_ADVICE = "to do: mend that, or leave the snapshot out by slipway:migration.backup none: RDS goes back to any second all the same"


class SnapshotError(OperatorError):
    """There is none, so the migration does not begin."""

    def __init__(self, text: str) -> None:
        super().__init__(f"the database could not be saved before the migration: {text}\n  {_ADVICE}")


@dataclass
class Snapshots:
    """Those of one stack's database that releases made."""

    project: Project
    tell: Callable[[str], None]
    check: Callable[[], None]
    """Asked before each further look; what it raises ends the wait, not the snapshot."""
    _options: list[str] = field(init=False)

    def __post_init__(self) -> None:
        config = stack_file.read(self.project.file)
        self._options = [
            word
            for key in ("region", "profile")
            if (said := config.get(f"aws:{key}"))
            for word in (f"--{key}", str(said))
        ]

    def take(self, release: int) -> str:
        """The name of a new one that is available; SnapshotError when it does not come to that."""
        instance = self._instance()
        name = f"{instance}{_INFIX}{release}-{now():%Y%m%d%H%M%S}"
        self._aws(
            "create-db-snapshot",
            *("--db-instance-identifier", instance),
            *("--db-snapshot-identifier", name),
            *("--tags", f"Key=slipway:release,Value={release}"),
        )
        self.tell(f"snapshot {name} of the database is being made")
        self._wait(name)
        self.tell(f"snapshot {name} holds what was there before")
        return name

    def _instance(self) -> str:
        """The identifier of the database, by Pulumi's state."""
        resources: list[dict[str, Any]] = stack_secrets.exported(self.project).get("resources") or []
        found = [
            str(resource["outputs"]["identifier"])
            for resource in resources
            if resource["type"] == _INSTANCE and not resource.get("delete")
        ]
        if len(found) != 1:
            raise SnapshotError(
                f"the stack {self.project.stack} has {len(found) or 'no'} RDS databases by its state; it must be one that is up"
            )
        return found[0]

    def _wait(self, name: str) -> None:
        deadline, told = time.monotonic() + _LONGEST_SECONDS, -1
        while True:
            every = self._aws("describe-db-snapshots", "--db-snapshot-identifier", name).get("DBSnapshots")
            if not every:
                raise SnapshotError(f"snapshot {name} is gone before it was done")
            found = every[0]
            status, done = found["Status"], int(found.get("PercentProgress", 0))
            if status == "available":
                return
            if status != "creating":
                raise SnapshotError(f"snapshot {name} is {status}")
            if time.monotonic() > deadline:
                raise SnapshotError(f"snapshot {name} is not done after {_LONGEST_SECONDS} s, but {done} %")
            if done // 10 != told // 10:
                self.tell(f"snapshot {name}: {done} %")
                told = done
            time.sleep(PAUSE_SECONDS)
            self.check()

    def remove_old(self, new: str) -> None:
        """Those that are no longer needed once the migration after this one has ended well: until then the good one may be among them.

        That one cannot be removed is told: it costs money, nothing else.
        """
        instance, infix, _ = new.rpartition(_INFIX)
        prefix = instance + infix
        try:
            every = self._aws(
                "describe-db-snapshots", "--db-instance-identifier", instance, "--snapshot-type", "manual"
            )["DBSnapshots"]
            mine = [one for one in every if one["DBSnapshotIdentifier"].startswith(prefix)]
            older = sorted(
                (one["SnapshotCreateTime"], one["DBSnapshotIdentifier"])
                for one in mine
                if one["DBSnapshotIdentifier"] != new and "SnapshotCreateTime" in one
            )
            for _, name in older[: max(0, len(older) + 1 - KEPT)]:
                self._aws("delete-db-snapshot", "--db-snapshot-identifier", name)
                self.tell(f"snapshot {name}, an older one, was removed")
        except SnapshotError as error:
            self.tell(f"older snapshots stay: {str(error).splitlines()[0].split(': ', 1)[1]}")

    def _aws(self, *arguments: str) -> dict[str, Any]:
        command = ["aws", "rds", *arguments, *self._options, "--output", "json"]
        try:
            done = subprocess.run(
                command,
                env={**os.environ, "AWS_PAGER": ""},
                capture_output=True,
                text=True,
                check=False,
                timeout=_CALL_SECONDS,
            )
        except FileNotFoundError:
            raise SnapshotError("the program `aws`, AWS's command line, is not on PATH") from None
        except OSError as error:
            raise SnapshotError(f"aws cannot be run: {error}") from None
        except subprocess.TimeoutExpired:
            raise SnapshotError(f"aws rds {arguments[0]} did not end within {_CALL_SECONDS} s") from None
        if done.returncode:
            raise SnapshotError(
                f"aws rds {arguments[0]}: {done.stderr.strip() or f'exit code {done.returncode}'}"
            )
        try:
            return json.loads(done.stdout or "{}")
        except ValueError:
            raise SnapshotError(f"aws rds {arguments[0]} answers no JSON: {done.stdout[:200]!r}") from None
