"""A key that CloudWatch Logs may use for some log groups alone.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/logs/encrypt-log-data-kms.html
"""

import json

import pulumi
import pulumi_aws as aws


def log_key(
    name: str,
    description: str,
    opts: pulumi.ResourceOptions,
    *,
    region: str,
    account: pulumi.Output[str],
    group_arn: pulumi.Output[str],
) -> "aws.kms.Key":
    """Of groups in a region; `group_arn` may end in `*`."""
    administrators = {
        "Effect": "Allow",
        "Principal": {"AWS": pulumi.Output.concat("arn:aws:iam::", account, ":root")},
        "Action": "kms:*",
        "Resource": "*",
    }
    service = {
        "Effect": "Allow",
        "Principal": {"Service": f"logs.{region}.amazonaws.com"},
        "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
        "Resource": "*",
        "Condition": {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": group_arn}},
    }
    document = {"Version": "2012-10-17", "Statement": [administrators, service]}
    return aws.kms.Key(
        name,
        region=region,
        description=description,
        enable_key_rotation=True,
        deletion_window_in_days=30,
        policy=pulumi.Output.from_input(document).apply(json.dumps),
        opts=opts,
    )
