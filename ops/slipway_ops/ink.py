"""Untrusted text made harmless in Markdown.

All of it goes into code, where GitHub and Gitea know no markup, mention, reference or link; nothing else is safe there, because a
mention is looked for in the text that comes out, whatever escaped it. What cannot be seen is written out.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

from slipway_ops.differences import ABSENT, UNKNOWN
from slipway_ops.masking import Masker

_ANSI = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])|\x9b[0-?]*[ -/]*[@-~]"
)
_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u2800\u3164\uffa0") | {
    *map(chr, range(0xFE00, 0xFE10))
}
"""Letters and marks that look like nothing."""
_ODD = re.compile(r"[^\n\t -~]")
_COMMAND = re.compile(r"(?m)^([ \t]*):(?=:[A-Za-z][\w-]*(?: [^\n]*)?::)|(?<=#)#(?=\[)")
"""What a workflow's runner would obey when it reads it in a log."""
_IMAGE = re.compile(
    r"(?:[a-z0-9.-]+(?::\d+)?/)?[a-z0-9._/-]+(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?", re.ASCII
)
_FEWEST_TICKS = 3


class Ink:
    """Writes what a preview says. Everything is masked once more as it is written."""

    def __init__(self, masker: Masker) -> None:
        self._masker = masker

    def plain(self, text: str, most: int = 0) -> str:
        """Masked, without colours, with what is unseen written out; at most so many characters of it. For logs too."""
        text = self._without_broken(self._masker.text(_ANSI.sub("", text)))
        text = _COMMAND.sub(_written, _ODD.sub(_seen, text))
        if most and len(text) > most:
            return f"{text[:most]}… ({len(text):,} characters)"
        return text

    def image(self, name: str) -> str:
        """An image's name, whatever its tag looks like: who reads it compares it with others."""
        return self._masker.known(name) if _IMAGE.fullmatch(name) else self.plain(name)

    def _without_broken(self, text: str) -> str:
        """A secret is one, too, with what cannot be seen between its letters, or in letters of another width."""
        if not _ODD.search(text):
            return text
        bare = unicodedata.normalize(
            "NFKC", "".join(one for one in text if one in "\n\t" or not _is_unseen(one))
        )
        masked = self._masker.text(bare)
        return text if masked == bare else masked

    def code(self, text: str, most: int = 200) -> str:
        """A code span, on one line."""
        line = " ".join(self.plain(text, most).replace("\n", " ⏎ ").split()) or "(empty)"
        ticks = "`" * (_longest_ticks(line) + 1)
        pad = " " if line.startswith("`") or line.endswith("`") else ""
        return f"{ticks}{pad}{line}{pad}{ticks}"

    def block(self, text: str, most: int = 4000, kind: str = "") -> str:
        """A fenced block; the fence is longer than any inside."""
        inside = self.plain(text, most)
        fence = "`" * max(_FEWEST_TICKS, _longest_ticks(inside) + 1)
        return f"{fence}{kind}\n{inside}\n{fence}"

    def value(self, value: Any, most: int) -> str:
        """A property's value on one line."""
        if value is ABSENT:
            return ""
        if value == UNKNOWN:
            return "(known after the update)"
        text = json.dumps(value, ensure_ascii=False, default=str).replace(
            f'"{UNKNOWN}"', "(known after the update)"
        )
        return self.plain(text, most).replace("\n", " ")


def _seen(found: re.Match[str]) -> str:
    return _escape(found[0]) if _is_unseen(found[0]) else found[0]


def _is_unseen(character: str) -> bool:
    return character in _BLANKS or unicodedata.category(character) in _UNSEEN


def _written(found: re.Match[str]) -> str:
    return f"{found[1] or ''}{_escape(found[0][-1])}"


def _escape(character: str) -> str:
    return f"\\u{{{ord(character):x}}}"


def _longest_ticks(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
