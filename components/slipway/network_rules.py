"""What a network's arguments may be, and what fits together: pure, for the component and for the settings of a stack alike.

A rule between two values holds when one of them is wrong by itself: that has been told already.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Any, cast

from slipway import address_plan
from slipway.address_plan import LOAD_BALANCER, subnet
from slipway.validation import REGION, is_ipv4_block, is_list_of, matches

ZONES = "two or more zone names that end in different letters, a to h, of one region"
VPC = "a private IPv4 block between /16 and /22, as 10.20.0.0/16"
BLOCKS = "IPv4 blocks, as 10.0.0.0/16, each once"
TIERS = f"of {', '.join(address_plan.TIERS)}, each once"
NAT = ("none", "single", "per-zone")
IPV6 = ("none", "dual-stack")

TRAFFIC: Mapping[str, str] = {"all": "ALL", "rejected": "REJECT"}
FLOW_LOGS = (*TRAFFIC, "none")
LOG_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""What CloudWatch Logs takes: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"""
LOG_DAYS_RULE = f"one of {', '.join(map(str, LOG_DAYS))}"

GATEWAY_SERVICES = ("s3", "dynamodb")
"""What has gateway endpoints, which are free: https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html"""
GATEWAY_ENDPOINTS = f"of {', '.join(GATEWAY_SERVICES)}, each once"
INTERFACE_ENDPOINTS = "names of AWS services, as ecr.api, each once; s3 and dynamodb are gateway endpoints"

_FEWEST_ZONES = 2  # of EKS and of every multi-zone database
_SERVICE = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*")
_ZONE = re.compile(rf"{REGION.pattern}[a-z]")


def is_vpc(value: Any) -> bool:
    """A block that `address_plan` can divide."""
    try:
        address_plan.parse_vpc(value)
    except ValueError:
        return False
    return isinstance(value, str)


def are_zones(value: Any) -> bool:
    """Two or more of one region, each with a letter of its own that the address plan knows."""
    if not is_list_of(matches(_ZONE))(value) or len(value) < _FEWEST_ZONES:
        return False
    letters, regions = {zone[-1] for zone in value}, {zone[:-1] for zone in value}
    return len(letters) == len(value) and letters <= set(address_plan.ZONES) and len(regions) == 1


def are_tiers(value: Any) -> bool:
    """One or more of the tiers."""
    return is_list_of(lambda tier: tier in address_plan.TIERS)(value) and len(value) > 0


def is_log_days(value: Any) -> bool:
    """A number of days that CloudWatch Logs knows."""
    return type(value) is int and value in LOG_DAYS


def are_gateway_services(value: Any) -> bool:
    """Services that have gateway endpoints."""
    return is_list_of(lambda service: service in GATEWAY_SERVICES)(value)


def are_interface_services(value: Any) -> bool:
    """Services by the last part of their endpoint's name."""
    return is_list_of(lambda one: matches(_SERVICE)(one) and one not in GATEWAY_SERVICES)(value)


def overlapping(cidr: Any, blocks: Any) -> list[str]:
    """Those of the blocks that share an address with the VPC."""
    if not (is_vpc(cidr) and is_list_of(is_ipv4_block)(blocks)):
        return []
    known = [block for block in cast("list[Any]", blocks) if isinstance(block, str)]
    return [block for block in known if IPv4Network(block).overlaps(IPv4Network(cidr))]


def holds_load_balancers(cidr: Any, tiers: Any) -> bool:
    """Public subnets are wide enough for what stands in them."""
    if not (is_vpc(cidr) and are_tiers(tiers) and "public" in tiers):
        return True
    return subnet(IPv4Network(cidr), "a", "public").prefixlen <= LOAD_BALANCER


def holds_nat(nat: Any, tiers: Any) -> bool:
    """A NAT gateway stands in a public subnet."""
    return nat == "none" or not are_tiers(tiers) or "public" in tiers


def holds_endpoints(services: Any, tiers: Any) -> bool:
    """Interface endpoints stand in private or isolated subnets."""
    return not services or not are_tiers(tiers) or bool({"private", "isolated"} & set(tiers))
