"""Network: its children, their addresses and routes, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from slipway import ArgumentError, Network
from tests.unit.mocks import Program, Run

ZONES = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
VPC, SUBNET, TABLE = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:ec2/routeTable:RouteTable"
ROUTE, NAT = "aws:ec2/route:Route", "aws:ec2/natGateway:NatGateway"


def kinds(program: Program, type_: str) -> list[str]:
    return sorted(resource.name for resource in program.resources if resource.type == type_)


def test_children_by_default(run: Run, program: Program) -> None:
    run(lambda: Network("net", {"zones": ZONES}))
    per_zone = ["a", "b", "c"]
    assert kinds(program, VPC) == ["net-vpc"]
    assert kinds(program, SUBNET) == [f"net-{tier}-{z}" for tier in ("private", "public") for z in per_zone]
    assert kinds(program, TABLE) == [*(f"net-private-{z}" for z in per_zone), "net-public"]
    assert kinds(program, NAT) == [f"net-nat-{z}" for z in per_zone]
    assert kinds(program, ROUTE) == [*(f"net-private-{z}-out" for z in per_zone), "net-public-out"]
    assert kinds(program, "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup") == ["net-default-closed"]
    assert kinds(program, "aws:ec2/vpcEndpoint:VpcEndpoint") == ["net-s3"]
    assert {resource.parent for resource in program.resources if resource.name != "net"} == {"net"}


def test_each_private_subnet_leaves_by_the_nat_of_its_own_zone(run: Run, program: Program) -> None:
    run(lambda: Network("net", {"zones": ZONES}))
    for zone in "abc":
        assert program.by_name(ROUTE, f"net-private-{zone}-out").inputs == {
            "routeTableId": f"net-private-{zone}-id",
            "destinationCidrBlock": "0.0.0.0/0",
            "natGatewayId": f"net-nat-{zone}-id",
        }
    assert program.by_name(ROUTE, "net-public-out").inputs["gatewayId"] == "net-internet-id"


def test_a_subnet(run: Run, program: Program) -> None:
    run(lambda: Network("net", {"zones": ZONES}))
    assert program.by_name(SUBNET, "net-private-b").inputs == {
        "vpcId": "net-vpc-id",
        "availabilityZone": "eu-central-1b",
        "cidrBlock": "10.20.32.0/20",
        "mapPublicIpOnLaunch": False,
        "tags": {"Name": "net-private-b", "slipway:tier": "private", "kubernetes.io/role/internal-elb": "1"},
    }
    assert program.by_name(SUBNET, "net-public-a").inputs["tags"]["kubernetes.io/role/elb"] == "1"


def test_the_default_security_group_has_no_rules(run: Run, program: Program) -> None:
    run(lambda: Network("net", {"zones": ZONES}))
    group = program.by_name("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "net-default-closed")
    assert not {"ingress", "egress"} & group.inputs.keys()


def test_s3_is_reached_from_every_table_without_nat(run: Run, program: Program) -> None:
    run(lambda: Network("net", {"zones": ZONES[:2], "tiers": ["private", "public", "isolated"]}))
    endpoint = program.by_name("aws:ec2/vpcEndpoint:VpcEndpoint", "net-s3").inputs
    assert endpoint["serviceName"] == "com.amazonaws.eu-central-1.s3"
    assert sorted(endpoint["routeTableIds"]) == [
        "net-isolated-id",
        "net-private-a-id",
        "net-private-b-id",
        "net-public-id",
    ]


def test_single_nat_serves_every_zone(run: Run, program: Program) -> None:
    run(lambda: Network("net", {"zones": ZONES, "nat": "single"}))
    assert kinds(program, NAT) == ["net-nat-a"]
    out = {program.by_name(ROUTE, f"net-private-{zone}-out").inputs["natGatewayId"] for zone in "abc"}
    assert out == {"net-nat-a-id"}


def test_no_nat_and_no_public_tier_leave_no_way_out(run: Run, program: Program) -> None:
    run(lambda: Network("net", {"zones": ZONES, "nat": "none", "tiers": ["isolated", "private"]}))
    assert kinds(program, ROUTE) == []
    assert kinds(program, "aws:ec2/internetGateway:InternetGateway") == []


def test_outputs_are_ids_in_the_order_of_the_zones(run: Run) -> None:
    def build() -> dict[str, Any]:
        network = Network("net", {"zones": ["eu-central-1c", "eu-central-1a"]})
        return {
            "vpc": network.vpc_id,
            "private": network.private_subnet_ids,
            "public": network.public_subnet_ids,
            "isolated": network.isolated_subnet_ids,
        }

    assert run(build) == {
        "vpc": "net-vpc-id",
        "private": ["net-private-c-id", "net-private-a-id"],
        "public": ["net-public-c-id", "net-public-a-id"],
        "isolated": [],
    }


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({}, "zones is missing"),
        (
            {"zones": ["eu-central-1a"]},
            "zones must be two or more zone names that end in different letters, a to h",
        ),
        ({"zones": ["eu-central-1a", "eu-central-1a"]}, "zones must be"),
        ({"zones": ZONES, "cidr": "10.0.0.0/8"}, "cidr must be a private IPv4 block between /16 and /22"),
        ({"zones": ZONES, "cidr": "8.8.0.0/16"}, "cidr must be"),
        ({"zones": ZONES, "cidr": "ten"}, "cidr must be"),
        ({"zones": ZONES, "nat": "two"}, "nat must be one of none, single, per-zone, got 'two'"),
        ({"zones": ZONES, "tiers": ["private", "private"]}, "tiers must be of private, public, isolated"),
        ({"zones": ZONES, "tiers": ["private"]}, "nat 'per-zone' needs the tier \"public\""),
        ({"zones": ZONES, "zone": 1}, "there is no argument zone; did you mean zones?"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_made(
    run: Run, program: Program, args: Any, message: str
) -> None:
    with pytest.raises(ArgumentError) as error:
        run(lambda: Network("net", args))
    assert str(error.value).startswith('network "net": ')
    assert message in str(error.value)
    assert program.resources == []
