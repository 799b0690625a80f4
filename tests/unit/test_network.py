"""Network: its children, their addresses and routes, and what it refuses."""

from __future__ import annotations

import json
from ipaddress import IPv4Network
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway import ArgumentError, Network
from slipway import network_rules as rules
from slipway.validation import is_block
from tests.unit.mocks import Program, Run

ZONES = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
VPC, SUBNET, TABLE = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:ec2/routeTable:RouteTable"
ROUTE, NAT = "aws:ec2/route:Route", "aws:ec2/natGateway:NatGateway"
ENDPOINT, LOGS = "aws:ec2/vpcEndpoint:VpcEndpoint", "aws:cloudwatch/logGroup:LogGroup"
THREE_TIERS = ["private", "public", "isolated"]


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
    assert kinds(program, ENDPOINT) == ["net-dynamodb", "net-s3"]
    assert kinds(program, "aws:ec2/securityGroup:SecurityGroup") == []
    assert kinds(program, LOGS) == ["net-flow-logs"]
    assert kinds(program, "aws:kms/key:Key") == ["net-flow-logs-key"]
    assert kinds(program, "aws:iam/role:Role") == ["net-flow-logs-role"]
    assert kinds(program, "aws:iam/rolePolicy:RolePolicy") == ["net-flow-logs-write"]
    assert kinds(program, "aws:ec2/flowLog:FlowLog") == ["net-flow-log"]
    assert {resource.parent for resource in program.resources if resource.name != "net"} == {"net"}


def test_a_vpc(run: Run, program: Program) -> None:
    run(lambda: Network("net", {"zones": ZONES}))
    assert program.by_name(VPC, "net-vpc").inputs == {
        "cidrBlock": "10.20.0.0/16",
        "enableDnsHostnames": True,
        "enableDnsSupport": True,
        "tags": {"Name": "net-vpc"},
    }


def test_each_private_subnet_leaves_by_the_nat_of_its_own_zone(run: Run, program: Program) -> None:
    run(lambda: Network("net", {"zones": ZONES}))
    for zone in "abc":
        assert program.by_name(ROUTE, f"net-private-{zone}-out").inputs == {
            "routeTableId": f"net-private-{zone}-id",
            "destinationCidrBlock": "0.0.0.0/0",
            "natGatewayId": f"net-nat-{zone}-id",
        }
    assert program.by_name(ROUTE, "net-public-out").inputs["gatewayId"] == "net-internet-id"


def test_a_subnet_and_the_tags_that_it_is_found_by(run: Run, program: Program) -> None:
    run(lambda: Network("net", {"zones": ZONES, "tiers": THREE_TIERS}))
    assert program.by_name(SUBNET, "net-private-b").inputs == {
        "vpcId": "net-vpc-id",
        "availabilityZone": "eu-central-1b",
        "cidrBlock": "10.20.32.0/20",
        "mapPublicIpOnLaunch": False,
        "tags": {
            "Name": "net-private-b",
            "slipway:tier": "private",
            "kubernetes.io/role/internal-elb": "1",
            "karpenter.sh/discovery": "slipway-test-net",
        },
    }
    tags = {tier: program.by_name(SUBNET, f"net-{tier}-a").inputs["tags"] for tier in ("public", "isolated")}
    assert tags == {
        "public": {"Name": "net-public-a", "slipway:tier": "public", "kubernetes.io/role/elb": "1"},
        "isolated": {"Name": "net-isolated-a", "slipway:tier": "isolated"},
    }


def test_node_provisioners_find_subnets_by_the_value_that_is_asked_for(run: Run, program: Program) -> None:
    network = run(lambda: Network("net", {"zones": ZONES, "node_discovery": "prod"}).node_discovery)
    assert network == "prod"
    tags = program.by_name(SUBNET, "net-private-a").inputs["tags"]
    assert tags["karpenter.sh/discovery"] == "prod"


def test_the_default_security_group_has_no_rules(run: Run, program: Program) -> None:
    run(lambda: Network("net", {"zones": ZONES}))
    group = program.by_name("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "net-default-closed")
    assert not {"ingress", "egress"} & group.inputs.keys()


def test_s3_and_dynamodb_are_reached_from_every_table_without_nat(run: Run, program: Program) -> None:
    run(lambda: Network("net", {"zones": ZONES[:2], "tiers": THREE_TIERS}))
    for service in ("s3", "dynamodb"):
        endpoint = program.by_name(ENDPOINT, f"net-{service}").inputs
        assert endpoint["serviceName"] == f"com.amazonaws.eu-central-1.{service}"
        assert endpoint["vpcEndpointType"] == "Gateway"
        assert sorted(endpoint["routeTableIds"]) == [
            "net-isolated-id",
            "net-private-a-id",
            "net-private-b-id",
            "net-public-id",
        ]


def test_interface_endpoints_stand_in_the_private_subnets_for_https_from_the_vpc(
    run: Run, program: Program
) -> None:
    run(lambda: Network("net", {"zones": ZONES[:2], "interface_endpoints": ["ecr.api", "sts"]}))
    assert kinds(program, ENDPOINT) == ["net-dynamodb", "net-ecr-api", "net-s3", "net-sts"]
    assert program.by_name(ENDPOINT, "net-ecr-api").inputs == {
        "vpcId": "net-vpc-id",
        "serviceName": "com.amazonaws.eu-central-1.ecr.api",
        "vpcEndpointType": "Interface",
        "subnetIds": ["net-private-a-id", "net-private-b-id"],
        "securityGroupIds": ["net-endpoints-id"],
        "privateDnsEnabled": True,
        "tags": {"Name": "net-ecr-api"},
    }
    group = program.by_name("aws:ec2/securityGroup:SecurityGroup", "net-endpoints").inputs
    assert not {"ingress", "egress"} & group.keys()
    rule = program.by_name("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "net-endpoints-https")
    assert rule.inputs == {
        "securityGroupId": "net-endpoints-id",
        "description": "HTTPS from the VPC",
        "cidrIpv4": "10.20.0.0/16",
        "ipProtocol": "tcp",
        "fromPort": 443,
        "toPort": 443,
    }


def test_without_a_private_tier_interface_endpoints_stand_in_the_isolated_subnets(
    run: Run, program: Program
) -> None:
    args: Any = {"zones": ZONES, "tiers": ["isolated"], "nat": "none"}
    args |= {"interface_endpoints": ["logs"], "gateway_endpoints": []}
    run(lambda: Network("net", args))
    assert kinds(program, ENDPOINT) == ["net-logs"]
    assert program.by_name(ENDPOINT, "net-logs").inputs["subnetIds"] == [
        f"net-isolated-{z}-id" for z in "abc"
    ]


def test_flow_logs_are_encrypted_kept_and_written_by_a_role_that_can_do_nothing_else(
    run: Run, program: Program
) -> None:
    run(lambda: Network("net", {"zones": ZONES}))
    group_arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/slipway/flow-logs/net-vpc-id"
    assert program.by_name(LOGS, "net-flow-logs").inputs == {
        "name": "/slipway/flow-logs/net-vpc-id",
        "retentionInDays": 90,
        "kmsKeyId": "arn:net-flow-logs-key",
    }
    log = program.by_name("aws:ec2/flowLog:FlowLog", "net-flow-log")
    assert log.inputs == {
        "vpcId": "net-vpc-id",
        "trafficType": "ALL",
        "logDestination": "arn:net-flow-logs",
        "iamRoleArn": "arn:net-flow-logs-role",
        "tags": {"Name": "net-flow-log"},
    }
    assert "net-flow-logs-write" in log.depends_on
    written = program.by_name("aws:iam/rolePolicy:RolePolicy", "net-flow-logs-write").inputs["policy"]
    assert json.loads(written)["Statement"] == [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
            "Resource": [group_arn, f"{group_arn}:*"],
        }
    ]
    trust = program.by_name("aws:iam/role:Role", "net-flow-logs-role").inputs["assumeRolePolicy"]
    assert json.loads(trust)["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "vpc-flow-logs.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": "123456789012"},
                "ArnLike": {"aws:SourceArn": "arn:aws:ec2:eu-central-1:123456789012:vpc-flow-log/*"},
            },
        }
    ]
    key = program.by_name("aws:kms/key:Key", "net-flow-logs-key").inputs
    assert (key["enableKeyRotation"], key["deletionWindowInDays"]) == (True, 30)
    administrators, service = json.loads(key["policy"])["Statement"]
    assert administrators["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    assert service["Principal"] == {"Service": "logs.eu-central-1.amazonaws.com"}
    assert service["Condition"] == {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": group_arn}}


def test_flow_logs_as_asked_for_under_a_key_that_is_there(run: Run, program: Program) -> None:
    key_arn = "arn:aws:kms:eu-central-1:123456789012:key/k"
    args: Any = {"zones": ZONES, "flow_logs": "rejected"}
    args |= {"flow_log_retention_days": 365, "flow_log_key_arn": key_arn}
    run(lambda: Network("net", args))
    group = program.by_name(LOGS, "net-flow-logs").inputs
    assert (group["retentionInDays"], group["kmsKeyId"]) == (365, key_arn)
    assert program.by_name("aws:ec2/flowLog:FlowLog", "net-flow-log").inputs["trafficType"] == "REJECT"
    assert kinds(program, "aws:kms/key:Key") == []


def test_without_flow_logs_there_is_nothing_of_them(run: Run, program: Program) -> None:
    run(lambda: Network("net", {"zones": ZONES, "flow_logs": "none"}))
    assert [name for name in program.names() if "flow-log" in name] == []


def test_dual_stack(run: Run, program: Program) -> None:
    run(lambda: Network("net", {"zones": ZONES, "tiers": THREE_TIERS, "ipv6": "dual-stack", "nat": "none"}))
    assert program.by_name(VPC, "net-vpc").inputs["assignGeneratedIpv6CidrBlock"] is True
    blocks = {
        name: program.by_name(SUBNET, f"net-{name}").inputs["ipv6CidrBlock"]
        for name in ("private-a", "public-a", "isolated-a", "private-c")
    }
    assert blocks == {
        "private-a": "2001:db8:0:ff00::/64",
        "public-a": "2001:db8:0:ff01::/64",
        "isolated-a": "2001:db8:0:ff02::/64",
        "private-c": "2001:db8:0:ff40::/64",
    }
    assert program.by_name(SUBNET, "net-private-a").inputs["assignIpv6AddressOnCreation"] is True
    assert kinds(program, ROUTE) == [
        *(f"net-private-{zone}-out-ipv6" for zone in "abc"),
        "net-public-out",
        "net-public-out-ipv6",
    ]
    assert program.by_name(ROUTE, "net-private-b-out-ipv6").inputs == {
        "routeTableId": "net-private-b-id",
        "destinationIpv6CidrBlock": "::/0",
        "egressOnlyGatewayId": "net-egress-only-id",
    }
    assert program.by_name(ROUTE, "net-public-out-ipv6").inputs["gatewayId"] == "net-internet-id"


def test_dual_stack_without_private_subnets_has_no_egress_only_gateway(run: Run, program: Program) -> None:
    run(lambda: Network("net", {"zones": ZONES, "tiers": ["isolated"], "ipv6": "dual-stack", "nat": "none"}))
    assert kinds(program, "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway") == []
    assert kinds(program, ROUTE) == []


@pytest.mark.parametrize(
    "more",
    [{"zones": ZONES}, {"tiers": THREE_TIERS}, {"ipv6": "dual-stack"}, {"nat": "per-zone"}],
    ids=["a zone", "a tier", "IPv6", "more NAT"],
)
def test_growing_replaces_no_subnet(run: Run, program: Program, more: Any) -> None:
    least: Any = {"zones": ZONES[:2], "nat": "single"}
    kept = ("vpcId", "availabilityZone", "cidrBlock")

    def subnets(args: Any) -> dict[str, dict[str, Any]]:
        program.resources.clear()
        run(lambda: Network("net", args))
        return {
            one.name: {key: one.inputs[key] for key in kept}
            for one in program.resources
            if one.type == SUBNET
        }

    before, after = subnets(least), subnets({**least, **more})
    assert {name: after[name] for name in before} == before


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
            "cidr": network.vpc_cidr,
            "seen as": network.nat_addresses,
            "discovery": network.node_discovery,
        }

    assert run(build) == {
        "vpc": "net-vpc-id",
        "private": ["net-private-c-id", "net-private-a-id"],
        "public": ["net-public-c-id", "net-public-a-id"],
        "isolated": [],
        "cidr": "10.20.0.0/16",
        "seen as": ["net-nat-c-ip", "net-nat-a-ip"],
        "discovery": "slipway-test-net",
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
        ({"zones": "eu-central-1a"}, "zones must be"),
        ({"zones": ["eu-central-1a", "eu-west-1b"]}, "zones must be"),
        ({"zones": ["eu-central-1a", "eu-central-1z"]}, "zones must be"),
        ({"zones": [1, 2]}, "zones must be"),
        ({"zones": ["a", "b"]}, "zones must be"),
        ({"zones": ZONES, "cidr": 7}, "cidr must be"),
        ({"zones": ZONES, "cidr": "127.0.0.0/16"}, "cidr must be"),
        ({"zones": ZONES, "cidr": "10.20.0.0/22"}, "leaves public subnets too small for load balancers"),
        ({"zones": ZONES, "tiers": 3}, "tiers must be a list, got int"),
        ({"zones": ZONES, "tiers": []}, "tiers must be"),
        ({"zones": ZONES, "ipv6": True}, "ipv6 must be one of none, dual-stack, got True"),
        (
            {"zones": ZONES, "not_overlapping": ["10.0.0.0/8", "192.168.0.0/16"]},
            "cidr 10.20.0.0/16 overlaps 10.0.0.0/8, which it must keep clear of",
        ),
        ({"zones": ZONES, "not_overlapping": ["10.0.0.1/8"]}, "not_overlapping must be IPv4 blocks"),
        ({"zones": ZONES, "not_overlapping": "10.0.0.0/8"}, "not_overlapping must be a list, got str"),
        ({"zones": ZONES, "flow_logs": "some"}, "flow_logs must be one of all, rejected, none"),
        ({"zones": ZONES, "flow_log_retention_days": 2}, "flow_log_retention_days must be one of 1, 3, 5"),
        ({"zones": ZONES, "flow_log_retention_days": True}, "flow_log_retention_days must be one of"),
        ({"zones": ZONES, "flow_log_key_arn": "k"}, "flow_log_key_arn must be the ARN of a KMS key, got 'k'"),
        (
            {"zones": ZONES, "flow_logs": "none", "flow_log_retention_days": 30},
            "flow_logs none keeps nothing: leave flow_log_retention_days out",
        ),
        ({"zones": ZONES, "gateway_endpoints": ["sts"]}, "gateway_endpoints must be of s3, dynamodb"),
        (
            {"zones": ZONES, "interface_endpoints": ["s3"]},
            "interface_endpoints must be names of AWS services",
        ),
        ({"zones": ZONES, "interface_endpoints": ["sts", "sts"]}, "interface_endpoints must be"),
        (
            {"zones": ZONES, "tiers": ["public"], "interface_endpoints": ["sts"]},
            'interface_endpoints need the tier "private" or "isolated"',
        ),
        ({"zones": ZONES, "node_discovery": ""}, "node_discovery must be a tag's value"),
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


def test_blocks_that_are_not_known_yet_are_not_held_against_the_vpc(run: Run) -> None:
    def build() -> pulumi.Output[str]:
        blocks = [pulumi.Output.from_input("10.20.0.0/16"), "10.30.0.0/16"]
        return Network("net", {"zones": ZONES, "not_overlapping": blocks}).vpc_cidr

    assert run(build) == "10.20.0.0/16"


@pytest.mark.parametrize("cidr", ["10.0.0.0/16", "10.77.0.0/16", "172.16.0.0/16", "192.168.0.0/16"])
def test_a_private_block_is_free_as_long_as_none_is_said_to_be_taken(run: Run, cidr: str) -> None:
    assert run(lambda: Network("net", {"zones": ZONES, "cidr": cidr}).vpc_cidr) == cidr


def test_a_narrow_network_without_load_balancers_from_outside(run: Run) -> None:
    args: Any = {"zones": ZONES, "cidr": "10.20.0.0/22", "tiers": ["private"], "nat": "none"}
    assert run(lambda: Network("net", args).vpc_cidr) == "10.20.0.0/22"


JUNK = st.one_of(st.none(), st.integers(), st.text(), st.lists(st.one_of(st.integers(), st.text(max_size=3))))


@given(JUNK, JUNK, JUNK)
def test_rules_answer_to_anything(cidr: Any, listed: Any, tiers: Any) -> None:
    for rule in (rules.is_vpc, is_block, rules.are_zones, rules.are_tiers, rules.is_log_days):
        assert rule(cidr) in (True, False)
    assert rules.are_interface_services(listed) in (True, False)
    assert rules.overlapping(cidr, listed) == []
    assert rules.holds_load_balancers(cidr, tiers)
    assert rules.holds_nat("per-zone", tiers) in (True, False)
    assert rules.holds_endpoints(listed, tiers) in (True, False)


@given(st.integers(0, 255), st.integers(16, 21), st.integers(0, 255), st.integers(8, 28))
def test_two_blocks_overlap_when_they_share_an_address(
    one: int, size: int, two: int, other_size: int
) -> None:
    vpc = IPv4Network((f"10.{one}.0.0", size))
    other = IPv4Network((f"10.{two}.0.0", other_size), strict=False)
    shared = other.network_address in vpc or vpc.network_address in other
    assert rules.overlapping(str(vpc), [str(other)]) == ([str(other)] if shared else [])
