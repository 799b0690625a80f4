"""Text within a host's limit: items are whole or left out, and what was left out is counted."""

from __future__ import annotations

from collections.abc import Iterable

LIMIT = 65_000
"""GitHub refuses a comment of more than 65,536 characters. What it counts is not said: here the most that may be meant, UTF-16."""


def length(text: str) -> int:
    """In UTF-16 units: an emoji is two."""
    return len(text) + sum(character > "\uffff" for character in text)


class Fitted:
    """A text that grows by whole pieces, as long as there is room. `limit` None: all of it."""

    def __init__(self, limit: int | None) -> None:
        self._left = limit
        self._pieces: list[str] = []
        self.left_out = 0

    def add(self, piece: str) -> None:
        """What must be there: the caller keeps it short."""
        self._pieces.append(piece)
        if self._left is not None:
            self._left -= length(piece)

    def items(
        self, opening: str, pieces: Iterable[str], closing: str, keep: int, most: int | None = None
    ) -> None:
        """A list between its opening and closing. It leaves room of `keep` for what comes behind it, and has at most `most` items."""
        rest, shown = [*pieces], 0
        room = None if self._left is None else self._left - keep - length(opening) - length(closing)
        most = len(rest) if most is None or room is None else most
        taken: list[str] = []
        for piece in rest[:most]:
            if room is not None:
                room -= length(piece)
                if room < length(_left_out(len(rest))):
                    break
            taken.append(piece)
            shown += 1
        left_out = len(rest) - shown
        self.left_out += left_out
        self.add("".join([opening, *taken, _left_out(left_out) if left_out else "", closing]))

    def __str__(self) -> str:
        return "".join(self._pieces)


def _left_out(count: int) -> str:
    return f"\n… and {count:,} more\n"
