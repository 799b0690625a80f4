"""More of what breaks and keeps the rules about AWS: other services, other forms of the same thing, what a careful team writes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from policies.rules import UNKNOWN, Resource
from tests.unit.test_policies import aws, found, ingress

WORLD = ["0.0.0.0/0"]


def listener(**props: Any) -> Resource:
    return aws("lb", "Listener", defaultActions=[{"type": "forward"}], **props)


def grants(uri: str) -> list[dict[str, Any]]:
    return [{"grantee": {"type": "Group", "uri": f"http://acs.amazonaws.com/groups/global/{uri}"}}]


def origin(policy: str) -> Resource:
    custom = {"originId": "app", "customOriginConfig": {"originProtocolPolicy": policy}}
    https = {"viewerProtocolPolicy": "https-only"}
    return aws("cloudfront", "Distribution", origins=[custom], defaultCacheBehavior=https)


PERMISSION = aws("lambda", "Permission", principal="*", action="lambda:InvokeFunction")
FROM_BUCKET = aws("lambda", "Permission", principal="*", sourceArn="arn:aws:s3:::orders")
OPEN_ON_443 = [{"fromPort": 443, "toPort": 443, "protocol": "tcp", "cidrBlocks": WORLD}]
DISK = {"deviceName": "/dev/sda1"}
ROOT = {"encrypted": True}

BREAKING: list[tuple[str, Resource, str]] = [
    ("data-protected", aws("efs", "FileSystem"), "may delete or replace it"),
    ("data-protected", aws("docdb", "Cluster"), "may delete or replace it"),
    ("data-protected", aws("redshift", "Cluster"), "may delete or replace it"),
    ("data-protected", aws("elasticsearch", "Domain"), "may delete or replace it"),
    ("data-protected", aws("s3", "BucketV2"), "may delete or replace it"),
    ("deletion-protection", aws("docdb", "Cluster"), "deletionProtection must be true"),
    ("deletion-protection", aws("neptune", "Cluster", skipFinalSnapshot=True), "skipFinalSnapshot must be"),
    ("deletion-protection", aws("redshift", "Cluster", skipFinalSnapshot=True), "skipFinalSnapshot must be"),
    ("deletion-protection", aws("cognito", "UserPool"), "deletionProtection must be ACTIVE"),
    ("encrypted-at-rest", aws("docdb", "Cluster"), "storageEncrypted must be true"),
    ("encrypted-at-rest", aws("neptune", "Cluster"), "storageEncrypted must be true"),
    ("encrypted-at-rest", aws("rds", "GlobalCluster"), "storageEncrypted must be true"),
    ("encrypted-at-rest", aws("efs", "FileSystem"), "encrypted must be true"),
    ("encrypted-at-rest", aws("redshift", "Cluster", encrypted="false"), "encrypted must be true"),
    ("encrypted-at-rest", aws("dynamodb", "Table"), "serverSideEncryption.enabled must be true"),
    ("encrypted-at-rest", aws("kinesis", "Stream"), "encryptionType must be KMS"),
    ("encrypted-at-rest", aws("elasticsearch", "Domain"), "encryptAtRest.enabled must be true"),
    ("encrypted-at-rest", aws("elasticache", "Cluster", engine="redis"), "must be a ReplicationGroup"),
    ("encrypted-at-rest", aws("elasticache", "Cluster", engine="valkey"), "must be a ReplicationGroup"),
    ("encrypted-at-rest", aws("ec2", "Instance"), "rootBlockDevice.encrypted must be true"),
    (
        "encrypted-at-rest",
        aws("ec2", "Instance", rootBlockDevice=ROOT, ebsBlockDevices=[DISK]),
        "encrypted of disk /dev/sda1",
    ),
    (
        "encrypted-at-rest",
        aws("ec2", "LaunchTemplate", blockDeviceMappings=[{**DISK, "ebs": {"encrypted": "false"}}]),
        "encrypted of disk /dev/sda1 must be true",
    ),
    ("encrypted-in-transit", listener(port=80), "nothing but redirect to HTTPS"),
    (
        "encrypted-in-transit",
        aws("alb", "Listener", protocol="HTTP", defaultActions=[{"type": "fixed-response"}]),
        "nothing but redirect to HTTPS",
    ),
    ("encrypted-in-transit", listener(protocol="HTTPS"), "sslPolicy must be one of TLS 1.2 or newer"),
    (
        "encrypted-in-transit",
        listener(protocol="TLS", sslPolicy="ELBSecurityPolicy-TLS13-1-0-2021-06"),
        "sslPolicy must be one of TLS 1.2",
    ),
    (
        "encrypted-in-transit",
        aws("elb", "LoadBalancer", listeners=[{"lbProtocol": "http"}]),
        "it cannot redirect",
    ),
    ("encrypted-in-transit", origin("http-only"), "originProtocolPolicy of app must be https-only"),
    (
        "encrypted-in-transit",
        aws(
            "rds", "ClusterParameterGroup", parameters=[{"name": "require_secure_transport", "value": "OFF"}]
        ),
        "require_secure_transport must be on",
    ),
    (
        "encrypted-in-transit",
        aws("docdb", "ClusterParameterGroup", parameters=[{"name": "tls", "value": "disabled"}]),
        "parameter tls must be on",
    ),
    ("encrypted-in-transit", aws("memorydb", "Cluster", tlsEnabled=False), "tlsEnabled must be true"),
    (
        "encrypted-in-transit",
        aws("msk", "Cluster", encryptionInfo={"encryptionInTransit": {"clientBroker": "TLS_PLAINTEXT"}}),
        "clientBroker must be TLS",
    ),
    ("encrypted-in-transit", aws("sns", "TopicSubscription", protocol="http"), "any other than http"),
    ("not-public", aws("s3", "Bucket", acl="public-read-write"), "acl must be private"),
    ("not-public", aws("s3", "BucketAcl", acl="authenticated-read"), "acl must be private"),
    ("not-public", aws("s3", "BucketAclV2", acl="public-read"), "acl must be private"),
    ("not-public", aws("s3", "BucketObjectv2", acl="public-read"), "acl must be private"),
    (
        "not-public",
        aws("s3", "BucketAcl", accessControlPolicy={"grants": grants("AllUsers")}),
        "granted to AllUsers",
    ),
    (
        "not-public",
        aws("s3", "Bucket", grants=[grants("AuthenticatedUsers")[0]["grantee"]]),
        "AuthenticatedUsers",
    ),
    ("not-public", aws("s3", "Bucket", website={"indexDocument": "index.html"}), "a website of a bucket"),
    (
        "not-public",
        aws("s3", "BucketWebsiteConfiguration", indexDocument={"suffix": "index.html"}),
        "a website of a bucket",
    ),
    ("not-public", aws("s3", "AccountPublicAccessBlock", blockPublicAcls=True), "blockPublicPolicy must be"),
    (
        "not-public",
        aws("s3", "AccessPoint", publicAccessBlockConfiguration={"blockPublicPolicy": False}),
        "blockPublicPolicy must be true",
    ),
    ("not-public", aws("redshift", "Cluster", publiclyAccessible=True), "publiclyAccessible must be false"),
    ("not-public", aws("mq", "Broker", publiclyAccessible=True), "publiclyAccessible must be false"),
    ("not-public", aws("opensearch", "Domain"), "vpcOptions must be subnets of a VPC"),
    (
        "not-public",
        aws("lambda", "FunctionUrl", authorizationType="NONE"),
        "authorizationType must be AWS_IAM",
    ),
    ("not-public", PERMISSION, "principal must be a service or an account"),
    (
        "not-public",
        aws("ec2", "LaunchTemplate", networkInterfaces=[{"associatePublicIpAddress": "true"}]),
        "associatePublicIpAddress of networkInterfaces",
    ),
    ("not-public", aws("eks", "NodeGroup", remoteAccess={"ec2SshKey": "k"}), "SSH is open"),
    ("not-public", aws("ec2", "ManagedPrefixList", entries=[{"cidr": "::/0"}]), "::/0 is the whole internet"),
    ("not-public", aws("ec2", "AmiLaunchPermission", group="all"), "group must be left out"),
    (
        "not-public",
        aws("rds", "Snapshot", sharedAccounts=["all"]),
        "sharedAccounts must be a list of accounts",
    ),
    ("not-public", aws("ec2", "SpotInstanceRequest", associatePublicIpAddress=True), "must be false"),
    (
        "not-public",
        aws("opensearch", "ServerlessSecurityPolicy", policy=json.dumps([{"AllowFromPublic": True}])),
        "AllowFromPublic must be false",
    ),
    ("deletion-protection", aws("kms", "Key", deletionWindowInDays="7"), "must be 14 or more, is '7'"),
    ("not-public", ingress(cidrBlocks=["0.0.0.0/1", "128.0.0.0/1"]), "ports 22-22 are open"),
    ("not-public", ingress(ipv6CidrBlocks=["2000::/3"]), "ports 22-22 are open"),
    (
        "not-public",
        ingress(cidrBlocks=WORLD, fromPort=443, toPort=443, protocol="-1"),
        "ports 0-65535 are open",
    ),
    (
        "not-public",
        aws("ec2", "DefaultSecurityGroup", ingress=[{"protocol": -1, "cidrBlocks": WORLD}]),
        "0-65535",
    ),
    (
        "not-public",
        aws("vpc", "SecurityGroupIngressRule", cidrIpv6="::/0", ipProtocol="tcp", fromPort=5432, toPort=5432),
        "ports 5432-5432 are open",
    ),
]

TAGS = [{"key": key, "value": "x"} for key in ("project", "environment", "owner", "cost-centre")]
TASK = [{"name": "web", "image": "x:latest"}]
OF_MACHINES_AND_PROGRAMS: list[tuple[str, Resource, str]] = [
    ("tagged", aws("autoscaling", "Group", tags=TAGS[1:]), "its tags lack project"),
    ("tagged", aws("autoscaling", "Group"), "its tags lack project"),
    (
        "images-pinned",
        aws("ecs", "TaskDefinition", containerDefinitions=json.dumps(TASK)),
        "'x:latest' has no",
    ),
    ("images-pinned", aws("lambda", "Function", imageUri="x:latest"), "imageUri: 'x:latest' has no digest"),
]

KEEPING: list[tuple[str, Resource]] = [
    ("deletion-protection", aws("rds", "Instance", replicateSourceDb="db", skipFinalSnapshot=True)),
    ("encrypted-at-rest", aws("redshift", "Cluster")),
    ("encrypted-at-rest", aws("dynamodb", "Table", serverSideEncryption={"enabled": True})),
    ("encrypted-at-rest", aws("sqs", "Queue", sqsManagedSseEnabled=False, kmsMasterKeyId="alias/q")),
    ("encrypted-at-rest", aws("elasticache", "Cluster", engine="memcached")),
    (
        "encrypted-at-rest",
        aws("ec2", "LaunchTemplate", blockDeviceMappings=[{**DISK, "ebs": {"encrypted": "true"}}]),
    ),
    ("encrypted-at-rest", aws("ec2", "LaunchTemplate", blockDeviceMappings=[{**DISK, "noDevice": "true"}])),
    ("encrypted-at-rest", aws("ec2", "LaunchTemplate", blockDeviceMappings=UNKNOWN)),
    ("encrypted-in-transit", listener(protocol="HTTPS", sslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06")),
    ("encrypted-in-transit", listener(protocol="HTTPS", sslPolicy="ELBSecurityPolicy-TLS-1-2-Ext-2018-06")),
    ("encrypted-in-transit", listener(protocol="HTTPS", sslPolicy=UNKNOWN)),
    ("encrypted-in-transit", listener()),
    ("encrypted-in-transit", listener(protocol=UNKNOWN, port=80)),
    ("encrypted-in-transit", aws("elb", "LoadBalancer", listeners=[{"lbProtocol": "ssl"}])),
    ("encrypted-in-transit", origin("https-only")),
    ("encrypted-in-transit", aws("msk", "Cluster")),
    ("encrypted-in-transit", aws("sns", "TopicSubscription", protocol="https")),
    ("tagged", aws("autoscaling", "Group", tags=TAGS)),
    ("tagged", aws("autoscaling", "Group", tags=UNKNOWN)),
    ("images-pinned", aws("lambda", "Function", imageUri=UNKNOWN)),
    ("images-pinned", aws("lambda", "Function", s3Bucket="code")),
    ("not-public", aws("s3", "Bucket", acl="private")),
    ("not-public", aws("s3", "BucketAcl", acl="log-delivery-write")),
    ("not-public", aws("s3", "BucketAcl", accessControlPolicy=UNKNOWN)),
    ("not-public", aws("s3", "BucketWebsiteConfiguration", redirectAllRequestsTo={"hostName": "x"})),
    ("not-public", aws("s3", "Bucket", website=UNKNOWN)),
    ("not-public", aws("opensearch", "Domain", vpcOptions={"subnetIds": ["a"]})),
    ("not-public", aws("lambda", "FunctionUrl", authorizationType="AWS_IAM")),
    ("not-public", FROM_BUCKET),
    ("not-public", aws("ec2", "ManagedPrefixList", entries=[{"cidr": "203.0.113.0/24"}, {"cidr": UNKNOWN}])),
    ("not-public", aws("ec2", "AmiLaunchPermission", accountId="123456789012")),
    ("not-public", aws("opensearch", "ServerlessSecurityPolicy", policy="[]")),
    ("deletion-protection", aws("kms", "Key", deletionWindowInDays="30")),
    (
        "not-public",
        aws("eks", "NodeGroup", remoteAccess={"ec2SshKey": "k", "sourceSecurityGroupIds": ["sg-1"]}),
    ),
    ("images-pinned", aws("ecs", "TaskDefinition", containerDefinitions="no JSON")),
    ("not-public", aws("lb", "LoadBalancer", internal=False)),
    ("not-public", aws("ec2", "SecurityGroup", ingress=OPEN_ON_443)),
    ("not-public", ingress(cidrBlocks=WORLD, protocol="icmp", fromPort=3, toPort=4)),
]


@pytest.mark.parametrize(("rule", "by", "says"), [*BREAKING, *OF_MACHINES_AND_PROGRAMS], ids=str)
def test_broken(rule: str, by: Resource, says: str) -> None:
    assert any(says in problem for problem in found(rule, by)), found(rule, by)


@pytest.mark.parametrize(("rule", "by"), KEEPING, ids=str)
def test_kept(rule: str, by: Resource) -> None:
    assert found(rule, by) == []
