"""What `slipway deploy` holds a release against."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from stacks.sections.rules import Section, between


class Gates(Section):
    """Thresholds for the colour that is being given traffic, as its gateway measures it."""

    seconds: Annotated[int | None, between(0, 3600)] = None
    error_percent: Annotated[float | None, Field(ge=0, le=100)] = None
    p99_seconds: Annotated[float | None, Field(gt=0, le=60)] = None
    smoke: Literal["health", "none"] | None = None
