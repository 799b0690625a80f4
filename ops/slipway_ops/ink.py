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
_BLANKS = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters that look like nothing."""
_ODD = re.compile(r"[^\n\t -~]")
_FEWEST_TICKS = 3


class Ink:
    """Writes what a preview says. Everything is masked once more as it is written."""

    def __init__(self, masker: Masker) -> None:
        self._masker = masker

    def plain(self, text: str, most: int = 0) -> str:
        """Masked, without colours, with what is unseen written out; at most so many characters of it. For logs too."""
        text = _ODD.sub(_seen, self._masker.text(_ANSI.sub("", text)))
        if most and len(text) > most:
            return f"{text[:most]}… ({len(text):,} characters)"
        return text

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
    character = found[0]
    if character in _BLANKS or unicodedata.category(character) in _UNSEEN:
        return f"\\u{{{ord(character):x}}}"
    return character


def _longest_ticks(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
