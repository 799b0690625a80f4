"""One comment for each stack, edited in place, of the pull request's last commit: also when several runs write at once.

The host has no way to write only if nobody else did. So each run looks again after it has written, until what is there is right;
what is right follows from the pull request's head and from the comments themselves, so that all runs come to the same end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from slipway_ops import comment
from slipway_ops.comment import Mark
from slipway_ops.errors import OperatorError
from slipway_ops.github import Comment, HostError, Thread

_ROUNDS = 20
_SETTLE_SECONDS = 2.0
"""Another run that had looked before this one wrote will have written by then."""


@dataclass
class Board:
    """A stack's place on a thread."""

    thread: Thread
    mark: str
    of: Mark
    commits: Collection[str]
    """What was checked out: a merge of a pull request is of its head, too."""
    tell: Callable[[str], None]
    _me: str | None = None
    _knows_me: bool = False
    _made: set[int] = field(default_factory=set[int])

    def announce(self) -> None:
        """Says on an older commit's comment that it is out of date."""
        if not self._is_newest():
            return
        for found in self._ours():
            of = comment.read(found.body, self.mark)
            if (
                of and of.commit != self.of.commit and not of.outdated and self._is_newest()
            ):  # looking took time
                self.thread.edit(found.id, comment.outdated(found.body, self.mark, self.of.commit))

    def publish(self, text: str) -> bool:
        """Writes the comment; False when a newer commit, or a newer run of this one, has its own."""
        body = comment.compose(self.mark, self.of, text)
        settled = False
        for _ in range(_ROUNDS):
            if not self._is_newest():
                self._withdraw()
                self.tell(
                    "the pull request has a newer commit, whose own preview tells more: this one is not shown"
                )
                return False
            changed, shown = self._round(body)
            if changed:
                settled = False
            elif settled:
                return shown
            else:
                settled = True
                time.sleep(_SETTLE_SECONDS)
        raise OperatorError(f"others keep writing this stack's comment: {_ROUNDS} rounds were not enough")

    def _round(self, body: str) -> tuple[bool, bool]:
        """Whether something had to be written, and whether what is there is this run's."""
        ours = self._ours()
        if not ours:
            self._create(body)
            return True, True
        first, *more = ours
        for extra in more:  # everybody keeps the oldest
            self.thread.delete(extra.id)
        of = comment.read(first.body, self.mark)
        if of and of.commit == self.of.commit and not of.outdated and of >= self.of:
            return bool(more), (of.at, of.run) == (self.of.at, self.of.run)
        if not self._is_newest():  # looking took time
            return True, False
        try:
            self.thread.edit(first.id, body)
        except HostError as error:
            if error.status != 404:  # noqa: PLR2004  (somebody deleted it: the next round makes another)
                raise
        return True, True

    def _create(self, body: str) -> None:
        try:
            self._made.add(self.thread.create(body).id)
        except HostError as error:
            if not error.may_have_happened:
                raise  # otherwise the next round sees whether it is there

    def _withdraw(self) -> None:
        """What this run left there must not look like the last word."""
        ours = self._ours()
        for extra in ours[1:]:
            if extra.id in self._made:
                self.thread.delete(extra.id)
        for found in ours[:1]:
            of = comment.read(found.body, self.mark)
            if of and (of.at, of.run) == (self.of.at, self.of.run) and not of.outdated:
                self.thread.edit(found.id, comment.outdated(found.body, self.mark, self.thread.head()))

    def _is_newest(self) -> bool:
        return self.thread.head() in self.commits

    def _ours(self) -> list[Comment]:
        """This stack's comments. Anybody can write a marker: who wrote it counts too."""
        if not self._knows_me:
            self._me, self._knows_me = self.thread.host.me(), True
        return [
            found
            for found in self.thread.comments()
            if comment.read(found.body, self.mark) is not None
            and (found.author == self._me if self._me else found.by_program)
        ]
