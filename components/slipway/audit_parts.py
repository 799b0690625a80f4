"""The parts of an audit, each a function that makes its resources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from slipway import audit_policies as policies
from slipway.iam_policy import document, home_of, taken_by, tls_only
from slipway.storage import Keeping, PrivateBucket, encryption_key, kept

RECORDING = {"continuous": "CONTINUOUS", "daily": "DAILY"}
THREAT_SOURCES = {
    "s3": "S3_DATA_EVENTS",
    "eks": "EKS_AUDIT_LOGS",
    "malware": "EBS_MALWARE_PROTECTION",
    "rds": "RDS_LOGIN_EVENTS",
    "lambda": "LAMBDA_NETWORK_LOGS",
}
_OLD_VERSION_DAYS = 30


@dataclass(frozen=True)
class Budget:
    """What a month may cost, and who is told."""

    monthly_usd: Any
    addresses: Any
    actual_percent: int
    forecast_percent: int


class Logs:
    """The bucket and the key of what trail and Config write."""

    def __init__(self, parent: pulumi.Resource, name: str, days: int, removal: str, *, trail: bool) -> None:
        self.key = encryption_key(f"{name}-key", f"Logs of {name}", removal, kept(parent, removal))
        keeping = Keeping(old_versions=_OLD_VERSION_DAYS, objects=days)
        logs = PrivateBucket(parent, f"{name}-logs", self.key, removal, keeping)
        self.bucket = logs.bucket

        def policy(arns: Sequence[str]) -> str:
            bucket_arn, key_arn = arns
            writes = policies.trail_writes(home_of(key_arn), bucket_arn) if trail else []
            return document(tls_only(bucket_arn), *writes)

        self.ready: list[pulumi.Resource] = [
            logs.policy(pulumi.Output.all(self.bucket.arn, self.key.arn).apply(policy))
        ]
        """What stands before anything is written."""
        if trail:
            key_policy = aws.kms.KeyPolicy(
                f"{name}-key-policy",
                key_id=self.key.id,
                policy=self.key.arn.apply(lambda arn: policies.key_policy(home_of(arn))),
                opts=pulumi.ResourceOptions(parent=parent),
            )
            self.ready.append(key_policy)


def trail(parent: pulumi.Resource, name: str, logs: Logs) -> aws.cloudtrail.Trail:
    """One of all regions, whose files can be proved to be as they were written."""
    return aws.cloudtrail.Trail(
        f"{name}-trail",
        s3_bucket_name=logs.bucket.bucket,
        kms_key_id=logs.key.arn,
        is_multi_region_trail=True,
        include_global_service_events=True,
        enable_log_file_validation=True,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=logs.ready),
    )


def config(parent: pulumi.Resource, name: str, logs: Logs, rules: Sequence[str], recording: str) -> None:
    """A recorder of everything, and rules. A recorder starts once it has a channel, a rule once there is a recorder."""
    opts = pulumi.ResourceOptions(parent=parent)
    role = _config_role(name, logs, opts)
    recorder = aws.cfg.Recorder(
        f"{name}-recorder",
        role_arn=role.arn,
        recording_group={"all_supported": True, "include_global_resource_types": True},
        recording_mode={"recording_frequency": RECORDING[recording]},
        opts=opts,
    )
    channel = aws.cfg.DeliveryChannel(
        f"{name}-channel",
        s3_bucket_name=logs.bucket.bucket,
        s3_kms_key_arn=logs.key.arn,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[recorder, *logs.ready]),
    )
    status = aws.cfg.RecorderStatus(
        f"{name}-recording",
        name=recorder.name,
        is_enabled=True,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[channel]),
    )
    for rule in rules:
        aws.cfg.Rule(
            f"{name}-{rule.lower().replace('_', '-')}",
            source=aws.cfg.RuleSourceArgs(owner="AWS", source_identifier=rule),
            opts=pulumi.ResourceOptions(parent=parent, depends_on=[status]),
        )


def _config_role(name: str, logs: Logs, opts: pulumi.ResourceOptions) -> aws.iam.Role:
    role = aws.iam.Role(f"{name}-config", assume_role_policy=taken_by("config"), opts=opts)
    aws.iam.RolePolicyAttachment(
        f"{name}-config-reads",
        role=role.name,
        policy_arn=logs.key.arn.apply(
            lambda arn: f"arn:{home_of(arn).partition}:iam::aws:policy/service-role/AWS_ConfigRole"
        ),
        opts=opts,
    )
    aws.iam.RolePolicy(
        f"{name}-config-delivers",
        role=role.name,
        policy=pulumi.Output.all(logs.bucket.arn, logs.key.arn).apply(
            lambda arns: policies.config_delivers(home_of(arns[1]), *arns)
        ),
        opts=opts,
    )
    return role


def guard_duty(parent: pulumi.Resource, name: str, sources: Sequence[str]) -> aws.guardduty.Detector:
    """Each source is said to be on or off: AWS turns some on by itself, and leaves on what is only no longer mentioned."""
    opts = pulumi.ResourceOptions(parent=parent)
    detector = aws.guardduty.Detector(
        f"{name}-detector", enable=True, finding_publishing_frequency="FIFTEEN_MINUTES", opts=opts
    )
    for source, feature in THREAT_SOURCES.items():
        aws.guardduty.DetectorFeature(
            f"{name}-threats-{source}",
            name=feature,
            detector_id=detector.id,
            status="ENABLED" if source in sources else "DISABLED",
            opts=opts,
        )
    return detector


def security_hub(parent: pulumi.Resource, name: str, standards: Sequence[str]) -> aws.securityhub.Account:
    """The standards are those that are named: AWS's own choice changes."""
    opts = pulumi.ResourceOptions(parent=parent)
    hub = aws.securityhub.Account(
        f"{name}-hub",
        enable_default_standards=False,
        auto_enable_controls=True,
        control_finding_generator="SECURITY_CONTROL",
        opts=opts,
    )

    def arn_of(standard: str, hub_arn: str) -> str:
        home = home_of(hub_arn)
        return f"arn:{home.partition}:securityhub:{home.region}::standards/{standard}"

    for standard in standards:
        aws.securityhub.StandardsSubscription(
            f"{name}-{standard.replace('/v/', '-')}",
            standards_arn=hub.arn.apply(lambda arn, standard=standard: arn_of(standard, arn)),
            opts=opts,
        )
    return hub


def access_analyzer(parent: pulumi.Resource, name: str) -> aws.accessanalyzer.Analyzer:
    """Finds what can be reached from outside the account."""
    return aws.accessanalyzer.Analyzer(
        f"{name}-analyzer",
        analyzer_name=f"{pulumi.get_project()}-{pulumi.get_stack()}-{name}",
        type="ACCOUNT",
        opts=pulumi.ResourceOptions(parent=parent),
    )


def budget(parent: pulumi.Resource, name: str, budget: Budget, logs: Logs | None) -> aws.budgets.Budget:
    """Mails go out when much is spent, and when more than all is going to be."""

    def notification(kind: str, percent: int) -> aws.budgets.BudgetNotificationArgs:
        return aws.budgets.BudgetNotificationArgs(
            notification_type=kind,
            comparison_operator="GREATER_THAN",
            threshold=percent,
            threshold_type="PERCENTAGE",
            subscriber_email_addresses=budget.addresses,
        )

    return aws.budgets.Budget(
        f"{name}-budget",
        # The provider knows its account unless it has been told not to ask; the key's is the same.
        account_id=logs.key.arn.apply(lambda arn: home_of(arn).account) if logs else None,
        budget_type="COST",
        time_unit="MONTHLY",
        limit_amount=str(budget.monthly_usd),
        limit_unit="USD",
        notifications=[
            notification("ACTUAL", budget.actual_percent),
            notification("FORECASTED", budget.forecast_percent),
        ],
        opts=pulumi.ResourceOptions(parent=parent),
    )
