"""One comment's text: what finds it again, what it is of, and that it is out of date."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, replace
from hashlib import sha256

_OF = re.compile(r"<!-- slipway:of (\{.*?\}) -->")
_NOTICE = re.compile(r"<!-- slipway:notice -->\n.*?<!-- slipway:noticed -->\n", re.DOTALL)
_HEX = re.compile(r"[0-9a-f]{7,64}")


@dataclass(frozen=True, order=True)
class Mark:
    """Which preview a comment shows. The later of one commit is the greater."""

    at: str
    """UTC, ISO 8601."""
    run: str
    """Tells two apart that began at the same moment."""
    commit: str = ""
    outdated: bool = False


def marker(project: str, stack: str) -> str:
    """What a stack's comment begins with."""
    return f"<!-- slipway:preview {sha256(f'{project}/{stack}'.encode()).hexdigest()[:32]} -->"


def compose(mark: str, of: Mark, text: str, notice: str = "") -> str:
    """A comment's whole text. `notice` is a sentence of our own."""
    told = f"> [!WARNING]\n> {notice}\n\n" if notice else ""
    said = json.dumps(asdict(of))
    return (
        f"{mark}\n<!-- slipway:of {said} -->\n<!-- slipway:notice -->\n{told}<!-- slipway:noticed -->\n{text}"
    )


def read(body: str, mark: str) -> Mark | None:
    """What a comment says that it is of; None when it is not this stack's."""
    first, _, rest = body.replace("\r\n", "\n").partition("\n")
    if first != mark:
        return None
    found = _OF.match(rest)
    try:
        return Mark(**json.loads(found[1])) if found else Mark("", "")
    except (ValueError, TypeError):
        return Mark("", "")  # somebody edited it: the next write mends it


def outdated(body: str, mark: str, commit: str) -> str:
    """The same comment, saying that this commit came after it."""
    text = body.replace("\r\n", "\n")
    of = read(text, mark) or Mark("", "")
    rest = text.partition("\n")[2]
    rest = _NOTICE.sub("", _OF.sub("", rest, count=1).lstrip("\n"), count=1)
    notice = f"Out of date: {short(commit)} was pushed after it. Its own preview takes this one's place."
    return compose(mark, replace(of, outdated=True), rest, notice)


def short(commit: str) -> str:
    """A commit in a sentence."""
    return f"commit `{commit[:12]}`" if _HEX.fullmatch(commit) else "another commit"
