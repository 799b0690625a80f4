"""The AWS emulator with a state and a port of its own: what is left after kills, what it gives back."""

import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree

import pytest
from botocore.exceptions import ClientError  # pyright: ignore[reportMissingTypeStubs]

from tests.support.emulator import Emulator

Ask = Callable[[Any], Any]
BUCKET = {"Bucket": "abc", "CreateBucketConfiguration": {"LocationConstraint": "eu-central-1"}}
OURS = [{"Name": "cidr", "Values": ["10.8.0.0/16"]}]
# By service, one of each protocol: a change, and how to see that it was made.
CHANGES: dict[str, tuple[Ask, Ask]] = {
    "ec2": (
        lambda ec2: ec2.create_vpc(CidrBlock="10.8.0.0/16"),
        lambda ec2: ec2.describe_vpcs(Filters=OURS)["Vpcs"],
    ),
    "iam": (lambda iam: iam.create_user(UserName="ann"), lambda iam: iam.get_user(UserName="ann")),
    "ssm": (
        lambda ssm: ssm.put_parameter(Name="/a", Value="b", Type="String"),
        lambda ssm: ssm.get_parameter(Name="/a"),
    ),
    "s3": (lambda s3: s3.create_bucket(**BUCKET), lambda s3: s3.head_bucket(Bucket="abc")),
}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Emulator]:
    emulated = Emulator(tmp_path)
    yield emulated
    emulated.end(signal.SIGKILL)


def text(answer: ElementTree.Element, name: str) -> str | None:
    return answer.findtext(f".//{name}")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_what_was_answered_is_there_after_it_was_ended(running: Emulator, how: signal.Signals) -> None:
    vpc = text(running.ec2("CreateVpc", CidrBlock="10.7.0.0/16"), "vpcId")
    running.end(how)
    running.start()
    assert text(running.ec2("DescribeVpcs", **{"VpcId.1": vpc or ""}), "cidrBlock") == "10.7.0.0/16"


@pytest.mark.parametrize("service", CHANGES)
def test_a_change_that_the_disk_does_not_take_is_an_error_at_once(
    running: Emulator, tmp_path: Path, service: str
) -> None:
    """Given a full disk, then a change is refused with the reason, in each protocol; nothing is lost when there is room again."""
    change, find = CHANGES[service]
    vpc = text(running.ec2("CreateVpc", CidrBlock="10.7.0.0/16"), "vpcId") or ""
    (tmp_path / f"state/{service}.json.tmp").symlink_to("/dev/full")
    with pytest.raises(ClientError, match=f"failed to save {service}.*No space left on device") as refused:
        change(running.client(service))
    response = cast(Any, refused.value).response
    assert response["Error"]["Code"] == "StateNotSaved"
    assert response["ResponseMetadata"]["RetryAttempts"] == 0

    running.ec2("CreateVpc", CidrBlock="10.9.0.0/16")
    running.end(signal.SIGKILL)
    running.start()
    assert text(running.ec2("DescribeVpcs", **{"VpcId.1": vpc}), "cidrBlock") == "10.7.0.0/16"
    assert find(running.client(service))


def test_a_flow_log_is_given_back_as_it_was_put_also_after_a_kill(running: Emulator) -> None:
    running.ec2(
        "CreateFlowLogs",
        ResourceType="VPC",
        TrafficType="ALL",
        LogDestination="arn:aws:logs:eu-central-1:000000000000:log-group:flow",
        DeliverLogsPermissionArn="arn:aws:iam::000000000000:role/flow",
        MaxAggregationInterval="60",
        **{"ResourceId.1": "vpc-1"},
    )
    running.end(signal.SIGKILL)
    running.start()
    flow_log = running.ec2("DescribeFlowLogs")
    assert text(flow_log, "deliverLogsPermissionArn") == "arn:aws:iam::000000000000:role/flow"
    assert text(flow_log, "maxAggregationInterval") == "60"


def test_an_endpoint_is_given_back_as_it_was_put_and_changed(running: Emulator) -> None:
    created = running.ec2(
        "CreateVpcEndpoint",
        VpcEndpointType="Interface",
        ServiceName="com.amazonaws.eu-central-1.ecr.api",
        PrivateDnsEnabled="true",
        **{"SecurityGroupId.1": "sg-1"},
    )
    name = text(created, "vpcEndpointId") or ""
    running.ec2(
        "ModifyVpcEndpoint",
        VpcEndpointId=name,
        PrivateDnsEnabled="false",
        **{"AddSecurityGroupId.1": "sg-2", "RemoveSecurityGroupId.1": "sg-1"},
    )
    endpoint = running.ec2("DescribeVpcEndpoints", **{"VpcEndpointId.1": name})
    assert text(endpoint, "privateDnsEnabled") == "false"
    assert [group.text for group in endpoint.iter("groupId")] == ["sg-2"]


def test_it_listens_on_loopback_alone(running: Emulator) -> None:
    listening = subprocess.run(["ss", "-Hltnp"], check=True, capture_output=True, text=True).stdout
    addresses = [line.split()[3] for line in listening.splitlines() if f"pid={running.pid}," in line]
    assert addresses
    assert all(address.startswith("127.0.0.1:") for address in addresses), addresses
