"""Network: a VPC over several zones, with public, private and (when asked for) isolated subnets.

Does not build flow logs, interface endpoints or peering.
Costs: each NAT gateway by the hour and by the GiB; everything else here is free.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from slipway import address_plan
from slipway.validation import Checks, is_one_of

_FEWEST_ZONES = 2  # of EKS and of every multi-zone database
CIDR = "10.20.0.0/16"
NAT = ("none", "single", "per-zone")
ZONES_RULE = "two or more zone names that end in different letters, a to h"


class NetworkArgs(TypedDict):
    """Arguments of Network."""

    zones: Sequence[str]
    """Names of the availability zones, as `eu-central-1a`; two or more, in one region. Adding one moves no subnet."""
    cidr: NotRequired[str]
    """The VPC's private IPv4 block, /16 to /22. Default `10.20.0.0/16`."""
    tiers: NotRequired[Sequence[str]]
    """Subnets in each zone, of `private`, `public` and `isolated`. Default private and public. Adding one moves no subnet."""
    nat: NotRequired[str]
    """Way out of the private subnets: `per-zone` (default, survives the loss of a zone), `single` or `none`."""


@dataclass(frozen=True)
class _Network:
    zones: tuple[str, ...]
    cidr: IPv4Network
    tiers: tuple[str, ...]
    nat: str

    @property
    def nat_zones(self) -> tuple[str, ...]:
        return {"none": (), "single": self.zones[:1], "per-zone": self.zones}[self.nat]

    def nat_zone_of(self, zone: str) -> str:
        return zone if self.nat == "per-zone" else self.zones[0]


def _resolve(name: str, args: NetworkArgs) -> _Network:
    cidr = args.get("cidr", CIDR)
    zones, tiers = tuple(args.get("zones", ())), tuple(args.get("tiers", ("private", "public")))
    nat = args.get("nat", "per-zone")
    with Checks("network", name, args, NetworkArgs) as check:
        check.value("cidr", cidr, "a private IPv4 block between /16 and /22, as 10.20.0.0/16", _is_vpc)
        check.value("zones", zones, f"{ZONES_RULE}, as eu-central-1a", are_zones)
        check.value("tiers", tiers, f"of {', '.join(address_plan.TIERS)}, each once", _are_tiers)
        check.value("nat", nat, f"one of {', '.join(NAT)}", is_one_of(NAT))
        check.rule(
            nat == "none" or "public" in tiers,
            f'nat {nat!r} needs the tier "public"; add it or set nat to none',
        )
    return _Network(zones, IPv4Network(cidr), tiers, nat)


def _is_vpc(value: Any) -> bool:
    try:
        address_plan.parse_vpc(value)
    except ValueError:
        return False
    return True


def are_zones(value: Sequence[str]) -> bool:
    """Two or more, each with a letter of its own that the address plan knows."""
    letters = {zone[-1:] for zone in value}
    return len(value) >= _FEWEST_ZONES and len(letters) == len(value) and letters <= set(address_plan.ZONES)


def _are_tiers(value: Sequence[str]) -> bool:
    return bool(value) and len(set(value)) == len(value) and set(value) <= set(address_plan.TIERS)


class Network(pulumi.ComponentResource):
    """A VPC whose default security group lets nothing in or out, with one subnet per tier and zone, routes, NAT and an S3 endpoint.

    Public subnets route to an internet gateway, private ones to NAT, isolated ones nowhere but to S3. Subnets carry the
    tags by which load balancer controllers find them.
    https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
    """

    vpc_id: pulumi.Output[str]
    """Id of the VPC."""
    public_subnet_ids: pulumi.Output[Sequence[str]]
    """Ids of the public subnets, in the order of `zones`; empty without that tier."""
    private_subnet_ids: pulumi.Output[Sequence[str]]
    """Ids of the private subnets, in the order of `zones`; empty without that tier."""
    isolated_subnet_ids: pulumi.Output[Sequence[str]]
    """Ids of the isolated subnets, in the order of `zones`; empty without that tier."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        network = _resolve(name, args)
        super().__init__("slipway:index:Network", name, {}, opts)
        build = _Builder(self, name, network)
        build.vpc()
        subnets = {tier: build.subnets(tier) for tier in network.tiers}
        tables = build.public_routes(subnets) | build.private_routes(subnets) | build.isolated_routes(subnets)
        build.s3_endpoint(tables)

        ids = {
            tier: pulumi.Output.all(*(subnet.id for subnet in subnets.get(tier, {}).values()))
            for tier in address_plan.TIERS
        }
        self.vpc_id = build.id
        self.public_subnet_ids, self.private_subnet_ids = ids["public"], ids["private"]
        self.isolated_subnet_ids = ids["isolated"]
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "public_subnet_ids": self.public_subnet_ids,
                "private_subnet_ids": self.private_subnet_ids,
                "isolated_subnet_ids": self.isolated_subnet_ids,
            }
        )


Subnets = Mapping[str, Mapping[str, "aws.ec2.Subnet"]]
"""Tier to zone to subnet."""
Tables = dict[str, "aws.ec2.RouteTable"]

_LOAD_BALANCER_TAGS = {
    "public": {"kubernetes.io/role/elb": "1"},
    "private": {"kubernetes.io/role/internal-elb": "1"},
    "isolated": {},
}


class _Builder:
    def __init__(self, parent: Network, name: str, network: _Network) -> None:
        self._name, self._network = name, network
        self._opts = pulumi.ResourceOptions(parent=parent)

    def _tags(self, noun: str) -> dict[str, str]:
        return {"Name": f"{self._name}-{noun}"}

    def vpc(self) -> None:
        vpc = aws.ec2.Vpc(
            f"{self._name}-vpc",
            cidr_block=str(self._network.cidr),
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags=self._tags("vpc"),
            opts=self._opts,
        )
        self.id: pulumi.Output[str] = vpc.id
        aws.ec2.DefaultSecurityGroup(
            f"{self._name}-default-closed", vpc_id=vpc.id, tags=self._tags("closed"), opts=self._opts
        )

    def subnets(self, tier: str) -> "dict[str, aws.ec2.Subnet]":
        def subnet(zone: str) -> "aws.ec2.Subnet":
            noun = f"{tier}-{zone[-1]}"
            return aws.ec2.Subnet(
                f"{self._name}-{noun}",
                vpc_id=self.id,
                availability_zone=zone,
                cidr_block=str(address_plan.subnet(self._network.cidr, zone[-1], tier)),
                map_public_ip_on_launch=False,
                tags={**self._tags(noun), "slipway:tier": tier, **_LOAD_BALANCER_TAGS[tier]},
                opts=self._opts,
            )

        return {zone: subnet(zone) for zone in self._network.zones}

    def public_routes(self, subnets: Subnets) -> Tables:
        if "public" not in subnets:
            return {}
        gateway = aws.ec2.InternetGateway(
            f"{self._name}-internet", vpc_id=self.id, tags=self._tags("internet"), opts=self._opts
        )
        table = self._table("public", subnets["public"])
        self._way_out("public", table, gateway_id=gateway.id)
        return {"public": table}

    def private_routes(self, subnets: Subnets) -> Tables:
        nats = {zone: self._nat(zone, subnets["public"][zone]) for zone in self._network.nat_zones}
        tables: Tables = {}
        for zone, subnet in subnets.get("private", {}).items():
            noun = f"private-{zone[-1]}"
            tables[noun] = self._table(noun, {zone: subnet})
            if nats:
                self._way_out(noun, tables[noun], nat_gateway_id=nats[self._network.nat_zone_of(zone)].id)
        return tables

    def isolated_routes(self, subnets: Subnets) -> Tables:
        return {"isolated": self._table("isolated", subnets["isolated"])} if "isolated" in subnets else {}

    def s3_endpoint(self, tables: Tables) -> None:
        """Traffic to S3 (image layers above all) stays inside AWS and passes no NAT gateway that bills it."""
        region = self._network.zones[0][:-1]
        aws.ec2.VpcEndpoint(
            f"{self._name}-s3",
            vpc_id=self.id,
            service_name=f"com.amazonaws.{region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id for table in tables.values()],
            tags=self._tags("s3"),
            opts=self._opts,
        )

    def _table(self, noun: str, subnets: "Mapping[str, aws.ec2.Subnet]") -> "aws.ec2.RouteTable":
        table = aws.ec2.RouteTable(
            f"{self._name}-{noun}", vpc_id=self.id, tags=self._tags(noun), opts=self._opts
        )
        for zone, subnet in subnets.items():
            tier = noun.split("-", 1)[0]
            aws.ec2.RouteTableAssociation(
                f"{self._name}-{tier}-{zone[-1]}",
                route_table_id=table.id,
                subnet_id=subnet.id,
                opts=self._opts,
            )
        return table

    def _way_out(self, noun: str, table: "aws.ec2.RouteTable", **target: pulumi.Input[str]) -> None:
        aws.ec2.Route(
            f"{self._name}-{noun}-out",
            route_table_id=table.id,
            destination_cidr_block="0.0.0.0/0",
            opts=self._opts,
            **target,
        )

    def _nat(self, zone: str, subnet: "aws.ec2.Subnet") -> "aws.ec2.NatGateway":
        noun = f"nat-{zone[-1]}"
        address = aws.ec2.Eip(f"{self._name}-{noun}", domain="vpc", tags=self._tags(noun), opts=self._opts)
        return aws.ec2.NatGateway(
            f"{self._name}-{noun}",
            allocation_id=address.id,
            subnet_id=subnet.id,
            tags=self._tags(noun),
            opts=self._opts,
        )
