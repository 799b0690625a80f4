"""The backup vault of a stack and its plan."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ValidationInfo, field_validator
from pydantic.alias_generators import to_camel

from slipway import backup_rules
from stacks.sections.rules import Section, beside, between, passes, rule

Days = Annotated[int | None, between(1, backup_rules.LONGEST_DAYS)]
Schedule = Annotated[str | None, passes(backup_rules.SCHEDULE_RULE, backup_rules.is_schedule)]


class Backup(Section):
    """The backup vault and its plan."""

    schedule: Schedule = None
    retention_days: Days = None
    weekly_retention_days: Days = None
    monthly_retention_days: Days = None
    cold_storage_days: Annotated[int | None, between(1, 36410)] = None
    copy_to: Annotated[list[str] | None, passes(backup_rules.VAULTS_RULE, backup_rules.are_vaults)] = None
    copy_retention_days: Days = None
    copies_from: Annotated[
        list[str] | None, passes(backup_rules.ACCOUNTS_RULE, backup_rules.are_accounts)
    ] = None
    removal: Literal["protect", "destroy"] | None = None
    lock: Literal["none", "governance", "compliance"] | None = None
    lock_min_days: Days = None
    lock_max_days: Days = None
    lock_grace_days: Annotated[int | None, between(3, 36500)] = None
    notify: Annotated[list[str] | None, passes(backup_rules.ADDRESSES_RULE, backup_rules.are_addresses)] = (
        None
    )
    restore_tests: Annotated[
        list[str] | None, passes(backup_rules.RESTORE_TEST_RULE, backup_rules.are_restorable)
    ] = None
    restore_test_schedule: Schedule = None
    reports: Annotated[list[str] | None, passes(backup_rules.REPORTS_RULE, backup_rules.are_reports)] = None
    report_bucket: Annotated[str, rule(backup_rules.BUCKET_RULE, backup_rules.BUCKET)] | None = None
    report_retention_days: Days = None

    @field_validator("cold_storage_days")
    @classmethod
    def _long_enough_in_the_cold(cls, value: int | None, info: ValidationInfo) -> int | None:
        key, kept = max(_retentions(info).items(), key=lambda one: one[1], default=("", None))
        if not backup_rules.stays_cold(kept, value):
            raise ValueError(f"must be {backup_rules.COLD_MINIMUM_DAYS} or more below {key}, {kept}")
        return value

    @field_validator("lock")
    @classmethod
    def _that_can_be_removed(cls, value: str | None, info: ValidationInfo) -> str | None:
        if not backup_rules.can_be_removed(info.data.get("removal"), value or "none"):
            raise ValueError("must be none or left out when removal is destroy")
        return value

    @field_validator("lock_min_days", "lock_max_days", "lock_grace_days")
    @classmethod
    def _of_a_lock(cls, value: int | None, info: ValidationInfo) -> int | None:
        default = "none" if info.data.get("removal") == "destroy" else "governance"
        lock = beside(info, "lock", default)
        if value is not None and lock == "none":
            raise ValueError("must be left out when there is no lock")
        if value is not None and info.field_name == "lock_grace_days" and lock == "governance":
            raise ValueError("must be left out unless lock is compliance")
        return value

    @field_validator("lock_min_days", "lock_max_days")
    @classmethod
    def _that_takes_what_is_kept(cls, value: int | None, info: ValidationInfo) -> int | None:
        for key, kept in _retentions(info).items():
            low, high = (kept, value) if info.field_name == "lock_min_days" else (value, kept)
            if backup_rules.is_below(low, high):
                raise ValueError(f"must take {key}, {kept}")
        return value

    @field_validator("copy_retention_days", "restore_test_schedule", "report_bucket", "report_retention_days")
    @classmethod
    def _with_what_it_is_of(cls, value: Any, info: ValidationInfo) -> Any:
        needed = backup_rules.OF[info.field_name or ""]
        if value is not None and not beside(info, needed, None):
            raise ValueError(f"must be left out without {to_camel(needed)}")
        return value

    @field_validator("report_retention_days")
    @classmethod
    def _in_the_bucket_of_its_own(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value is not None and info.data.get("report_bucket"):
            raise ValueError("must be left out when reportBucket is another's")
        return value


def _retentions(info: ValidationInfo) -> dict[str, int]:
    """What a backup section keeps, by key; empty when one of them is wrong itself."""
    kept = {
        "retentionDays": beside(info, "retention_days", backup_rules.RETENTION_DAYS),
        "weeklyRetentionDays": info.data.get("weekly_retention_days"),
        "monthlyRetentionDays": info.data.get("monthly_retention_days"),
    }
    return {key: days for key, days in kept.items() if days is not None}
