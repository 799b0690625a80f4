"""One application of one stack, opened: its file read, its cluster connected, its lock within reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from slipway.guard import Guard
from slipway_ops import live as cluster
from slipway_ops import project as projects
from slipway_ops import stack_file
from slipway_ops.api import Api, RefusedError
from slipway_ops.errors import OperatorError
from slipway_ops.lease import Doing, Lease, UnreadableError
from slipway_ops.live import Live
from slipway_ops.project import Project, Said
from slipway_ops.telling import Telling

if TYPE_CHECKING:
    from slipway_ops.records import Record, Records

_TRIES = 5
_UNSAID = {"slipway:canaryWeight": "0"}
"""What the file means where it says nothing."""


@dataclass
class Application:
    """What a command works with."""

    project: Project
    said: Said
    guard: Guard
    api: Api
    lease: Lease
    tell: Telling

    @cached_property
    def records(self) -> Records:
        """The releases of the application."""
        from slipway_ops.records import Records

        return Records(self.api, self.guard.namespace, self.guard.route)

    def look(self) -> Live:
        return cluster.look(self.api, self.guard)

    def shift(
        self,
        weights: Mapping[str, int],
        *,
        going_back: bool = False,
        hold: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Gives the traffic these weights as soon as every colour has the pods for it; whether that changed anything.

        `hold` is asked last of all, and may wait; when it did, everything is looked at again.
        """
        refused: RefusedError | None = None
        for _ in range(_TRIES):
            live = self.look()
            if live.weights == weights:
                self._settle(weights)
                return False
            if lacking := live.lacking(weights, going_back=going_back):
                for color, pods in lacking.items():
                    self.tell(f"{color} needs {pods} ready pods before it gets this traffic")
                self.lease.keep()
                cluster.wait_for_capacity(self.api, self.guard, weights)
                continue
            if hold():
                continue
            self.lease.check()
            try:
                cluster.move(self.api, live, weights)
            except RefusedError as error:
                if not error.is_conflict:
                    raise
                refused = error
            else:
                self.tell(f"traffic moved: {shares(live.weights)} → {shares(weights)}")
                self._settle(weights)
                return True
        raise OperatorError(
            f"the traffic could not be moved in {_TRIES} tries: {refused or 'pods come and go'}"
        )

    def _settle(self, weights: Mapping[str, int]) -> None:
        """Autoscalers as the traffic is; that they cannot be told holds nothing up: `pulumi up` makes others."""
        try:
            cluster.settle(self.api, self.guard, weights)
        except OperatorError as error:
            self.tell(f"the autoscalers could not be told of the traffic: {error}")

    def write(self, values: Mapping[str, str]) -> dict[str, str]:
        """Sets what differs in the stack's file; what it set."""
        config = stack_file.read(self.project.file)
        changed = {
            key: value for key, value in values.items() if str(config.get(key, _UNSAID.get(key))) != value
        }
        if changed:
            stack_file.write(self.project.file, changed)
            said = ", ".join(f"{key} {value}" for key, value in changed.items())
            self.tell(f"{self.project.file.name} says {said}")
        return changed

    def take(self, force: bool = False) -> Doing | None:
        """Looks at the lock; HeldError when somebody works. What comes back is what a dead command was at."""
        self.lease.look()
        if not force:
            self.lease.refuse_if_held(self.tell)
        try:
            found = self.lease.holder
        except UnreadableError as error:
            if not force:
                raise
            self.tell(f"pushed aside: {error}")
            return None
        if found:
            ended = "is pushed aside" if force else "ended without finishing"
            self.tell(f"found: {found}, which {ended}")
        return found

    def tell_leftover(self, live: Live) -> None:
        """Says it when the file has a canary's share that the traffic has not: the next `pulumi up` would bring it back."""
        if self.said.leftover(live.weights):
            self.tell(
                f"found: {self.project.file.name} says slipway:canaryWeight {self.said.canary_weight}, but the traffic is "
                f"{shares(live.weights)}: something that ended left it there"
            )

    def free(self, done: dict[str, str] | None) -> None:
        """Lets go of the lock; that it cannot be is told, and hides nothing else."""
        try:
            self.lease.release(done)
        except OperatorError as error:
            self.tell(f"the lock could not be freed, it ends by itself: {error}")

    def note(self, record: Record) -> None:
        """Writes how far a release has come, or how it ended; that it cannot be is told, and hides nothing else."""
        try:
            self.records.write(record.telling(self.tell.lines))
        except OperatorError as error:
            self.tell(f"the record of release {record.number} could not be written: {error}")


def open_one(project: Project, tell: Telling) -> Application:
    """Reads the stack's file and connects to the cluster."""
    said = projects.say(project)
    guard = said.guard(project.stack, tell)
    api = Api()
    return Application(project, said, guard, api, Lease(api, guard.namespace, guard.route), tell)


def shares(weights: Mapping[str, int]) -> str:
    """Weights for people: the colours that have any."""
    return ", ".join(f"{color} {weight} %" for color, weight in weights.items() if weight) or "nobody"
