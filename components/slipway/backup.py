"""BackupVault: an encrypted, locked AWS Backup vault and a plan for everything that carries a tag.

Restores are tested, reports written, and backups copied elsewhere when that is asked for. Does not build frameworks of
AWS Backup Audit Manager.
Stateful: vault and key outlive the stack unless `removal` says otherwise.
Costs: AWS Backup's storage by the GiB-month, also for copies, and one KMS key by the month; a restore test what it restores.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from slipway import backup_rules as rules
from slipway import storage
from slipway.backup_plan import backup_plan, backup_role, restore_tests
from slipway.backup_reports import let_write_reports, report_bucket, report_plans
from slipway.backup_vault import let_copy, lock, notifications, vault_key
from slipway.validation import REMOVAL, REMOVAL_RULE, Checks, is_one_of, is_text, matches, usable


class BackupVaultArgs(TypedDict):
    """Arguments of BackupVault."""

    schedule: NotRequired[str]
    """When a backup starts, as an AWS cron expression in UTC. Default `cron(0 3 * * ? *)`, daily at 03:00."""
    retention_days: NotRequired[int]
    """Days that a recovery point is kept, 1 to 36500. Default 35."""
    weekly_retention_days: NotRequired[int]
    """Days that a further backup of each Sunday, 04:00 UTC, is kept, 1 to 36500. Default there is none."""
    monthly_retention_days: NotRequired[int]
    """Days that a further backup of each month's first day, 05:00 UTC, is kept, 1 to 36500. Default there is none."""
    cold_storage_days: NotRequired[int]
    """Days after which what is kept 90 days longer moves to cold storage, 1 to 36410. Default never."""
    copy_to: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of vaults, in other regions or accounts, to which each recovery point is copied. Default none."""
    copy_retention_days: NotRequired[int]
    """Days that a copy is kept, 1 to 36500. Default as long as what it is a copy of."""
    copies_from: NotRequired[Sequence[str]]
    """Numbers of other accounts that may copy into this vault. Default none."""
    tag_key: NotRequired[str]
    """Key of the tag that selects what is backed up. Default `backup`."""
    tag_value: NotRequired[str]
    """Value of the tag that selects what is backed up. Default `daily`."""
    removal: NotRequired[str]
    """`protect` (default) refuses to delete vault and key; `destroy` deletes them, recovery points included, and allows no lock."""
    lock: NotRequired[str]
    """`governance` (default with `protect`) lets only who may change the lock delete early, `compliance` nobody for ever, or `none`."""
    lock_min_days: NotRequired[int]
    """Shortest retention that the locked vault takes, also on demand and of copies, 1 to 36500 days. Default the plan's shortest."""
    lock_max_days: NotRequired[int]
    """Longest retention that the locked vault takes, also on demand and of copies, 1 to 36500 days. Default the plan's longest."""
    lock_grace_days: NotRequired[int]
    """Days in which a compliance lock can still be taken back, 3 to 36500. Default 14."""
    notify: NotRequired[Sequence[str]]
    """E-mail addresses that are told of each backup, copy or restore that did not complete. Default none; see `topic_arn`."""
    restore_tests: NotRequired[Sequence[str]]
    """Types, as `RDS` and `EBS`, of which the newest recovery points are restored and thrown away. Default none: it costs."""
    restore_test_schedule: NotRequired[str]
    """When restores are tested, as an AWS cron expression in UTC. Default `cron(0 6 ? * SUN *)`, Sundays at 06:00."""
    reports: NotRequired[Sequence[str]]
    """Daily reports in S3, on jobs of `backup`, `copy` and `restore`. Default none."""
    report_bucket: NotRequired[pulumi.Input[str]]
    """Name of the bucket for reports, whose policy lets AWS Backup write. Default a private one of the vault's own."""
    report_retention_days: NotRequired[int]
    """Days that reports are kept in the vault's own bucket, 1 to 36500. Default 400."""


@dataclass(frozen=True)
class _BackupVault:
    schedule: str
    retention_days: int
    weekly_retention_days: int | None
    monthly_retention_days: int | None
    cold_storage_days: int | None
    copy_to: Sequence[pulumi.Input[str]]
    copy_retention_days: int | None
    copies_from: Sequence[str]
    tag_key: str
    tag_value: str
    removal: str
    lock: str
    lock_min_days: int | None
    lock_max_days: int | None
    lock_grace_days: int
    notify: Sequence[str]
    restore_tests: Sequence[str]
    restore_test_schedule: str
    reports: Sequence[str]
    report_bucket: pulumi.Input[str] | None
    report_retention_days: int

    @property
    def retentions(self) -> tuple[int | None, ...]:
        return self.retention_days, self.weekly_retention_days, self.monthly_retention_days


def _resolve(name: str, args: BackupVaultArgs) -> _BackupVault:
    given, args = args, usable(args, BackupVaultArgs)
    removal = args.get("removal", "protect")
    retentions = (
        args.get("retention_days", rules.RETENTION_DAYS),
        args.get("weekly_retention_days"),
        args.get("monthly_retention_days"),
    )
    vault = _BackupVault(
        schedule=args.get("schedule", "cron(0 3 * * ? *)"),
        retention_days=retentions[0],
        weekly_retention_days=retentions[1],
        monthly_retention_days=retentions[2],
        cold_storage_days=args.get("cold_storage_days"),
        copy_to=args.get("copy_to", ()),
        copy_retention_days=args.get("copy_retention_days"),
        copies_from=args.get("copies_from", ()),
        tag_key=args.get("tag_key", "backup"),
        tag_value=args.get("tag_value", "daily"),
        removal=removal,
        lock=args.get("lock", "none" if removal == "destroy" else "governance"),
        lock_min_days=args.get("lock_min_days", rules.shortest(*retentions)),
        lock_max_days=args.get("lock_max_days", rules.longest(*retentions)),
        lock_grace_days=args.get("lock_grace_days", 14),
        notify=args.get("notify", ()),
        restore_tests=args.get("restore_tests", ()),
        restore_test_schedule=args.get("restore_test_schedule", "cron(0 6 ? * SUN *)"),
        reports=args.get("reports", ()),
        report_bucket=args.get("report_bucket"),
        report_retention_days=args.get("report_retention_days", 400),
    )
    with Checks("backup vault", name, given, BackupVaultArgs) as check:
        _check_values(check, vault)
        _check_clashes(check, vault, args.keys())
    return vault


def _check_values(check: Checks, vault: _BackupVault) -> None:
    for key in ("schedule", "restore_test_schedule"):
        check.value(key, getattr(vault, key), rules.SCHEDULE_RULE, rules.is_schedule)
    for key in (
        "retention_days",
        "weekly_retention_days",
        "monthly_retention_days",
        "copy_retention_days",
        "lock_min_days",
        "lock_max_days",
        "report_retention_days",
    ):
        check.value(key, getattr(vault, key), "1-36500", rules.is_days)
    check.value("cold_storage_days", vault.cold_storage_days, "1-36410", rules.is_cold_days)
    check.value("lock_grace_days", vault.lock_grace_days, "3-36500", rules.is_grace_days)
    check.value("copy_to", vault.copy_to, rules.VAULTS_RULE, rules.are_vaults)
    check.value("copies_from", vault.copies_from, rules.ACCOUNTS_RULE, rules.are_accounts)
    check.value("tag_key", vault.tag_key, "a tag's key", is_text)
    check.value("tag_value", vault.tag_value, "a tag's value", is_text)
    check.value("removal", vault.removal, REMOVAL_RULE, is_one_of(REMOVAL))
    check.value("lock", vault.lock, f"one of {', '.join(rules.LOCKS)}", is_one_of(rules.LOCKS))
    check.value("notify", vault.notify, rules.ADDRESSES_RULE, rules.are_addresses)
    check.value("restore_tests", vault.restore_tests, rules.RESTORE_TEST_RULE, rules.are_restorable)
    check.value("reports", vault.reports, rules.REPORTS_RULE, rules.are_reports)
    check.value("report_bucket", vault.report_bucket, rules.BUCKET_RULE, matches(rules.BUCKET))


def _check_clashes(check: Checks, vault: _BackupVault, given: AbstractSet[str]) -> None:
    longest, shortest = rules.longest(*vault.retentions), rules.shortest(*vault.retentions)
    check.rule(
        rules.stays_cold(longest, vault.cold_storage_days),
        f"cold_storage_days {vault.cold_storage_days} needs a retention of {rules.COLD_MINIMUM_DAYS} days more, "
        f"the longest is {longest}",
    )
    check.rule(
        rules.can_be_removed(vault.removal, vault.lock),
        f'removal "destroy" allows no lock, got {vault.lock!r}',
    )
    check.rule(
        not rules.is_below(shortest, vault.lock_min_days),
        f"lock_min_days {vault.lock_min_days} refuses what is kept {shortest} days",
    )
    check.rule(
        not rules.is_below(vault.lock_max_days, longest),
        f"lock_max_days {vault.lock_max_days} refuses what is kept {longest} days",
    )
    idle = [key for key, needed in rules.OF.items() if key in given and not getattr(vault, needed)]
    if vault.lock == "none":
        idle += sorted(given & {"lock_min_days", "lock_max_days"})
    if vault.lock != "compliance":
        idle += sorted(given & {"lock_grace_days"})
    if vault.report_bucket is not None:
        idle += sorted(given & {"report_retention_days"})
    check.rule(not idle, f"leave {', '.join(idle)} out: what it is for is not asked for")


class BackupVault(pulumi.ComponentResource):
    """A locked vault under its own rotating KMS key, a scheduled plan with retention, a selection by tag and a topic that tells of jobs.

    https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html
    """

    vault_name: pulumi.Output[str]
    """Name of the vault."""
    vault_arn: pulumi.Output[str]
    """ARN of the vault, to be a `copy_to` of another one."""
    plan_id: pulumi.Output[str]
    """Id of the backup plan."""
    role_arn: pulumi.Output[str]
    """ARN of the role that AWS Backup acts as, for backups and restores on demand."""
    topic_arn: pulumi.Output[str]
    """ARN of the SNS topic of ended jobs; `State` of a message is not `COMPLETED` when a job failed."""
    report_bucket: pulumi.Output[str]
    """Name of the bucket that reports are written to; empty without reports."""

    def __init__(self, name: str, args: BackupVaultArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        settings = _resolve(name, args)
        super().__init__("slipway:index:BackupVault", name, {}, opts)
        children = pulumi.ResourceOptions(parent=self)
        kept = storage.kept(self, settings.removal)
        role = backup_role(name, children)
        key = vault_key(name, role, kept, removal=settings.removal)
        vault = aws.backup.Vault(
            f"{name}-vault", kms_key_arn=key.arn, force_destroy=settings.removal == "destroy", opts=kept
        )
        _guards(name, settings, vault, children)
        topic = notifications(name, vault, key, children, addresses=settings.notify)
        plan = _plan(name, settings, vault, role, children)
        if settings.restore_tests:
            restore_tests(
                name,
                vault,
                role,
                children,
                kinds=settings.restore_tests,
                schedule=settings.restore_test_schedule,
                tag=(settings.tag_key, settings.tag_value),
            )

        self.vault_name, self.vault_arn = vault.name, vault.arn
        self.plan_id, self.role_arn, self.topic_arn = plan.id, role.arn, topic.arn
        self.report_bucket = pulumi.Output.from_input(_reports(name, settings, role, children, kept))
        self.register_outputs(
            {
                "vault_name": self.vault_name,
                "vault_arn": self.vault_arn,
                "plan_id": self.plan_id,
                "role_arn": self.role_arn,
                "topic_arn": self.topic_arn,
                "report_bucket": self.report_bucket,
            }
        )


def _guards(
    name: str, settings: _BackupVault, vault: "aws.backup.Vault", opts: pulumi.ResourceOptions
) -> None:
    if settings.lock != "none":
        lock(
            name,
            vault,
            opts,
            min_days=settings.lock_min_days,
            max_days=settings.lock_max_days,
            grace_days=settings.lock_grace_days if settings.lock == "compliance" else None,
        )
    if settings.copies_from:
        let_copy(name, vault, opts, accounts=settings.copies_from)


def _plan(
    name: str,
    settings: _BackupVault,
    vault: "aws.backup.Vault",
    role: "aws.iam.Role",
    opts: pulumi.ResourceOptions,
) -> "aws.backup.Plan":
    schedules = {
        "scheduled": (settings.schedule, settings.retention_days),
        "weekly": ("cron(0 4 ? * SUN *)", settings.weekly_retention_days),
        "monthly": ("cron(0 5 1 * ? *)", settings.monthly_retention_days),
    }
    return backup_plan(
        name,
        vault,
        role,
        opts,
        schedules={rule: (cron, days) for rule, (cron, days) in schedules.items() if days is not None},
        cold_days=settings.cold_storage_days,
        copy_to=settings.copy_to,
        copy_days=settings.copy_retention_days,
        tag=(settings.tag_key, settings.tag_value),
    )


def _reports(
    name: str,
    settings: _BackupVault,
    role: "aws.iam.Role",
    opts: pulumi.ResourceOptions,
    kept: pulumi.ResourceOptions,
) -> pulumi.Input[str]:
    if not settings.reports:
        return ""
    if settings.report_bucket is not None:
        report_plans(name, settings.report_bucket, opts, kinds=settings.reports)
        return settings.report_bucket
    bucket = report_bucket(
        name, opts, kept, retention_days=settings.report_retention_days, removal=settings.removal
    )
    plans = report_plans(name, bucket.bucket, opts, kinds=settings.reports)
    let_write_reports(name, bucket, role, plans, opts)
    return bucket.bucket
