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
EVERYTHING = json.dumps({"Statement": {"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"}})
OF_A_SERVICE = json.dumps({"Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": "*"}]})


def rights(policy: Any, kind: str = "Policy", **uses: Any) -> Resource:
    return named(f"aws:iam/{kind[0].lower()}{kind[1:]}:{kind}", "rights", uses, policy=policy)


def role(**props: Any) -> Resource:
    return named("aws:iam/role:Role", "role", {"permissionsBoundary": frozenset({"urn:rights"})}, **props)


def policy(*statements: Any) -> Resource:
    return rights(json.dumps({"Statement": statements}))


ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"


def database(tags: Any = None, **props: Any) -> Resource:
    return named(
        "aws:rds/instance:Instance", "db", tagsAll=tags or {}, **{"backupRetentionPeriod": 7, **props}
    )


def selection(key: str, value: str) -> Resource:
    return named("aws:backup/selection:Selection", "s", selectionTags=[{"key": key, "value": value}])


OF_THE_ACCOUNT = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
    "Action": "kms:*",
    "Resource": "*",
}
NAMED_BUCKET = named("aws:s3/bucketV2:BucketV2", "n", bucket="orders")
CLOSED_BY_NAME = named("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "block", bucket="orders")
LEGACY_BALANCER = named("aws:alb/loadBalancer:LoadBalancer", "lb", BALANCER.uses)
LEGACY_GROUP_OF_NONE = named(
    "aws:ec2/securityGroupRule:SecurityGroupRule",
    "rule",
    type="ingress",
    securityGroupId="sg-1",
    **WEB,
    ipv6CidrBlocks=["::/0"],
)
BY_NAME = named(
    "aws:backup/selection:Selection", "s", {"resources": frozenset({"urn:db"})}, resources=["arn"]
)

ALL_OF_THE_CLUSTER = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}


def rbac(kind: str, **props: Any) -> Resource:
    return named(f"kubernetes:rbac.authorization.k8s.io/v1:{kind}", "r", **props)


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


def autoscaler(least: Any, name: Any = "web", namespace: str = "prod", **notes: str) -> Resource:
    return named(
        "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
        "hpa",
        metadata={"name": "any", "namespace": namespace, "annotations": notes},
        spec={"scaleTargetRef": {"kind": "Deployment", "name": name}, "minReplicas": least},
    )


def old_autoscaler(least: int) -> Resource:
    new = autoscaler(least)
    return named("kubernetes:autoscaling/v1:HorizontalPodAutoscaler", "hpa", **new.props)


OURS = {"matchExpressions": [{"key": "app.x/name", "operator": "In", "values": ["web"]}]}
ONLY_OTHERS = {
    "matchLabels": {"app.x/name": "web"},
    "matchExpressions": [{"key": "color", "operator": "NotIn", "values": ["blue"]}],
}


def budget(labels: Any = None, namespace: Any = "prod", **spec: Any) -> Resource:
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
    ("web-ports", [LEGACY_GROUP_OF_NONE, BALANCER], "rule", "on a load balancer alone"),
    ("least-privilege", [rights(EVERYTHING)], "rights", "statement All of policy allows every action"),
    ("least-privilege", [rights(EVERYTHING, "RolePolicy")], "rights", "allows every action"),
    ("least-privilege", [rights(EVERYTHING, "UserPolicy")], "rights", "allows every action"),
    ("least-privilege", [rights(json.loads(EVERYTHING))], "rights", "allows every action"),
    ("least-privilege", [rights(OF_A_SERVICE)], "rights", "every action of a service"),
    (
        "least-privilege",
        [policy({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})],
        "rights",
        "every action",
    ),
    (
        "least-privilege",
        [policy({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::x"})],
        "rights",
        "every action",
    ),
    (
        "least-privilege",
        [role(inlinePolicies=[{"name": "all", "policy": EVERYTHING}])],
        "role",
        "of inlinePolicies.policy allows every action",
    ),
    ("least-privilege", [role(managedPolicyArns=[ADMINISTRATOR])], "role", "it makes an administrator"),
    ("least-privilege", [named(ATTACHMENT, "a", policyArn=ADMINISTRATOR)], "a", "it makes an administrator"),
    ("least-privilege", [rbac("ClusterRole", rules=[ALL_OF_THE_CLUSTER])], "r", "everything in every API"),
    ("least-privilege", [rbac("Role", rules=[ALL_OF_THE_CLUSTER])], "r", "everything in every API"),
    (
        "least-privilege",
        [rbac("ClusterRoleBinding", roleRef={"name": "cluster-admin"})],
        "r",
        "administrator",
    ),
    (
        "least-privilege",
        [rbac("RoleBinding", subjects=[{"kind": "Group", "name": "system:unauthenticated"}])],
        "r",
        "everyone who reaches the API server",
    ),
    ("backed-up", [database()], "db", "no tag backup = daily"),
    (
        "backed-up",
        [named("aws:efs/fileSystem:FileSystem", "files", tagsAll={"owner": "o"})],
        "files",
        "no tag backup = daily",
    ),
    ("replicated", [workload(1, "ReplicaSet")], "web", "it may have 1 pod"),
    ("replicated", [named("kubernetes:core/v1:Pod", "pod")], "pod", "gone with its node"),
    (
        "disruption-budget",
        [workload(2), budget(selector=ONLY_OTHERS, maxUnavailable=1)],
        "web",
        "no PodDisruptionBudget",
    ),
    ("disruption-budget", [workload(2), budget(minAvailable="60%")], "pdb", "none of 2 pods go"),
    ("disruption-budget", [workload(2), budget(maxUnavailable="0")], "pdb", "none of 2 pods go"),
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
    (
        "buckets-encrypted",
        [named("aws:s3/bucket:Bucket", "b", serverSideEncryptionConfiguration={"rule": {}})],
    ),
    ("buckets-closed", [NAMED_BUCKET, CLOSED_BY_NAME]),
    ("web-ports", [GROUP, BALANCER]),
    ("web-ports", [GROUP, LEGACY_BALANCER]),
    ("least-privilege", [rights(OF_A_SERVICE), role()]),
    ("least-privilege", [policy({"Effect": "Deny", "Action": "*", "Resource": "*"})]),
    ("least-privilege", [policy({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::x/*"})]),
    ("least-privilege", [policy({"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"})]),
    (
        "least-privilege",
        [named("aws:kms/key:Key", "k", policy=json.dumps({"Statement": [OF_THE_ACCOUNT]}))],
    ),
    (
        "least-privilege",
        [rbac("ClusterRole", rules=[{"apiGroups": ["apps"], "resources": ["*"], "verbs": ["*"]}])],
    ),
    ("least-privilege", [rbac("ClusterRoleBinding", roleRef={"name": "view"}, subjects=UNKNOWN)]),
    ("web-ports", [GROUP, named("kubernetes:core/v1:Service", "s", {"metadata": frozenset({"urn:group"})})]),
    ("least-privilege", [named("aws:ec2/vpcEndpoint:VpcEndpoint", "e", policy=EVERYTHING)]),
    ("web-ports", [CLOSED_GROUP, GROUP_RULE, BALANCER]),
    ("backed-up", [database({"backup": "daily"})]),
    ("backed-up", [database({"keep": "long"}), selection("keep", "long")]),
    ("backed-up", [database(replicateSourceDb="db")]),
    ("backed-up", [database(), BY_NAME]),
    ("monitored", [APP, MONITORING, receivers(email_configs=[{"to": "x"}])]),
    ("monitored", []),
    ("replicated", [workload(2)]),
    ("replicated", [workload(), autoscaler(2)]),
    ("replicated", [workload(), old_autoscaler(2)]),
    ("replicated", [workload(), autoscaler(1, **{"slipway/replicas": "2"})]),
    ("disruption-budget", [workload(2), budget()]),
    ("disruption-budget", [workload(2), budget(selector=OURS, maxUnavailable=1)]),
    ("disruption-budget", [workload(4), budget(minAvailable="50%")]),
    ("disruption-budget", [workload(3), budget(minAvailable=2)]),
]

STACK_NOT_KNOWN: list[tuple[str, list[Resource]]] = [
    ("web-ports", [named("aws:ec2/securityGroup:SecurityGroup", "g", ingress=UNKNOWN)]),
    ("backed-up", [database(UNKNOWN)]),
    ("backed-up", [database({"backup": "daily"}, backupRetentionPeriod=UNKNOWN)]),
    ("monitored", [APP, MONITORING, alertmanager(UNKNOWN)]),
    ("least-privilege", [rights(UNKNOWN)]),
    (
        "least-privilege",
        [rights({"Statement": [{"Effect": "Allow", "Action": UNKNOWN, "Resource": UNKNOWN}]})],
    ),
    ("replicated", [workload(UNKNOWN)]),
    ("replicated", [workload(), autoscaler(2, name=UNKNOWN)]),
    ("disruption-budget", [workload(2), budget({"app.x/name": UNKNOWN})]),
    ("disruption-budget", [workload(2), budget(namespace=UNKNOWN)]),
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
