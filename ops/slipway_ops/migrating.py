"""A release's migration: one Job, before the colour without traffic gets the image.

Its lock is the release's, its name the release's number, and the migration tool has a lock of its own. What fails changes nothing but
what the migration itself did, and that is told. A command that dies leaves its Job at work: the same command takes its result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from slipway_ops import jobs, schema
from slipway_ops.api import Object, RefusedError, UnreachableError
from slipway_ops.application import Application
from slipway_ops.errors import OperatorError
from slipway_ops.jobs import End, Watch
from slipway_ops.lease import LostError
from slipway_ops.live import Live
from slipway_ops.migration import COPY, IMAGE, MIGRATE, RELEASE, SAVED, Migration, Release, job, selector
from slipway_ops.records import FAILED, INTERRUPTED, Record
from slipway_ops.schema import Schema

if TYPE_CHECKING:
    from slipway_ops.snapshots import Snapshots

_JOBS = 3
"""How many are kept, for their logs."""
_BUILT = "build:"
_GOES_ON = (
    "stopped; what has begun of the migration goes on: slipway deploy of the same image takes its result"
)


class MigrationError(OperatorError):
    """It did not end well; what came of the schema is with it."""

    def __init__(self, text: str, found: Schema) -> None:
        super().__init__(text)
        self.found = found


def check_name(app: Application, image: str) -> None:
    """OperatorError when an image that is to migrate has no name yet."""
    migration = app.said.migration
    if migration and image.startswith(_BUILT) and not migration.image:
        raise OperatorError(
            f"{image} is built by pulumi up, so its migration cannot run before; nothing was changed\n"
            "  to do: name the image by registry and digest, or set slipway:migration.image"
        )


def check_schema(app: Application, image: str) -> None:
    """OperatorError when an image cannot run on the present schema."""
    if app.said.migration is None:
        return
    known = app.records.all()
    if doubt := schema.refuse(_completed(app, known), image):
        app.tell(doubt)


def _completed(app: Application, known: Sequence[Record]) -> list[Record]:
    """The releases, oldest first, with what a killed command could not note of its migration: its Job knows."""
    namespace, told = app.guard.namespace, dict[int, Schema]()
    silent = {record.number for record in known if schema.is_unknown(record)}
    for found in jobs.find(app.api, namespace, selector(app.guard.route)):
        if (number := _number(found)) in silent and jobs.ended(found) == "Complete":
            told[number] = schema.read(jobs.message(app.api, namespace, found["metadata"]["name"], MIGRATE))
    return [
        replace(record, schema=told[record.number].noted(ended_well=True))
        if record.number in told
        else record
        for record in known
    ]


def run(app: Application, record: Record, live: Live) -> Record:
    """Migrates for this release; the record with what became of the schema. OperatorError, with the record closed, when it fails."""
    if app.said.migration is None:
        return record
    serving = live.image(live.carrier)
    work = _Work(app, app.said.migration, record, serving, _completed(app, app.records.all()))
    try:
        found = work.do(live.deployments[live.carrier] or {})
    except LostError:
        app.tell(_GOES_ON)
        raise
    except KeyboardInterrupt:
        app.note(record.end(INTERRUPTED, "Ctrl-C during the migration", schema=work.noted))
        app.tell(_GOES_ON)
        raise
    except OperatorError as error:
        noted = error.found.noted(ended_well=False) if isinstance(error, MigrationError) else {}
        known = {**noted, "serving": serving} if noted else {}
        closed = record.end(FAILED, str(error), schema={**known, **work.noted})
        app.note(closed)
        raise OperatorError(
            f"{error}\n  nothing else was changed: {live.carrier} serves {serving} as before"
        ) from None
    app.tell(f"migrated: {found}")
    record = replace(record, schema={**found.noted(ended_well=True), "serving": serving, **work.noted})
    app.note(record)  # at once: who finds this release dead must know what it made of the schema
    if work.snapshots:
        work.snapshots.remove_old(work.saved)
    try:
        schema.refuse([*work.known[:-1], record], serving)
    except OperatorError:
        app.tell(
            f"! {live.carrier} still serves {serving}, which cannot run on this schema: expand and contract belong in two releases"
        )
    return record


def stays(record: Record) -> str:
    """What an undone release does not take back, for its text."""
    before, after = record.schema.get("before"), record.schema.get("after")
    if not after or before == after:
        return ""
    return f"\n  the schema stays at {after}, it was at {before or 'another version'}; no migration is taken back"


@dataclass
class _Work:
    """One migration."""

    app: Application
    migration: Migration
    record: Record
    serving: str
    known: Sequence[Record]
    saved: str = ""
    """The snapshot of the database that was made before."""
    snapshots: Snapshots | None = None
    """Where this command has made it."""

    @property
    def noted(self) -> dict[str, Any]:
        """For the record, however it ends: which snapshot there is."""
        return {"saved": self.saved} if self.saved else {}

    def do(self, deployment: Object) -> Schema:
        """Takes up what a dead command left, or begins; waits for the end."""
        app, namespace = self.app, self.app.guard.namespace
        found = sorted(jobs.find(app.api, namespace, selector(app.guard.route)), key=_number)
        under_way = [one for one in found if not jobs.ended(one)]
        newest = (under_way or found)[-1:]
        name = self._left_behind(newest[0]) if newest else None
        if name is None:
            for old in found[: 1 - _JOBS]:
                jobs.remove(app.api, namespace, old["metadata"]["name"])
            name = self._begin(deployment)
        watch = Watch(
            api=app.api,
            namespace=namespace,
            name=name,
            containers=(COPY, MIGRATE),
            timeout=self.migration.timeout_seconds,
            tell=app.tell,
            check=app.lease.check,
        )
        try:
            end = watch.to_the_end()
        except (RefusedError, UnreachableError) as silence:
            raise OperatorError(
                f"{silence}\n  the migration goes on unseen: Job {namespace}/{name}"
            ) from None
        state = schema.read(end.message)
        if not end.well:
            whose = (
                f"the migration of {self.record.image} (release {self.record.number}, Job {namespace}/{name})"
            )
            saved = f"\n  what was there before: snapshot {self.saved}" if self.saved else ""
            raise MigrationError(f"{whose} {end}\n  {self._told(end, state)}{saved}", state)
        return state

    def _begin(self, deployment: Object) -> str:
        app = self.app
        if self.migration.snapshot:
            from slipway_ops.snapshots import Snapshots

            self.snapshots = Snapshots(app.project, app.tell, app.lease.check)
            self.saved = self.snapshots.take(self.record.number)
        release = Release(
            app=app.guard.route,
            namespace=app.guard.namespace,
            number=self.record.number,
            image=self.record.image,
            serving=schema.made_for(self.known, self.serving) or schema.latest(self.known),
            saved=self.saved,
        )
        app.lease.check()
        jobs.create(app.api, job(self.migration, release, deployment))
        app.tell(f"Job {release.name} runs {' '.join(self.migration.command)}")
        return release.name

    def _left_behind(self, newest: Object) -> str | None:
        """The Job of a command that died, for the same image; one of another image must end first."""
        name, image, number = newest["metadata"]["name"], _note(newest, IMAGE), _number(newest)
        how, same = jobs.ended(newest), image == self.record.image
        if not how and not same:
            raise OperatorError(
                f"the migration of release {number} ({image}) still runs: Job {self.app.guard.namespace}/{name}\n"
                f"  to do: wait for its end, or slipway deploy {image}, which takes its result; two must not run at once"
            )
        died = any(record.number == number and record.result == INTERRUPTED for record in self.known)
        if how and not (how == "Complete" and same and died):
            return None
        stands = "has ended well: taking its result" if how else "still runs: waiting for it"
        self.app.tell(f"found: the migration of release {number} (Job {name}) {stands}")
        self.saved = _note(newest, SAVED)
        return name

    def _told(self, end: End, state: Schema) -> str:
        """What state the schema is in."""
        last = schema.latest(self.known)
        if not end.begun:
            return "no statement of it ran: the schema is as it was" + (f", at {last}" if last else "")
        return str(state) + (f"; the release before left it at {last}" if last and not state.after else "")


def _note(found: Object, key: str) -> str:
    return found["metadata"].get("annotations", {}).get(key, "")


def _number(found: Object) -> int:
    return int(_note(found, RELEASE) or 0)
