"""Environment: the components of a stack, put together by its settings alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pulumi.runtime import config as runtime_config

from stacks.environment import Environment
from stacks.settings import SettingsError, load, parse
from tests.unit.mocks import Program, Run
from tests.unit.test_settings import GOOD, raw

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("AWS_REGION", raising=False)


def up(name: str) -> dict[str, Any]:
    config = yaml.safe_load((ROOT / f"Pulumi.{name}.yaml").read_text())["config"]
    runtime_config.set_all_config(
        {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}, []
    )
    return Environment(load()).outputs()


def components(program: Program) -> list[str]:
    return [name.removeprefix("slipway:index:") for name in program.names() if name.startswith("slipway:")]


def test_dev(run: Run, program: Program) -> None:
    outputs = run(lambda: up("dev"))
    assert components(program) == [
        "App chat",
        "BackupVault backup",
        "Cluster cluster",
        "Gateway gateway",
        "Image chat-v1",
        "Image chat-v2",
        "Network network",
    ]
    built = "127.0.0.1:5000/slipway/chat@sha256:abcd"
    assert outputs == {
        "url": "http://127.0.0.1:30080",
        "active": "blue",
        "colors": {
            "blue": {"image": built, "weight": 100, "namespace": "test", "deployment": "chat-blue"},
            "green": {"image": built, "weight": 0, "namespace": "test", "deployment": "chat-green"},
        },
    }


def test_prod(run_whole: Run, program: Program) -> None:
    outputs = run_whole(lambda: up("prod"))
    assert components(program) == [
        "App chat",
        "Audit audit",
        "BackupVault backup",
        "Cache cache",
        "Cdn cdn",
        "Cluster cluster",
        "Database database",
        "Delivery delivery",
        "Gateway gateway",
        "MonitoringStack monitoring",
        "Network network",
    ]
    assert outputs["url"] == "https://d1.cloudfront.net"
    assert program.by_name("aws:backup/vault:Vault", "backup-vault").protect
    scaling = program.by_name(
        "kubernetes:autoscaling/v2:HorizontalPodAutoscaler", "chat-blue-autoscaler"
    ).inputs
    assert scaling["spec"]["minReplicas"] >= 3
    subnets = program.by_name("aws:eks/cluster:Cluster", "cluster-eks").inputs["vpcConfig"]["subnetIds"]
    assert subnets == [f"network-private-{zone}-id" for zone in "abc"]


def test_the_tags_of_everything_in_aws_are_decided_in_one_place(run: Run, program: Program) -> None:
    run(lambda: up("dev"))
    provider = program.by_name("pulumi:providers:aws", "aws").inputs
    assert json.loads(provider["defaultTags"])["tags"] == {
        "project": "slipway",
        "environment": "test",
        "owner": "developers",
        "cost-centre": "development",
    }
    assert provider["region"] == "eu-central-1"
    assert provider["skipCredentialsValidation"] == "true"
    of_aws = [resource for resource in program.resources if resource.type.startswith("aws:")]
    assert {resource.provider.split("::")[-2] for resource in of_aws} == {"aws"}


def test_kubernetes_objects_go_to_the_stack_s_own_cluster(run: Run, program: Program) -> None:
    run(lambda: up("dev"))
    objects = [resource for resource in program.resources if resource.type.startswith("kubernetes:")]
    assert {resource.provider.split("::")[-2] for resource in objects} == {"cluster-kubernetes"}


def test_a_stack_without_aws_needs_no_region(run: Run, program: Program) -> None:
    run(lambda: Environment(parse(raw(GOOD), "Pulumi.test.yaml")).outputs())
    assert components(program) == ["App chat", "Cluster cluster", "Gateway gateway"]
    assert not [resource for resource in program.resources if "aws" in resource.type]


def test_monitoring_is_made_when_it_is_asked_for(run: Run, program: Program) -> None:
    monitoring = {"replicas": 1, "storage": {"kind": "ephemeral"}, "grafana": "none"}
    said = raw({**GOOD, "monitoring": monitoring})
    run(lambda: Environment(parse(said, "Pulumi.test.yaml")).outputs())
    assert components(program) == [
        "App chat",
        "Cluster cluster",
        "Gateway gateway",
        "MonitoringStack monitoring",
    ]
    prometheus = program.by_name("kubernetes:apps/v1:StatefulSet", "monitoring-prometheus")
    assert prometheus.inputs["metadata"]["namespace"] == "test-monitoring"
    assert prometheus.provider.split("::")[-2] == "cluster-kubernetes"


def test_prod_s_drift_may_read_the_values_that_prod_keeps(run_whole: Run, program: Program) -> None:
    run_whole(lambda: up("prod"))
    config = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text())["config"]
    read = {"aws:secretsmanager/secretVersion:SecretVersion", "aws:ssm/parameter:Parameter"}
    kept = {
        resource.inputs.get("secretId", resource.name).removesuffix("-id")
        for resource in program.resources
        if resource.type in read
    }
    # Pulumi ends each name by seven random digits.
    assert {f"{name}-*" for name in kept} == set(config["slipway:delivery"]["driftSecrets"])


def test_aws_without_a_region_is_told_before_anything_is_made(run: Run, program: Program) -> None:
    with pytest.raises(SettingsError, match=r"^Pulumi.test.yaml: aws:region is missing"):
        run(lambda: Environment(parse(raw({**GOOD, "network": {}}), "Pulumi.test.yaml")))
    assert program.resources == []


def test_warnings_are_shown(run_whole: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    run_whole(lambda: up("prod"))
    code, plain = said
    assert "CODE" in code
    assert "slipway:cdn speaks plain HTTP" in plain
