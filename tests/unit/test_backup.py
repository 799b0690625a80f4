"""BackupVault: what it makes, what it keeps safe, and what it refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from slipway import ArgumentError, BackupVault
from tests.unit.mocks import Program, Run

KEY, VAULT, PLAN = "aws:kms/key:Key", "aws:backup/vault:Vault", "aws:backup/plan:Plan"


def test_children(run: Run, program: Program) -> None:
    run(lambda: BackupVault("backup", {}))
    assert program.children() == [
        "aws:backup/plan:Plan backup-plan",
        "aws:backup/selection:Selection backup-selection",
        "aws:backup/vault:Vault backup-vault",
        "aws:iam/role:Role backup-role",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment backup-backup",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment backup-restore",
        "aws:kms/key:Key backup-key",
    ]


def test_vault_and_key_are_protected_by_default(run: Run, program: Program) -> None:
    run(lambda: BackupVault("backup", {}))
    key, vault = program.by_name(KEY, "backup-key"), program.by_name(VAULT, "backup-vault")
    assert (key.protect, vault.protect) == (True, True)
    assert key.inputs["enableKeyRotation"] is True
    assert key.inputs["deletionWindowInDays"] == 30
    assert vault.inputs == {"kmsKeyArn": "arn:backup-key", "forceDestroy": False}


def test_removal_by_request(run: Run, program: Program) -> None:
    run(lambda: BackupVault("backup", {"removal": "destroy"}))
    key, vault = program.by_name(KEY, "backup-key"), program.by_name(VAULT, "backup-vault")
    assert (key.protect, vault.protect) == (False, False)
    assert key.inputs["deletionWindowInDays"] == 7
    assert vault.inputs["forceDestroy"] is True


def test_plan_and_selection(run: Run, program: Program) -> None:
    run(
        lambda: BackupVault("backup", {"retention_days": 120, "cold_storage_days": 30, "tag_value": "hourly"})
    )
    assert program.by_name(PLAN, "backup-plan").inputs["rules"] == [
        {
            "ruleName": "scheduled",
            "targetVaultName": "backup-vault",
            "schedule": "cron(0 3 * * ? *)",
            "startWindow": 60,
            "completionWindow": 480,
            "lifecycle": {"deleteAfter": 120, "coldStorageAfter": 30},
        }
    ]
    selection = program.by_name("aws:backup/selection:Selection", "backup-selection").inputs
    assert selection["selectionTags"] == [{"type": "STRINGEQUALS", "key": "backup", "value": "hourly"}]
    assert selection["iamRoleArn"] == "arn:backup-role"


def test_only_aws_backup_may_take_the_role(run: Run, program: Program) -> None:
    run(lambda: BackupVault("backup", {}))
    trust = json.loads(program.by_name("aws:iam/role:Role", "backup-role").inputs["assumeRolePolicy"])
    assert trust["Statement"] == [
        {"Effect": "Allow", "Principal": {"Service": "backup.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"retention_days": 0}, "retention_days must be 1-36500, got 0"),
        ({"retention_days": 50, "cold_storage_days": 30}, "needs retention_days of 90 more, got 50"),
        ({"schedule": "daily"}, "schedule must be cron(…) with six fields, or rate(…), got 'daily'"),
        ({"schedule": "cron(0 3 * *)"}, "schedule must be cron(…) with six fields"),
        ({"removal": "yes"}, "removal must be one of protect, destroy, got 'yes'"),
        ({"tag_key": ""}, "tag_key must be a tag's key"),
        ({"retention": 3}, "did you mean retention_days?"),
    ],
)
def test_wrong_arguments(run: Run, program: Program, args: Any, message: str) -> None:
    with pytest.raises(ArgumentError) as error:
        run(lambda: BackupVault("backup", args))
    assert message in str(error.value)
    assert program.resources == []


def test_all_problems_come_at_once(run: Run) -> None:
    with pytest.raises(ArgumentError) as error:
        run(lambda: BackupVault("backup", {"retention_days": 0, "removal": "no", "x": 1}))  # pyright: ignore[reportArgumentType]
    assert str(error.value).count(";") >= 2
