"""What a backup vault's arguments may be, and what fits together: pure, for the component and for the settings of a stack alike.

A rule between two values holds when one of them is wrong by itself: that has been told already.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from slipway.validation import SCHEDULE, is_list_of, is_whole, matches

RETENTION_DAYS = 35
LONGEST_DAYS = 36500
COLD_MINIMUM_DAYS = 90
GRACE_DAYS = 3
"""AWS gives a vault lock in compliance mode this time at least before nobody can take it back."""

LOCKS = ("none", "governance", "compliance")
REPORTS: Mapping[str, str] = {
    "backup": "BACKUP_JOB_REPORT",
    "copy": "COPY_JOB_REPORT",
    "restore": "RESTORE_JOB_REPORT",
}
RESTORABLE = (
    *("Aurora", "DocumentDB", "DynamoDB", "EBS", "EC2", "EFS"),
    *("FSx", "Neptune", "RDS", "S3"),
)
"""Types that AWS can restore for a test: https://docs.aws.amazon.com/aws-backup/latest/devguide/restore-testing.html"""

OF: Mapping[str, str] = {
    "copy_retention_days": "copy_to",
    "restore_test_schedule": "restore_tests",
    "report_bucket": "reports",
    "report_retention_days": "reports",
}
"""Arguments that say nothing without another one."""

SCHEDULE_RULE = "cron(…) with six fields, or rate(…)"
VAULTS_RULE = "ARNs of backup vaults, each once"
ACCOUNTS_RULE = "numbers of AWS accounts, of twelve digits, each once"
ADDRESSES_RULE = "e-mail addresses, each once"
REPORTS_RULE = f"of {', '.join(REPORTS)}, each once"
RESTORE_TEST_RULE = f"of {', '.join(RESTORABLE)}, each once"
BUCKET_RULE = "the name of a bucket"

BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_ACCOUNT = re.compile(r"\d{12}")
_VAULT = re.compile(r"arn:aws[-a-z]*:backup:[a-z0-9-]+:\d{12}:backup-vault:[A-Za-z0-9_.-]{1,50}")

is_schedule = matches(SCHEDULE)
is_days = is_whole(1, LONGEST_DAYS)
is_cold_days = is_whole(1, LONGEST_DAYS - COLD_MINIMUM_DAYS)
is_grace_days = is_whole(GRACE_DAYS, LONGEST_DAYS)
are_vaults = is_list_of(matches(_VAULT))
are_accounts = is_list_of(matches(_ACCOUNT))
are_addresses = is_list_of(matches(_ADDRESS))
are_reports = is_list_of(lambda report: report in tuple(REPORTS))
are_restorable = is_list_of(lambda kind: kind in RESTORABLE)


def stays_cold(retention_days: Any, cold_storage_days: Any) -> bool:
    """AWS keeps what it has moved to cold storage there for its least time."""
    if not (is_days(retention_days) and is_cold_days(cold_storage_days)):
        return True
    return retention_days >= cold_storage_days + COLD_MINIMUM_DAYS


def longest(*retentions: Any) -> int | None:
    """The longest of those that are known and right."""
    return max(_right(retentions), default=None)


def shortest(*retentions: Any) -> int | None:
    """The shortest of those that are known and right."""
    return min(_right(retentions), default=None)


def is_below(days: Any, other: Any) -> bool:
    """Whether both are right, and the one is less than the other."""
    return is_days(days) and is_days(other) and days < other


def can_be_removed(removal: Any, lock: Any) -> bool:
    """A lock holds on to what the removal would delete."""
    return removal != "destroy" or lock not in LOCKS or lock == "none"


def _right(retentions: Iterable[Any]) -> list[int]:
    return [days for days in retentions if is_days(days)]
