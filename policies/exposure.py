"""What the whole internet may reach, and whom a policy document lets in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from policies.rules import About, Resource, Rule, Stack, StackRule, Want, Wants, off, on, unmet
from slipway_rules.exposure import is_the_world
from slipway_rules.values import at, each, is_known

BUCKET, CLUSTER = "aws:s3/bucket:Bucket", "aws:eks/cluster:Cluster"
CLOSED = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
_GROUP = "aws:ec2/securityGroup:SecurityGroup"
_GROUP_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
_INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
WEB = (80, 443)

PRIVATE: Wants = {
    CLOSED: [
        on("blockPublicAcls"),
        on("blockPublicPolicy"),
        on("ignorePublicAcls"),
        on("restrictPublicBuckets"),
    ],
    "aws:ec2/instance:Instance": [off("associatePublicIpAddress")],
    "aws:ec2/subnet:Subnet": [off("mapPublicIpOnLaunch")],
    "aws:rds/clusterInstance:ClusterInstance": [off("publiclyAccessible")],
    "aws:rds/instance:Instance": [off("publiclyAccessible")],
    "aws:s3/bucketAcl:BucketAcl": [
        Want("acl", lambda acl: not acl.startswith("public"), "private", absent="private")
    ],
}

DOCUMENTS: Mapping[str, str] = {
    "aws:backup/vaultPolicy:VaultPolicy": "policy",
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "policy",
    "aws:iam/role:Role": "assumeRolePolicy",
    "aws:kms/key:Key": "policy",
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "aws:secretsmanager/secretPolicy:SecretPolicy": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
    "aws:sqs/queuePolicy:QueuePolicy": "policy",
}
"""Where a resource's policy document stands."""


def _open(resource: Resource) -> Iterator[str]:
    yield from unmet(PRIVATE, resource)
    if resource.type == CLUSTER:
        yield from _of_a_cluster(resource)
    for first, last in openings(resource):
        if first != last or first not in WEB:
            yield f"ports {first}-{last} are open to the whole internet"
    if path := DOCUMENTS.get(resource.type):
        for number, statement in _statements(resource.at(path)):
            if lets_everyone_in(statement):
                yield f"statement {at(statement, 'Sid', number)} of {path} allows everyone, without a condition"


def _of_a_cluster(resource: Resource) -> Iterator[str]:
    public = resource.at("vpcConfig.endpointPublicAccess", True)
    blocks = resource.at("vpcConfig.publicAccessCidrs", ["0.0.0.0/0"])
    if public is True and any(is_the_world(block) for block in each(blocks)):
        yield "its API server answers the whole internet"


def openings(resource: Resource) -> Iterator[tuple[int, int]]:
    """First and last port of whatever a security group, or a rule of one, opens to the whole internet."""
    rules: list[Any] = {
        _GROUP: [*each(resource.at("ingress"))],
        _DEFAULT_GROUP: [*each(resource.at("ingress"))],
        _GROUP_RULE: [resource.props] if resource.at("type") == "ingress" else [],
        _INGRESS_RULE: [resource.props],
    }.get(resource.type, [])
    for rule in rules:
        blocks = [*each(at(rule, "cidrBlocks")), *each(at(rule, "ipv6CidrBlocks"))]
        blocks += [at(rule, "cidrIpv4"), at(rule, "cidrIpv6")]
        if any(is_known(block) and is_the_world(block) for block in blocks):
            first, last = at(rule, "fromPort", 0), at(rule, "toPort", 65535)
            everything = str(at(rule, "protocol", at(rule, "ipProtocol"))) in ("-1", "all")
            if everything:
                yield 0, 65535
            elif is_known(first) and is_known(last):
                yield int(first), int(last)


def _statements(document: Any) -> Iterator[tuple[int, Any]]:
    if not isinstance(document, str):
        return
    statements = at(json.loads(document), "Statement", [])
    yield from enumerate(cast(list[Any], statements) if isinstance(statements, list) else [statements])


def lets_everyone_in(statement: Mapping[str, Any]) -> bool:
    """Whether a statement allows something to anybody at all."""
    principal = at(statement, "Principal")
    named = at(principal, "AWS") if isinstance(principal, Mapping) else principal
    everyone = named == "*" or (isinstance(named, list) and "*" in named)
    return at(statement, "Effect") == "Allow" and everyone and not at(statement, "Condition")


NOT_PUBLIC = Rule(
    About(
        name="not-public",
        what="Nothing but a load balancer's ports 80 and 443 is open to the whole internet: no database, bucket, API server, "
        "port or policy document.",
        why="What is reachable is tried within minutes; a mistake behind it, a password or a bug, is then everybody's.",
        mend="keep it in private subnets, name the addresses or principals that need it, or reach it through the load balancer.",
    ),
    _open,
)


def _bare_buckets(stack: Stack) -> Iterator[tuple[Resource, str]]:
    for bucket in stack.of(BUCKET):
        if not stack.users(bucket, CLOSED, "bucket"):
            yield bucket, "no BucketPublicAccessBlock is given this bucket"


BUCKETS_CLOSED = StackRule(
    About(
        name="buckets-closed",
        what="Every bucket has a public access block of its own.",
        why="One ACL or policy, written later by anyone, opens a bucket that has none.",
        mend="add an aws.s3.BucketPublicAccessBlock with all four switches on whose `bucket` is the bucket's id.",
    ),
    _bare_buckets,
)


def _open_elsewhere(stack: Stack) -> Iterator[tuple[Resource, str]]:
    of_load_balancers = {
        urn for balancer in stack.of(LOAD_BALANCER) for urn in balancer.uses.get("securityGroups", ())
    }
    for resource in stack.resources:
        own = frozenset({resource.urn})
        groups = own if resource.type == _GROUP else resource.uses.get("securityGroupId", own)
        if any(first == last and first in WEB for first, last in openings(resource)) and not (
            groups & of_load_balancers
        ):
            yield resource, "ports 80 and 443 may be open to the whole internet on a load balancer alone"


WEB_ON_LOAD_BALANCERS = StackRule(
    About(
        name="web-ports",
        what="Ports 80 and 443 are open to the whole internet on load balancers alone.",
        why="A load balancer is built to be found: it ends TLS, drops what is malformed and can be put behind a firewall.",
        mend="give the security group to a load balancer, and let in from its group what stands behind it.",
    ),
    _open_elsewhere,
)
