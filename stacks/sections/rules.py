"""What the sections are written with: the base of them all, types of their values, rules between values."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationInfo,
    field_validator,
)
from pydantic.alias_generators import to_camel

from slipway.datastore import DAILY_WINDOW, WEEKLY_WINDOW
from slipway.validation import DNS_LABEL, ENV_NAME, IMAGE, PATH, PATH_RULE, REGION, is_whole


def rule(right: str, pattern: re.Pattern[str]) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(f"must be {right}")
        return value

    return AfterValidator(check)


def passes(right: str, test: Callable[[Any], bool]) -> BeforeValidator:
    """One of the components' own tests, with their words for it."""

    def check(value: Any) -> Any:
        if value is not None and not test(value):
            raise ValueError(f"must be {right}")
        return value

    return BeforeValidator(check)


def meets(right: str, test: Callable[[Any], bool]) -> AfterValidator:
    """A rule between values that are each right."""

    def check(value: Any) -> Any:
        if not test(value):
            raise ValueError(f"must be {right}")
        return value

    return AfterValidator(check)


def between(low: int, high: int) -> BeforeValidator:
    """A whole number, written as one: `true` and `"3"` are none."""

    def check(value: Any) -> Any:
        if value is not None and not is_whole(low, high)(value):
            raise ValueError(f"must be {low}-{high}")
        return value

    return BeforeValidator(check)


def beside(info: ValidationInfo, key: str, default: Any) -> Any:
    """Another value of the same section, the component's default when it is left out; None when it is wrong itself."""
    value = info.data.get(key, ...)
    return None if value is ... else default if value is None else value


def left_out(value: Any, default: Any) -> str:
    return f" (left out, it is {default})" if value is None else ""


def not_below(key: str, least: int | None, value: int | None, default: int) -> int | None:
    """A highest value against its lowest, either of which may be the component's default."""
    if least is not None and (default if value is None else value) < least:
        raise ValueError(f"must not be below {key}, {least}{left_out(value, default)}")
    return value


def one_of(choices: Collection[Any]) -> str:
    return f"one of {', '.join(map(str, choices))}"


Label = Annotated[str, rule("lower-case letters, digits and -", DNS_LABEL)]
Path = Annotated[str, rule(PATH_RULE, PATH)]
ImageName = Annotated[str, rule("an image, as registry/path:tag", IMAGE)]
# What the stack builds itself has no name before pulumi up has built it.
BuiltImage = Annotated[
    str,
    rule("an image, as registry/path:tag, that is there already", re.compile(rf"(?!build:){IMAGE.pattern}")),
]
Zone = Annotated[str, rule("a zone's name, as eu-central-1a", re.compile(rf"{REGION.pattern}[a-h]"))]
Daily = Annotated[str, rule("as 01:00-02:00", DAILY_WINDOW)]
Weekly = Annotated[str, rule("as sun:03:00-sun:04:00", WEEKLY_WINDOW)]
Pem = Annotated[str, rule("in PEM, starting with -----BEGIN", re.compile(r"\s*-----BEGIN .*", re.DOTALL))]
Variables = dict[Annotated[str, rule("named by letters, digits and _", ENV_NAME)], str]


def of_kind(*keys: str, kind: str) -> Any:
    """Fields that only one kind of a section has any use for."""

    def check(value: Any, info: ValidationInfo) -> Any:
        asked = info.data.get("kind")
        if value is not None and asked not in (None, kind):
            raise ValueError(f"must be left out: kind {asked} has no use for it")
        return value

    return field_validator(*keys)(check)


# https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
TagValue = Annotated[
    str,
    rule(
        "1-256 letters, digits, blanks and any of _.:/=+-@, as AWS takes tags",
        re.compile(r"[\w .:/=+@-]{1,256}"),
    ),
]


class Section(BaseModel):
    """A part of the configuration: keys in camelCase, none but the known ones."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)

    def args(self, **more: Any) -> Any:
        """What was said, as a component's arguments, over what is said beside it."""
        return {**more, **self.model_dump(exclude_none=True)}


class Tags(Section):
    """Whose the environment is, and who pays for it."""

    owner: TagValue
    cost_centre: TagValue
