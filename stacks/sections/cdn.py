"""The edge before the gateway."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from slipway import cdn_checks
from slipway.cdn_policies import REFERRER_POLICIES
from slipway.validation import is_one_of
from stacks.sections.rules import Section, between, one_of, passes

Paths = Annotated[list[str], passes(cdn_checks.PATHS_RULE, cdn_checks.are_paths)]


class Cdn(Section):
    """The edge before the gateway."""

    zone_id: Annotated[str, Field(min_length=1)] | None = None
    certificate_arn: Annotated[str, Field(min_length=1)] | None = None
    domains: Annotated[list[str], passes(cdn_checks.DOMAINS_RULE, cdn_checks.are_domains)] | None = Field(
        None, validate_default=True
    )
    asset_paths: Paths | None = None
    uncached_paths: Paths | None = None
    page_seconds: Annotated[int | None, between(1, 86400)] = None
    error_pages: (
        Annotated[dict[str, str], passes(cdn_checks.ERROR_PAGES_RULE, cdn_checks.are_error_pages)] | None
    ) = None
    firewall: Literal["block", "count", "none"] | None = None
    managed_rules: Annotated[list[str], passes(cdn_checks.MANAGED_RULE, cdn_checks.are_managed)] | None = None
    counted_rules: Annotated[list[str], passes(cdn_checks.COUNTED_RULE, cdn_checks.are_texts)] | None = None
    rate_limit: Annotated[int | None, between(10, 2_000_000_000)] = None
    hsts: Literal["off", "host", "subdomains", "preload"] | None = None
    frame: Literal["deny", "sameorigin", "any"] | None = None
    referrer_policy: (
        Annotated[str, passes(one_of(REFERRER_POLICIES), is_one_of(REFERRER_POLICIES))] | None
    ) = None
    content_security_policy: Annotated[str, Field(min_length=1)] | None = None
    price_class: Literal["PriceClass_100", "PriceClass_200", "PriceClass_All"] | None = None
    access_logs: Literal["bucket", "none"] | None = None
    log_days: Annotated[int, passes(one_of(cdn_checks.LOG_DAYS), cdn_checks.is_log_days)] | None = None
    removal: Literal["protect", "destroy"] | None = None

    @field_validator("domains")
    @classmethod
    def _with_a_certificate(cls, value: list[str] | None, info: ValidationInfo) -> list[str] | None:
        given = info.data.get("zone_id", True) or info.data.get("certificate_arn", True)
        if value and not given:
            raise ValueError("must have zoneId beside it, where a certificate is proved, or certificateArn")
        if not value and (info.data.get("zone_id") or info.data.get("certificate_arn")):
            raise ValueError("must be given beside zoneId and certificateArn")
        return value

    @field_validator("managed_rules", "counted_rules", "rate_limit")
    @classmethod
    def _of_a_firewall(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not None and info.data.get("firewall") == "none":
            raise ValueError("must be left out: firewall is none")
        return value
