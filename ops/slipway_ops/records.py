"""The record of releases. It lives with the application: a ConfigMap for each release, the newest hundred."""

from __future__ import annotations

import json
import math
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from slipway_ops import telling
from slipway_ops.api import Api, Object
from slipway_ops.lease import Doing, now

KEPT = 100
_MOST_MEASUREMENTS = 4000
_MOST_LINES, _FIRST_LINES, _MOST_CHARACTERS, _LONGEST_TEXT = 200, 50, 300, 20_000
"""A record of the most of everything is a quarter of what a ConfigMap takes, a usual one two kilobytes."""
_LABEL = "slipway/record"
_KIND = "release"

RUNNING, SUCCEEDED, FAILED, RETURNED, ABORTED, INTERRUPTED, UNREADABLE = (
    "running",
    "succeeded",
    "failed",
    "returned",
    "aborted",
    "interrupted",
    "unreadable",
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
    committed: str = ""
    """When that commit was made."""
    runs: str = ""
    """The image as the colour ran it, where `image` was a name for it."""
    result: str = RUNNING
    ended: str = ""
    seconds: float = 0.0
    traffic_moved: float | None = None
    text: str = ""
    steps: list[dict[str, Any]] = field(default_factory=list)
    """The target's share of the traffic from `at` on, and the gates that were watched then with what was measured."""
    happened: list[tuple[float, str]] = field(default_factory=list)
    """What the command said, and when."""
    schema: dict[str, str] = field(default_factory=dict)
    """What its migration made of the database: `before`, `after` (or `stopped_at`), `oldest`; the image `serving` beside it, and
    the snapshot `saved` before it.
    """

    def telling(self, lines: Sequence[dict[str, Any]]) -> Record:
        """The same with what its command said: the beginning and the end of it, when that is much."""
        said = [(round(line["seconds"], 2), line["text"][:_MOST_CHARACTERS]) for line in lines]
        if len(said) > _MOST_LINES:
            left_out = (said[_FIRST_LINES][0], f"… {len(said) - _MOST_LINES} lines are left out …")
            said = [*said[:_FIRST_LINES], left_out, *said[_FIRST_LINES - _MOST_LINES :]]
        return replace(self, happened=said)

    def end(self, result: str, text: str = "", **more: Any) -> Record:
        """The same with its result."""
        ended = now()
        seconds = (ended - datetime.fromisoformat(self.began)).total_seconds()
        more = {"seconds": round(seconds, 1), **more}
        # Masked before it is cut: half a secret is known no more.
        text = telling.ink().plain(text)[:_LONGEST_TEXT]
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
        commit, committed = _commit(folder)
        record = Record(
            number=known[-1].number + 1 if known else 1,
            command=doing.command,
            source=doing.source,
            target=doing.target,
            image=image,
            who=doing.who,
            host=doing.host,
            began=began.isoformat(timespec="milliseconds"),
            commit=commit,
            committed=committed,
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
            "data": {"record": json.dumps(asdict(replace(record, steps=_thinned(record.steps))))},
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
        try:
            said = json.loads(item["data"]["record"])
            known = {one.name for one in fields(Record)}
            record = Record(**{key: value for key, value in said.items() if key in known})
            datetime.fromisoformat(record.began)
            _ = record.number + 1, [*record.steps]
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            record = _unreadable(item["metadata"], error)
        self._versions[record.number] = item["metadata"]["resourceVersion"]
        return record


def _unreadable(metadata: Object, error: Exception) -> Record:
    """In place of a record that a hand, or a version of slipway that is not known here, has written: the others count on."""
    number = str(metadata["name"]).rpartition("-")[2]  # it counts: no name is given twice
    return Record(
        number=int(number) if number.isdecimal() else 0,
        command="unknown",
        source="",
        target="",
        image="",
        who="",
        host="",
        began=metadata.get("creationTimestamp") or datetime.fromtimestamp(0, UTC).isoformat(),
        result=UNREADABLE,
        text=f"ConfigMap {metadata['name']} holds no record that this slipway can read: {error!r}",
    )


def _thinned(steps: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """With every second, third, … measurement alone when a long pause has made many, and with the last of each gate."""
    count = sum(len(gate["seen"]) for step in steps for gate in step.get("gates", ()))
    every = max(1, math.ceil(count / _MOST_MEASUREMENTS))
    return [
        {**step, "gates": [{**gate, "seen": gate["seen"][::-every][::-1]} for gate in step["gates"]]}
        if "gates" in step
        else step
        for step in steps
    ]


def _commit(folder: Path) -> tuple[str, str]:
    """The commit of the project's checkout, with a + when the stack's files differ from it, and its time; empty without git."""
    git = ["git", "-C", str(folder)]
    try:
        commit = _said([*git, "describe", "--always", "--abbrev=12", "--exclude=*", "--dirty=+"])
        at = datetime.fromisoformat(_said([*git, "log", "-1", "--format=%cI"]))
    except (OSError, subprocess.SubprocessError):
        return "", ""
    return commit, at.astimezone(UTC).isoformat(timespec="seconds")


def _said(command: Sequence[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=5).stdout.strip()
