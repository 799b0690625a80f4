"""Audit: who did what, what is set up wrongly, who attacks, what it costs. For one account, in one region.

Each part can be left out, because an organisation often has it for all its accounts. Does not build organisation-wide trails,
runtime agents, or anything that acts upon a finding.

Stateful: the logs' bucket and key outlive the stack unless `removal` says otherwise.
Costs: Config by recorded change and rule, GuardDuty and Security Hub by what they look at, the first trail free, one KMS key
by the month, S3's storage of the logs.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

import pulumi

from slipway import audit_parts
from slipway.audit_parts import RECORDING, THREAT_SOURCES, Logs
from slipway.validation import (
    REMOVAL,
    REMOVAL_RULE,
    Checks,
    is_filled_list_of,
    is_list_of,
    is_one_of,
    is_whole,
    matches,
    usable,
)

PARTS = ("trail", "config", "guard-duty", "security-hub", "access-analyzer")
PARTS_RULE = f"of {', '.join(PARTS)}"
RECORDING_RULE = f"one of {', '.join(RECORDING)}"
THREAT_SOURCES_RULE = f"of {', '.join(THREAT_SOURCES)}"
RULES_RULE = "identifiers of AWS's managed rules that need no parameters, as ENCRYPTED_VOLUMES"
STANDARDS_RULE = "the ends of standards' ARNs, as aws-foundational-security-best-practices/v/1.0.0"
ADDRESSES_RULE = "1 to 10 e-mail addresses"
MOST_ADDRESSES = 10
NOTHING_TO_MAKE = "parts is empty and there is no budget: there is nothing to make"
are_parts = is_list_of(is_one_of(PARTS))
are_rules = is_list_of(matches(re.compile(r"[A-Z][A-Z0-9_]{2,100}")))
are_threat_sources = is_list_of(is_one_of(THREAT_SOURCES))
are_standards = is_list_of(matches(re.compile(r"[a-z0-9-]+/v/\d+\.\d+\.\d+")))
OF_PART = {
    "config_rules": "config",
    "config_recording": "config",
    "threat_sources": "guard-duty",
    "standards": "security-hub",
}
_RULES = (
    *("ROOT_ACCOUNT_MFA_ENABLED", "IAM_ROOT_ACCESS_KEY_CHECK", "MFA_ENABLED_FOR_IAM_CONSOLE_ACCESS"),
    *("ENCRYPTED_VOLUMES", "RDS_STORAGE_ENCRYPTED", "EKS_SECRETS_ENCRYPTED", "S3_BUCKET_SSL_REQUESTS_ONLY"),
    *("S3_BUCKET_PUBLIC_READ_PROHIBITED", "S3_BUCKET_PUBLIC_WRITE_PROHIBITED"),
    *("RDS_INSTANCE_PUBLIC_ACCESS_CHECK", "VPC_DEFAULT_SECURITY_GROUP_CLOSED", "INCOMING_SSH_DISABLED"),
)
_STANDARDS = ("aws-foundational-security-best-practices/v/1.0.0", "cis-aws-foundations-benchmark/v/3.0.0")


class AuditBudgetArgs(TypedDict):
    """A month's budget, and who is told of it."""

    monthly_usd: int
    """What a month may cost, in US dollars, 1 to 100000000."""
    addresses: Sequence[str]
    """Who is told, 1 to 10 e-mail addresses."""
    actual_percent: NotRequired[int]
    """Per cent of the budget that, once spent, is told, 1 to 1000. Default 80."""
    forecast_percent: NotRequired[int]
    """Per cent of the budget that, once forecast for the month, is told, 1 to 1000. Default 100."""


class AuditArgs(TypedDict):
    """Arguments of Audit."""

    parts: NotRequired[Sequence[str]]
    """What is made, of `trail`, `config`, `guard-duty`, `security-hub`, `access-analyzer`. Default all of them."""
    budget: NotRequired[AuditBudgetArgs]
    """The budget whose overrun is told. Default none."""
    log_days: NotRequired[int]
    """Days that the logs of trail and Config are kept, 30 to 36500. Default 365."""
    config_rules: NotRequired[Sequence[str]]
    """AWS's managed rules that Config evaluates, none of which needs parameters. Default twelve on encryption, public access and root."""
    config_recording: NotRequired[str]
    """`continuous` (default) records each change, `daily` the day's last; the latter costs less where much changes."""
    threat_sources: NotRequired[Sequence[str]]
    """What GuardDuty reads beside its own sources, of `s3`, `eks`, `malware`, `rds`, `lambda`. Default all of them."""
    standards: NotRequired[Sequence[str]]
    """Security Hub's standards. Default `aws-foundational-security-best-practices/v/1.0.0`, `cis-aws-foundations-benchmark/v/3.0.0`."""
    removal: NotRequired[str]
    """`protect` (default) refuses to delete the logs' bucket and key; `destroy` deletes them, logs included."""


@dataclass(frozen=True)
class _Audit:
    parts: Sequence[str]
    budget: audit_parts.Budget | None
    log_days: int
    config_rules: Sequence[str]
    config_recording: str
    threat_sources: Sequence[str]
    standards: Sequence[str]
    removal: str


def _resolve(name: str, args: AuditArgs) -> _Audit:
    given, args = args, usable(args, AuditArgs)
    said = args.get("budget")
    audit = _Audit(
        parts=args.get("parts", PARTS),
        budget=_budget(said) if said is not None else None,
        log_days=args.get("log_days", 365),
        config_rules=args.get("config_rules", _RULES),
        config_recording=args.get("config_recording", "continuous"),
        threat_sources=args.get("threat_sources", tuple(THREAT_SOURCES)),
        standards=args.get("standards", _STANDARDS),
        removal=args.get("removal", "protect"),
    )
    with Checks("audit", name, given, AuditArgs) as check:
        check.value("parts", audit.parts, PARTS_RULE, are_parts)
        check.value("log_days", audit.log_days, "30-36500", is_whole(30, 36500))
        check.value("config_rules", audit.config_rules, RULES_RULE, are_rules)
        check.value("config_recording", audit.config_recording, RECORDING_RULE, is_one_of(RECORDING))
        check.value("threat_sources", audit.threat_sources, THREAT_SOURCES_RULE, are_threat_sources)
        check.value("standards", audit.standards, STANDARDS_RULE, are_standards)
        check.value("removal", audit.removal, REMOVAL_RULE, is_one_of(REMOVAL))
        if audit.budget:
            _check_budget(check, audit.budget)
        if are_parts(audit.parts):
            for argument, part in OF_PART.items():
                said_in_vain = argument in args and part not in audit.parts
                check.rule(not said_in_vain, f"{argument} must be left out when parts has no {part}")
            check.rule(bool(audit.parts or audit.budget), NOTHING_TO_MAKE)
    return audit


def _budget(said: AuditBudgetArgs) -> audit_parts.Budget:
    return audit_parts.Budget(
        monthly_usd=said.get("monthly_usd"),
        addresses=said.get("addresses"),
        actual_percent=said.get("actual_percent", 80),
        forecast_percent=said.get("forecast_percent", 100),
    )


def _check_budget(check: Checks, budget: audit_parts.Budget) -> None:
    check.value("budget.monthly_usd", budget.monthly_usd, "1-100000000", is_whole(1, 100_000_000))
    check.value("budget.addresses", budget.addresses, ADDRESSES_RULE, are_addresses)
    check.value("budget.actual_percent", budget.actual_percent, "1-1000", is_whole(1, 1000))
    check.value("budget.forecast_percent", budget.forecast_percent, "1-1000", is_whole(1, 1000))


def are_addresses(value: Any) -> bool:
    """As many as a budget's notification takes."""
    return (
        is_filled_list_of(matches(re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")))(value)
        and len(value) <= MOST_ADDRESSES
    )


class Audit(pulumi.ComponentResource):
    """A trail of every region, Config with managed rules, GuardDuty, Security Hub with standards, Access Analyzer, and a budget.

    What a part that is left out would tell is an empty text.
    https://docs.aws.amazon.com/prescriptive-guidance/latest/security-reference-architecture/architecture.html
    """

    log_bucket_name: pulumi.Output[str]
    """Name of the bucket that trail and Config write to."""
    log_key_arn: pulumi.Output[str]
    """ARN of the key that the logs are encrypted by."""
    trail_arn: pulumi.Output[str]
    """ARN of the trail."""
    detector_id: pulumi.Output[str]
    """Id of GuardDuty's detector."""
    hub_arn: pulumi.Output[str]
    """ARN of Security Hub."""
    analyzer_arn: pulumi.Output[str]
    """ARN of the Access Analyzer."""

    def __init__(self, name: str, args: AuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        settings = _resolve(name, args)
        super().__init__("slipway:index:Audit", name, {}, opts)
        parts, nothing = set(settings.parts), pulumi.Output.from_input("")
        logs = None
        self.log_bucket_name = self.log_key_arn = self.trail_arn = nothing
        self.detector_id = self.hub_arn = self.analyzer_arn = nothing
        if parts & {"trail", "config"}:
            logs = Logs(self, name, settings.log_days, settings.removal, trail="trail" in parts)
            self.log_bucket_name, self.log_key_arn = logs.bucket.bucket, logs.key.arn
        if logs and "trail" in parts:
            self.trail_arn = audit_parts.trail(self, name, logs).arn
        if logs and "config" in parts:
            audit_parts.config(self, name, logs, settings.config_rules, settings.config_recording)
        if "guard-duty" in parts:
            self.detector_id = audit_parts.guard_duty(self, name, settings.threat_sources).id
        if "security-hub" in parts:
            self.hub_arn = audit_parts.security_hub(self, name, settings.standards).arn
        if "access-analyzer" in parts:
            self.analyzer_arn = audit_parts.access_analyzer(self, name).arn
        if settings.budget:
            audit_parts.budget(self, name, settings.budget, logs)
        self.register_outputs(
            {
                "log_bucket_name": self.log_bucket_name,
                "log_key_arn": self.log_key_arn,
                "trail_arn": self.trail_arn,
                "detector_id": self.detector_id,
                "hub_arn": self.hub_arn,
                "analyzer_arn": self.analyzer_arn,
            }
        )
