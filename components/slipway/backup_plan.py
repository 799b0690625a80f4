"""What is backed up when, how long it is kept, where it is copied, and whether it can be restored."""

import json
import re
from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from slipway import backup_rules as rules

_MANAGED = "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyFor"
_LONGEST_NAME = 50  # of a restore testing plan
_WINDOW_DAYS = 30


def backup_role(name: str, opts: pulumi.ResourceOptions) -> "aws.iam.Role":
    """The role of backups and of restores."""
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


def backup_plan(
    name: str,
    vault: "aws.backup.Vault",
    role: "aws.iam.Role",
    opts: pulumi.ResourceOptions,
    *,
    schedules: Mapping[str, tuple[str, int]],
    cold_days: int | None,
    copy_to: Sequence[pulumi.Input[str]],
    copy_days: int | None,
    tag: tuple[str, str],
) -> "aws.backup.Plan":
    """One rule for each schedule, each with the days that it keeps, and all of them for what carries the tag."""

    def cold(days: int) -> int | None:
        return cold_days if cold_days is not None and rules.stays_cold(days, cold_days) else None

    def copy(vault_arn: pulumi.Input[str], days: int) -> "aws.backup.PlanRuleCopyActionArgs":
        return aws.backup.PlanRuleCopyActionArgs(
            destination_vault_arn=vault_arn,
            lifecycle=aws.backup.PlanRuleCopyActionLifecycleArgs(
                delete_after=days, cold_storage_after=cold(days)
            ),
        )

    def rule(rule_name: str, schedule: str, days: int) -> "aws.backup.PlanRuleArgs":
        return aws.backup.PlanRuleArgs(
            rule_name=rule_name,
            target_vault_name=vault.name,
            schedule=schedule,
            start_window=60,
            completion_window=480,
            lifecycle=aws.backup.PlanRuleLifecycleArgs(delete_after=days, cold_storage_after=cold(days)),
            copy_actions=[copy(arn, days if copy_days is None else copy_days) for arn in copy_to] or None,
        )

    plan = aws.backup.Plan(
        f"{name}-plan",
        rules=[rule(rule_name, *scheduled) for rule_name, scheduled in schedules.items()],
        opts=opts,
    )
    key, value = tag
    aws.backup.Selection(
        f"{name}-selection",
        plan_id=plan.id,
        iam_role_arn=role.arn,
        selection_tags=[{"type": "STRINGEQUALS", "key": key, "value": value}],
        opts=opts,
    )
    return plan


def restore_tests(
    name: str,
    vault: "aws.backup.Vault",
    role: "aws.iam.Role",
    opts: pulumi.ResourceOptions,
    *,
    kinds: Sequence[str],
    schedule: str,
    tag: tuple[str, str],
) -> None:
    """By schedule, the newest recovery point of each type's tagged resources is restored, and what came of it deleted."""
    plan = aws.backup.RestoreTestingPlan(
        f"{name}-restore-test",
        name=environment_name(name)[-_LONGEST_NAME:],
        schedule_expression=schedule,
        schedule_expression_timezone="Etc/UTC",
        start_window_hours=8,
        recovery_point_selection={
            "algorithm": "LATEST_WITHIN_WINDOW",
            "include_vaults": [vault.arn],
            "recovery_point_types": ["CONTINUOUS", "SNAPSHOT"],
            "selection_window_days": _WINDOW_DAYS,
        },
        opts=opts,
    )
    key, value = tag
    for kind in kinds:
        aws.backup.RestoreTestingSelection(
            f"{name}-restore-test-{kind.lower()}",
            name=kind,
            restore_testing_plan_name=plan.name,
            protected_resource_type=kind,
            protected_resource_conditions={
                "string_equals": [{"key": f"aws:ResourceTag/{key}", "value": value}]
            },
            iam_role_arn=role.arn,
            opts=opts,
        )


def environment_name(name: str) -> str:
    """Unlike others, these names take letters, digits and _ alone, so that auto-naming's hyphen is refused."""
    return re.sub(r"\W", "_", f"{pulumi.get_project()}_{pulumi.get_stack()}_{name}", flags=re.ASCII)
