"""Network: a VPC over several zones, with public, private and (when asked for) isolated subnets.

Does not build peering, VPN or network ACLs.
Costs: each NAT gateway by the hour and by the GiB, flow logs by the GiB and their key by the month, each interface
endpoint by the hour in each zone and by the GiB; everything else here is free.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from slipway import address_plan
from slipway import network_rules as rules
from slipway.network_endpoints import Endpoints
from slipway.network_flow_logs import flow_logs
from slipway.network_routes import Routes, Tables
from slipway.validation import Checks, is_arn, is_ipv4_block, is_list_of, is_one_of, is_text, usable

CIDR = "10.20.0.0/16"
TIERS = ("private", "public")
NAT = "per-zone"


class NetworkArgs(TypedDict):
    """Arguments of Network."""

    zones: Sequence[str]
    """Names of the availability zones, as `eu-central-1a`; two or more, in one region. Adding one moves no subnet."""
    cidr: NotRequired[str]
    """The VPC's private IPv4 block, /16 to /22, with public subnets to /21. Default `10.20.0.0/16`."""
    not_overlapping: NotRequired[Sequence[pulumi.Input[str]]]
    """IPv4 blocks that the VPC must keep clear of: those of peers, of a VPN, of Kubernetes services. Default none."""
    tiers: NotRequired[Sequence[str]]
    """Subnets in each zone, of `private`, `public` and `isolated`. Default private and public. Adding one moves no subnet."""
    nat: NotRequired[str]
    """Way out of the private subnets: `per-zone` (default, survives the loss of a zone), `single` or `none`."""
    ipv6: NotRequired[str]
    """`none` (default), or `dual-stack`: a block of Amazon's; private subnets reach out by IPv6, whatever `nat` says."""
    flow_logs: NotRequired[str]
    """Connections that are logged to CloudWatch: `all` (default), `rejected` or `none`."""
    flow_log_retention_days: NotRequired[int]
    """Days that flow logs are kept, of those that CloudWatch knows: 1, 3, 5, 7, 14, 30, 60, 90, … Default 90."""
    flow_log_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of a KMS key for the flow logs, which CloudWatch Logs may use. Default a key of the network's own."""
    gateway_endpoints: NotRequired[Sequence[str]]
    """Free ways to AWS services, of `s3` and `dynamodb`. Default both."""
    interface_endpoints: NotRequired[Sequence[str]]
    """AWS services to reach without NAT, as `ecr.api`, `ecr.dkr`, `sts`, `logs`. Default none: each costs by the hour."""
    node_discovery: NotRequired[str]
    """Value of the private subnets' tag `karpenter.sh/discovery`. Default `<project>-<stack>-<name>`."""


@dataclass(frozen=True)
class _Network:
    zones: tuple[str, ...]
    cidr: IPv4Network
    tiers: tuple[str, ...]
    nat: str
    ipv6: bool
    flow_logs: str
    flow_log_retention_days: int
    flow_log_key_arn: pulumi.Input[str] | None
    gateway_endpoints: tuple[str, ...]
    interface_endpoints: tuple[str, ...]
    node_discovery: str

    @property
    def region(self) -> str:
        return self.zones[0][:-1]

    @property
    def nat_zones(self) -> tuple[str, ...]:
        return {"none": (), "single": self.zones[:1], "per-zone": self.zones}[self.nat]

    def nat_zone_of(self, zone: str) -> str:
        return zone if self.nat == "per-zone" else self.zones[0]


def _resolve(name: str, args: NetworkArgs) -> _Network:
    given, args = args, usable(args, NetworkArgs)
    zones, cidr, tiers = args.get("zones", ()), args.get("cidr", CIDR), args.get("tiers", TIERS)
    clear_of, nat, ipv6 = args.get("not_overlapping", ()), args.get("nat", NAT), args.get("ipv6", "none")
    logs, days = args.get("flow_logs", "all"), args.get("flow_log_retention_days", 90)
    key_arn = args.get("flow_log_key_arn")
    gateways = args.get("gateway_endpoints", rules.GATEWAY_SERVICES)
    interfaces = args.get("interface_endpoints", ())
    discovery = args.get("node_discovery", f"{pulumi.get_project()}-{pulumi.get_stack()}-{name}")
    with Checks("network", name, given, NetworkArgs) as check:
        check.value("cidr", cidr, rules.VPC, rules.is_vpc)
        check.value("zones", zones, f"{rules.ZONES}, as eu-central-1a", rules.are_zones)
        check.value("not_overlapping", clear_of, rules.BLOCKS, is_list_of(is_ipv4_block))
        check.value("tiers", tiers, rules.TIERS, rules.are_tiers)
        check.value("nat", nat, f"one of {', '.join(rules.NAT)}", is_one_of(rules.NAT))
        check.value("ipv6", ipv6, f"one of {', '.join(rules.IPV6)}", is_one_of(rules.IPV6))
        check.value("flow_logs", logs, f"one of {', '.join(rules.FLOW_LOGS)}", is_one_of(rules.FLOW_LOGS))
        check.value(
            "flow_log_retention_days",
            days,
            f"one of {', '.join(map(str, rules.LOG_DAYS))}",
            rules.is_log_days,
        )
        check.value("flow_log_key_arn", key_arn, "the ARN of a KMS key", is_arn("kms"))
        check.value("gateway_endpoints", gateways, rules.GATEWAY_ENDPOINTS, rules.are_gateway_services)
        check.value(
            "interface_endpoints", interfaces, rules.INTERFACE_ENDPOINTS, rules.are_interface_services
        )
        check.value("node_discovery", discovery, "a tag's value", is_text)
        idle = sorted(args.keys() & {"flow_log_retention_days", "flow_log_key_arn"})
        check.rule(logs != "none" or not idle, f"flow_logs none keeps nothing: leave {', '.join(idle)} out")
        overlapping = rules.overlapping(cidr, clear_of)
        check.rule(
            not overlapping, f"cidr {cidr} overlaps {', '.join(overlapping)}, which it must keep clear of"
        )
        check.rule(
            rules.holds_load_balancers(cidr, tiers),
            f"cidr {cidr} leaves public subnets too small for load balancers; "
            'make it /21 or wider, or leave the tier "public" out',
        )
        check.rule(
            rules.holds_nat(nat, tiers), f'nat {nat!r} needs the tier "public"; add it or set nat to none'
        )
        check.rule(
            rules.holds_endpoints(interfaces, tiers),
            'interface_endpoints need the tier "private" or "isolated"',
        )
    return _Network(
        zones=tuple(zones),
        cidr=IPv4Network(cidr),
        tiers=tuple(tiers),
        nat=nat,
        ipv6=ipv6 == "dual-stack",
        flow_logs=logs,
        flow_log_retention_days=days,
        flow_log_key_arn=key_arn,
        gateway_endpoints=tuple(gateways),
        interface_endpoints=tuple(interfaces),
        node_discovery=discovery,
    )


class Network(pulumi.ComponentResource):
    """A VPC whose default security group lets nothing in or out, with one subnet per tier and zone, routes, NAT, flow logs and endpoints.

    Public subnets route to an internet gateway, private ones to NAT, isolated ones nowhere but to the gateway endpoints.
    Subnets carry the tags by which load balancer controllers and node provisioners find them.
    https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
    """

    vpc_id: pulumi.Output[str]
    """Id of the VPC."""
    vpc_cidr: pulumi.Output[str]
    """IPv4 block of the VPC, for the rules of security groups."""
    public_subnet_ids: pulumi.Output[Sequence[str]]
    """Ids of the public subnets, in the order of `zones`; empty without that tier."""
    private_subnet_ids: pulumi.Output[Sequence[str]]
    """Ids of the private subnets, in the order of `zones`; empty without that tier."""
    isolated_subnet_ids: pulumi.Output[Sequence[str]]
    """Ids of the isolated subnets, in the order of `zones`; empty without that tier."""
    nat_addresses: pulumi.Output[Sequence[str]]
    """Public IPv4 addresses that private subnets are seen with from outside; empty without NAT."""
    node_discovery: pulumi.Output[str]
    """Value of the private subnets' tag `karpenter.sh/discovery`."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        network = _resolve(name, args)
        super().__init__("slipway:index:Network", name, {}, opts)
        children = pulumi.ResourceOptions(parent=self)
        vpc = _vpc(name, network, children)
        subnets = {tier: _subnets(name, network, tier, vpc, children) for tier in network.tiers}
        tables, addresses = _routes(name, network, vpc, subnets, children)
        endpoints = Endpoints(name, vpc, network.region, children)
        endpoints.gateway(network.gateway_endpoints, [*tables.values()])
        if network.interface_endpoints:
            inner = subnets.get("private") or subnets["isolated"]
            endpoints.interface(network.interface_endpoints, [*inner.values()])
        if network.flow_logs != "none":
            flow_logs(
                name,
                vpc,
                network.region,
                children,
                traffic=network.flow_logs,
                retention_days=network.flow_log_retention_days,
                key_arn=network.flow_log_key_arn,
            )

        ids = {
            tier: pulumi.Output.all(*(subnet.id for subnet in subnets.get(tier, {}).values()))
            for tier in address_plan.TIERS
        }
        self.vpc_id, self.vpc_cidr = vpc.id, vpc.cidr_block
        self.public_subnet_ids, self.private_subnet_ids = ids["public"], ids["private"]
        self.isolated_subnet_ids = ids["isolated"]
        self.nat_addresses = pulumi.Output.all(*(address.public_ip for address in addresses))
        self.node_discovery = pulumi.Output.from_input(network.node_discovery)
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "vpc_cidr": self.vpc_cidr,
                "public_subnet_ids": self.public_subnet_ids,
                "private_subnet_ids": self.private_subnet_ids,
                "isolated_subnet_ids": self.isolated_subnet_ids,
                "nat_addresses": self.nat_addresses,
                "node_discovery": self.node_discovery,
            }
        )


Subnets = Mapping[str, Mapping[str, "aws.ec2.Subnet"]]
"""Tier to zone to subnet."""


def _vpc(name: str, network: _Network, opts: pulumi.ResourceOptions) -> "aws.ec2.Vpc":
    vpc = aws.ec2.Vpc(
        f"{name}-vpc",
        cidr_block=str(network.cidr),
        assign_generated_ipv6_cidr_block=network.ipv6 or None,
        enable_dns_hostnames=True,
        enable_dns_support=True,
        tags={"Name": f"{name}-vpc"},
        opts=opts,
    )
    aws.ec2.DefaultSecurityGroup(
        f"{name}-default-closed", vpc_id=vpc.id, tags={"Name": f"{name}-closed"}, opts=opts
    )
    return vpc


def _subnets(
    name: str, network: _Network, tier: str, vpc: "aws.ec2.Vpc", opts: pulumi.ResourceOptions
) -> "dict[str, aws.ec2.Subnet]":
    found_by = {
        "public": {"kubernetes.io/role/elb": "1"},
        "private": {
            "kubernetes.io/role/internal-elb": "1",
            "karpenter.sh/discovery": network.node_discovery,
        },
        "isolated": {},
    }[tier]

    def ipv6(letter: str) -> pulumi.Output[str]:
        return vpc.ipv6_cidr_block.apply(
            lambda block: str(address_plan.subnet_ipv6(IPv6Network(block), letter, tier))
        )

    def subnet(zone: str) -> "aws.ec2.Subnet":
        letter = zone[-1]
        return aws.ec2.Subnet(
            f"{name}-{tier}-{letter}",
            vpc_id=vpc.id,
            availability_zone=zone,
            cidr_block=str(address_plan.subnet(network.cidr, letter, tier)),
            ipv6_cidr_block=ipv6(letter) if network.ipv6 else None,
            assign_ipv6_address_on_creation=network.ipv6 or None,
            map_public_ip_on_launch=False,
            tags={"Name": f"{name}-{tier}-{letter}", "slipway:tier": tier, **found_by},
            opts=opts,
        )

    return {zone: subnet(zone) for zone in network.zones}


def _routes(
    name: str, network: _Network, vpc: "aws.ec2.Vpc", subnets: Subnets, opts: pulumi.ResourceOptions
) -> "tuple[Tables, list[aws.ec2.Eip]]":
    routes = Routes(name, vpc.id, network.ipv6, opts)
    tables = routes.public(subnets["public"]) if "public" in subnets else Tables()
    nats = {zone: routes.nat(zone, subnets["public"][zone]) for zone in network.nat_zones}
    gateways = {zone: nats[network.nat_zone_of(zone)][0] for zone in network.zones} if nats else {}
    tables |= routes.private(subnets.get("private", {}), gateways)
    if "isolated" in subnets:
        tables |= routes.isolated(subnets["isolated"])
    return tables, [address for _, address in nats.values()]
