"""A key that CloudWatch Logs may use for some log groups alone.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/logs/encrypt-log-data-kms.html
"""

import pulumi
import pulumi_aws as aws

from slipway.storage import encryption_key, key_policy


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
    actions = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*")
    these_groups = {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": group_arn}}
    policy = key_policy(account, f"logs.{region}.amazonaws.com", actions, these_groups)
    return encryption_key(name, description, "protect", opts, policy=policy, region=region)
