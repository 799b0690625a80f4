"""Arguments checked at construction: all problems at once, in the caller's words, without a cloud call.

Values that are still Outputs are passed over here; the policy pack sees them resolved.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, cast

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
                close = difflib.get_close_matches(key, known, n=1)
                hint = (
                    f"; did you mean {prefix}{close[0]}?"
                    if close
                    else f"; known are {', '.join(sorted(known))}"
                )
                self._problems.append(f"there is no argument {prefix}{key}{hint}")
        self._problems += [f"{prefix}{key} is missing" for key in sorted(required - args.keys())]

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
