"""What `slipway deploy` holds a release against."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from stacks.sections.rules import BuiltImage, Label, Path, Section, Variables, beside, between, passes, rule

_PORT = r"([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])"
Address = Annotated[
    str,
    rule(
        "an address without a path, as https://chat.example.com",
        re.compile(rf"https?://[a-z0-9.-]+(:{_PORT})?/?"),
    ),
]

Number = Annotated[
    float, passes("a number", lambda value: isinstance(value, (int, float)) and not isinstance(value, bool))
]
Scalar = Annotated[
    Any,
    passes("text, a number, true or false", lambda value: isinstance(value, (str, int, float))),
]


class Http(Section):
    """A request to the colour, and what its answer must be."""

    path: Path
    at: Address | None = None
    status: Annotated[int | None, between(100, 599)] = None
    fields: dict[str, Scalar] | None = Field(None, alias="json")
    text: Annotated[str, Field(min_length=1)] | None = None
    of: Annotated[int | None, between(1, 20)] = None
    passes: Annotated[int | None, between(1, 20)] = None

    @field_validator("passes")
    @classmethod
    def _not_above_of(cls, value: int | None, info: ValidationInfo) -> int | None:
        of = beside(info, "of", 1)
        if value is not None and of is not None and value > of:
            raise ValueError(f"must not be above of, {of}")
        return value


class Job(Section):
    """A Job that must end well before there is traffic."""

    image: BuiltImage | None = None
    command: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)] | None = Field(
        None, validate_default=True
    )
    env: Variables | None = None
    timeout_seconds: Annotated[int | None, between(1, 3600)] = None

    @field_validator("command")
    @classmethod
    def _is_not_the_application(cls, value: list[str] | None, info: ValidationInfo) -> list[str] | None:
        if value is None and info.data.get("image", ...) is None:
            raise ValueError("must be there, or image: the release's own image is the application")
        return value


class Gates(Section):
    """What is asked of the colour that is to get traffic, before it does and while it does."""

    seconds: Annotated[int | None, between(0, 3600)] = None
    error_percent: Annotated[Number, Field(ge=0, le=100)] | None = None
    p99_seconds: Annotated[Number, Field(gt=0, le=60)] | None = None
    burn_rate: Annotated[Number, Field(gt=0, le=1000)] | None = None
    burn_minutes: Annotated[int | None, between(1, 1440)] = None
    cpu_percent: Annotated[Number, Field(gt=0, le=1000)] | None = None
    memory_percent: Annotated[Number, Field(gt=0, le=100)] | None = None
    restarts: Annotated[int | None, between(0, 1000)] = None
    http: dict[Label, Http] | None = None
    jobs: dict[Label, Job] | None = None
    smoke: Literal["health", "none"] | None = None

    @property
    def measured(self) -> list[str]:
        """The keys that Prometheus is asked for."""
        asked = {
            "errorPercent": self.error_percent,
            "p99Seconds": self.p99_seconds,
            "burnRate": self.burn_rate,
            "cpuPercent": self.cpu_percent,
            "memoryPercent": self.memory_percent,
        }
        return [key for key, value in asked.items() if value is not None]
