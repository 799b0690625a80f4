"""What is asked of a deployment while it works, and how it keeps to it. It stands with the environment, on the lock.

One course at a time: whoever asks replaces what was asked before. Before its end the deployment takes the last course itself,
so that what comes too late is told so and nothing is lost between the two.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum

from slipway_ops.api import UnreachableError
from slipway_ops.errors import OperatorError
from slipway_ops.lease import Lease, UnreadableError, now
from slipway_ops.telling import Telling

LOOK_SECONDS = 1.0


class Course(StrEnum):
    """What a deployment is to do."""

    GO = "go"
    PAUSE = "pause"
    FULL = "full"
    ABORT = "abort"
    ENDING = "ending"


@dataclass(frozen=True)
class Asked:
    """A course, who asked for it and when."""

    course: Course = Course.GO
    who: str = ""
    at: str = ""

    def __str__(self) -> str:
        return f"{_SAID[self.course]} by {self.who} at {self.at}"


_SAID = {
    Course.GO: "promoted",
    Course.PAUSE: "paused",
    Course.FULL: "promoted in full",
    Course.ABORT: "aborted",
    Course.ENDING: "ended",
}
_THEN = {
    Course.PAUSE: ": `slipway promote` goes on, `slipway abort` undoes it",
    Course.FULL: ": what is left of steps and gates is skipped",
}


class AbortedError(OperatorError):
    """Somebody asked to undo the deployment."""


def asked(lease: Lease) -> Asked:
    """What stands on a lock that was read."""
    return _read(lease.asked)


def asking(course: Course, who: str) -> dict[str, str]:
    """As it stands on a lock."""
    return asdict(Asked(course, who, now().isoformat(timespec="seconds")))


def _read(noted: dict[str, str]) -> Asked:
    try:
        return Asked(Course(noted["course"]), noted["who"], noted["at"]) if noted else Asked()
    except (KeyError, ValueError) as error:
        raise UnreadableError(f"what is asked of the deployment cannot be read: {error!r}") from None


class Steering:
    """The deployment's side; its lock is held."""

    def __init__(self, lease: Lease, tell: Telling) -> None:
        self._lease, self._tell = lease, tell
        self._known = Asked()

    def look(self) -> Course:
        """What is asked by now; AbortedError when it is the end, LostError when the lock is somebody else's."""
        self._lease.check()
        try:
            asked = _read(self._lease.heard())
        except UnreachableError:
            asked = self._known  # `check` knows when the silence has lasted too long
        if asked != self._known:
            self._known = asked
            if asked.course not in (Course.ABORT, Course.ENDING):
                self._tell(f"{_SAID[asked.course]} by {asked.who}{_THEN.get(asked.course, '')}")
        if asked.course is Course.ABORT:
            raise AbortedError(f"aborted by {asked.who}")
        return asked.course

    def pause(self) -> None:
        """Pauses itself, unless it is asked to hurry or to end."""
        self._take(Course.PAUSE, unless=(Course.PAUSE, Course.FULL, Course.ABORT))

    def end(self) -> bool:
        """Takes the last course; whether it could. It cannot while it is paused."""
        self._take(Course.ENDING, unless=(Course.PAUSE, Course.ABORT))
        return self.look() is Course.ENDING

    def _take(self, course: Course, unless: tuple[Course, ...]) -> None:
        self._lease.ask(
            lambda found: None if asked(found).course in unless else asking(course, "its own steps")
        )
