"""Where a stack keeps its secrets in AWS."""

from __future__ import annotations

from typing import Annotated, Literal

from stacks.sections.rules import Section, between


class SecretStore(Section):
    """Where slipway:secrets are kept in AWS, beside the Kubernetes Secret that the application has."""

    recovery_days: Annotated[int | None, between(7, 30)] = None
    removal: Literal["protect", "destroy"] | None = None
