"""A second look for secrets, after Pulumi's: over everything that a preview says, wherever it says it.

Three nets: the values that the stack itself calls secret, in whatever coding; texts shaped as well-known credentials; values
under a name that only secrets have. What none of them can know is in docs/pull-requests.md.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, cast
from urllib.parse import quote, quote_plus

from slipway_ops.encoded import decodings
from slipway_ops.randomness import without_random
from slipway_ops.secret_shapes import without_shapes
from slipway_ops.secret_values import without_named
from slipway_rules.secret_names import is_collection, is_secret_name

MASK = "[secret]"
SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key by which Pulumi marks what is special in its JSON."""
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  (Pulumi's mark, no secret)
_ANYWHERE = 6
"""A value that is shorter is masked as a whole word alone, or every second word would go."""
_SHORTEST = 4
_TOO_COMMON = frozenset({"true", "false", "null", "none", "default"})
_WORD = 8
_LONG_WORD = 20
_SECRET_TYPES = re.compile(r":(?:Secret|SecretVersion|SecretPatch|RandomPassword)$")
_SECRET_OBJECTS = {"kind": "Secret", "type": "SecureString"}
"""By their own word: of Kubernetes, of AWS's Parameter Store."""
_SAYS_NOTHING = frozenset({"value", "content", "text", "plaintext", "string", "current"})
_SAYS_WHICH = frozenset({"name", "id", "arn"})
_SECRET_FIELDS = frozenset(
    {
        "data",
        "stringData",
        "secretString",
        "secretBinary",
        "secretStringWo",
        "value",
        "insecureValue",
        "result",
        "bcryptHash",
    }
)
_NO_SECRET = re.compile(r"true|false|arn:\S+|", re.IGNORECASE)


class Masker:
    """Knows a stack's secrets. Everything that leaves the command goes through one."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        bare = map(str.strip, secrets)  # a file's last line break is not everywhere where its secret is
        whole = {secret for secret in bare if len(secret) >= _SHORTEST and secret.lower() not in _TOO_COMMON}
        parts = {part for secret in whole for part in (secret, *_parts(secret))}
        self._plain = sorted((part for part in parts if len(part) >= _ANYWHERE), key=len, reverse=True)
        coded = {code for part in self._plain for code in _codings(part) if len(code) >= _ANYWHERE}
        self._known = sorted(coded, key=len, reverse=True)
        short = sorted(re.escape(part) for part in parts if len(part) < _ANYWHERE)
        self._short = re.compile(rf"(?<!\w)(?:{'|'.join(short)})(?!\w)") if short else None

        self._done: dict[str, str] = {}

    def text(self, text: str) -> str:
        """The same without its secrets."""
        if text not in self._done:  # the same names and values come again and again
            self._done[text] = self._masked(text)
        return self._done[text]

    def known(self, text: str) -> str:
        """The same without the secrets that somebody marked: for what is public and may look like one, as an image's tag."""
        return decodings(self._without_known(text), self._has_known, MASK)

    def _masked(self, text: str) -> str:
        return decodings(_without_likely(self._without_known(text)), self._is_secret, MASK)

    def _without_known(self, text: str) -> str:
        for known in self._known:
            if known in text:
                text = text.replace(known, MASK)
        return self._short.sub(MASK, text) if self._short else text

    def tree(self, value: Any, type_: str = "") -> Any:
        """A resource's properties without their secrets; `type_` is the resource's."""
        return self._below(value, "", hides=bool(_SECRET_TYPES.search(type_)))

    def _below(self, value: Any, name: str, *, hides: bool = False) -> Any:
        """`name` is what the value stands under; `hides`: it is an object whose fields are secrets."""
        if isinstance(value, str):
            hidden = is_secret_name(name) and not _NO_SECRET.fullmatch(value)
            return MASK if hidden else self._within(value)
        if isinstance(value, list):
            items = cast(list[Any], value)
            return [
                self._below(item, _flag(before) or name)
                for before, item in zip(["", *items], items, strict=False)
            ]
        properties = _mapping(value)
        if properties is None:
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            return MASK if is_number and is_secret_name(name) else value
        if properties.get(SIGNATURE) == _SECRET:
            return MASK
        hides = hides or any(properties.get(key) == said for key, said in _SECRET_OBJECTS.items())
        named = [
            item for key, item in properties.items() if key.lower() in ("name", "key")
        ]  # `{name: DB_PASSWORD, value: …}`
        beside = named[0] if named and isinstance(named[0], str) else name
        return {
            self.text(key): _hidden(item)
            if hides and key in _SECRET_FIELDS
            else self._below(item, _name(key, name, beside))
            for key, item in properties.items()
        }

    def _within(self, text: str) -> str:
        """A text may be JSON, as policies and settings are; what it names counts, too."""
        if text.lstrip().startswith(("{", "[")):
            try:
                plain = json.loads(text)
            except (ValueError, RecursionError):
                return self.text(text)
            masked = self._below(plain, "")
            if masked != plain:
                text = json.dumps(masked, ensure_ascii=False)
        return self.text(text)

    def _has_known(self, plain: str) -> bool:
        return any(known in plain for known in self._plain)

    def _is_secret(self, plain: str) -> bool:
        return self._has_known(plain) or _without_likely(plain) != plain


def _without_likely(text: str) -> str:
    """Without what nobody marked, and its shape, its name or its randomness tells."""
    return without_random(without_named(without_shapes(text, MASK), MASK), MASK)


def _mapping(value: Any) -> Mapping[str, Any] | None:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else None


def _name(key: str, above: str, beside: str) -> str:
    """What a value is judged by: a collection of secrets, as `secrets` or `tokens`, makes secrets of all that is in it but names."""
    if is_collection(above):
        return key if key.lower() in _SAYS_WHICH else above
    return beside if key.lower() in _SAYS_NOTHING else key


def _flag(before: Any) -> str:
    """The option that the next word of a command belongs to."""
    return before if isinstance(before, str) and before.startswith("-") and is_secret_name(before) else ""


def _hidden(value: Any) -> Any:
    """The shape of it: keys stay, values go."""
    properties = _mapping(value)
    if properties is None or SIGNATURE in properties:
        return MASK
    return dict.fromkeys(properties, MASK)


def _parts(secret: str) -> Iterator[str]:
    """What of a structured or multi-line secret is secret by itself: the strings in its JSON, its lines, their long words."""
    try:
        leaves = [*_strings(json.loads(secret))] if secret.lstrip().startswith(("{", "[", '"')) else []
    except ValueError:
        leaves = []
    yield from leaves
    if "\n" in secret or leaves:
        for text in (secret, *leaves):
            for line in text.splitlines():
                words = re.split(r"[\s\"',;]+", line)
                yield from (word for word in words if len(word) >= _LONG_WORD or _is_mixed(word))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str) and len(value) >= _WORD:
        yield value
    for item in (
        cast(list[Any], value)
        if isinstance(value, list)
        else cast(dict[str, Any], value).values()
        if isinstance(value, dict)
        else ()
    ):
        yield from _strings(item)


def _is_mixed(word: str) -> bool:
    return len(word) >= _WORD and any(map(str.isdigit, word)) and any(map(str.isalpha, word))


def _codings(secret: str) -> Iterator[str]:
    """A secret as JSON, HTML and addresses write it; base64 and hexadecimal are read back instead, whatever stands around it."""
    yield secret
    yield secret.replace("\n", "\\n")
    yield repr(secret)[1:-1]
    once = json.dumps(secret)[1:-1]
    by_go = once.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    for dumped in (once, by_go, json.dumps(secret, ensure_ascii=False)[1:-1]):
        yield dumped
        yield json.dumps(dumped)[1:-1]
    yield html.escape(secret)
    if len(secret) >= _WORD:  # a name that is made of it may have one case
        yield secret.lower()
        yield secret.upper()
    coders: tuple[Callable[[str], str], ...] = (partial(quote, safe=""), quote, quote_plus)
    for coder in coders:
        try:
            coded = coder(secret)
        except UnicodeEncodeError:
            continue  # half a character, which no address can have
        yield coded
        yield re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), coded)
