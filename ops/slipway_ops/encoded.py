"""Base64, hexadecimal and escapes in a text, read back: a secret does not hide in them, wherever it begins."""

from __future__ import annotations

import base64
import binascii
import html
import re
import zlib
from collections.abc import Callable, Iterator
from urllib.parse import unquote

# Wrapped lines count as one run, as `base64` and PEM write them, also where JSON has escaped the break.
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}(?:(?:\r?\n|\\n)[ \t]*[A-Za-z0-9+/_-]+)*={0,2}")
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{2}[: ]?){6,}(?![0-9A-Za-z])")
_ESCAPED = re.compile(r"(?<!\S)\S*(?:%[0-9A-Fa-f]{2}|\\(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|\\)|&#?\w+;)\S*")
_NUMBERED = re.compile(r"(?<!\\)\\{1,16}(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2}))")
_BREAKS = re.compile(r"\r?\n|\\n|[ \t:]")
_URL_SAFE = str.maketrans("-_", "+/")
_READABLE = re.compile("[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\ufffd]{6,}")
"""What may be a text: the rest is what stood before it, read as what it is not."""
_GZIP = b"\x1f\x8b"
_MOST_UNPACKED = 1_000_000
_GROUP = 4
_DEPTH = 3


def decodings(text: str, is_secret: Callable[[str], bool], mask: str) -> str:
    """The text, with every run replaced that hides a secret."""

    def judged(found: re.Match[str]) -> str:
        return mask if any(map(is_secret, _plain(found[0], _DEPTH))) else found[0]

    def read_back(found: re.Match[str]) -> str:
        return mask if any(map(is_secret, _unescaped(found[0]))) else found[0]

    if "%" in text or "\\" in text or "&" in text:
        text = _ESCAPED.sub(read_back, text)
    return _BASE64.sub(judged, _HEX.sub(judged, text))


def _unescaped(word: str) -> Iterator[str]:
    """What a word with escapes of addresses, HTML and JSON means, and what that means in turn."""
    for _ in range(_DEPTH):
        plain = _numbered(html.unescape(unquote(word)))
        if plain == word:
            break
        yield plain
        word = plain
    if "\\" in word:
        yield re.sub(r"\\+([\"'/])?", lambda found: found[1] or "\\", word)


def _numbered(text: str) -> str:
    """Bytes and UTF-16 units: what is beyond them comes in several."""
    units = _NUMBERED.sub(lambda found: chr(int(found[1] or found[2], 16)), text)
    if units == text:
        return text
    try:
        return units.encode("latin-1").decode()
    except UnicodeError:
        return units.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


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
        yield from _texts(bytes.fromhex(run))
    digits = run.rstrip("=").translate(_URL_SAFE)
    for start in range(_GROUP):  # what stands before it may be of the same letters: a path, a prefix
        part = digits[start:]
        if len(part) % _GROUP == 1:
            part = part[:-1]
        try:
            yield from _texts(base64.b64decode(part + "=" * (-len(part) % _GROUP)))
        except binascii.Error:
            continue


def _texts(plain: bytes) -> Iterator[str]:
    yield plain.decode("utf-8", "replace")
    if b"\0" in plain:
        yield plain.replace(b"\0", b"").decode(
            "utf-8", "replace"
        )  # UTF-16, as PowerShell's encoded commands are
    if plain.startswith(_GZIP):
        try:
            yield zlib.decompressobj(wbits=31).decompress(plain, _MOST_UNPACKED).decode("utf-8", "replace")
        except zlib.error:
            return
