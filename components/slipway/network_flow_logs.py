"""The flow logs of a network: who talked to whom, in CloudWatch Logs, encrypted and for so many days."""

import pulumi
import pulumi_aws as aws

from slipway.iam_policy import document_once_known
from slipway.log_key import log_key
from slipway.network_rules import TRAFFIC


def flow_logs(
    name: str,
    vpc: "aws.ec2.Vpc",
    region: str,
    opts: pulumi.ResourceOptions,
    *,
    traffic: str,
    retention_days: int,
    key_arn: pulumi.Input[str] | None,
) -> None:
    """The log group is called by the VPC's id: the key's policy names the group before the group is made with the key."""
    group_name = pulumi.Output.concat("/slipway/flow-logs/", vpc.id)
    group_arn = pulumi.Output.concat("arn:aws:logs:", region, ":", vpc.owner_id, ":log-group:", group_name)
    if key_arn is None:
        noun, description = f"{name}-flow-logs-key", f"Flow logs of {name}"
        account = vpc.owner_id
        key_arn = log_key(noun, description, opts, region=region, account=account, group_arn=group_arn).arn
    group = aws.cloudwatch.LogGroup(
        f"{name}-flow-logs",
        name=group_name,
        retention_in_days=retention_days,
        kms_key_id=key_arn,
        opts=opts,
    )
    role, policy = _role(name, region, vpc.owner_id, group_arn, opts)
    aws.ec2.FlowLog(
        f"{name}-flow-log",
        vpc_id=vpc.id,
        traffic_type=TRAFFIC[traffic],
        log_destination=group.arn,
        iam_role_arn=role.arn,
        tags={"Name": f"{name}-flow-log"},
        # Without its rights the first delivery fails, and the flow log shows an access error until the next one.
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[policy])),
    )


def _role(
    name: str,
    region: str,
    account: pulumi.Output[str],
    group_arn: pulumi.Output[str],
    opts: pulumi.ResourceOptions,
) -> "tuple[aws.iam.Role, aws.iam.RolePolicy]":
    """The role that writes into this log group, for flow logs of this account alone.

    https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
    """
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "vpc-flow-logs.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": account},
            "ArnLike": {
                "aws:SourceArn": pulumi.Output.concat("arn:aws:ec2:", region, ":", account, ":vpc-flow-log/*")
            },
        },
    }
    write = {
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
        "Resource": [group_arn, pulumi.Output.concat(group_arn, ":*")],
    }
    role = aws.iam.Role(f"{name}-flow-logs-role", assume_role_policy=document_once_known(trust), opts=opts)
    policy = aws.iam.RolePolicy(
        f"{name}-flow-logs-write", role=role.name, policy=document_once_known(write), opts=opts
    )
    return role, policy
