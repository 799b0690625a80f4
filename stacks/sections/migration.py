"""How `slipway deploy` changes the database's schema before a release. `pulumi up` alone runs no migration."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from slipway.validation import ENV_NAME
from stacks.sections.rules import BuiltImage, Section, Variables, between, rule

Word = Annotated[str, Field(min_length=1)]


class Migration(Section):
    """A Job per release, with the release's image and all that the application has."""

    command: Annotated[list[Word], Field(min_length=1)]
    image: BuiltImage | None = None
    timeout_seconds: Annotated[int | None, between(10, 86400)] = None
    lock_seconds: Annotated[int | None, between(1, 600)] = None
    env: Variables | None = None
    backup: Literal["copy", "snapshot", "none"] | None = None
    address_variable: Annotated[str, rule("a variable's name", ENV_NAME)] | None = None
