"""The sections network and backup of a stack file: everything that their components take, and nothing that they refuse."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.backup import BackupVaultArgs
from slipway.network import NetworkArgs
from stacks import sections
from tests.unit.test_settings import mistakes, settings

AWAY = "arn:aws:backup:eu-west-1:123456789012:backup-vault:away"
ZONES = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]


@pytest.mark.parametrize(
    ("section", "args", "left_to_the_component"),
    [
        (sections.Network, NetworkArgs, set[str]()),
        (sections.Backup, BackupVaultArgs, {"tag_key", "tag_value"}),
    ],
)
def test_a_section_has_the_arguments_of_its_component(
    section: type[sections.Section], args: type, left_to_the_component: set[str]
) -> None:
    assert section.model_fields.keys() == args.__annotations__.keys() - left_to_the_component


@pytest.mark.parametrize(
    "more",
    [
        {"network": {"tiers": ["private", "isolated"], "nat": "none", "cidr": "10.0.0.0/22"}},
        {"network": {"notOverlapping": ["10.0.0.0/16", "172.20.0.0/16"], "ipv6": "dual-stack"}},
        {"network": {"flowLogs": "rejected", "flowLogRetentionDays": 365, "gatewayEndpoints": []}},
        {"network": {"interfaceEndpoints": ["ecr.api", "ecr.dkr"], "nodeDiscovery": "prod"}},
        {"backup": {"monthlyRetentionDays": 365, "coldStorageDays": 30}},
        {"backup": {"copyTo": [AWAY], "copyRetentionDays": 7, "copiesFrom": ["210987654321"]}},
        {"backup": {"lock": "compliance", "lockGraceDays": 3, "lockMinDays": 7, "lockMaxDays": 35}},
        {"backup": {"removal": "destroy", "lock": "none", "notify": ["ops@example.com"]}},
        {"backup": {"restoreTests": ["RDS"], "restoreTestSchedule": "rate(7 days)"}},
        {"backup": {"reports": ["backup", "copy"], "reportRetentionDays": 30}},
        {"backup": {"reports": ["backup"], "reportBucket": "audit"}},
    ],
)
def test_what_the_components_take_is_let_through(more: dict[str, Any]) -> None:
    settings(**more)


@pytest.mark.parametrize(
    ("section", "values", "line"),
    [
        ("network", {"zones": ["eu-central-1a", "eu-west-1b"]}, "zones must be two or more zone names"),
        ("network", {"tiers": ["hidden"]}, "tiers must be of private, public, isolated, each once"),
        (
            "network",
            {"notOverlapping": ["10.0.0.0/8"]},
            "cidr must not overlap 10.0.0.0/8 (left out, it is 10.20.0.0/16), got nothing",
        ),
        (
            "network",
            {"cidr": "10.1.0.0/16", "notOverlapping": ["10.1.2.0/24"]},
            'cidr must not overlap 10.1.2.0/24, got "10.1.0.0/16"',
        ),
        ("network", {"notOverlapping": ["ten"]}, "notOverlapping must be IPv4 blocks, as 10.0.0.0/16"),
        ("network", {"cidr": "10.0.0.0/22"}, "cidr must be /21 or wider with the tier public"),
        (
            "network",
            {"tiers": ["private"]},
            "nat must be none without the tier public (left out, it is per-zone), got nothing",
        ),
        ("network", {"tiers": ["private"], "nat": "single"}, "nat must be none without the tier public, got"),
        ("network", {"ipv6": True}, "ipv6 must be 'none' or 'dual-stack', got true"),
        ("network", {"flowLogs": "some"}, "flowLogs must be 'all', 'rejected' or 'none'"),
        ("network", {"flowLogRetentionDays": 2}, "flowLogRetentionDays must be one of 1, 3, 5, 7, 14"),
        (
            "network",
            {"flowLogs": "none", "flowLogRetentionDays": 7},
            "flowLogRetentionDays must be left out when flowLogs is none, got 7",
        ),
        ("network", {"flowLogKeyArn": "key"}, 'flowLogKeyArn must be the ARN of a KMS key, got "key"'),
        ("network", {"gatewayEndpoints": ["sts"]}, "gatewayEndpoints must be of s3, dynamodb, each once"),
        ("network", {"interfaceEndpoints": ["s3"]}, "interfaceEndpoints must be names of AWS services"),
        (
            "network",
            {"tiers": ["public"], "interfaceEndpoints": ["sts"]},
            "interfaceEndpoints must be left out without the tier private or isolated",
        ),
        ("network", {"nodeDiscovery": ""}, "nodeDiscovery"),
        ("backup", {"weeklyRetentionDays": 0}, "weeklyRetentionDays must be 1-36500, got 0"),
        (
            "backup",
            {"monthlyRetentionDays": 100, "coldStorageDays": 30},
            "coldStorageDays must be 90 or more below monthlyRetentionDays, 100, got 30",
        ),
        ("backup", {"copyTo": ["vault"]}, "copyTo must be ARNs of backup vaults, each once"),
        ("backup", {"copyRetentionDays": 7}, "copyRetentionDays must be left out without copyTo, got 7"),
        ("backup", {"copiesFrom": ["12"]}, "copiesFrom must be numbers of AWS accounts"),
        ("backup", {"lock": "yes"}, "lock must be 'none', 'governance' or 'compliance'"),
        (
            "backup",
            {"removal": "destroy", "lock": "governance"},
            "lock must be none or left out when removal is destroy",
        ),
        ("backup", {"lockMinDays": 40}, "lockMinDays must take retentionDays, 35, got 40"),
        (
            "backup",
            {"weeklyRetentionDays": 90, "lockMaxDays": 60},
            "lockMaxDays must take weeklyRetentionDays, 90",
        ),
        (
            "backup",
            {"removal": "destroy", "lockMinDays": 7},
            "lockMinDays must be left out when there is no lock",
        ),
        ("backup", {"lockGraceDays": 7}, "lockGraceDays must be left out unless lock is compliance, got 7"),
        ("backup", {"lock": "compliance", "lockGraceDays": 1}, "lockGraceDays must be 3-36500, got 1"),
        ("backup", {"notify": ["ops"]}, "notify must be e-mail addresses, each once"),
        ("backup", {"restoreTests": ["rds"]}, "restoreTests must be of Aurora,"),
        ("backup", {"restoreTestSchedule": "rate(7 days)"}, "restoreTestSchedule must be left out without"),
        ("backup", {"reports": ["jobs"]}, "reports must be of backup, copy, restore, each once"),
        ("backup", {"reportBucket": "audit"}, "reportBucket must be left out without reports"),
        ("backup", {"reports": ["copy"], "reportBucket": "A"}, "reportBucket must be the name of a bucket"),
        (
            "backup",
            {"reports": ["copy"], "reportBucket": "audit", "reportRetentionDays": 3},
            "reportRetentionDays must be left out when reportBucket is another's, got 3",
        ),
    ],
)
def test_each_mistake_names_its_key_and_what_is_right(
    section: str, values: dict[str, Any], line: str
) -> None:
    said: Any = {section: values}
    (found,) = mistakes(**said)
    assert found.startswith(f"  Pulumi.dev.yaml: slipway:{section}.{line}"), found
