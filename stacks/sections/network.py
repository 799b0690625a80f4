"""The VPC of a stack."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from slipway import network, network_rules
from slipway.validation import is_arn, is_ipv4_block, is_list_of
from stacks.sections.rules import Section, Zone, beside, left_out, passes


class Network(Section):
    """The VPC."""

    zones: Annotated[list[Zone] | None, passes(network_rules.ZONES, network_rules.are_zones)] = None
    tiers: Annotated[list[str] | None, passes(network_rules.TIERS, network_rules.are_tiers)] = None
    not_overlapping: Annotated[list[str] | None, passes(network_rules.BLOCKS, is_list_of(is_ipv4_block))] = (
        None
    )
    cidr: Annotated[str | None, passes(network_rules.VPC, network_rules.is_vpc)] = Field(
        None, validate_default=True
    )
    nat: Literal["none", "single", "per-zone"] | None = Field(None, validate_default=True)
    ipv6: Literal["none", "dual-stack"] | None = None
    flow_logs: Literal["all", "rejected", "none"] | None = None
    flow_log_retention_days: Annotated[
        int | None, passes(network_rules.LOG_DAYS_RULE, network_rules.is_log_days)
    ] = None
    flow_log_key_arn: Annotated[str | None, passes("the ARN of a KMS key", is_arn("kms"))] = None
    gateway_endpoints: Annotated[
        list[str] | None, passes(network_rules.GATEWAY_ENDPOINTS, network_rules.are_gateway_services)
    ] = None
    interface_endpoints: Annotated[
        list[str] | None, passes(network_rules.INTERFACE_ENDPOINTS, network_rules.are_interface_services)
    ] = None
    node_discovery: Annotated[str | None, Field(min_length=1)] = None

    @field_validator("cidr")
    @classmethod
    def _clear_of_others_and_wide_enough(cls, value: str | None, info: ValidationInfo) -> str | None:
        cidr = value or network.CIDR
        overlapping = network_rules.overlapping(cidr, beside(info, "not_overlapping", []))
        if overlapping:
            raise ValueError(f"must not overlap {', '.join(overlapping)}{left_out(value, cidr)}")
        if not network_rules.holds_load_balancers(cidr, beside(info, "tiers", network.TIERS)):
            raise ValueError("must be /21 or wider with the tier public, whose load balancers need room")
        return value

    @field_validator("nat")
    @classmethod
    def _in_a_public_subnet(cls, value: str | None, info: ValidationInfo) -> str | None:
        if not network_rules.holds_nat(value or network.NAT, beside(info, "tiers", network.TIERS)):
            raise ValueError(f"must be none without the tier public{left_out(value, network.NAT)}")
        return value

    @field_validator("flow_log_retention_days", "flow_log_key_arn")
    @classmethod
    def _of_flow_logs(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not None and info.data.get("flow_logs") == "none":
            raise ValueError("must be left out when flowLogs is none")
        return value

    @field_validator("interface_endpoints")
    @classmethod
    def _in_an_inner_subnet(cls, value: list[str] | None, info: ValidationInfo) -> list[str] | None:
        if not network_rules.holds_endpoints(value, beside(info, "tiers", network.TIERS)):
            raise ValueError("must be left out without the tier private or isolated")
        return value
