"""What stands around a backup vault: its key, its lock, who may copy into it, and whom it tells of its jobs."""

import json
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from slipway.iam_policy import document_once_known
from slipway.storage import encryption_key, key_policy

_TOLD = ("BACKUP_JOB_COMPLETED", "COPY_JOB_FAILED", "RESTORE_JOB_COMPLETED")
"""Completed is what has ended, well or not: https://docs.aws.amazon.com/aws-backup/latest/devguide/backup-notifications.html"""
_NOT_WELL = {"State": [{"anything-but": ["COMPLETED"]}]}


def vault_key(
    name: str, role: "aws.iam.Role", opts: pulumi.ResourceOptions, *, removal: str
) -> "aws.kms.Key":
    """The key of recovery points and of messages, which AWS Backup therefore may use when it writes one.

    AWS Backup publishes to topics of its vault's own account alone, so no condition has to say which account.
    """
    account = role.arn.apply(lambda arn: arn.split(":")[4])
    policy = key_policy(account, "backup.amazonaws.com", ("kms:GenerateDataKey*", "kms:Decrypt"))
    return encryption_key(f"{name}-key", f"Recovery points of {name}", removal, opts, policy=policy)


def lock(
    name: str,
    vault: "aws.backup.Vault",
    opts: pulumi.ResourceOptions,
    *,
    min_days: int | None,
    max_days: int | None,
    grace_days: int | None,
) -> None:
    """Retentions that the vault holds to; with days of grace nobody can take the lock back once they are over."""
    aws.backup.VaultLockConfiguration(
        f"{name}-lock",
        backup_vault_name=vault.name,
        min_retention_days=min_days,
        max_retention_days=max_days,
        changeable_for_days=grace_days,
        opts=_one_of_a_vault(opts),
    )


def let_copy(
    name: str, vault: "aws.backup.Vault", opts: pulumi.ResourceOptions, *, accounts: Sequence[str]
) -> None:
    """Other accounts may copy into the vault, and do nothing else."""
    copy = {
        "Effect": "Allow",
        "Principal": {"AWS": [f"arn:aws:iam::{account}:root" for account in accounts]},
        "Action": "backup:CopyIntoBackupVault",
        "Resource": "*",
    }
    aws.backup.VaultPolicy(
        f"{name}-copies",
        backup_vault_name=vault.name,
        policy=document_once_known(copy),
        opts=_one_of_a_vault(opts),
    )


def notifications(
    name: str,
    vault: "aws.backup.Vault",
    key: "aws.kms.Key",
    opts: pulumi.ResourceOptions,
    *,
    addresses: Sequence[str],
) -> "aws.sns.Topic":
    """An encrypted topic of ended jobs; mail goes out for those that did not end well."""
    topic = aws.sns.Topic(f"{name}-jobs", kms_master_key_id=key.arn, opts=opts)
    publish = {
        "Effect": "Allow",
        "Principal": {"Service": "backup.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic.arn,
    }
    in_clear = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sns:Publish",
        "Resource": topic.arn,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy = aws.sns.TopicPolicy(
        f"{name}-jobs-policy", arn=topic.arn, policy=document_once_known(publish, in_clear), opts=opts
    )
    # AWS Backup sends a test message when it is given a topic, and refuses one that it may not publish to.
    after = pulumi.ResourceOptions.merge(_one_of_a_vault(opts), pulumi.ResourceOptions(depends_on=[policy]))
    aws.backup.VaultNotifications(
        f"{name}-notifications",
        backup_vault_name=vault.name,
        sns_topic_arn=topic.arn,
        backup_vault_events=[*_TOLD],
        opts=after,
    )
    for address in addresses:
        aws.sns.TopicSubscription(
            f"{name}-mail-{address}",
            topic=topic.arn,
            protocol="email",
            endpoint=address,
            filter_policy=json.dumps(_NOT_WELL),
            opts=opts,
        )
    return topic


def _one_of_a_vault(opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    """Of what a vault has one of, deleting the old after the new is made would delete the new."""
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(delete_before_replace=True))
