"""The address plan: no overlap, and nothing moves when zones or tiers come or go."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.address_plan import NARROWEST, TIERS, WIDEST, ZONES, parse_vpc, subnet, subnet_ipv6


@st.composite
def vpcs(draw: st.DrawFn) -> IPv4Network:
    return IPv4Network((f"10.{draw(st.integers(0, 255))}.0.0", draw(st.integers(WIDEST, NARROWEST))))


@given(vpcs())
def test_all_subnets_lie_in_the_vpc_and_none_overlaps(vpc: IPv4Network) -> None:
    blocks = [subnet(vpc, zone, tier) for zone in ZONES for tier in TIERS]
    assert all(block.subnet_of(vpc) for block in blocks)
    assert not any(one.overlaps(two) for one, two in combinations(blocks, 2))


@given(vpcs())
def test_every_subnet_is_one_that_aws_allows(vpc: IPv4Network) -> None:
    assert all(16 <= subnet(vpc, zone, tier).prefixlen <= 28 for zone in ZONES for tier in TIERS)


def test_the_plan_is_a_contract() -> None:
    vpc = IPv4Network("10.20.0.0/16")
    plan = {f"{zone} {tier}": str(subnet(vpc, zone, tier)) for zone in "abh" for tier in TIERS}
    assert plan == {
        "a private": "10.20.0.0/20",
        "a public": "10.20.16.0/22",
        "a isolated": "10.20.20.0/22",
        "b private": "10.20.32.0/20",
        "b public": "10.20.48.0/22",
        "b isolated": "10.20.52.0/22",
        "h private": "10.20.224.0/20",
        "h public": "10.20.240.0/22",
        "h isolated": "10.20.244.0/22",
    }


@given(st.sets(st.sampled_from(ZONES)), st.sets(st.sampled_from(ZONES)), st.sets(st.sampled_from(TIERS)))
def test_adding_zones_and_tiers_moves_nothing(before: set[str], added: set[str], tiers: set[str]) -> None:
    vpc = IPv4Network("10.20.0.0/16")
    old = {(zone, tier): subnet(vpc, zone, tier) for zone in before for tier in tiers}
    new = {(zone, tier): subnet(vpc, zone, tier) for zone in before | added for tier in TIERS}
    assert all(new[key] == block for key, block in old.items())


@given(st.integers(0, 2**56 - 1))
def test_all_ipv6_subnets_lie_in_the_vpc_and_none_overlaps(prefix: int) -> None:
    vpc = IPv6Network((prefix << 72, 56))
    blocks = [subnet_ipv6(vpc, zone, tier) for zone in ZONES for tier in TIERS]
    assert all(block.subnet_of(vpc) and block.prefixlen == 64 for block in blocks)
    assert len(set(blocks)) == len(blocks)


def test_the_ipv6_plan_is_a_contract() -> None:
    vpc = IPv6Network("2001:db8:0:ff00::/56")
    plan = {f"{zone} {tier}": str(subnet_ipv6(vpc, zone, tier)) for zone in "abh" for tier in TIERS}
    assert plan == {
        "a private": "2001:db8:0:ff00::/64",
        "a public": "2001:db8:0:ff01::/64",
        "a isolated": "2001:db8:0:ff02::/64",
        "b private": "2001:db8:0:ff20::/64",
        "b public": "2001:db8:0:ff21::/64",
        "b isolated": "2001:db8:0:ff22::/64",
        "h private": "2001:db8:0:ffe0::/64",
        "h public": "2001:db8:0:ffe1::/64",
        "h isolated": "2001:db8:0:ffe2::/64",
    }


def test_an_ipv6_block_of_another_size_is_none_of_a_vpc() -> None:
    with pytest.raises(ValueError, match="is no /56"):
        subnet_ipv6(IPv6Network("2001:db8::/48"), "a", "private")


@pytest.mark.parametrize(
    "cidr", ["10.0.0.0/15", "10.0.0.0/23", "1.2.0.0/16", "10.0.0.1/16", "127.0.0.0/16", "x"]
)
def test_unusable_blocks_are_refused(cidr: str) -> None:
    with pytest.raises(ValueError):
        parse_vpc(cidr)
