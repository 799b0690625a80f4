"""The firewall of Cdn: a WAFv2 web ACL with AWS's managed rules and a limit per address, and its log.

https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html
"""

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from slipway.log_key import log_key

REGION = "us-east-1"
"""Where AWS keeps what belongs to CloudFront: its firewall, its certificates and the source of its logs."""

FIREWALLS = ("block", "count", "none")
MANAGED = {
    "ip-reputation": "AWSManagedRulesAmazonIpReputationList",
    "anonymous-ip": "AWSManagedRulesAnonymousIpList",
    "bad-inputs": "AWSManagedRulesKnownBadInputsRuleSet",
    "common": "AWSManagedRulesCommonRuleSet",
}
"""The rule groups in the order of their turn: what costs least to tell comes first."""


def rules(
    *, firewall: str, managed: Sequence[str], counted: Sequence[str], rate_limit: int
) -> list[dict[str, Any]]:
    """The rules in the words of the provider."""
    only_count = firewall == "count"
    limit: dict[str, Any] = {
        "name": "rate",
        "priority": 0,
        "action": {"count": {}} if only_count else {"block": {}},
        "statement": {
            "rate_based_statement": {
                "aggregate_key_type": "IP",
                "limit": rate_limit,
                "evaluation_window_sec": 300,
            }
        },
        "visibility_config": visibility("rate"),
    }
    groups: list[dict[str, Any]] = [
        {
            "name": group,
            "priority": priority,
            "override_action": {"count": {}} if only_count else {"none": {}},
            "statement": {
                "managed_rule_group_statement": {
                    "vendor_name": "AWS",
                    "name": MANAGED[group],
                    **(_counting(counted) if group == "common" and counted else {}),
                }
            },
            "visibility_config": visibility(group),
        }
        for priority, group in enumerate((group for group in MANAGED if group in managed), start=1)
    ]
    return [limit, *groups]


def _counting(counted: Sequence[str]) -> dict[str, Any]:
    return {
        "rule_action_overrides": [{"name": rule, "action_to_use": {"count": {}}} for rule in sorted(counted)]
    }


def visibility(metric: str) -> Any:
    """Metrics, and samples of the requests that a rule met."""
    return {
        "cloudwatch_metrics_enabled": True,
        "metric_name": metric,
        "sampled_requests_enabled": True,
    }


def web_acl(
    parent: pulumi.Resource, name: str, rules: list[dict[str, Any]], log_days: int
) -> "aws.wafv2.WebAcl":
    """The ACL, and a log of what it blocked or counted: every request is in the access log already."""
    opts = pulumi.ResourceOptions(parent=parent)
    blocks: Any = rules
    acl = aws.wafv2.WebAcl(
        f"{name}-firewall",
        region=REGION,
        scope="CLOUDFRONT",
        default_action={"allow": {}},
        rules=blocks,
        visibility_config=visibility("firewall"),
        opts=opts,
    )
    # AWS takes log groups of this beginning alone.
    prefix, account = f"aws-waf-logs-{name}-", acl.arn.apply(lambda arn: arn.split(":")[4])
    groups = pulumi.Output.concat("arn:aws:logs:", REGION, ":", account, ":log-group:", prefix, "*")
    key = log_key(
        f"{name}-firewall-log-key",
        f"What the firewall of {name} blocked",
        opts,
        region=REGION,
        account=account,
        group_arn=groups,
    )
    group = aws.cloudwatch.LogGroup(
        f"{name}-firewall-log",
        region=REGION,
        name_prefix=prefix,
        retention_in_days=log_days,
        kms_key_id=key.arn,
        opts=opts,
    )
    aws.wafv2.WebAclLoggingConfiguration(
        f"{name}-firewall-logging",
        region=REGION,
        resource_arn=acl.arn,
        log_destination_configs=[group.arn],
        redacted_fields=[{"single_header": {"name": header}} for header in ("authorization", "cookie")],
        logging_filter={
            "default_behavior": "DROP",
            "filters": [
                {
                    "behavior": "KEEP",
                    "requirement": "MEETS_ANY",
                    "conditions": [{"action_condition": {"action": action}} for action in ("BLOCK", "COUNT")],
                }
            ],
        },
        opts=opts,
    )
    return acl
