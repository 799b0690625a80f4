"""What the emulator is given by the additions: put, given back, kept through a kill, and refused when AWS publishes another shape."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3  # pyright: ignore[reportMissingTypeStubs]
import pytest
from botocore.exceptions import ClientError  # pyright: ignore[reportMissingTypeStubs]

from tests.engine.test_emulator import Emulator

VAULT = "vault"
TOPIC = "arn:aws:sns:eu-central-1:000000000000:topic"


@pytest.fixture
def emulated(tmp_path: Path) -> Iterator[Emulator]:
    running = Emulator(tmp_path)
    yield running
    running.end(signal.SIGKILL)


def client(emulated: Emulator, service: str) -> Any:
    connect: Any = boto3.client  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  (boto3 makes its clients at run time)
    return connect(
        service,
        endpoint_url=emulated.url,
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def restarted(emulated: Emulator, service: str) -> Any:
    """The service after a kill."""
    emulated.end(signal.SIGKILL)
    emulated.start()
    return client(emulated, service)


def test_a_vault_remembers_its_lock_its_topic_and_its_policy(emulated: Emulator) -> None:
    backup = client(emulated, "backup")
    backup.create_backup_vault(BackupVaultName=VAULT)
    backup.put_backup_vault_lock_configuration(
        BackupVaultName=VAULT, MinRetentionDays=7, MaxRetentionDays=35, ChangeableForDays=3
    )
    backup.put_backup_vault_notifications(
        BackupVaultName=VAULT, SNSTopicArn=TOPIC, BackupVaultEvents=["COPY_JOB_FAILED"]
    )
    backup.put_backup_vault_access_policy(BackupVaultName=VAULT, Policy="{}")
    backup = restarted(emulated, "backup")
    vault = backup.describe_backup_vault(BackupVaultName=VAULT)
    assert (vault["Locked"], vault["MinRetentionDays"], vault["MaxRetentionDays"]) == (True, 7, 35)
    assert vault["LockDate"] > vault["CreationDate"]
    told = backup.get_backup_vault_notifications(BackupVaultName=VAULT)
    assert (told["SNSTopicArn"], told["BackupVaultEvents"]) == (TOPIC, ["COPY_JOB_FAILED"])
    assert backup.get_backup_vault_access_policy(BackupVaultName=VAULT)["Policy"] == "{}"
    backup.delete_backup_vault_lock_configuration(BackupVaultName=VAULT)
    assert backup.describe_backup_vault(BackupVaultName=VAULT)["Locked"] is False


def test_report_plans_and_restore_tests_are_kept_with_their_tags(emulated: Emulator) -> None:
    backup = client(emulated, "backup")
    made = backup.create_report_plan(
        ReportPlanName="jobs",
        ReportDeliveryChannel={"S3BucketName": "reports", "Formats": ["CSV"]},
        ReportSetting={"ReportTemplate": "BACKUP_JOB_REPORT"},
        ReportPlanTags={"owner": "me"},
    )
    points = {"Algorithm": "LATEST_WITHIN_WINDOW", "IncludeVaults": ["*"], "RecoveryPointTypes": ["SNAPSHOT"]}
    backup.create_restore_testing_plan(
        RestoreTestingPlan={
            "RestoreTestingPlanName": "weekly",
            "ScheduleExpression": "rate(7 days)",
            "RecoveryPointSelection": points,
        }
    )
    selection = {
        "RestoreTestingSelectionName": "RDS",
        "ProtectedResourceType": "RDS",
        "IamRoleArn": "arn:aws:iam::000000000000:role/r",
    }
    backup.create_restore_testing_selection(
        RestoreTestingPlanName="weekly", RestoreTestingSelection=selection
    )
    backup = restarted(emulated, "backup")
    assert backup.list_tags(ResourceArn=made["ReportPlanArn"])["Tags"] == {"owner": "me"}
    plan = backup.get_restore_testing_plan(RestoreTestingPlanName="weekly")["RestoreTestingPlan"]
    assert plan["RecoveryPointSelection"] == {**points, "ExcludeVaults": [], "SelectionWindowDays": 30}
    names = {"RestoreTestingPlanName": "weekly", "RestoreTestingSelectionName": "RDS"}
    found = backup.get_restore_testing_selection(**names)["RestoreTestingSelection"]
    assert selection.items() <= found.items()
    with pytest.raises(ClientError, match="still has selections"):
        backup.delete_restore_testing_plan(RestoreTestingPlanName="weekly")
    backup.delete_restore_testing_selection(**names)
    backup.delete_restore_testing_plan(RestoreTestingPlanName="weekly")
    backup.delete_report_plan(ReportPlanName="jobs")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        backup.describe_report_plan(ReportPlanName="jobs")


def test_what_does_not_fit_the_published_shape_is_refused(emulated: Emulator) -> None:
    backup = client(emulated, "backup")
    backup.create_backup_vault(BackupVaultName=VAULT)
    with pytest.raises(ClientError, match=r"BackupVaultEvents\[0\] must be one of BACKUP_JOB_STARTED"):
        backup.put_backup_vault_notifications(
            BackupVaultName=VAULT, SNSTopicArn=TOPIC, BackupVaultEvents=["EVERYTHING"]
        )
    with pytest.raises(ClientError, match="ReportPlanName must match"):
        backup.create_report_plan(
            ReportPlanName="with-hyphen",
            ReportDeliveryChannel={"S3BucketName": "reports"},
            ReportSetting={"ReportTemplate": "BACKUP_JOB_REPORT"},
        )


def test_ipv6_of_a_vpc_its_subnets_and_its_routes(emulated: Emulator) -> None:
    ec2 = client(emulated, "ec2")
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    block = ec2.associate_vpc_cidr_block(VpcId=vpc, AmazonProvidedIpv6CidrBlock=True)[
        "Ipv6CidrBlockAssociation"
    ]["Ipv6CidrBlock"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.7.0.0/20")["Subnet"]["SubnetId"]
    of_subnet = block.replace("/56", "/64")
    ec2.associate_subnet_cidr_block(SubnetId=subnet, Ipv6CidrBlock=of_subnet)
    ec2.modify_subnet_attribute(SubnetId=subnet, AssignIpv6AddressOnCreation={"Value": True})
    gateway = ec2.create_egress_only_internet_gateway(VpcId=vpc)["EgressOnlyInternetGateway"]
    out = {"EgressOnlyInternetGatewayId": gateway["EgressOnlyInternetGatewayId"]}
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationIpv6CidrBlock="::/0", **out)

    ec2 = restarted(emulated, "ec2")
    found = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]
    assert found["AssignIpv6AddressOnCreation"] is True
    (association,) = found["Ipv6CidrBlockAssociationSet"]
    assert association["Ipv6CidrBlock"] == of_subnet
    routes = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    assert out.items() <= routes[-1].items()
    ec2.disassociate_subnet_cidr_block(AssociationId=association["AssociationId"])
    assert "Ipv6CidrBlockAssociationSet" not in ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]
