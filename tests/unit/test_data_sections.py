"""The sections database, cache and secretStore: what a stack file may say of them, and what an environment makes of it."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.runtime import config as runtime_config

from slipway import cache, database
from stacks.environment import Environment
from stacks.settings import SettingsError, parse
from tests.unit.mocks import Program, Run
from tests.unit.test_settings import GOOD, mistakes, raw, settings

RDS: dict[str, Any] = {"network": {}, "database": {"kind": "rds"}}
EKS: dict[str, Any] = {"network": {}, "cluster": {"kind": "eks"}}


def up(run: Run, **more: Any) -> None:
    def environment() -> Any:
        runtime_config.set_all_config({"aws:region": "eu-central-1"}, [])
        return Environment(parse(raw({**GOOD, **more}), "Pulumi.test.yaml", {"secrets"})).outputs()

    run(environment)


def components(program: Program) -> set[str]:
    return {name.removeprefix("slipway:index:") for name in program.names() if name.startswith("slipway:")}


@pytest.mark.parametrize(
    ("more", "mistake"),
    [
        ({"database": {}}, "slipway:database.kind is missing"),
        (
            {"database": {"kind": "aurora"}},
            "slipway:database.kind must be 'rds' or 'in-cluster', got \"aurora\"",
        ),
        (
            {"database": {"kind": "rds"}},
            "slipway:database must have slipway:network beside it when its kind is rds",
        ),
        (
            {"database": {"kind": "in-cluster", "multiAz": True}},
            "slipway:database.multiAz must be left out: kind in-cluster",
        ),
        (
            {**RDS, "database": {"kind": "rds", "memory": "1Gi"}},
            "slipway:database.memory must be left out: kind rds has no use",
        ),
        (
            {**RDS, "database": {"kind": "rds", "storageGib": 300}},
            "slipway:database.maxStorageGib must not be below storageGib, 300 (left out, it is 200)",
        ),
        (
            {**RDS, "database": {"kind": "rds", "backupWindow": "noon"}},
            "slipway:database.backupWindow must be as 01:00-02:00",
        ),
        (
            {"database": {"kind": "in-cluster", "storage": "ephemeral", "storageClass": "fast"}},
            "slipway:database.storageClass must be left out: what is ephemeral has no class",
        ),
        (
            {"database": {"kind": "in-cluster", "database": "My App"}},
            f"slipway:database.database must be {database.NAME_RULE}",
        ),
        (
            {**RDS, "network": {"tiers": ["private", "public"]}},
            "slipway:database must have the tier isolated in slipway:network.tiers",
        ),
        (
            {"cache": {"kind": "elasticache"}},
            "slipway:cache must have slipway:network beside it when its kind is elasticache",
        ),
        (
            {"cache": {"kind": "in-cluster", "removal": "protect"}},
            "slipway:cache.removal must be left out: kind in-cluster",
        ),
        (
            {"cache": {"kind": "in-cluster", "eviction": "oldest"}},
            f"slipway:cache.eviction must be {cache.EVICTION_RULE}",
        ),
        ({"cache": {"kind": "in-cluster", "memory": "1Ki"}}, "slipway:cache.memory must be as 256Mi"),
        ({"secretStore": {"recoveryDays": 3}}, "slipway:secretStore.recoveryDays must be 7-30, got 3"),
    ],
)
def test_what_is_refused(more: dict[str, Any], mistake: str) -> None:
    (told,) = mistakes(**more)
    assert told.startswith(f"  Pulumi.dev.yaml: {mistake}")


def test_sections_become_arguments(run: Run) -> None:
    said = settings(database={"kind": "in-cluster", "storage": "ephemeral", "storageGib": 30})
    assert said.database is not None
    assert said.database.args() == {"kind": "in-cluster", "storage": "ephemeral", "storage_gib": 30}


def test_in_the_cluster_both_serve_the_application_alone(run: Run, program: Program) -> None:
    up(run, database={"kind": "in-cluster"}, cache={"kind": "in-cluster"})
    assert {"Database database", "Cache cache"} <= components(program)
    assert not [resource for resource in program.resources if "aws" in resource.type]
    for noun in ("database", "cache"):
        policy = program.by_name("kubernetes:networking.k8s.io/v1:NetworkPolicy", f"{noun}-network-policy")
        assert policy.inputs["metadata"]["namespace"] == f"test-{noun}"
        (peer,) = policy.inputs["spec"]["ingress"][0]["from"]
        assert peer["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "test"}
        assert policy.provider.split("::")[-2] == "cluster-kubernetes"


def test_in_aws_both_are_in_isolated_subnets_and_let_the_network_in(run: Run, program: Program) -> None:
    up(run, **RDS, cache={"kind": "elasticache"})
    isolated = [f"network-isolated-{zone}-id" for zone in "abc"]
    for type_, name in (
        ("aws:rds/subnetGroup:SubnetGroup", "database-subnets"),
        ("aws:elasticache/subnetGroup:SubnetGroup", "cache-subnets"),
    ):
        made = program.by_name(type_, name)
        assert made.inputs["subnetIds"] == isolated
        assert made.provider.split("::")[-2] == "aws"
    rule = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    assert program.by_name(rule, "database-from-10.20.0.0/16").inputs["cidrIpv4"] == "10.20.0.0/16"


def test_a_network_of_ones_own_block_is_what_is_let_in(run: Run, program: Program) -> None:
    up(run, database={"kind": "rds"}, network={"cidr": "10.40.0.0/16"})
    rule = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    assert program.by_name(rule, "database-from-10.40.0.0/16").inputs["cidrIpv4"] == "10.40.0.0/16"


def test_without_data_in_aws_there_are_no_isolated_subnets(run: Run, program: Program) -> None:
    up(run, network={}, database={"kind": "in-cluster"})
    assert not [name for name in program.names() if "isolated" in name]


def test_secrets_are_kept_and_read_by_the_application_s_pods(run: Run, program: Program) -> None:
    up(run, **EKS, secrets={"CODE": "open sesame"}, secretStore={"removal": "destroy"})
    association = program.by_name(
        "aws:eks/podIdentityAssociation:PodIdentityAssociation", "secrets-test-chat"
    )
    assert association.inputs["namespace"] == "test"
    assert association.inputs["serviceAccount"] == "chat"
    account = program.by_name("kubernetes:core/v1:ServiceAccount", "chat-account").inputs["metadata"]
    assert (account["namespace"], account["name"]) == ("test", "chat")


def test_a_cluster_that_exists_gets_no_readers(run: Run, program: Program) -> None:
    up(run, secrets={"CODE": "open sesame"}, secretStore={})
    assert "Secrets secrets" in components(program)
    assert not [name for name in program.names() if "podIdentity" in name]


def test_a_store_without_secrets_is_not_made(run: Run, program: Program) -> None:
    up(run, secretStore={})
    assert "Secrets secrets" not in components(program)


def test_a_store_needs_a_region(run: Run) -> None:
    with pytest.raises(SettingsError, match="aws:region is missing"):
        run(lambda: Environment(parse(raw({**GOOD, "secretStore": {}}), "Pulumi.test.yaml")))


@pytest.fixture(autouse=True)
def _no_region_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION", raising=False)
