"""CI's way into the account."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from slipway import delivery
from stacks.sections.rules import Section, beside, between, meets, not_below, passes, rule


class Delivery(Section):
    """What CI needs to bring environments up."""

    repository: Annotated[str, rule(delivery.REPOSITORY_RULE, delivery.REPOSITORY)]
    preview_jobs: Annotated[list[str], passes(delivery.JOBS_RULE, delivery.are_jobs)] | None = None
    drift_jobs: Annotated[list[str], passes(delivery.DRIFT_JOBS_RULE, delivery.are_trusted_jobs)] | None = (
        None
    )
    drift_secrets: (
        Annotated[
            list[str],
            passes(delivery.SECRETS_RULE, delivery.are_secrets),
            meets(delivery.FITTING_RULE, delivery.fit_into_a_role),
        ]
        | None
    ) = None
    deploy_jobs: (
        Annotated[dict[str, list[str]], passes(delivery.DEPLOY_JOBS_RULE, delivery.are_deploy_jobs)] | None
    ) = None
    issuer: Annotated[str, rule(delivery.ISSUER_RULE, delivery.ISSUER)] | None = None
    audience: Annotated[str, Field(min_length=1)] | None = None
    subject: Annotated[str, passes(delivery.SUBJECT_RULE, delivery.is_subject)] | None = None
    provider_arn: Annotated[str, rule(delivery.PROVIDER_RULE, delivery.PROVIDER)] | None = None
    services: Annotated[list[str], passes(delivery.SERVICES_RULE, delivery.are_services)] | None = None
    lock_days: Annotated[int | None, between(0, 36500)] = None
    old_version_days: Annotated[int | None, between(1, 36500)] = Field(None, validate_default=True)
    removal: Literal["protect", "destroy"] | None = None

    @field_validator("provider_arn")
    @classmethod
    def _with_an_issuer_of_its_own(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("issuer") is not None:
            raise ValueError("must be left out beside issuer: a provider has its own")
        return value

    @field_validator("old_version_days")
    @classmethod
    def _not_below_lock(cls, value: int | None, info: ValidationInfo) -> int | None:
        locked = beside(info, "lock_days", delivery.LOCK_DAYS)
        return not_below("lockDays", locked, value, delivery.OLD_VERSION_DAYS)
