"""The section `cdn` of a stack file: what it may say, and what an environment makes of it."""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime import config as runtime_config

from slipway import cdn_checks, cdn_firewall, cdn_policies
from stacks.environment import Environment
from stacks.sections import Cdn
from stacks.settings import parse
from tests.unit.mocks import Program, Run
from tests.unit.test_settings import GOOD, mistakes, raw, settings

ROOT = Path(__file__).parents[2]
BY_NAME: dict[str, Any] = {"exposure": "node-port", "nodePort": 30080, "address": "origin.example.com"}


@pytest.fixture(autouse=True)
def _in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("AWS_REGION", raising=False)


@pytest.mark.parametrize(
    "cdn",
    [
        {},
        {"domains": ["chat.example.com"], "zoneId": "Z1"},
        {"domains": ["chat.example.com", "*.example.com"], "certificateArn": "arn:aws:acm:x"},
        {"firewall": "count", "managedRules": ["common"], "countedRules": [], "rateLimit": 500},
        {"assetPaths": ["/static/*"], "uncachedPaths": [], "pageSeconds": 300, "errorPages": {"503": "/503"}},
        {"hsts": "preload", "frame": "deny", "referrerPolicy": "origin", "contentSecurityPolicy": "x"},
        {"priceClass": "PriceClass_All", "accessLogs": "none", "logDays": 365, "removal": "destroy"},
    ],
)
def test_what_the_component_takes_is_let_through(cdn: dict[str, Any]) -> None:
    assert settings(cdn=cdn).cdn is not None


@pytest.mark.parametrize(
    ("cdn", "line"),
    [
        ({"domains": ["chat"], "zoneId": "Z1"}, "slipway:cdn.domains must be domain names, each once"),
        ({"domains": ["chat.example.com"]}, "slipway:cdn.domains must have zoneId beside it"),
        ({"zoneId": "Z1"}, "slipway:cdn.domains must be given beside zoneId and certificateArn, got nothing"),
        ({"certificateArn": "arn:x"}, "slipway:cdn.domains must be given beside zoneId and certificateArn"),
        ({"pageSeconds": 0}, "slipway:cdn.pageSeconds must be 1-86400, got 0"),
        ({"rateLimit": "9"}, 'slipway:cdn.rateLimit must be 10-2000000000, got "9"'),
        ({"assetPaths": ["a"]}, "slipway:cdn.assetPaths must be patterns that start with /, each once"),
        ({"uncachedPaths": "/a"}, "slipway:cdn.uncachedPaths must be patterns that start with /, each once"),
        ({"errorPages": {"200": "/"}}, "slipway:cdn.errorPages must be paths that start with /, each by its"),
        ({"managedRules": ["sql"]}, "slipway:cdn.managedRules must be of ip-reputation, anonymous-ip"),
        ({"countedRules": [""]}, "slipway:cdn.countedRules must be names of rules, each once"),
        ({"firewall": "none", "rateLimit": 99}, "slipway:cdn.rateLimit must be left out: firewall is none"),
        ({"firewall": "on"}, "slipway:cdn.firewall must be 'block', 'count' or 'none', got \"on\""),
        ({"referrerPolicy": "none"}, "slipway:cdn.referrerPolicy must be one of no-referrer, "),
        ({"logDays": 10}, "slipway:cdn.logDays must be one of 7, 14, 30, 60, 90, 180, 365, 731"),
        ({"origin": "x"}, "slipway:cdn.origin is not known"),
    ],
)
def test_mistakes(cdn: dict[str, Any], line: str) -> None:
    (found,) = mistakes(cdn=cdn)
    assert line in found


@pytest.mark.parametrize(
    ("key", "choices"),
    [
        ("firewall", cdn_firewall.FIREWALLS),
        ("hsts", cdn_policies.HSTS),
        ("frame", cdn_policies.FRAMES),
        ("priceClass", cdn_checks.PRICE_CLASSES),
        ("accessLogs", cdn_checks.ACCESS_LOGS),
        ("removal", cdn_checks.REMOVAL),
    ],
)
def test_the_choices_are_the_component_s(key: str, choices: tuple[str, ...]) -> None:
    options = Cdn.model_json_schema()["properties"][key]["anyOf"]
    assert set(options[0]["enum"]) == set(choices)


def test_the_gateway_answers_the_edge_alone_and_both_know_one_secret(run: Run, program: Program) -> None:
    runtime_config.set_all_config({"aws:region": "eu-central-1"}, [])
    values = raw({**GOOD, "gateway": BY_NAME, "cdn": {}})
    run(lambda: Environment(parse(values, "Pulumi.test.yaml")).outputs())
    distribution = program.by_name("aws:cloudfront/distribution:Distribution", "cdn-distribution")
    (header,) = distribution.inputs["origins"][0]["customHeaders"]
    secret = program.by_name("kubernetes:core/v1:Secret", "gateway-origin-secret").inputs["data"]
    assert header == {"name": "X-Origin-Verify", "value": b64decode(secret["ORIGIN_SECRET"]).decode()}
    assert "origins" in distribution.secrets
    assert not [name for name in program.children() if "aws:ssm" in name]


def test_a_gateway_for_anyone_behind_the_edge_is_a_choice(run: Run, program: Program) -> None:
    runtime_config.set_all_config({"aws:region": "eu-central-1"}, [])
    values = raw({**GOOD, "gateway": {**BY_NAME, "clients": "anyone"}, "cdn": {}})
    run(lambda: Environment(parse(values, "Pulumi.test.yaml")).outputs())
    assert not [name for name in program.children() if "gateway-origin-secret" in name]
    assert [name for name in program.children() if "aws:ssm" in name]


def test_a_gateway_for_the_edge_alone_needs_one() -> None:
    (found,) = mistakes(gateway={"clients": "cdn"})
    assert "slipway:cdn must be there when gateway.clients is cdn: nobody else would be answered" in found


def test_a_load_balancer_by_an_address_is_no_origin() -> None:
    (found,) = mistakes(gateway={"address": "192.0.2.7"}, cdn={})
    assert "slipway:cdn must be left out unless gateway.address is a host name" in found
    assert settings(gateway={"address": "origin.example.com"}, cdn={}).cdn is not None


@pytest.mark.parametrize("address", [None, "192.0.2.7"])
def test_cloudfront_reaches_no_address(address: str | None) -> None:
    gateway = {"exposure": "node-port", "nodePort": 30080} | ({"address": address} if address else {})
    (found,) = mistakes(gateway=gateway, cdn={})
    assert "slipway:cdn must be left out unless gateway.address is a host name" in found


def test_the_edge_stands_before_the_gateway_and_is_where_the_stack_is(run: Run, program: Program) -> None:
    runtime_config.set_all_config({"aws:region": "eu-central-1"}, [])
    values = raw({**GOOD, "gateway": BY_NAME, "cdn": {"pageSeconds": 120}})
    outputs = run(lambda: Environment(parse(values, "Pulumi.test.yaml")).outputs())
    assert outputs["url"] == "https://d1.cloudfront.net"
    distribution = program.by_name("aws:cloudfront/distribution:Distribution", "cdn-distribution")
    assert distribution.inputs["origins"][0]["domainName"] == "origin.example.com"
    assert distribution.inputs["origins"][0]["customOriginConfig"]["httpPort"] == 30080
    assert distribution.provider.split("::")[-2] == "aws"
    pages = program.by_name("aws:cloudfront/cachePolicy:CachePolicy", "cdn-pages")
    assert pages.inputs["maxTtl"] == 120


def test_the_traffic_does_not_wait_for_the_edge(run: Run, program: Program) -> None:
    """Given an edge, when a stack runs, then its route is declared before anything in AWS."""
    runtime_config.set_all_config({"aws:region": "eu-central-1"}, [])
    values = raw({**GOOD, "gateway": BY_NAME, "cdn": {}})
    run(lambda: Environment(parse(values, "Pulumi.test.yaml")).outputs())
    types = [resource.type for resource in program.resources]
    route = types.index("kubernetes:gateway.networking.k8s.io/v1:HTTPRoute")
    assert min(index for index, type_ in enumerate(types) if "aws" in type_) > route
