"""Every rule between resources: what breaks it, what keeps it, and that nobody breaks it by what is not known yet."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from policies.pack import STACK_RULES
from policies.rules import UNKNOWN, Resource, Stack

STACK_RULE_NAMES = {rule.name: rule for rule in STACK_RULES}


def named(type_: str, name: str, uses: Any = None, **props: Any) -> Resource:
    return Resource(type_, name, props, urn=f"urn:{name}", uses=uses or {})


BUCKET = named("aws:s3/bucket:Bucket", "b")
GIVEN_B = {"bucket": frozenset({"urn:b"})}
BUCKET_CLOSED = named("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "block", GIVEN_B)
BUCKET_ENCRYPTED = named(
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", "sse", GIVEN_B
)
WEB = {"fromPort": 443, "toPort": 443, "protocol": "tcp"}
GROUP = named("aws:ec2/securityGroup:SecurityGroup", "group", ingress=[{**WEB, "cidrBlocks": ["0.0.0.0/0"]}])
BALANCER = named(
    "aws:lb/loadBalancer:LoadBalancer", "lb", {"securityGroups": frozenset({"urn:group", "urn:closed"})}
)
CLOSED_GROUP = named("aws:ec2/securityGroup:SecurityGroup", "closed")
GROUP_RULE = named(
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "rule",
    {"securityGroupId": frozenset({"urn:closed"})},
    fromPort=80,
    toPort=80,
    ipProtocol="tcp",
    cidrIpv6="::/0",
)
APP = named("slipway:index:App", "chat")


def database(tags: Any = None, **props: Any) -> Resource:
    return named(
        "aws:rds/instance:Instance", "db", tagsAll=tags or {}, **{"backupRetentionPeriod": 7, **props}
    )


def selection(key: str, value: str) -> Resource:
    return named("aws:backup/selection:Selection", "s", selectionTags=[{"key": key, "value": value}])


MONITORING = named("slipway:index:MonitoringStack", "monitoring")


def alertmanager(text: Any) -> Resource:
    return named("kubernetes:core/v1:ConfigMap", "alertmanager", data={"alertmanager.yaml": text})


def receivers(**everyone: Any) -> Resource:
    first = {"name": "everyone", **everyone}
    others = [{"name": "heartbeat", "webhook_configs": [{"url": "x"}]}]
    return alertmanager(json.dumps({"route": {"receiver": "everyone"}, "receivers": [*others, first]}))


def workload(replicas: Any = None, kind: str = "Deployment") -> Resource:
    return named(
        f"kubernetes:apps/v1:{kind}",
        "web",
        kind=kind,
        metadata={"name": "web", "namespace": "prod"},
        spec={
            "replicas": replicas,
            "template": {"metadata": {"labels": {"app.x/name": "web", "color": "blue"}}},
        },
    )


def autoscaler(least: Any, name: str = "web", namespace: str = "prod", **notes: str) -> Resource:
    return named(
        "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
        "hpa",
        metadata={"name": "any", "namespace": namespace, "annotations": notes},
        spec={"scaleTargetRef": {"kind": "Deployment", "name": name}, "minReplicas": least},
    )


def budget(labels: Any = None, namespace: str = "prod", **spec: Any) -> Resource:
    return named(
        "kubernetes:policy/v1:PodDisruptionBudget",
        "pdb",
        metadata={"name": "pdb", "namespace": namespace},
        spec={
            "selector": {"matchLabels": labels or {"app.x/name": "web"}},
            **(spec or {"maxUnavailable": 1}),
        },
    )


STACK_BREAKING: list[tuple[str, list[Resource], str, str]] = [
    ("buckets-encrypted", [BUCKET, BUCKET_CLOSED], "b", "no BucketServerSideEncryptionConfiguration"),
    ("buckets-closed", [BUCKET, BUCKET_ENCRYPTED], "b", "no BucketPublicAccessBlock"),
    ("web-ports", [GROUP], "group", "on a load balancer alone"),
    ("web-ports", [CLOSED_GROUP, GROUP_RULE], "rule", "on a load balancer alone"),
    ("backed-up", [database()], "db", "no tag backup = daily"),
    ("backed-up", [database({"backup": "daily"}), selection("keep", "long")], "db", "no tag keep = long"),
    (
        "backed-up",
        [database({"backup": "daily"}, backupRetentionPeriod=0)],
        "db",
        "backupRetentionPeriod must be",
    ),
    ("monitored", [APP], "chat", "no MonitoringStack"),
    ("monitored", [APP, MONITORING, receivers()], "alertmanager", "its receiver 'everyone' has no address"),
    ("monitored", [APP, MONITORING, receivers(email_configs=[])], "alertmanager", "reach nobody"),
    ("replicated", [workload()], "web", "it may have 1 pod"),
    ("replicated", [workload(1, "StatefulSet")], "web", "it may have 1 pod"),
    ("replicated", [workload(3), autoscaler(1)], "web", "it may have 1 pod"),
    ("replicated", [workload(), autoscaler(1, **{"slipway/replicas": "1"})], "web", "it may have 1 pod"),
    ("replicated", [workload(), autoscaler(2, name="other")], "web", "it may have 1 pod"),
    ("replicated", [workload(), autoscaler(2, namespace="other")], "web", "it may have 1 pod"),
    ("disruption-budget", [workload(2)], "web", "no PodDisruptionBudget"),
    ("disruption-budget", [workload(2), budget({"app.x/name": "other"})], "web", "no PodDisruptionBudget"),
    ("disruption-budget", [workload(2), budget(namespace="other")], "web", "no PodDisruptionBudget"),
    ("disruption-budget", [workload(2), budget(maxUnavailable=0)], "pdb", "none of 2 pods go"),
    ("disruption-budget", [workload(2), budget(minAvailable=2)], "pdb", "none of 2 pods go"),
    ("disruption-budget", [workload(2), budget(minAvailable="100%")], "pdb", "none of 2 pods go"),
]

STACK_KEEPING: list[tuple[str, list[Resource]]] = [
    ("buckets-encrypted", [BUCKET, BUCKET_ENCRYPTED]),
    ("buckets-closed", [BUCKET, BUCKET_CLOSED]),
    ("web-ports", [GROUP, BALANCER]),
    ("web-ports", [CLOSED_GROUP, GROUP_RULE, BALANCER]),
    ("backed-up", [database({"backup": "daily"})]),
    ("backed-up", [database({"keep": "long"}), selection("keep", "long")]),
    ("backed-up", [database(replicateSourceDb="db")]),
    ("monitored", [APP, MONITORING, receivers(email_configs=[{"to": "x"}])]),
    ("monitored", []),
    ("replicated", [workload(2)]),
    ("replicated", [workload(), autoscaler(2)]),
    ("replicated", [workload(), autoscaler(1, **{"slipway/replicas": "2"})]),
    ("disruption-budget", [workload(2), budget()]),
    ("disruption-budget", [workload(3), budget(minAvailable=2)]),
]

STACK_NOT_KNOWN: list[tuple[str, list[Resource]]] = [
    ("web-ports", [named("aws:ec2/securityGroup:SecurityGroup", "g", ingress=UNKNOWN)]),
    ("backed-up", [database(UNKNOWN)]),
    ("backed-up", [database({"backup": "daily"}, backupRetentionPeriod=UNKNOWN)]),
    ("monitored", [APP, MONITORING, alertmanager(UNKNOWN)]),
    ("replicated", [workload(UNKNOWN)]),
    ("disruption-budget", [workload(UNKNOWN), budget(minAvailable=UNKNOWN)]),
]


def between(rule: str, resources: Iterable[Resource]) -> list[tuple[str, str]]:
    return [(by.name, problem) for by, problem in STACK_RULE_NAMES[rule].find(Stack(list(resources)))]


@pytest.mark.parametrize(("rule", "resources", "name", "says"), STACK_BREAKING)
def test_broken_between_resources(rule: str, resources: list[Resource], name: str, says: str) -> None:
    problems = between(rule, resources)
    assert any(by == name and says in problem for by, problem in problems), problems


@pytest.mark.parametrize(("rule", "resources"), STACK_KEEPING)
def test_kept_between_resources(rule: str, resources: list[Resource]) -> None:
    assert between(rule, resources) == []


@pytest.mark.parametrize(("rule", "resources"), STACK_NOT_KNOWN)
def test_not_broken_between_resources_by_what_is_not_known(rule: str, resources: list[Resource]) -> None:
    assert between(rule, resources) == []


def test_every_rule_between_resources_has_all_three_cases() -> None:
    for cases in (STACK_BREAKING, STACK_KEEPING):
        assert {case[0] for case in cases} == STACK_RULE_NAMES.keys()
    # Which bucket a resource is given is always known.
    assert {case[0] for case in STACK_NOT_KNOWN} == STACK_RULE_NAMES.keys() - {
        "buckets-encrypted",
        "buckets-closed",
    }
