"""BackupVault: what it makes, what it keeps safe, and what it refuses."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway import ArgumentError, BackupVault
from slipway import backup_rules as rules
from tests.unit.mocks import Program, Run

KEY, VAULT, PLAN = "aws:kms/key:Key", "aws:backup/vault:Vault", "aws:backup/plan:Plan"
LOCK = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"
REPORT, BUCKET = "aws:backup/reportPlan:ReportPlan", "aws:s3/bucket:Bucket"
TEST = "aws:backup/restoreTestingPlan:RestoreTestingPlan"
TEST_SELECTION = "aws:backup/restoreTestingSelection:RestoreTestingSelection"
ROLE_ARN = "arn:aws:iam::123456789012:role/backup-role"
AWAY = "arn:aws:backup:eu-west-1:123456789012:backup-vault:away"
OTHER = "arn:aws:backup:eu-central-1:210987654321:backup-vault:other"


def inputs(program: Program, type_: str, name: str) -> dict[str, Any]:
    return program.by_name(type_, name).inputs


def statements(document: str) -> list[dict[str, Any]]:
    return json.loads(document)["Statement"]


def test_children(run: Run, program: Program) -> None:
    run(lambda: BackupVault("backup", {}))
    assert program.children() == [
        "aws:backup/plan:Plan backup-plan",
        "aws:backup/selection:Selection backup-selection",
        "aws:backup/vault:Vault backup-vault",
        "aws:backup/vaultLockConfiguration:VaultLockConfiguration backup-lock",
        "aws:backup/vaultNotifications:VaultNotifications backup-notifications",
        "aws:iam/role:Role backup-role",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment backup-backup",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment backup-restore",
        "aws:kms/key:Key backup-key",
        "aws:sns/topic:Topic backup-jobs",
        "aws:sns/topicPolicy:TopicPolicy backup-jobs-policy",
    ]
    assert {one.parent for one in program.resources if one.name != "backup"} == {"backup"}


def test_vault_and_key_are_protected_by_default_and_nothing_else_is(run: Run, program: Program) -> None:
    run(lambda: BackupVault("backup", {"reports": ["backup"]}))
    protected = {one.name for one in program.resources if one.protect}
    assert protected == {"backup-key", "backup-vault", "backup-reports"}
    key = inputs(program, KEY, "backup-key")
    assert key["enableKeyRotation"] is True
    assert key["deletionWindowInDays"] == 30
    assert inputs(program, VAULT, "backup-vault") == {"kmsKeyArn": "arn:backup-key", "forceDestroy": False}
    assert inputs(program, BUCKET, "backup-reports") == {"forceDestroy": False}


def test_removal_by_request_is_held_back_by_nothing(run: Run, program: Program) -> None:
    run(lambda: BackupVault("backup", {"removal": "destroy", "reports": ["backup"]}))
    assert [one.name for one in program.resources if one.protect] == []
    assert inputs(program, KEY, "backup-key")["deletionWindowInDays"] == 7
    assert inputs(program, VAULT, "backup-vault")["forceDestroy"] is True
    assert inputs(program, BUCKET, "backup-reports")["forceDestroy"] is True
    assert [one.name for one in program.resources if one.type == LOCK] == []


def test_the_key_serves_the_account_and_the_messages_of_aws_backup(run: Run, program: Program) -> None:
    run(lambda: BackupVault("backup", {}))
    administrators, messages = statements(inputs(program, KEY, "backup-key")["policy"])
    assert administrators["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    assert messages == {
        "Effect": "Allow",
        "Principal": {"Service": "backup.amazonaws.com"},
        "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
        "Resource": "*",
    }


def test_the_lock_holds_to_the_plan_and_can_be_taken_back_by_default(run: Run, program: Program) -> None:
    run(lambda: BackupVault("backup", {"weekly_retention_days": 90, "monthly_retention_days": 365}))
    assert inputs(program, LOCK, "backup-lock") == {
        "backupVaultName": "backup-vault",
        "minRetentionDays": 35,
        "maxRetentionDays": 365,
    }


def test_a_compliance_lock_is_asked_for_and_has_days_of_grace(run: Run, program: Program) -> None:
    run(lambda: BackupVault("backup", {"lock": "compliance", "lock_min_days": 7, "lock_max_days": 400}))
    assert inputs(program, LOCK, "backup-lock") == {
        "backupVaultName": "backup-vault",
        "minRetentionDays": 7,
        "maxRetentionDays": 400,
        "changeableForDays": 14,
    }


def test_what_a_vault_has_one_of_goes_before_it_comes_anew(run: Run, program: Program) -> None:
    run(lambda: BackupVault("backup", {"copies_from": ["210987654321"]}))
    first_gone = {one.name for one in program.resources if one.delete_before_replace}
    assert first_gone == {"backup-lock", "backup-notifications", "backup-copies"}


def test_no_lock_by_request(run: Run, program: Program) -> None:
    run(lambda: BackupVault("backup", {"lock": "none"}))
    assert [one.name for one in program.resources if one.type == LOCK] == []


def test_plan_and_selection_by_default(run: Run, program: Program) -> None:
    run(lambda: BackupVault("backup", {}))
    assert inputs(program, PLAN, "backup-plan")["rules"] == [
        {
            "ruleName": "scheduled",
            "targetVaultName": "backup-vault",
            "schedule": "cron(0 3 * * ? *)",
            "startWindow": 60,
            "completionWindow": 480,
            "lifecycle": {"deleteAfter": 35},
        }
    ]
    selection = inputs(program, "aws:backup/selection:Selection", "backup-selection")
    assert selection["selectionTags"] == [{"type": "STRINGEQUALS", "key": "backup", "value": "daily"}]
    assert selection["iamRoleArn"] == ROLE_ARN


def test_weeks_and_months_have_rules_of_their_own_and_what_stays_long_goes_cold(
    run: Run, program: Program
) -> None:
    run(
        lambda: BackupVault(
            "backup",
            {
                "retention_days": 14,
                "weekly_retention_days": 90,
                "monthly_retention_days": 365,
                "cold_storage_days": 30,
                "tag_key": "keep",
                "tag_value": "yes",
            },
        )
    )
    rules_ = inputs(program, PLAN, "backup-plan")["rules"]
    assert {rule["ruleName"]: (rule["schedule"], rule["lifecycle"]) for rule in rules_} == {
        "scheduled": ("cron(0 3 * * ? *)", {"deleteAfter": 14}),
        "weekly": ("cron(0 4 ? * SUN *)", {"deleteAfter": 90}),
        "monthly": ("cron(0 5 1 * ? *)", {"deleteAfter": 365, "coldStorageAfter": 30}),
    }
    selection = inputs(program, "aws:backup/selection:Selection", "backup-selection")
    assert selection["selectionTags"] == [{"type": "STRINGEQUALS", "key": "keep", "value": "yes"}]


def test_copies_go_to_every_vault_and_stay_as_long_as_asked_for(run: Run, program: Program) -> None:
    run(lambda: BackupVault("backup", {"copy_to": [AWAY, OTHER]}))
    assert inputs(program, PLAN, "backup-plan")["rules"][0]["copyActions"] == [
        {"destinationVaultArn": arn, "lifecycle": {"deleteAfter": 35}} for arn in (AWAY, OTHER)
    ]
    program.resources.clear()
    run(lambda: BackupVault("backup", {"copy_to": [AWAY], "copy_retention_days": 7}))
    copies = inputs(program, PLAN, "backup-plan")["rules"][0]["copyActions"]
    assert copies == [{"destinationVaultArn": AWAY, "lifecycle": {"deleteAfter": 7}}]


def test_copies_may_go_to_a_vault_that_is_not_known_yet(run: Run, program: Program) -> None:
    def build() -> None:
        away = BackupVault("away", {})
        BackupVault("backup", {"copy_to": [away.vault_arn]})

    run(build)
    copies = inputs(program, PLAN, "backup-plan")["rules"][0]["copyActions"]
    assert copies[0]["destinationVaultArn"] == "arn:away-vault"


def test_other_accounts_may_copy_into_the_vault_and_do_nothing_else(run: Run, program: Program) -> None:
    run(lambda: BackupVault("backup", {"copies_from": ["210987654321"]}))
    policy = inputs(program, "aws:backup/vaultPolicy:VaultPolicy", "backup-copies")
    assert policy["backupVaultName"] == "backup-vault"
    assert statements(policy["policy"]) == [
        {
            "Effect": "Allow",
            "Principal": {"AWS": ["arn:aws:iam::210987654321:root"]},
            "Action": "backup:CopyIntoBackupVault",
            "Resource": "*",
        }
    ]


def test_only_aws_backup_may_take_the_role(run: Run, program: Program) -> None:
    run(lambda: BackupVault("backup", {}))
    trust = inputs(program, "aws:iam/role:Role", "backup-role")["assumeRolePolicy"]
    assert statements(trust) == [
        {"Effect": "Allow", "Principal": {"Service": "backup.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ]


def test_an_encrypted_topic_is_told_of_ended_jobs_by_aws_backup_alone(run: Run, program: Program) -> None:
    run(lambda: BackupVault("backup", {}))
    assert inputs(program, "aws:sns/topic:Topic", "backup-jobs") == {"kmsMasterKeyId": "arn:backup-key"}
    told = program.by_name("aws:backup/vaultNotifications:VaultNotifications", "backup-notifications")
    assert told.inputs == {
        "backupVaultName": "backup-vault",
        "snsTopicArn": "arn:backup-jobs",
        "backupVaultEvents": ["BACKUP_JOB_COMPLETED", "COPY_JOB_FAILED", "RESTORE_JOB_COMPLETED"],
    }
    assert "backup-jobs-policy" in told.depends_on
    policy = inputs(program, "aws:sns/topicPolicy:TopicPolicy", "backup-jobs-policy")["policy"]
    publish, in_clear = statements(policy)
    assert publish["Principal"] == {"Service": "backup.amazonaws.com"}
    assert (publish["Action"], publish["Resource"]) == ("sns:Publish", "arn:backup-jobs")
    assert (in_clear["Effect"], in_clear["Condition"]) == (
        "Deny",
        {"Bool": {"aws:SecureTransport": "false"}},
    )


def test_mail_goes_out_for_what_did_not_complete(run: Run, program: Program) -> None:
    run(lambda: BackupVault("backup", {"notify": ["ops@example.com"]}))
    mail = inputs(program, "aws:sns/topicSubscription:TopicSubscription", "backup-mail-ops@example.com")
    assert (mail["protocol"], mail["endpoint"], mail["topic"]) == (
        "email",
        "ops@example.com",
        "arn:backup-jobs",
    )
    assert json.loads(mail["filterPolicy"]) == {"State": [{"anything-but": ["COMPLETED"]}]}


def test_restores_are_tested_by_type_of_what_carries_the_tag(run: Run, program: Program) -> None:
    run(lambda: BackupVault("backup", {"restore_tests": ["RDS", "EBS"]}))
    assert inputs(program, TEST, "backup-restore-test") == {
        "name": "slipway_test_backup",
        "scheduleExpression": "cron(0 6 ? * SUN *)",
        "scheduleExpressionTimezone": "Etc/UTC",
        "startWindowHours": 8,
        "recoveryPointSelection": {
            "algorithm": "LATEST_WITHIN_WINDOW",
            "includeVaults": ["arn:backup-vault"],
            "recoveryPointTypes": ["CONTINUOUS", "SNAPSHOT"],
            "selectionWindowDays": 30,
        },
    }
    assert inputs(program, TEST_SELECTION, "backup-restore-test-rds") == {
        "name": "RDS",
        "restoreTestingPlanName": "slipway_test_backup",
        "protectedResourceType": "RDS",
        "protectedResourceConditions": {
            "stringEquals": [{"key": "aws:ResourceTag/backup", "value": "daily"}]
        },
        "iamRoleArn": ROLE_ARN,
    }
    assert program.by_name(TEST_SELECTION, "backup-restore-test-ebs").inputs["name"] == "EBS"


def test_names_that_take_no_hyphen_get_none_and_stay_short_enough(run: Run, program: Program) -> None:
    name = "backup-of-everything-in-the-north-and-in-the-south"
    run(lambda: BackupVault(name, {"restore_tests": ["S3"], "restore_test_schedule": "rate(7 days)"}))
    plan = inputs(program, TEST, f"{name}-restore-test")
    assert plan["name"] == name.replace("-", "_")
    assert plan["scheduleExpression"] == "rate(7 days)"


def test_reports_lie_in_a_private_bucket(run: Run, program: Program) -> None:
    bucket = run(lambda: BackupVault("backup", {"reports": ["backup", "restore"]}).report_bucket)
    assert bucket == "backup-reports-made"
    assert inputs(program, REPORT, "backup-restore-report") == {
        "name": "slipway_test_backup_restore",
        "reportDeliveryChannel": {"s3BucketName": "backup-reports-made", "formats": ["CSV", "JSON"]},
        "reportSetting": {"reportTemplate": "RESTORE_JOB_REPORT"},
    }
    access = inputs(
        program, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "backup-reports-private"
    )
    assert [value for value in access.values() if isinstance(value, bool)] == [True] * 4
    owner = inputs(program, "aws:s3/bucketOwnershipControls:BucketOwnershipControls", "backup-reports-owner")
    assert owner["rule"] == {"objectOwnership": "BucketOwnerEnforced"}
    (encryption,) = inputs(
        program,
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "backup-reports-encryption",
    )["rules"]
    assert encryption == {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
    versions = inputs(program, "aws:s3/bucketVersioning:BucketVersioning", "backup-reports-versions")
    assert versions["versioningConfiguration"] == {"status": "Enabled"}
    lifecycle = program.by_name(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "backup-reports-lifecycle"
    )
    assert "backup-reports-versions" in lifecycle.depends_on
    (rule,) = lifecycle.inputs["rules"]
    assert rule == {
        "id": "reports",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "expiration": {"days": 400},
        "noncurrentVersionExpiration": {"noncurrentDays": 30},
        "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
    }


def test_only_aws_backup_may_put_reports_and_nobody_in_clear(run: Run, program: Program) -> None:
    run(lambda: BackupVault("backup", {"reports": ["copy"], "report_retention_days": 30}))
    policy = program.by_name("aws:s3/bucketPolicy:BucketPolicy", "backup-reports-policy")
    assert "backup-copy-report" in policy.depends_on, "AWS makes the role with the first report plan"
    put, in_clear = statements(policy.inputs["policy"])
    assert put == {
        "Effect": "Allow",
        "Principal": {
            "AWS": "arn:aws:iam::123456789012:role/aws-service-role/reports.backup.amazonaws.com/"
            "AWSServiceRoleForBackupReports"
        },
        "Action": "s3:PutObject",
        "Resource": "arn:backup-reports/*",
        "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}},
    }
    assert (in_clear["Effect"], in_clear["Principal"]) == ("Deny", "*")
    assert in_clear["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    lifecycle = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    assert inputs(program, lifecycle, "backup-reports-lifecycle")["rules"][0]["expiration"] == {"days": 30}


def test_reports_into_a_bucket_that_is_there(run: Run, program: Program) -> None:
    bucket = run(lambda: BackupVault("backup", {"reports": ["copy"], "report_bucket": "audit"}).report_bucket)
    assert bucket == "audit"
    assert [one.name for one in program.resources if one.type.startswith("aws:s3")] == []
    assert inputs(program, REPORT, "backup-copy-report")["reportDeliveryChannel"]["s3BucketName"] == "audit"


def test_outputs(run: Run) -> None:
    def build() -> dict[str, pulumi.Output[str]]:
        vault = BackupVault("backup", {})
        return {
            "vault_name": vault.vault_name,
            "vault_arn": vault.vault_arn,
            "plan_id": vault.plan_id,
            "role_arn": vault.role_arn,
            "topic_arn": vault.topic_arn,
            "report_bucket": vault.report_bucket,
        }

    assert run(build) == {
        "vault_name": "backup-vault",
        "vault_arn": "arn:backup-vault",
        "plan_id": "backup-plan-id",
        "role_arn": ROLE_ARN,
        "topic_arn": "arn:backup-jobs",
        "report_bucket": "",
    }


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"retention_days": 0}, "retention_days must be 1-36500, got 0"),
        ({"retention_days": "35"}, "retention_days must be 1-36500, got '35'"),
        ({"weekly_retention_days": 0}, "weekly_retention_days must be 1-36500, got 0"),
        ({"monthly_retention_days": True}, "monthly_retention_days must be 1-36500, got True"),
        (
            {"retention_days": 50, "cold_storage_days": 30},
            "cold_storage_days 30 needs a retention of 90 days more, the longest is 50",
        ),
        ({"cold_storage_days": 36411}, "cold_storage_days must be 1-36410"),
        ({"schedule": "daily"}, "schedule must be cron(…) with six fields, or rate(…), got 'daily'"),
        ({"schedule": "cron(0 3 * *)"}, "schedule must be cron(…) with six fields"),
        ({"removal": "yes"}, "removal must be one of protect, destroy, got 'yes'"),
        ({"tag_key": ""}, "tag_key must be a tag's key"),
        ({"tag_value": 1}, "tag_value must be a tag's value"),
        ({"retention": 3}, "did you mean retention_days?"),
        ({"copy_to": ["vault"]}, "copy_to must be ARNs of backup vaults, each once, got ['vault']"),
        ({"copy_to": AWAY}, "copy_to must be a list, got str"),
        ({"copy_retention_days": 7}, "leave copy_retention_days out: what it is for is not asked for"),
        ({"copies_from": ["1234"]}, "copies_from must be numbers of AWS accounts"),
        ({"lock": True}, "lock must be one of none, governance, compliance, got True"),
        ({"lock_min_days": 40}, "lock_min_days 40 refuses what is kept 35 days"),
        ({"lock_max_days": 30}, "lock_max_days 30 refuses what is kept 35 days"),
        ({"lock_max_days": 0}, "lock_max_days must be 1-36500"),
        ({"lock": "none", "lock_min_days": 7}, "leave lock_min_days out"),
        ({"lock_grace_days": 7}, "leave lock_grace_days out"),
        ({"lock": "compliance", "lock_grace_days": 2}, "lock_grace_days must be 3-36500, got 2"),
        (
            {"removal": "destroy", "lock": "governance"},
            "removal \"destroy\" allows no lock, got 'governance'",
        ),
        ({"notify": ["ops"]}, "notify must be e-mail addresses, each once, got ['ops']"),
        ({"restore_tests": ["rds"]}, "restore_tests must be of Aurora, DocumentDB,"),
        (
            {"restore_tests": ["RDS"], "restore_test_schedule": "weekly"},
            "restore_test_schedule must be cron(…)",
        ),
        ({"restore_test_schedule": "rate(7 days)"}, "leave restore_test_schedule out"),
        ({"reports": [["backup"]]}, "reports must be of backup, copy, restore"),
        ({"reports": ["jobs"]}, "reports must be of backup, copy, restore, each once, got ['jobs']"),
        ({"report_bucket": "audit"}, "leave report_bucket out"),
        (
            {"reports": ["backup"], "report_bucket": "A"},
            "report_bucket must be the name of a bucket, got 'A'",
        ),
        (
            {"reports": ["backup"], "report_bucket": "audit", "report_retention_days": 30},
            "leave report_retention_days out",
        ),
        ({"reports": ["backup"], "report_retention_days": 0}, "report_retention_days must be 1-36500"),
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


DAYS = st.one_of(st.none(), st.text(max_size=3), st.integers(-5, 40000))


@given(DAYS, DAYS)
def test_cold_storage_is_held_against_nothing_that_is_wrong_itself(kept: Any, cold: Any) -> None:
    right = rules.is_days(kept) and rules.is_cold_days(cold)
    assert rules.stays_cold(kept, cold) == (not right or kept - cold >= 90)


JUNK = st.recursive(st.one_of(DAYS, st.booleans()), lambda inner: st.lists(inner, max_size=3), max_leaves=5)


@given(JUNK)
def test_rules_answer_to_anything(value: Any) -> None:
    for rule in (
        rules.are_vaults,
        rules.are_accounts,
        rules.are_addresses,
        rules.are_reports,
        rules.are_restorable,
    ):
        assert rule(value) is (value == [])
    assert not rules.is_schedule(value)
    assert rules.can_be_removed("destroy", value)


@given(st.lists(DAYS))
def test_shortest_and_longest_are_of_what_is_right(retentions: list[Any]) -> None:
    right = [days for days in retentions if rules.is_days(days)]
    assert rules.shortest(*retentions) == (min(right) if right else None)
    assert rules.longest(*retentions) == (max(right) if right else None)
