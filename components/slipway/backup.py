"""BackupVault: an encrypted AWS Backup vault and a daily plan for everything that carries a tag.

Stateful: vault and key outlive the stack unless `removal` says otherwise.
Costs: AWS Backup's storage by the GiB-month, one KMS key by the month.
"""

import json
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from slipway.validation import SCHEDULE, Checks, is_one_of, is_text, is_whole, matches

REMOVAL = ("protect", "destroy")
RETENTION_DAYS = 35
COLD_MINIMUM_DAYS = 90
SCHEDULE_RULE = "cron(…) with six fields, or rate(…)"
_MANAGED = "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyFor"


class BackupVaultArgs(TypedDict):
    """Arguments of BackupVault."""

    schedule: NotRequired[str]
    """When a backup starts, as an AWS cron expression in UTC. Default `cron(0 3 * * ? *)`, daily at 03:00."""
    retention_days: NotRequired[int]
    """Days that a recovery point is kept, 1 to 36500. Default 35."""
    cold_storage_days: NotRequired[int]
    """Days after which a recovery point moves to cold storage; must leave 90 of `retention_days` there. Default never."""
    tag_key: NotRequired[str]
    """Key of the tag that selects what is backed up. Default `backup`."""
    tag_value: NotRequired[str]
    """Value of the tag that selects what is backed up. Default `daily`."""
    removal: NotRequired[str]
    """`protect` (default) refuses to delete vault and key; `destroy` deletes them, recovery points included."""


@dataclass(frozen=True)
class _BackupVault:
    schedule: str
    retention_days: int
    cold_storage_days: int | None
    tag_key: str
    tag_value: str
    removal: str


def _resolve(name: str, args: BackupVaultArgs) -> _BackupVault:
    vault = _BackupVault(
        schedule=args.get("schedule", "cron(0 3 * * ? *)"),
        retention_days=args.get("retention_days", RETENTION_DAYS),
        cold_storage_days=args.get("cold_storage_days"),
        tag_key=args.get("tag_key", "backup"),
        tag_value=args.get("tag_value", "daily"),
        removal=args.get("removal", "protect"),
    )
    with Checks("backup vault", name, args, BackupVaultArgs) as check:
        check.value("schedule", vault.schedule, SCHEDULE_RULE, matches(SCHEDULE))
        check.value("retention_days", vault.retention_days, "1-36500", is_whole(1, 36500))
        check.value("cold_storage_days", vault.cold_storage_days, "1-36410", is_whole(1, 36410))
        check.value("tag_key", vault.tag_key, "a tag's key", is_text)
        check.value("tag_value", vault.tag_value, "a tag's value", is_text)
        check.value("removal", vault.removal, f"one of {', '.join(REMOVAL)}", is_one_of(REMOVAL))
        check.rule(
            stays_cold(vault.retention_days, vault.cold_storage_days),
            f"cold_storage_days {vault.cold_storage_days} needs retention_days of {COLD_MINIMUM_DAYS} more, "
            f"got {vault.retention_days}",
        )
    return vault


def stays_cold(retention_days: Any, cold_storage_days: Any) -> bool:
    """AWS keeps what it has moved to cold storage there for its least time. What is no number has been told already."""
    if not (isinstance(retention_days, int) and isinstance(cold_storage_days, int)):
        return True
    return retention_days >= cold_storage_days + COLD_MINIMUM_DAYS


class BackupVault(pulumi.ComponentResource):
    """A vault under its own rotating KMS key, a scheduled plan with retention, and a selection by tag.

    https://docs.aws.amazon.com/aws-backup/latest/devguide/assigning-resources.html
    """

    vault_name: pulumi.Output[str]
    """Name of the vault."""
    vault_arn: pulumi.Output[str]
    """ARN of the vault."""
    plan_id: pulumi.Output[str]
    """Id of the backup plan."""
    role_arn: pulumi.Output[str]
    """ARN of the role that AWS Backup acts as, for backups and restores on demand."""

    def __init__(self, name: str, args: BackupVaultArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        settings = _resolve(name, args)
        super().__init__("slipway:index:BackupVault", name, {}, opts)
        vault = _vault(self, name, settings)
        role = _role(self, name)
        plan = _plan(self, name, settings, vault, role)

        self.vault_name, self.vault_arn = vault.name, vault.arn
        self.plan_id, self.role_arn = plan.id, role.arn
        self.register_outputs(
            {
                "vault_name": self.vault_name,
                "vault_arn": self.vault_arn,
                "plan_id": self.plan_id,
                "role_arn": self.role_arn,
            }
        )


def _vault(parent: BackupVault, name: str, settings: _BackupVault) -> "aws.backup.Vault":
    # None, not False, when unprotected: the caller's own protect then reaches the children.
    opts = pulumi.ResourceOptions(parent=parent, protect=True if settings.removal == "protect" else None)
    key = aws.kms.Key(
        f"{name}-key",
        description=f"Recovery points of {name}",
        enable_key_rotation=True,
        deletion_window_in_days=30 if settings.removal == "protect" else 7,
        opts=opts,
    )
    return aws.backup.Vault(
        f"{name}-vault", kms_key_arn=key.arn, force_destroy=settings.removal == "destroy", opts=opts
    )


def _role(parent: BackupVault, name: str) -> "aws.iam.Role":
    opts = pulumi.ResourceOptions(parent=parent)
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "backup.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    role = aws.iam.Role(f"{name}-role", assume_role_policy=json.dumps(trust), opts=opts)
    for noun, policy in {"backup": "Backup", "restore": "Restores"}.items():
        aws.iam.RolePolicyAttachment(
            f"{name}-{noun}", role=role.name, policy_arn=f"{_MANAGED}{policy}", opts=opts
        )
    return role


def _plan(
    parent: BackupVault, name: str, settings: _BackupVault, vault: "aws.backup.Vault", role: "aws.iam.Role"
) -> "aws.backup.Plan":
    opts = pulumi.ResourceOptions(parent=parent)
    plan = aws.backup.Plan(
        f"{name}-plan",
        rules=[
            aws.backup.PlanRuleArgs(
                rule_name="scheduled",
                target_vault_name=vault.name,
                schedule=settings.schedule,
                start_window=60,
                completion_window=480,
                lifecycle=aws.backup.PlanRuleLifecycleArgs(
                    delete_after=settings.retention_days, cold_storage_after=settings.cold_storage_days
                ),
            )
        ],
        opts=opts,
    )
    aws.backup.Selection(
        f"{name}-selection",
        plan_id=plan.id,
        iam_role_arn=role.arn,
        selection_tags=[{"type": "STRINGEQUALS", "key": settings.tag_key, "value": settings.tag_value}],
        opts=opts,
    )
    return plan
