"""The record of releases. It lives with the application: a ConfigMap for each release, the newest hundred."""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from slipway_ops.api import Api, Object
from slipway_ops.lease import Doing, now

KEPT = 100
_LABEL = "slipway/record"
_KIND = "release"

RUNNING, SUCCEEDED, FAILED, RETURNED, INTERRUPTED = (
    "running",
    "succeeded",
    "failed",
    "returned",
    "interrupted",
)


@dataclass(frozen=True)
class Record:
    """One release, switch or rollback. Times are UTC; seconds count from the command's start."""

    number: int
    command: str
    source: str
    target: str
    image: str
    who: str
    host: str
    began: str
    commit: str = ""
    result: str = RUNNING
    ended: str = ""
    seconds: float = 0.0
    traffic_moved: float | None = None
    text: str = ""
    steps: list[dict[str, Any]] = field(default_factory=list)
    schema: dict[str, str] = field(default_factory=dict)
    """What its migration made of the database: `before`, `after` (or `stopped_at`), `oldest`, and the image `serving` beside it."""

    def end(self, result: str, text: str = "", **more: Any) -> Record:
        """The same with its result."""
        ended = now()
        seconds = (ended - datetime.fromisoformat(self.began)).total_seconds()
        more = {"seconds": round(seconds, 1), **more}
        return replace(self, result=result, text=text, ended=ended.isoformat(timespec="milliseconds"), **more)


class Records:
    """The releases of one application. Only who holds the lock writes."""

    def __init__(self, api: Api, namespace: str, app: str) -> None:
        self._api = api
        self._app = app
        self._path = f"/api/v1/namespaces/{namespace}/configmaps"
        self._versions: dict[int, str] = {}

    def all(self) -> list[Record]:
        """Every release that is kept, oldest first."""
        selector = f"{_LABEL}={_KIND},app.kubernetes.io/name={self._app}"
        found = self._api.get(self._path, labelSelector=selector) or {"items": []}
        return sorted(map(self._read, found["items"]), key=lambda record: record.number)

    def begin(self, doing: Doing, image: str, folder: Path, began: datetime) -> Record:
        """A new release, after those that are there. What a killed command left as running is closed, what is too old removed."""
        known = self.all()
        for record in known:
            if record.result == RUNNING:
                self.write(record.end(INTERRUPTED, "the command ended without finishing"))
        for record in known[: max(0, len(known) + 1 - KEPT)]:
            self._api.call("DELETE", f"{self._path}/{self._name(record.number)}")
        record = Record(
            number=known[-1].number + 1 if known else 1,
            command=doing.command,
            source=doing.source,
            target=doing.target,
            image=image,
            who=doing.who,
            host=doing.host,
            began=began.isoformat(timespec="milliseconds"),
            commit=_commit(folder),
        )
        self.write(record)
        return record

    def write(self, record: Record) -> None:
        """Creates it, or changes what was read or written before; RefusedError when somebody else changed it since."""
        name, version = self._name(record.number), self._versions.get(record.number)
        metadata: Object = {
            "name": name,
            "labels": {
                "app.kubernetes.io/name": self._app,
                "app.kubernetes.io/managed-by": "slipway",
                _LABEL: _KIND,
            },
        }
        body = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": metadata,
            "data": {"record": json.dumps(asdict(record))},
        }
        if version:
            metadata["resourceVersion"] = version
            written = self._api.call("PUT", f"{self._path}/{name}", body)
        else:
            written = self._api.call("POST", self._path, body)
        self._versions[record.number] = written["metadata"]["resourceVersion"]

    def _name(self, number: int) -> str:
        return f"{self._app}-release-{number:06d}"

    def _read(self, item: Object) -> Record:
        said = json.loads(item["data"]["record"])
        known = {one.name for one in fields(Record)}
        record = Record(**{key: value for key, value in said.items() if key in known})
        self._versions[record.number] = item["metadata"]["resourceVersion"]
        return record


def _commit(folder: Path) -> str:
    """The commit of the project's checkout, with a + when the stack's files differ from it; empty without git."""
    command = ["git", "-C", str(folder), "describe", "--always", "--abbrev=12", "--exclude=*", "--dirty=+"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=5).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
