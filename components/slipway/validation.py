"""Arguments checked at construction: all problems at once, in the caller's words, without a cloud call.

Values that are still Outputs are passed over here; the policy pack sees them resolved.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from types import UnionType
from typing import Any, NotRequired, Required, TypeVar, Union, cast, get_args, get_origin, is_typeddict

import pulumi

REMOVAL = ("protect", "destroy")
REMOVAL_RULE = f"one of {', '.join(REMOVAL)}"
BLOCKS_RULE = "address blocks, as 192.0.2.0/24"
DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
APP_NAME = re.compile(r"[a-z]([-a-z0-9]{0,55}[a-z0-9])?")
APP_NAME_RULE = (
    "lower-case letters, digits and -, beginning with a letter, 57 at most: Services are named after it"
)
DNS_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
CPU = re.compile(r"[1-9]\d{0,8}m|(?!0+(\.0*)?$)\d{1,6}(\.\d{1,3})?", re.ASCII)
MEMORY = re.compile(r"[1-9]\d{0,8}(Ki|Mi|Gi)", re.ASCII)
PATH = re.compile(r"/\S*")
PATH_RULE = "a path that starts with /"
MOUNT = re.compile(r"(?!/+$)/[^:\x00-\x1f]+")
MOUNT_RULE = "an absolute path below /, without :"
ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
HOST = re.compile(
    r"(?=.{1,253}$)[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)*"
)
REPOSITORY = re.compile(r"[a-z0-9.-]+(:\d+)?(/[a-z0-9._-]+)+")
_WORDS = r"[a-z0-9]+((\.|_{1,2}|-+)[a-z0-9]+)*"
# https://pkg.go.dev/github.com/distribution/reference, with lower-case hosts alone
IMAGE = re.compile(
    rf"([a-z0-9.-]+(:\d+)?/)?{_WORDS}(/{_WORDS})*(:[A-Za-z0-9_][A-Za-z0-9._-]{{0,127}})?(@sha256:[0-9a-f]{{64}})?"
)
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
ARN = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(\d{12}|aws)?:\S+")
REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d")
SCHEDULE = re.compile(r"cron\(\S+( \S+){5}\)|rate\([1-9]\d* (minute|hour|day)s?\)")


class ArgumentError(ValueError):
    """A component was given arguments that it cannot use."""


def is_whole(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def is_one_of(choices: Collection[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in choices


def matches(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def is_pem(value: Any) -> bool:
    return isinstance(value, str) and value.lstrip().startswith("-----BEGIN ")


def is_ipv4_block(value: Any) -> bool:
    from ipaddress import IPv4Network  # here, because a switch of traffic checks no address

    try:
        IPv4Network(value)
    except ValueError:
        return False
    return isinstance(value, str) and "/" in value


def is_block(value: Any) -> bool:
    """An IPv4 or IPv6 network without host bits."""
    from ipaddress import ip_network

    try:
        ip_network(value)
    except ValueError:
        return False
    return isinstance(value, str)


def is_arn(service: str) -> Callable[[Any], bool]:
    """The name of something in an account's region, as arn:aws:kms:eu-central-1:123456789012:key/…"""
    return matches(re.compile(rf"arn:aws[-a-z]*:{service}:[a-z0-9-]+:\d{{12}}:\S+"))


def is_list_of(test: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """A list, a text being none, of different members that each pass the test, as far as they are known."""

    def check(value: Any) -> bool:
        if isinstance(value, str) or not isinstance(value, Sequence):
            return False
        members = cast("Sequence[Any]", value)
        known = [member for member in members if not isinstance(member, pulumi.Output)]
        different = all(member not in known[:index] for index, member in enumerate(known))
        return different and all(map(test, known))

    return check


are_blocks = is_list_of(is_block)


def is_filled_list_of(test: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """The same, with one member or more."""
    return lambda value: is_list_of(test)(value) and len(value) > 0


def is_json_object(value: Any) -> bool:
    try:
        return isinstance(json.loads(value), dict)
    except (TypeError, ValueError):
        return False


_Given = TypeVar("_Given", bound=Mapping[str, Any])


def usable(args: _Given, shape: type) -> _Given:
    """What of arguments can be read without looking at each: `None` is left out, and so are collections of the wrong kind.

    `Checks`, which is given the arguments as they came, tells of these.
    """
    kept: dict[str, Any] = {}
    for key, value in args.items():
        if value is not None and not _wrong_kind(shape, key, value):
            inner = _inner(shape, key)
            kept[key] = (
                usable(cast("Mapping[str, Any]", value), inner)
                if inner and isinstance(value, Mapping)
                else value
            )
    return cast("_Given", kept)


def _plain(said: Any) -> Any:
    """A type without what says that it may be left out, or may not be known yet: an Input is a union that begins with its type."""
    while get_origin(said) in (NotRequired, Required, Union, UnionType):
        said = get_args(said)[0]
    return said


def _inner(shape: type, key: str) -> type | None:
    """The TypedDict that an argument is, if it is one."""
    inner = _plain(shape.__annotations__.get(key))
    return inner if is_typeddict(inner) else None


def _wrong_kind(shape: type, key: str, value: Any) -> str:
    """What is right, when an argument is no such collection as its shape says; empty when it is."""
    said = _plain(shape.__annotations__.get(key))
    if isinstance(value, pulumi.Output):
        return ""
    if get_origin(said) is Sequence:
        if isinstance(value, str) or not isinstance(value, Sequence):
            return "a list"
        dictionaries = all(
            isinstance(item, (Mapping, pulumi.Output)) for item in cast("Sequence[Any]", value)
        )
        return "" if dictionaries or not is_typeddict(_plain(get_args(said)[0])) else "a list of dictionaries"
    if get_origin(said) is Mapping or is_typeddict(said):
        names = cast("Mapping[Any, Any]", value) if isinstance(value, Mapping) else (None,)
        return "" if all(isinstance(name, str) for name in names) else "a dictionary whose keys are text"
    return ""


def _not_texts(shape: type, key: str, value: Any) -> dict[str, Any]:
    """The members of a dictionary of texts that are none."""
    said = _plain(shape.__annotations__.get(key))
    if (
        get_origin(said) is not Mapping
        or _plain(get_args(said)[1]) is not str
        or not isinstance(value, Mapping)
    ):
        return {}
    inside = cast("Mapping[str, Any]", value)
    return {name: item for name, item in inside.items() if not isinstance(item, (str, pulumi.Output))}


class Checks:
    """Collects what is wrong with one component's arguments and raises once: `with Checks("app", name, args, AppArgs) as check:`."""

    def __init__(self, component: str, name: str, args: Mapping[str, Any], shape: type) -> None:
        self._where = f'{component} "{name}"'
        self._problems: list[str] = []
        self.shape("", args, shape)

    def shape(self, prefix: str, args: Mapping[str, Any], shape: type) -> None:
        """Refuse argument names that `shape`, a TypedDict, does not have, and miss those that it asks for."""
        known: dict[str, Any] = shape.__annotations__
        required: frozenset[str] = getattr(shape, "__required_keys__", frozenset())
        for key in args:
            if key not in known:
                close = difflib.get_close_matches(str(key), known, n=1)
                hint = (
                    f"; did you mean {prefix}{close[0]}?"
                    if close
                    else f"; known are {', '.join(sorted(known))}"
                )
                self._problems.append(f"there is no argument {prefix}{key}{hint}")
            elif right := _wrong_kind(shape, key, args[key]) if args[key] is not None else "":
                # Of what kind it is says enough: there may be secrets in it.
                self._problems.append(f"{prefix}{key} must be {right}, got {type(args[key]).__name__}")
            elif (inner := _inner(shape, key)) and isinstance(args[key], Mapping):
                self.shape(f"{prefix}{key}.", args[key], inner)
            else:
                self._problems += [
                    f"{prefix}{key}.{name} must be text, got {type(item).__name__}"
                    for name, item in _not_texts(shape, key, args[key]).items()
                ]
        given = {key for key, value in args.items() if value is not None}
        self._problems += [f"{prefix}{key} is missing" for key in sorted(required - given)]

    def value(
        self, argument: str, value: Any, right: str, test: Callable[[Any], bool], *, secret: bool = False
    ) -> None:
        """`argument must be <right>, got <value>` unless the test holds or the value is not known yet; no secret is repeated."""
        if value is None or isinstance(value, pulumi.Output):
            return
        if not test(value):
            self._problems.append(
                f"{argument} must be {right}, got {'another value' if secret else repr(value)}"
            )

    def rule(self, holds: bool, problem: str) -> None:
        """A rule between arguments."""
        if not holds:
            self._problems.append(problem)

    def __enter__(self) -> Checks:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and self._problems:
            raise ArgumentError(f"{self._where}: " + "; ".join(self._problems))
