"""Secrets that a text has behind their names: `password=…`, `"apiKey": "…"`, `--token …`, `password '…' was refused`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from slipway_rules.secret_names import is_collection, is_secret_name

_NAME = re.compile(
    r"(?<![A-Za-z0-9_])(?:(?:api|access|private|secret|connection|account) (?=keys?\b|token|string))?[A-Za-z_.][\w./-]{0,100}",
    re.IGNORECASE,
)
_QUOTED = r"""[bBrRuU]?(?P<quote>\\{0,16}["'`])(?P<inner>.*?)(?<!\\)(?P=quote)"""
_QUOTED_VALUE = re.compile(_QUOTED, re.DOTALL)
_IS = re.compile(r"""(?:\\{0,16}["'`])?[\])]?(?: value)?(?P<is>[ \t]*(?::=|=>|->|→|==?|:(?!:))[ \t]*)""")
_CHANGES = re.compile(r"[ \t]*(?:=>|->|→)[ \t]*")
_BARE = re.compile(r"""[^\s"'`,;&}\])<]+(?:[,;](?![\w.-]+[=:])[^\s"'`,;&}\])<]+)*""")
"""A comma within it belongs to it, unless another name follows."""
_WORD = re.compile(r"[^\s]+")
_LINE = re.compile(r"[^\n]+")
_REST = re.compile(r"""(?:(?!\\n)[^\n"'])+""")
_BLOCK = re.compile(
    r"""[|>][-+\d]*[ \t]*(?P<nl>\r?\n|\\+n)(?P<indent>[ \t]+)(?P<inner>(?:(?!(?P=nl)).)*
        (?:(?P=nl)(?:[ \t]*(?=(?P=nl))|(?P=indent)(?:(?!(?P=nl)).)*))*)""",
    re.VERBOSE,
)
_BELOW = re.compile(r"\r?\n[ \t]+(?P<inner>[^\s:#{\[-][^\s:]*)[ \t]*(?=\r?\n|\Z)")
_LIST_BELOW = re.compile(
    r"\r?\n(?P<indent>[ \t]+|[ \t]*(?=- ))(?P<inner>(?!-?[ \t]*name:)[^\n]+(?:\n(?P=indent)[^\n]*)*)"
)
_COLLECTION = re.compile(r"[{\[](?P<inner>[^{}\[\]]+)[}\]]")
_ELEMENT = re.compile(r"(?:\s[^<>]*)?>(?P<inner>[^<>]+)<")
_FLAGGED = re.compile(r"""[ =]|[ \t]*\n[ \t]*-[ \t]+|\\{0,16}["'],\s*(?=\\{0,16}["'])""")
_SAID = re.compile(r"""(?:\\{0,16}["'`])?(?:[ \t]+(?:(?:is|was|of|to|value):?[ \t]+)*|\()""")
_MIXED = r"(?=\S*\d)(?=\S*[A-Za-z])\S{6,}"
_MIXED_WORD = re.compile(_MIXED)
_GOT = re.compile(
    rf"""[^\n]{{0,80}}?(?:\b(?:got|received|but|value):?[ \t]+|(?<=[a-z]):[ \t]+)(?=[\\"'`]|{_MIXED})|\s.{{0,160}}?\binput_value=""",
    re.IGNORECASE | re.DOTALL,
)
_SAID_BEFORE = re.compile(r"""["'`]([^"'`\n]+)["'`] (?:for|of|as) (?:\w+ ){0,2}["'`]?$""")
_AT_BEGINNING = re.compile(r"""[\s>+!*-]*(?:export |set |ENV |\w+ = )?["']?""")
_NOTHING = re.compile(
    r"(?:\d{1,3}|\d+ bytes|true|false|yes|no|none|null|nil|undefined|arn:\S{0,2048}|)[.,;:]?", re.IGNORECASE
)
_SENTENCE = re.compile(
    r"(?:required|optional|expired|invalid|missing|not|must|no such|arn:\S{0,2048})(?:[.,;:]?[ \t][^\n]*|[.,;:]?)",
    re.IGNORECASE,
)
_IN_SENTENCE = re.compile(rf"""(?P<quote>["'`])(?P<inner>[^"'`\n]*)["'`]?|(?<!\S)(?!arn:){_MIXED}""")
"""What may be the value that a sentence is about."""
_OPENING = re.compile(r"""\\*["'`]""")
_CLOSING = re.compile(r"""\\{0,16}["'`]?""")
_NAMES_OTHERS = re.compile(r"(?:secret|credential)s?$", re.IGNORECASE)
"""Objects of this kind have names of their own, which a sentence says behind it: `secret "chat-tls" not found`."""
_HEADERS = re.compile(r"(?:cookie|authorization)$", re.IGNORECASE)
_Span = tuple[int, int]


def without_named(text: str, mask: str) -> str:
    """The text, with everything replaced that stands under the name of a secret."""
    pieces: list[str] = []
    done = at = 0
    while found := _NAME.search(text, at):
        at = found.end()
        if not is_secret_name(found[0]):
            continue
        for start, end in _values(text, found):
            if start >= done and not text.startswith(mask, start) and not _says_nothing(text[start:end]):
                pieces += [text[done:start], mask]
                done = at = end
    return "".join([*pieces, text[done:]])


def _values(text: str, name: re.Match[str]) -> Iterator[_Span]:
    """Where what belongs to a name stands; most often nowhere."""
    before, after = text[max(0, name.start() - 1) : name.start()], name.end()
    if before == "<" and (found := _ELEMENT.match(text, after)):
        yield found.span("inner")
    elif found := _IS.match(text, after):
        sign = found["is"].strip()
        is_part = before in ("/", ":", "-") or "/" in name[0]
        if is_part and not (before == "-" and sign != ":") and "=" not in sign and found["is"] == ":":
            return  # a part of an image's or a type's name
        span = _assigned(text, name, found)
        if span and _says_nothing(text[slice(*span)]):
            yield from _in_sentence(text, span)
            yield from _told(text, after)
        while span:
            yield span
            closed = _CLOSING.match(text, span[1])
            more = _CHANGES.match(text, closed.end() if closed else span[1])
            span = _quoted(text, more.end()) or _match(_BARE, text, more.end()) if more else None
    elif before == "-" and (found := _FLAGGED.match(text, after)):
        if not text.startswith("-", found.end()):
            span = _quoted(text, found.end()) or _match(_BARE, text, found.end())
            yield from [span] if span else []
    elif not _NAMES_OTHERS.search(name[0]):
        start = max(0, name.start() - 150)
        if found := _SAID_BEFORE.search(text[start : name.start()]):
            yield start + found.start(1), start + found.end(1)
        yield from _told(text, after)


def _assigned(text: str, name: re.Match[str], sign: re.Match[str]) -> _Span | None:
    at = sign.end()
    for form in (_BLOCK, _BELOW, *((_LIST_BELOW, _COLLECTION) if is_collection(name[0]) else ())):
        if found := form.match(text, at):
            return found.span("inner")
    if (span := _quoted(text, at)) or text[at : at + 1] in ("{", "["):
        return span
    line = text[text.rfind("\n", 0, name.start()) + 1 : name.start()]
    if _AT_BEGINNING.fullmatch(line) and not line.endswith(('"', "'")):
        return _match(_LINE if ":" in sign["is"] else _WORD, text, at)
    header = _match(_REST, text, at) if _HEADERS.search(name[0]) else None
    return header or _match(_BARE, text, at)


def _says_nothing(value: str) -> bool:
    """As a whole: a password may begin with any word."""
    said = value.strip()
    return bool(_NOTHING.fullmatch(said) or _SENTENCE.fullmatch(said))


def _in_sentence(text: str, sentence: _Span) -> Iterator[_Span]:
    for found in _IN_SENTENCE.finditer(text, *sentence):
        yield found.span("inner" if found["quote"] else 0)


def _told(text: str, after: int) -> Iterator[_Span]:
    """What a sentence says of it: in quotes, or with letters and digits."""
    for words in (_SAID, _GOT):
        if found := words.match(text, after):
            at = found.end()
            if span := _quoted(text, at) or _match(_MIXED_WORD, text, at):
                yield span
                return


def _quoted(text: str, at: int) -> _Span | None:
    """What is within quotes; without a second one, the rest of the line."""
    if found := _QUOTED_VALUE.match(text, at):
        return found.span("inner") if found["inner"] else None
    if _OPENING.match(text, at, at + 20):
        return _match(_LINE, text, at)
    return None


def _match(form: re.Pattern[str], text: str, at: int) -> _Span | None:
    found = form.match(text, at)
    return found.span() if found and found[0].strip() else None
