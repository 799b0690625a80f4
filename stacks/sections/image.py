"""The images that a stack builds."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from slipway import image
from slipway.validation import REPOSITORY, TAG
from stacks.sections.rules import Section, rule


class Image(Section):
    """An image that the stack builds."""

    repository: Annotated[str, rule(image.REPOSITORY_RULE, REPOSITORY)]
    context: str
    tag: Annotated[str, rule(image.TAG_RULE, TAG)] | None = None
    dockerfile: str | None = Field(None, validate_default=True)
    build_args: dict[str, str] | None = None
    platform: str | None = None
    network_mode: str | None = None

    @field_validator("dockerfile")
    @classmethod
    def _in_the_context(cls, value: str | None, info: ValidationInfo) -> str | None:
        context, dockerfile = info.data.get("context"), value or image.DOCKERFILE
        if context is not None and not image.is_file(context, dockerfile):
            raise ValueError(f"must be a file in the context: there is no {context}/{dockerfile}")
        return value
