"""Which addresses each subnet of a network has: pure arithmetic.

Every zone letter owns one fixed eighth of the VPC, and in it every tier owns a fixed slice, whether it is used or not.
So the plan of one subnet depends on nothing but its own zone and tier: adding a zone, a tier or IPv6 moves no subnet,
and a subnet that moves is a subnet that is replaced with all that stands in it.

    a /16 VPC, zone a        10.20.0.0/19
      private                  10.20.0.0/20     4,091 addresses: pods live here
      public                   10.20.16.0/22    1,019: load balancers and NAT
      isolated                 10.20.20.0/22    1,019: databases, no way out
      (kept for later)         10.20.24.0/21

    its /56 of IPv6, zone a  2001:db8:0:0::/59
      private, public, isolated  the first three /64 of it; AWS knows no other size of subnet
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network

TIERS = ("private", "public", "isolated")
ZONES = "abcdefgh"
WIDEST, NARROWEST = 16, 22
"""AWS allows a VPC from /16; below /22 a slice would be smaller than AWS's smallest subnet, /28."""

LOAD_BALANCER = 27
"""A load balancer's subnet is /27 or wider: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html"""

_PRIVATE = tuple(IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
_ZONE_BITS = 3
_SLICES = {"private": (1, 0), "public": (3, 4), "isolated": (3, 5)}
"""Tier to (bits below the zone's block, which slice of that size)."""
_IPV6_VPC, _IPV6_SUBNET = 56, 64


def parse_vpc(cidr: str) -> IPv4Network:
    """The VPC's block; ValueError says what is wrong with it."""
    block = IPv4Network(cidr)
    if not any(map(block.subnet_of, _PRIVATE)) or not WIDEST <= block.prefixlen <= NARROWEST:
        raise ValueError(f"a private block between /{WIDEST} and /{NARROWEST}")
    return block


def subnet(vpc: IPv4Network, zone_letter: str, tier: str) -> IPv4Network:
    """The block of one tier in one zone, `zone_letter` being the last letter of the zone's name."""
    bits, index = _SLICES[tier]
    return _nth(_nth(vpc, _ZONE_BITS, ZONES.index(zone_letter)), bits, index)


def subnet_ipv6(vpc: IPv6Network, zone_letter: str, tier: str) -> IPv6Network:
    """The /64 of one tier in one zone, out of the VPC's block."""
    if vpc.prefixlen != _IPV6_VPC:
        raise ValueError(f"{vpc} is no /{_IPV6_VPC}, which every VPC of AWS has")
    of_zone = ZONES.index(zone_letter) << (_IPV6_SUBNET - _IPV6_VPC - _ZONE_BITS)
    address = int(vpc.network_address) + (of_zone + TIERS.index(tier) << 128 - _IPV6_SUBNET)
    return IPv6Network((address, _IPV6_SUBNET))


def _nth(block: IPv4Network, bits: int, index: int) -> IPv4Network:
    size = block.num_addresses >> bits
    return IPv4Network((int(block.network_address) + index * size, block.prefixlen + bits))
