"""Audit: its parts, each on its own, what they watch, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from slipway import ArgumentError, Audit, audit_policies
from slipway.iam_policy import Home
from tests.unit.mocks import Mocks, Program, Registered, Run

KEY = "arn:aws:kms:eu-central-1:123456789012:key/audit-key"
HUB = "arn:aws:securityhub:eu-central-1:123456789012:hub/default"
BUDGET: Any = {"monthly_usd": 500, "addresses": ["ops@example.com", "cfo@example.com"]}
LOGS = [
    "aws:kms/key:Key audit-key",
    "aws:s3/bucket:Bucket audit-logs",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration audit-logs-lifecycle",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls audit-logs-ownership",
    "aws:s3/bucketPolicy:BucketPolicy audit-logs-policy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock audit-logs-public-access",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration audit-logs-encryption",
    "aws:s3/bucketVersioning:BucketVersioning audit-logs-versioning",
]
RULES = {
    "audit-root-account-mfa-enabled": "ROOT_ACCOUNT_MFA_ENABLED",
    "audit-iam-root-access-key-check": "IAM_ROOT_ACCESS_KEY_CHECK",
    "audit-mfa-enabled-for-iam-console-access": "MFA_ENABLED_FOR_IAM_CONSOLE_ACCESS",
    "audit-encrypted-volumes": "ENCRYPTED_VOLUMES",
    "audit-rds-storage-encrypted": "RDS_STORAGE_ENCRYPTED",
    "audit-eks-secrets-encrypted": "EKS_SECRETS_ENCRYPTED",
    "audit-s3-bucket-ssl-requests-only": "S3_BUCKET_SSL_REQUESTS_ONLY",
    "audit-s3-bucket-public-read-prohibited": "S3_BUCKET_PUBLIC_READ_PROHIBITED",
    "audit-s3-bucket-public-write-prohibited": "S3_BUCKET_PUBLIC_WRITE_PROHIBITED",
    "audit-rds-instance-public-access-check": "RDS_INSTANCE_PUBLIC_ACCESS_CHECK",
    "audit-vpc-default-security-group-closed": "VPC_DEFAULT_SECURITY_GROUP_CLOSED",
    "audit-incoming-ssh-disabled": "INCOMING_SSH_DISABLED",
}
PARTS: dict[str, list[str]] = {
    "trail": [
        *LOGS,
        "aws:cloudtrail/trail:Trail audit-trail",
        "aws:kms/keyPolicy:KeyPolicy audit-key-policy",
    ],
    "config": [
        *LOGS,
        "aws:cfg/deliveryChannel:DeliveryChannel audit-channel",
        "aws:cfg/recorder:Recorder audit-recorder",
        "aws:cfg/recorderStatus:RecorderStatus audit-recording",
        "aws:iam/role:Role audit-config",
        "aws:iam/rolePolicy:RolePolicy audit-config-delivers",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment audit-config-reads",
        *(f"aws:cfg/rule:Rule {name}" for name in RULES),
    ],
    "guard-duty": [
        "aws:guardduty/detector:Detector audit-detector",
        *(
            f"aws:guardduty/detectorFeature:DetectorFeature audit-threats-{source}"
            for source in ("s3", "eks", "malware", "rds", "lambda")
        ),
    ],
    "security-hub": [
        "aws:securityhub/account:Account audit-hub",
        "aws:securityhub/standardsSubscription:StandardsSubscription "
        "audit-aws-foundational-security-best-practices-1.0.0",
        "aws:securityhub/standardsSubscription:StandardsSubscription audit-cis-aws-foundations-benchmark-3.0.0",
    ],
    "access-analyzer": ["aws:accessanalyzer/analyzer:Analyzer audit-analyzer"],
}


@pytest.fixture(autouse=True)
def _made(monkeypatch: pytest.MonkeyPatch) -> None:
    """ARNs as AWS writes them: the component reads its own."""
    for name, outputs in {
        "audit-key": {"arn": KEY},
        "audit-logs": {"bucket": "logs", "arn": "arn:aws:s3:::logs"},
        "audit-hub": {"arn": HUB},
    }.items():
        monkeypatch.setitem(Mocks.made, name, outputs)


def make(run: Run, **args: Any) -> Any:
    given: Any = args

    def outputs() -> Any:
        made = Audit("audit", given)
        return {output: getattr(made, output) for output in Audit.__annotations__}

    return run(outputs)


def policy(resource: Registered) -> dict[str, Any]:
    statements = json.loads(resource.inputs["policy"])["Statement"]
    return {statement["Sid"]: statement for statement in statements}


def test_everything_but_a_budget_by_default(run: Run, program: Program) -> None:
    outputs = make(run)
    assert program.children() == sorted({child for children in PARTS.values() for child in children})
    assert {child.parent for child in program.resources if child.type.startswith("aws:")} == {"audit"}
    assert outputs == {
        "log_bucket_name": "logs",
        "log_key_arn": KEY,
        "trail_arn": "arn:audit-trail",
        "detector_id": "audit-detector-id",
        "hub_arn": HUB,
        "analyzer_arn": "arn:audit-analyzer",
    }


@pytest.mark.parametrize("part", PARTS)
def test_each_part_alone(run: Run, program: Program, part: str) -> None:
    make(run, parts=[part])
    assert program.children() == sorted(PARTS[part])


def test_a_budget_alone_tells_nothing_of_what_is_not_there(run: Run, program: Program) -> None:
    outputs = make(run, parts=[], budget=BUDGET)
    assert program.children() == ["aws:budgets/budget:Budget audit-budget"]
    assert set(outputs.values()) == {""}
    assert "accountId" not in program.by_name("aws:budgets/budget:Budget", "audit-budget").inputs


def test_budget(run: Run, program: Program) -> None:
    make(run, parts=["trail"], budget=BUDGET)

    def notification(kind: str, percent: int) -> dict[str, Any]:
        return {
            "notificationType": kind,
            "comparisonOperator": "GREATER_THAN",
            "threshold": percent,
            "thresholdType": "PERCENTAGE",
            "subscriberEmailAddresses": ["ops@example.com", "cfo@example.com"],
        }

    assert program.by_name("aws:budgets/budget:Budget", "audit-budget").inputs == {
        "accountId": "123456789012",
        "budgetType": "COST",
        "timeUnit": "MONTHLY",
        "limitAmount": "500",
        "limitUnit": "USD",
        "notifications": [notification("ACTUAL", 80), notification("FORECASTED", 100)],
    }


def test_budget_at_other_marks(run: Run, program: Program) -> None:
    make(run, parts=[], budget={**BUDGET, "actual_percent": 50, "forecast_percent": 120})
    notifications = program.by_name("aws:budgets/budget:Budget", "audit-budget").inputs["notifications"]
    assert [notification["threshold"] for notification in notifications] == [50, 120]


def test_trail(run: Run, program: Program) -> None:
    make(run, parts=["trail"])
    trail = program.by_name("aws:cloudtrail/trail:Trail", "audit-trail")
    assert trail.inputs == {
        "s3BucketName": "logs",
        "kmsKeyId": KEY,
        "isMultiRegionTrail": True,
        "includeGlobalServiceEvents": True,
        "enableLogFileValidation": True,
    }
    assert {"audit-logs-policy", "audit-key-policy"} <= trail.depends_on
    bucket = policy(program.by_name("aws:s3/bucketPolicy:BucketPolicy", "audit-logs-policy"))
    assert set(bucket) == {"TlsOnly", "TrailLooks", "TrailWrites"}
    source = {"ArnLike": {"aws:SourceArn": "arn:aws:cloudtrail:*:123456789012:trail/*"}}
    assert bucket["TrailLooks"]["Condition"] == source
    assert bucket["TrailWrites"]["Resource"] == "arn:aws:s3:::logs/AWSLogs/123456789012/*"
    assert bucket["TrailWrites"]["Condition"] == {
        **source,
        "StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"},
    }


def test_what_the_key_s_policy_lets_do(run: Run, program: Program) -> None:
    make(run, parts=["trail"])
    key = program.by_name("aws:kms/keyPolicy:KeyPolicy", "audit-key-policy")
    statements = policy(key)
    assert key.inputs["keyId"] == "audit-key-id"
    assert statements["Account"]["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    assert statements["TrailEncrypts"]["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]
    trails = "arn:aws:cloudtrail:*:123456789012:trail/*"
    assert statements["TrailEncrypts"]["Condition"] == {
        "ArnLike": {"aws:SourceArn": trails},
        "StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": trails},
    }
    assert statements["TrailLooks"]["Action"] == "kms:DescribeKey"


def test_the_logs_are_kept(run: Run, program: Program) -> None:
    make(run)
    key = program.by_name("aws:kms/key:Key", "audit-key")
    bucket = program.by_name("aws:s3/bucket:Bucket", "audit-logs")
    assert (key.protect, bucket.protect) == (True, True)
    assert bucket.inputs == {"forceDestroy": False}
    lifecycle = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    (rule,) = program.by_name(lifecycle, "audit-logs-lifecycle").inputs["rules"]
    assert rule["expiration"] == {"days": 365}
    assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 30}


def test_logs_kept_otherwise(run: Run, program: Program) -> None:
    make(run, removal="destroy", log_days=30)
    assert not program.by_name("aws:kms/key:Key", "audit-key").protect
    assert program.by_name("aws:s3/bucket:Bucket", "audit-logs").inputs == {"forceDestroy": True}
    lifecycle = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    (rule,) = program.by_name(lifecycle, "audit-logs-lifecycle").inputs["rules"]
    assert rule["expiration"] == {"days": 30}


def test_config_records_everything_and_starts_in_order(run: Run, program: Program) -> None:
    make(run, parts=["config"])
    recorder = program.by_name("aws:cfg/recorder:Recorder", "audit-recorder")
    assert recorder.inputs == {
        "roleArn": "arn:audit-config",
        "recordingGroup": {"allSupported": True, "includeGlobalResourceTypes": True},
        "recordingMode": {"recordingFrequency": "CONTINUOUS"},
    }
    channel = program.by_name("aws:cfg/deliveryChannel:DeliveryChannel", "audit-channel")
    assert channel.inputs == {"s3BucketName": "logs", "s3KmsKeyArn": KEY}
    assert {"audit-recorder", "audit-logs-policy"} <= channel.depends_on
    status = program.by_name("aws:cfg/recorderStatus:RecorderStatus", "audit-recording")
    assert status.inputs == {"name": "audit-recorder", "isEnabled": True}
    assert "audit-channel" in status.depends_on
    for name, identifier in RULES.items():
        rule = program.by_name("aws:cfg/rule:Rule", name)
        assert rule.inputs == {"source": {"owner": "AWS", "sourceIdentifier": identifier}}
        assert "audit-recording" in rule.depends_on
    bucket = policy(program.by_name("aws:s3/bucketPolicy:BucketPolicy", "audit-logs-policy"))
    assert set(bucket) == {"TlsOnly"}


def test_config_of_one_s_own(run: Run, program: Program) -> None:
    make(run, parts=["config"], config_rules=["ENCRYPTED_VOLUMES"], config_recording="daily")
    recorder = program.by_name("aws:cfg/recorder:Recorder", "audit-recorder").inputs
    assert recorder["recordingMode"] == {"recordingFrequency": "DAILY"}
    assert [name for name in program.children() if ":Rule " in name] == [
        "aws:cfg/rule:Rule audit-encrypted-volumes"
    ]


def test_config_s_role(run: Run, program: Program) -> None:
    make(run, parts=["config"])
    trust = json.loads(program.by_name("aws:iam/role:Role", "audit-config").inputs["assumeRolePolicy"])
    assert trust["Statement"][0]["Principal"] == {"Service": "config.amazonaws.com"}
    reads = program.by_name("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "audit-config-reads")
    assert reads.inputs["policyArn"] == "arn:aws:iam::aws:policy/service-role/AWS_ConfigRole"
    delivers = policy(program.by_name("aws:iam/rolePolicy:RolePolicy", "audit-config-delivers"))
    assert delivers["Write"]["Resource"] == "arn:aws:s3:::logs/AWSLogs/123456789012/Config/*"
    assert delivers["Look"]["Resource"] == "arn:aws:s3:::logs"
    assert delivers["Encrypt"]["Resource"] == KEY


def test_each_threat_source_is_said_to_be_on_or_off(run: Run, program: Program) -> None:
    make(run, parts=["guard-duty"], threat_sources=["eks"])
    detector = program.by_name("aws:guardduty/detector:Detector", "audit-detector").inputs
    assert detector == {"enable": True, "findingPublishingFrequency": "FIFTEEN_MINUTES"}
    features = {
        resource.inputs["name"]: resource.inputs["status"]
        for resource in program.resources
        if resource.type == "aws:guardduty/detectorFeature:DetectorFeature"
    }
    assert features == {
        "S3_DATA_EVENTS": "DISABLED",
        "EKS_AUDIT_LOGS": "ENABLED",
        "EBS_MALWARE_PROTECTION": "DISABLED",
        "RDS_LOGIN_EVENTS": "DISABLED",
        "LAMBDA_NETWORK_LOGS": "DISABLED",
    }


def test_all_threat_sources_by_default(run: Run, program: Program) -> None:
    make(run, parts=["guard-duty"])
    feature = "aws:guardduty/detectorFeature:DetectorFeature"
    states = [resource.inputs["status"] for resource in program.resources if resource.type == feature]
    assert states == ["ENABLED"] * 5


def test_security_hub(run: Run, program: Program) -> None:
    make(run, parts=["security-hub"], standards=["nist-800-53/v/5.0.0"])
    assert program.by_name("aws:securityhub/account:Account", "audit-hub").inputs == {
        "enableDefaultStandards": False,
        "autoEnableControls": True,
        "controlFindingGenerator": "SECURITY_CONTROL",
    }
    standard = "aws:securityhub/standardsSubscription:StandardsSubscription"
    assert program.by_name(standard, "audit-nist-800-53-5.0.0").inputs == {
        "standardsArn": "arn:aws:securityhub:eu-central-1::standards/nist-800-53/v/5.0.0"
    }


def test_access_analyzer(run: Run, program: Program) -> None:
    make(run, parts=["access-analyzer"])
    analyzer = program.by_name("aws:accessanalyzer/analyzer:Analyzer", "audit-analyzer").inputs
    assert analyzer == {"analyzerName": "slipway-test-audit", "type": "ACCOUNT"}


def test_policies_know_their_partition() -> None:
    home = Home("aws-cn", "cn-north-1", "123456789012")
    assert audit_policies.trails_of(home) == "arn:aws-cn:cloudtrail:*:123456789012:trail/*"
    assert "arn:aws-cn:iam::123456789012:root" in audit_policies.key_policy(home)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            {"parts": ["trails"]},
            "parts must be of trail, config, guard-duty, security-hub, access-analyzer, got ['trails']",
        ),
        ({"parts": "trail"}, "parts must be a list, got str"),
        ({"parts": 3, "standards": []}, "parts must be a list, got int"),
        ({"budget": 500}, "budget must be a dictionary whose keys are text, got int"),
        ({"parts": ["trail", "trail"]}, "parts must be of trail,"),
        ({"parts": []}, "parts is empty and there is no budget: there is nothing to make"),
        ({"log_days": 29}, "log_days must be 30-36500, got 29"),
        ({"log_days": "365"}, "log_days must be 30-36500, got '365'"),
        ({"config_rules": ["encrypted-volumes"]}, "config_rules must be identifiers of AWS's managed rules"),
        ({"config_recording": "hourly"}, "config_recording must be one of continuous, daily, got 'hourly'"),
        ({"threat_sources": ["dns"]}, "threat_sources must be of s3, eks, malware, rds, lambda, got ['dns']"),
        ({"standards": ["cis"]}, "standards must be the ends of standards' ARNs, as aws-foundational-"),
        ({"removal": 1}, "removal must be one of protect, destroy, got 1"),
        ({"budget": {}}, "budget.addresses is missing; budget.monthly_usd is missing"),
        ({"budget": {**BUDGET, "monthly_usd": 0}}, "budget.monthly_usd must be 1-100000000, got 0"),
        ({"budget": {**BUDGET, "monthly_usd": 9.5}}, "budget.monthly_usd must be 1-100000000, got 9.5"),
        (
            {"budget": {**BUDGET, "addresses": []}},
            "budget.addresses must be 1 to 10 e-mail addresses, got []",
        ),
        ({"budget": {**BUDGET, "addresses": ["ops"]}}, "budget.addresses must be 1 to 10 e-mail addresses"),
        (
            {"budget": {**BUDGET, "addresses": [f"{n}@example.com" for n in range(11)]}},
            "budget.addresses must be 1 to 10",
        ),
        ({"budget": {**BUDGET, "actual_percent": 0}}, "budget.actual_percent must be 1-1000, got 0"),
        (
            {"budget": {**BUDGET, "forecast_percent": 1001}},
            "budget.forecast_percent must be 1-1000, got 1001",
        ),
        ({"budget": {**BUDGET, "adresses": []}}, "there is no argument budget.adresses; did you mean"),
        (
            {"parts": ["trail"], "config_rules": []},
            "config_rules must be left out when parts has no config",
        ),
        (
            {"parts": ["trail"], "config_recording": "daily"},
            "config_recording must be left out when parts has no config",
        ),
        (
            {"parts": ["trail"], "threat_sources": []},
            "threat_sources must be left out when parts has no guard-duty",
        ),
        ({"parts": ["trail"], "standards": []}, "standards must be left out when parts has no security-hub"),
        ({"part": ["trail"]}, "did you mean parts?"),
    ],
)
def test_wrong_arguments(run: Run, program: Program, args: Any, message: str) -> None:
    with pytest.raises(ArgumentError) as error:
        make(run, **args)
    assert message in str(error.value)
    assert program.resources == []
