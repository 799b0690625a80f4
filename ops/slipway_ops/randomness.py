"""Texts that nobody wrote: long runs of letters and digits in no order, as keys and tokens are that have no known shape.

What is random and no secret stays: hexadecimal digests, ids and UUIDs have one case of letters, names and paths have words;
an image's tag stands behind its registry.
"""

from __future__ import annotations

import re
from itertools import pairwise

_PUBLIC = (
    r"(?P<public>-----BEGIN (?P<kind>(?:[A-Z0-9 ]* )?(?:CERTIFICATE|PUBLIC KEY|CERTIFICATE REQUEST))-----.*?-----END (?P=kind)-----"
    r"|\bsha(?:1|256|384|512)-[A-Za-z0-9+/]+={0,2}|\bAAAA[A-Z][23]N[A-Za-z0-9+/]+={0,2}"
    r"|(?<![\w./:@-])(?:[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?|[a-z0-9-]+:\d+)(?:/[a-z0-9._-]+)+:\w[\w.-]{0,127}(?![\w.+/=-]))"
)
"""Certificates and public keys, digests that say what they are, images of a registry."""
_RUN = re.compile(_PUBLIC + r"|[A-Za-z0-9+/_-]{20,}={0,2}", re.DOTALL)
_WINDOW, _FEWEST_TURNS, _MANY_TURNS = 20, 10, 12
"""Of twenty random characters in a row, 12 are of another kind than the one before, and 3 are digits; of CamelCase words, 6 are."""
_ONE_CASE = re.compile(r"[A-Z0-9]{32,}|[a-z0-9]{32,}")
_FEWEST_OF_ONE_CASE = 0.18
_TAGGED = re.compile(
    _PUBLIC
    + r"|(?<![A-Za-z0-9])(?!sha|md5|etag)(?:[A-Za-z][A-Za-z0-9]{1,9}[_-]){0,2}[A-Za-z][A-Za-z0-9]{1,9}_[0-9a-f]{32,}(?![A-Za-z0-9.])",
    re.DOTALL,
)
"""Hexadecimal behind its issuer's tag: squ_…, shippo_live_…"""


def without_random(text: str, mask: str) -> str:
    """The text, with everything replaced that is random as keys are."""
    if len(text) < _WINDOW:
        return text
    if "_" in text:
        text = _TAGGED.sub(lambda found: found[0] if found["public"] else mask, text)
    return _RUN.sub(lambda found: found[0] if found["public"] or not _is_random(found[0]) else mask, text)


def _is_random(run: str) -> bool:
    kinds = [_kind(character) for character in run]
    turns = [bool(one and other and one != other) for one, other in pairwise(kinds)]
    within = sum(turns[: _WINDOW - 1])
    for start in range(len(run) - _WINDOW + 1):
        if start:
            within += turns[start + _WINDOW - 2] - turns[start - 1]
        if within >= _FEWEST_TURNS:
            seen = kinds[start : start + _WINDOW]
            if {"a", "A", "0"} <= {*seen} and (within >= _MANY_TURNS or seen.count("0") > 1):
                return True
    return any(map(_is_random_of_one_case, _ONE_CASE.findall(run)))


def _is_random_of_one_case(run: str) -> bool:
    if re.fullmatch("[0-9A-Fa-f]+", run):
        return False
    kinds = [_kind(character) for character in run]
    return sum(one != other for one, other in pairwise(kinds)) >= _FEWEST_OF_ONE_CASE * len(run)


def _kind(character: str) -> str:
    """Small letter, capital, digit, or what joins them."""
    if character.isdigit():
        return "0"
    if character.isalpha():
        return "a" if character.islower() else "A"
    return ""
