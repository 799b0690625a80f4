"""What releases know of the database's schema: where a migration left it, and which images can run on it.

A version is a word that begins with a number, by which versions are compared: `0004`, `1712345678901_add-sender`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slipway_ops.errors import OperatorError

if TYPE_CHECKING:
    from slipway_ops.records import Record

EMPTY = "0"
_VERSION = re.compile(r"(\d+)\S*")
_LINES = ("before", "after", "oldest")


@dataclass(frozen=True)
class Schema:
    """What a migration wrote to /dev/termination-log; empty is what it did not say."""

    before: str = ""
    """The schema's version when it began."""
    after: str = ""
    """The version when it ended, well or not."""
    oldest: str = ""
    """Only images made for this version or a newer one can run on the schema as it is now."""

    def __str__(self) -> str:
        if not self.after:
            known = f"it was at {self.before} before" if self.before else "the migration did not say"
            return f"which version the schema has now is not known: {known}"
        if self.before == self.after:
            return f"the schema is at {self.after}, as before"
        return f"the schema is at {self.after}" + (f", it was at {self.before}" if self.before else "")

    def noted(self, *, ended_well: bool) -> dict[str, str]:
        """For the record. Where a failed migration stopped is no version that its image was made for."""
        after = "after" if ended_well else "stopped_at"
        said = {"before": self.before, after: self.after, "oldest": self.oldest}
        return {key: version for key, version in said.items() if version}


def read(message: str) -> Schema:
    """The lines `before VERSION`, `after VERSION`, `oldest VERSION`; without a version, the schema is an empty one."""
    said: dict[str, str] = {}
    for line in message.splitlines():
        key, *words = line.split() or [""]
        version = words[0] if words else EMPTY
        if key in _LINES and _VERSION.fullmatch(version):
            said[key] = version
    return Schema(**said)


def is_unknown(record: Record) -> bool:
    """Whether a record says nothing of the schema; which snapshot there is does not."""
    return not record.schema.keys() - {"saved"}


def latest(records: Sequence[Record]) -> str:
    """The schema's version as the last release that knew it left it; empty when none did."""
    known = (record.schema.get("after") or record.schema.get("stopped_at") for record in reversed(records))
    return next((version for version in known if version), "")


def made_for(records: Sequence[Record], image: str) -> str:
    """The version that an image was made for: the lowest that it was released on. Empty when that is not known.

    An image that no migration came with was made for what the first migration after it found.
    """
    own = [record.schema["after"] for record in records if "after" in record.schema and _is_of(record, image)]
    if own:
        return min(own, key=_number)
    ran = [
        number
        for number, record in enumerate(records)
        if record.schema.get("serving") == image or (_is_of(record, image) and is_unknown(record))
    ]
    later = records[ran[0] :] if ran else ()
    return next((record.schema["before"] for record in later if "before" in record.schema), "")


def refuse(records: Sequence[Record], image: str) -> str:
    """OperatorError when an image cannot run on the present schema; what comes back is a doubt, or empty."""
    contracts = [record for record in records if record.schema.get("oldest")]
    if not contracts:
        return ""
    contract = max(contracts, key=lambda record: _number(record.schema["oldest"]))
    oldest, own = contract.schema["oldest"], made_for(records, image)
    if not own:
        return f"whether {image} can run on the present schema is not known: no recorded release brought it"
    if _number(own) >= _number(oldest):
        return ""
    left_at = contract.schema.get("after") or contract.schema.get("stopped_at")
    raise OperatorError(
        f"{image} was made for schema {own} and cannot run on the present one: release {contract.number} ({contract.image}) "
        f"left it at {left_at}, which takes images made for {oldest} or newer; nothing was changed\n"
        "  to do: go to a release of such an image (`slipway history --json` has the schema of each), or deploy a new one"
    )


def _is_of(record: Record, image: str) -> bool:
    return image in (record.image, record.runs)


def _number(version: str) -> int:
    found = _VERSION.fullmatch(version)
    return int(found[1]) if found else 0
