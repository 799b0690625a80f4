"""What the whole internet may reach."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from policies.documents import open_statements
from policies.rules import About, Resource, Rule, Stack, StackRule, Want, Wants, given, off, on, unmet
from slipway_rules.exposure import is_the_world
from slipway_rules.values import at, each, entries, is_known, parsed

BUCKET, CLUSTER = "aws:s3/bucket:Bucket", "aws:eks/cluster:Cluster"
CLOSED = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
_GROUP = "aws:ec2/securityGroup:SecurityGroup"
_GROUP_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
_INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
_ASK_FOR_ONE = ("kubernetes:core/v1:Service", "kubernetes:networking.k8s.io/v1:Ingress")
WEB = (80, 443)

_SWITCHES = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_WEBSITE = "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration"
_EVERYONES_GROUPS = re.compile(r".*/groups/global/(?:AllUsers|AuthenticatedUsers)")
_PORTLESS = ("icmp", "icmpv6", "1", "58")

PRIVATE: Wants = {
    CLOSED: [on(switch) for switch in _SWITCHES],
    "aws:ec2/amiLaunchPermission:AmiLaunchPermission": [
        Want("group", lambda group: group != "all", "left out", absent="")
    ],
    "aws:ec2/subnet:Subnet": [off("mapPublicIpOnLaunch")],
    "aws:lambda/functionUrl:FunctionUrl": [
        Want("authorizationType", lambda kind: kind != "NONE", "AWS_IAM", absent="NONE")
    ],
    "aws:opensearch/domain:Domain": [given("vpcOptions", "subnets of a VPC")],
    "aws:rds/snapshot:Snapshot": [
        Want("sharedAccounts", lambda accounts: "all" not in accounts, "a list of accounts", absent=())
    ],
    "aws:s3/accessPoint:AccessPoint": [
        Want(f"publicAccessBlockConfiguration.{switch}", lambda on_: on_ is True, "true", absent=True)
        for switch in _SWITCHES
    ],
    "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock": [on(switch) for switch in _SWITCHES],
}
_ACL = Want(
    "acl",
    lambda acl: not acl.startswith("public") and acl != "authenticated-read",
    "private",
    absent="private",
)
_UNREACHED = (off("associatePublicIpAddress"), off("publiclyAccessible"))
"""For machines, databases, brokers, warehouses alike."""


def _open(resource: Resource) -> Iterator[str]:
    yield from unmet(PRIVATE, resource)
    yield from open_statements(resource)
    if resource.type.startswith("aws:"):
        for unreached in _UNREACHED:
            yield from unreached.unmet(resource)
    if resource.type.startswith("aws:s3/"):
        yield from _of_a_bucket(resource)
    if of_this_type := _OF_TYPES.get(resource.type):
        yield from of_this_type(resource)
    for first, last in openings(resource):
        if first != last or first not in WEB:
            yield f"ports {first}-{last} are open to the whole internet"


def _of_a_bucket(resource: Resource) -> Iterator[str]:
    """A bucket, an object, or what is said of one."""
    yield from _ACL.unmet(resource)
    grants = [*each(resource.at("grants")), *each(resource.at("accessControlPolicy.grants"))]
    for grant in grants:
        group = at(grant, "uri", at(grant, "grantee.uri"))
        if isinstance(group, str) and _EVERYONES_GROUPS.fullmatch(group):
            yield f"it is granted to {group.rsplit('/', 1)[-1]}: everyone"
    website = entries(resource.props if resource.type == _WEBSITE else resource.at("website"))
    if website and "redirectAllRequestsTo" not in website:
        yield "a website of a bucket answers the whole internet, in clear: let the CDN serve it"


def _of_a_permission(resource: Resource) -> Iterator[str]:
    narrowed = ("sourceArn", "sourceAccount", "principalOrgId", "eventSourceToken")
    if resource.at("principal") == "*" and not any(resource.at(key) for key in narrowed):
        yield "principal must be a service or an account, is '*'"


def _of_a_cluster(resource: Resource) -> Iterator[str]:
    public = resource.at("vpcConfig.endpointPublicAccess", True)
    blocks = resource.at("vpcConfig.publicAccessCidrs", ["0.0.0.0/0"])
    if public is True and any(is_the_world(block) for block in each(blocks)):
        yield "its API server answers the whole internet"


def _of_nodes(resource: Resource) -> Iterator[str]:
    access = entries(resource.at("remoteAccess"))
    if access and "ec2SshKey" in access and not access.get("sourceSecurityGroupIds"):
        yield "remoteAccess must name sourceSecurityGroupIds: without, SSH is open to the whole internet"


def _of_machines(resource: Resource) -> Iterator[str]:
    for card in each(resource.at("networkInterfaces")):
        if at(card, "associatePublicIpAddress") in (True, "true"):
            yield "associatePublicIpAddress of networkInterfaces must be false"


def _of_a_list(resource: Resource) -> Iterator[str]:
    for entry in each(resource.at("entries")):
        if is_the_world(at(entry, "cidr")):
            yield f"{at(entry, 'cidr')} is the whole internet, wherever the list is used"


def _of_a_search(resource: Resource) -> Iterator[str]:
    if any(at(part, "AllowFromPublic") is True for part in each(parsed(resource.at("policy")))):
        yield "AllowFromPublic must be false"


_OF_TYPES: Mapping[str, Callable[[Resource], Iterator[str]]] = {
    CLUSTER: _of_a_cluster,
    "aws:ec2/launchTemplate:LaunchTemplate": _of_machines,
    "aws:ec2/managedPrefixList:ManagedPrefixList": _of_a_list,
    "aws:eks/nodeGroup:NodeGroup": _of_nodes,
    "aws:lambda/permission:Permission": _of_a_permission,
    "aws:opensearch/serverlessSecurityPolicy:ServerlessSecurityPolicy": _of_a_search,
}


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
            protocol = str(at(rule, "protocol", at(rule, "ipProtocol"))).lower()
            if protocol in _PORTLESS:
                continue
            if protocol in ("-1", "all"):
                yield 0, 65535
            elif is_known(first) and is_known(last):
                yield int(first), int(last)


NOT_PUBLIC = Rule(
    About(
        name="not-public",
        what="Nothing but a load balancer's ports 80 and 443 is open to the whole internet: no database, bucket, website of a bucket, "
        "API server, function, port or policy document; no role is for every token of a public issuer.",
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
    # One that the cluster makes is told its groups by an annotation.
    of_load_balancers |= {urn for asked in stack.of(*_ASK_FOR_ONE) for urn in asked.uses.get("metadata", ())}
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
