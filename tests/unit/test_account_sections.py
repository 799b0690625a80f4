"""The sections audit and delivery of a stack file, and the bounds of its roles: let through as the components take them, or refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime import config as runtime_config

from stacks.environment import Environment
from stacks.settings import parse
from tests.unit.mocks import Mocks, Program, Run
from tests.unit.test_settings import GOOD, mistakes, raw, settings

KEY = "arn:aws:kms:eu-central-1:123456789012:key/any"
BOUNDARY = "arn:aws:iam::123456789012:policy/slipway-delivery/bounds"
BUDGET: dict[str, Any] = {"monthlyUsd": 500, "addresses": ["ops@example.com"]}
DELIVERY: dict[str, Any] = {"repository": "acme/chat"}
MADE: dict[str, dict[str, str]] = {
    "audit-key": {"arn": KEY},
    "audit-logs": {"bucket": "logs", "arn": "arn:aws:s3:::logs"},
    "audit-hub": {"arn": "arn:aws:securityhub:eu-central-1:123456789012:hub/default"},
    "delivery-state-key": {"arn": KEY},
    "delivery-state": {"bucket": "states", "arn": "arn:aws:s3:::states"},
    "delivery-provider": {"arn": "arn:aws:iam::123456789012:oidc-provider/ci.example.com"},
}


@pytest.fixture(autouse=True)
def _in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    monkeypatch.delenv("AWS_REGION", raising=False)
    for name, outputs in MADE.items():
        monkeypatch.setitem(Mocks.made, name, outputs)


def up(**more: Any) -> None:
    runtime_config.set_all_config({"aws:region": "eu-central-1"}, [])
    Environment(parse(raw({**GOOD, **more}), "Pulumi.test.yaml"))


def test_what_a_stack_does_not_say_is_not_made(run: Run, program: Program) -> None:
    run(up)
    assert not [resource for resource in program.resources if "aws" in resource.type]


def test_audit_and_delivery_are_made_of_what_is_said(run: Run, program: Program) -> None:
    run(lambda: up(audit={"budget": BUDGET, "logDays": 400}, delivery={**DELIVERY, "lockDays": 7}))
    assert program.by_name("slipway:index:Audit", "audit")
    assert program.by_name("slipway:index:Delivery", "delivery")
    lock = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
    retention = program.by_name(lock, "delivery-state-lock").inputs["rule"]["defaultRetention"]
    assert retention["days"] == 7
    assert program.by_name("aws:budgets/budget:Budget", "audit-budget").inputs["limitAmount"] == "500"
    of_aws = [resource for resource in program.resources if resource.type.startswith("aws:")]
    assert {resource.provider.split("::")[-2] for resource in of_aws} == {"aws"}


def test_they_are_declared_behind_the_route(run: Run, program: Program) -> None:
    run(lambda: up(audit={}, delivery=DELIVERY))
    names = [(resource.type, resource.name) for resource in program.resources]
    route = next(index for index, (kind, _) in enumerate(names) if kind.endswith(":HTTPRoute"))
    assert route < names.index(("slipway:index:Audit", "audit"))
    assert route < names.index(("slipway:index:Delivery", "delivery"))


@pytest.mark.parametrize("section", ["audit", "delivery"])
def test_each_needs_a_region(run: Run, program: Program, section: str) -> None:
    values = {**GOOD, section: DELIVERY if section == "delivery" else {}}
    with pytest.raises(Exception, match="aws:region is missing"):
        run(lambda: Environment(parse(raw(values), "Pulumi.test.yaml")))
    assert program.resources == []


def test_the_bounds_of_roles_are_not_those_of_ci_s_own(run: Run, program: Program) -> None:
    run(lambda: up(backup={}, audit={}, delivery=DELIVERY, roleBoundary=BOUNDARY))
    bounds = {
        resource.name: resource.inputs.get("permissionsBoundary")
        for resource in program.resources
        if resource.type == "aws:iam/role:Role"
    }
    assert bounds == {
        "backup-role": BOUNDARY,
        "audit-config": BOUNDARY,
        "delivery-preview": None,
        "delivery-drift": None,
        "delivery-deploy-prod": "arn:delivery-boundary",
    }


def test_no_bounds_by_default(run: Run, program: Program) -> None:
    run(lambda: up(backup={}))
    assert "permissionsBoundary" not in program.by_name("aws:iam/role:Role", "backup-role").inputs


@pytest.mark.parametrize(
    "more",
    [
        {"audit": {}},
        {"audit": {"parts": [], "budget": BUDGET}},
        {"audit": {"parts": ["config"], "configRules": [], "configRecording": "daily"}},
        {"audit": {"threatSources": ["eks"], "standards": ["nist-800-53/v/5.0.0"]}},
        {"delivery": {**DELIVERY, "deployJobs": {"dev": ["ref:refs/heads/main"]}, "lockDays": 0}},
        {"delivery": {**DELIVERY, "providerArn": "arn:aws:iam::123456789012:oidc-provider/ci.example.com"}},
        {"delivery": {**DELIVERY, "subject": "project_path:{repository}:{job}", "services": ["ec2"]}},
        {"delivery": {**DELIVERY, "driftJobs": ["environment:reviewed-preview"], "driftSecrets": ["chat-*"]}},
        {"delivery": {**DELIVERY, "driftSecrets": []}},
        {"roleBoundary": "arn:aws:iam::aws:policy/PowerUserAccess"},
    ],
)
def test_what_a_component_takes_is_let_through(more: dict[str, Any]) -> None:
    settings(**more)


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ({"audit": {"parts": ["trails"]}}, "slipway:audit.parts must be of trail, config, guard-duty,"),
        ({"audit": {"parts": []}}, "slipway:audit.budget must be there when parts is empty"),
        ({"audit": {"budget": {}}}, "slipway:audit.budget.monthlyUsd is missing"),
        (
            {"audit": {"budget": {**BUDGET, "monthlyUsd": 0}}},
            "slipway:audit.budget.monthlyUsd must be 1-100000000",
        ),
        (
            {"audit": {"budget": {**BUDGET, "addresses": ["ops"]}}},
            "slipway:audit.budget.addresses must be 1 to 10",
        ),
        (
            {"audit": {"budget": {**BUDGET, "actualPercent": 0}}},
            "slipway:audit.budget.actualPercent must be 1-1000",
        ),
        (
            {"audit": {"parts": ["trail"], "configRules": []}},
            "slipway:audit.configRules must be left out when parts has no config",
        ),
        (
            {"audit": {"parts": ["trail"], "standards": []}},
            "slipway:audit.standards must be left out when parts has no security-hub",
        ),
        ({"audit": {"configRules": ["x"]}}, "slipway:audit.configRules must be identifiers of AWS's managed"),
        ({"audit": {"logDays": 1}}, "slipway:audit.logDays must be 30-36500, got 1"),
        ({"delivery": {}}, "slipway:delivery.repository is missing"),
        ({"delivery": {"repository": "chat"}}, "slipway:delivery.repository must be ORGANISATION/REPOSITORY"),
        (
            {"delivery": {**DELIVERY, "previewJobs": ["*"]}},
            "slipway:delivery.previewJobs must be the ends of",
        ),
        (
            {"delivery": {**DELIVERY, "driftJobs": ["pull_request"]}},
            "slipway:delivery.driftJobs must be the ends of subject claims",
        ),
        (
            {"delivery": {**DELIVERY, "driftSecrets": ["arn:aws:x"]}},
            "slipway:delivery.driftSecrets must be names of secrets",
        ),
        (
            {"delivery": {**DELIVERY, "driftSecrets": [f"{'x' * 40}{number}" for number in range(20)]}},
            "slipway:delivery.driftSecrets must be fewer or shorter, or joined by *: a role's policy takes 10240",
        ),
        (
            {"delivery": {**DELIVERY, "deployJobs": {"prod": ["pull_request"]}}},
            "slipway:delivery.deployJobs must be stacks, each with its jobs",
        ),
        (
            {"delivery": {**DELIVERY, "issuer": "ci.example.com"}},
            "slipway:delivery.issuer must be an https URL",
        ),
        ({"delivery": {**DELIVERY, "services": ["iam"]}}, "slipway:delivery.services must be IAM's prefixes"),
        ({"delivery": {**DELIVERY, "subject": "x"}}, "slipway:delivery.subject must be a text with"),
        (
            {
                "delivery": {
                    **DELIVERY,
                    "issuer": "https://ci.example.com",
                    "providerArn": "arn:aws:iam::123456789012:oidc-provider/ci.example.com",
                }
            },
            "slipway:delivery.providerArn must be left out beside issuer",
        ),
        (
            {"delivery": {**DELIVERY, "lockDays": 91}},
            "slipway:delivery.oldVersionDays must not be below lockDays, 91 (left out, it is 90)",
        ),
        ({"roleBoundary": "bounds"}, "slipway:roleBoundary must be an IAM policy's ARN, got"),
    ],
)
def test_what_a_component_would_refuse_is_refused(more: dict[str, Any], line: str) -> None:
    found = mistakes(**more)
    assert any(line in said for said in found), found
