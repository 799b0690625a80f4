"""Base64 and hexadecimal in a text, read back: a secret does not hide in them, wherever it begins."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator

# Wrapped lines count as one run, as `base64` and PEM write them, also where JSON has escaped the break.
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}(?:(?:\r?\n|\\n)[ \t]*[A-Za-z0-9+/_-]+)*={0,2}")
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{2}){6,}(?![0-9A-Za-z])")
_BREAKS = re.compile(r"\r?\n|\\n|[ \t]")
_URL_SAFE = str.maketrans("-_", "+/")
_READABLE = re.compile("[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\ufffd]{6,}")
"""What may be a text: the rest is what stood before it, read as what it is not."""
_GROUP = 4
_DEPTH = 3


def decodings(text: str, is_secret: Callable[[str], bool], mask: str) -> str:
    """The text, with every run replaced that hides a secret."""

    def judged(found: re.Match[str]) -> str:
        return mask if any(map(is_secret, _plain(found[0], _DEPTH))) else found[0]

    return _BASE64.sub(judged, _HEX.sub(judged, text))


def _plain(run: str, depth: int) -> Iterator[str]:
    """What a run may mean, and what that means in turn: base64 within base64."""
    joined = _BREAKS.sub("", run)
    found = [text for reading in _readings(joined) for text in _READABLE.findall(reading)]
    yield from found
    if depth > 1:
        for text in found:
            for inner in (*_BASE64.findall(text), *_HEX.findall(text)):
                if len(inner) < len(joined):
                    yield from _plain(inner, depth - 1)


def _readings(run: str) -> Iterator[str]:
    if len(run) % 2 == 0 and re.fullmatch("[0-9A-Fa-f]+", run):
        yield bytes.fromhex(run).decode("latin-1")
    digits = run.rstrip("=").translate(_URL_SAFE)
    for start in range(_GROUP):  # what stands before it may be of the same letters: a path, a prefix
        part = digits[start:]
        if len(part) % _GROUP == 1:
            part = part[:-1]
        try:
            yield base64.b64decode(part + "=" * (-len(part) % _GROUP)).decode("utf-8", "replace")
        except binascii.Error:
            continue
