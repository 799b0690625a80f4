"""What watches over a stack's account."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from slipway import audit
from stacks.sections.rules import Section, beside, between, passes


class AuditBudget(Section):
    """A month's budget, and who is told of it."""

    monthly_usd: Annotated[int, between(1, 100_000_000)]
    addresses: Annotated[list[str], passes(audit.ADDRESSES_RULE, audit.are_addresses)]
    actual_percent: Annotated[int | None, between(1, 1000)] = None
    forecast_percent: Annotated[int | None, between(1, 1000)] = None


class Audit(Section):
    """What watches over the account."""

    parts: Annotated[list[str], passes(audit.PARTS_RULE, audit.are_parts)] | None = None
    budget: AuditBudget | None = Field(None, validate_default=True)
    log_days: Annotated[int | None, between(30, 36500)] = None
    config_rules: Annotated[list[str], passes(audit.RULES_RULE, audit.are_rules)] | None = None
    config_recording: Literal["continuous", "daily"] | None = None
    threat_sources: (
        Annotated[list[str], passes(audit.THREAT_SOURCES_RULE, audit.are_threat_sources)] | None
    ) = None
    standards: Annotated[list[str], passes(audit.STANDARDS_RULE, audit.are_standards)] | None = None
    removal: Literal["protect", "destroy"] | None = None

    @field_validator("budget")
    @classmethod
    def _something(cls, value: AuditBudget | None, info: ValidationInfo) -> AuditBudget | None:
        if value is None and info.data.get("parts") == []:
            raise ValueError("must be there when parts is empty: there is nothing to make")
        return value

    @field_validator(*audit.OF_PART)
    @classmethod
    def _with_its_part(cls, value: Any, info: ValidationInfo) -> Any:
        part = audit.OF_PART[str(info.field_name)]
        parts = beside(info, "parts", audit.PARTS)
        if value is not None and parts is not None and part not in parts:
            raise ValueError(f"must be left out when parts has no {part}")
        return value
