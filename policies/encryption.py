"""Encryption, at rest and in transit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from policies.rules import About, Resource, Rule, Stack, StackRule, Want, Wants, given, on, unmet
from slipway_rules.values import at, each, entries, is_known

_OF_A_KEY = "the ARN of a KMS key"
_MEMORY = "aws:elasticache/replicationGroup:ReplicationGroup"
_SEARCH = "aws:opensearch/domain:Domain"
BUCKET = "aws:s3/bucket:Bucket"
BUCKET_ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
DISTRIBUTION, LISTENER = "aws:cloudfront/distribution:Distribution", "aws:lb/listener:Listener"
_CLASSIC = "aws:elb/loadBalancer:LoadBalancer"
_PARAMETERS = frozenset(
    {
        "aws:docdb/clusterParameterGroup:ClusterParameterGroup",
        "aws:rds/clusterParameterGroup:ClusterParameterGroup",
        "aws:rds/parameterGroup:ParameterGroup",
    }
)


def _by_kms(configurations: Any) -> bool:
    kinds = [at(configuration, "encryptionType") for configuration in each(configurations)]
    return bool(kinds) and all(kind == "KMS" or not is_known(kind) for kind in kinds)


AT_REST: Wants = {
    "aws:backup/vault:Vault": [given("kmsKeyArn", _OF_A_KEY)],
    "aws:cloudtrail/trail:Trail": [given("kmsKeyId", _OF_A_KEY)],
    "aws:cloudwatch/logGroup:LogGroup": [given("kmsKeyId", _OF_A_KEY)],
    "aws:docdb/cluster:Cluster": [on("storageEncrypted")],
    "aws:dynamodb/table:Table": [on("serverSideEncryption.enabled")],
    "aws:ebs/volume:Volume": [on("encrypted")],
    "aws:efs/fileSystem:FileSystem": [on("encrypted")],
    "aws:ec2/instance:Instance": [on("rootBlockDevice.encrypted")],
    "aws:ecr/repository:Repository": [Want("encryptionConfigurations", _by_kms, "of encryptionType KMS")],
    "aws:eks/cluster:Cluster": [
        Want("encryptionConfig.resources", lambda held: "secrets" in held, 'a list with "secrets"', absent=())
    ],
    "aws:kinesis/stream:Stream": [Want("encryptionType", lambda kind: kind == "KMS", "KMS", absent="NONE")],
    _MEMORY: [on("atRestEncryptionEnabled")],
    "aws:neptune/cluster:Cluster": [on("storageEncrypted")],
    _SEARCH: [on("encryptAtRest.enabled")],
    "aws:rds/cluster:Cluster": [on("storageEncrypted")],
    "aws:rds/globalCluster:GlobalCluster": [on("storageEncrypted")],
    "aws:rds/instance:Instance": [on("storageEncrypted")],
    # Redshift encrypts by itself unless it is told not to, and so does SQS, whose own key and a KMS key exclude each other.
    "aws:redshift/cluster:Cluster": [
        Want("encrypted", lambda value: value in (True, "true"), "true", absent=True)
    ],
    "aws:sns/topic:Topic": [given("kmsMasterKeyId", "a KMS key")],
}
_QUEUE = "aws:sqs/queue:Queue"
_NODES = "aws:elasticache/cluster:Cluster"
_DISKS = {
    "aws:ec2/instance:Instance": "ebsBlockDevices",
    "aws:ec2/launchTemplate:LaunchTemplate": "blockDeviceMappings",
}


def _open_at_rest(resource: Resource) -> Iterator[str]:
    yield from unmet(AT_REST, resource)
    if (
        resource.type == _QUEUE
        and resource.at("sqsManagedSseEnabled") is False
        and not resource.at("kmsMasterKeyId")
    ):
        yield "sqsManagedSseEnabled must be true, or left out, is False"
    if resource.type == _NODES and resource.at("engine", "memcached") in ("redis", "valkey"):
        yield f"a {resource.at('engine')} cluster cannot encrypt: it must be a ReplicationGroup, one node included"
    disks = resource.at(_DISKS[resource.type]) if resource.type in _DISKS else ()
    for disk in each(disks):
        encrypted = at(disk, "ebs.encrypted", at(disk, "encrypted", default=False))
        is_none = at(disk, "virtualName") or at(disk, "noDevice")  # the machine's own, or nothing
        if is_known(encrypted) and encrypted not in (True, "true") and not is_none:
            yield f"encrypted of disk {at(disk, 'deviceName')} must be true"


IN_TRANSIT: Wants = {
    _MEMORY: [
        on("transitEncryptionEnabled"),
        Want("transitEncryptionMode", lambda mode: mode == "required", "required", absent="required"),
    ],
    "aws:memorydb/cluster:Cluster": [Want("tlsEnabled", lambda on_: on_ is True, "true", absent=True)],
    "aws:msk/cluster:Cluster": [
        Want(
            "encryptionInfo.encryptionInTransit.clientBroker",
            lambda spoken: spoken == "TLS",
            "TLS",
            absent="TLS",
        )
    ],
    _SEARCH: [on("nodeToNodeEncryption.enabled"), on("domainEndpointOptions.enforceHttps")],
    "aws:sns/topicSubscription:TopicSubscription": [
        Want("protocol", lambda protocol: protocol != "http", "any other than http")
    ],
}
_OLDEST = "ELBSecurityPolicy-2016-08"
"""What AWS takes when a listener does not say."""
_HTTPS = ("https-only", "redirect-to-https")
_MODERN = re.compile(r"TLSv1\.[23](_\d+)?")
_OLD_TLS = re.compile(r"ELBSecurityPolicy-(?:\d|TLS-1-[01]|TLS13-1-[01]|FS-(?:\d|1-1))")
_FORCES_TLS = ("rds.force_ssl", "require_secure_transport", "tls")


_OFF = ("0", "off", "disabled")


def _in_clear(resource: Resource) -> Iterator[str]:
    yield from unmet(IN_TRANSIT, resource)
    if resource.type == DISTRIBUTION:
        yield from _of_a_distribution(resource)
    if resource.type == LISTENER:
        yield from _of_a_listener(resource)
    for asked in each(resource.at("listeners")) if resource.type == _CLASSIC else ():
        if str(at(asked, "lbProtocol")).lower() == "http":
            yield "a classic load balancer's listener in HTTP must go: it cannot redirect"
    if resource.type in _PARAMETERS:
        for parameter in each(resource.at("parameters")):
            if at(parameter, "name") in _FORCES_TLS and str(at(parameter, "value")).lower() in _OFF:
                yield f"parameter {at(parameter, 'name')} must be on"


def _of_a_distribution(resource: Resource) -> Iterator[str]:
    behaviors: list[Any] = [resource.at("defaultCacheBehavior", {})]
    for behavior in [*behaviors, *each(resource.at("orderedCacheBehaviors"))]:
        policy = at(behavior, "viewerProtocolPolicy", "allow-all")
        if is_known(policy) and policy not in _HTTPS:
            path = at(behavior, "pathPattern", "*")
            yield f"viewerProtocolPolicy of {path} must be {' or '.join(_HTTPS)}, is {policy!r}"
    for origin in each(resource.at("origins")):
        if at(origin, "customOriginConfig.originProtocolPolicy") == "http-only":
            yield f"originProtocolPolicy of {at(origin, 'originId')} must be https-only, is 'http-only'"
    certificate = entries(resource.at("viewerCertificate"))
    own = certificate and not certificate.get("cloudfrontDefaultCertificate")
    oldest = at(certificate, "minimumProtocolVersion", "TLSv1")
    if own and is_known(oldest) and not _MODERN.fullmatch(oldest):
        yield f"viewerCertificate.minimumProtocolVersion must be TLSv1.2_2021 or newer, is {oldest!r}"


def _of_a_listener(resource: Resource) -> Iterator[str]:
    policy = resource.at("sslPolicy", _OLDEST)
    if resource.at("protocol") in ("HTTPS", "TLS") and isinstance(policy, str) and _OLD_TLS.match(policy):
        yield f"sslPolicy must be one of TLS 1.2 or newer, as ELBSecurityPolicy-TLS13-1-2-2021-06, is {policy!r}"
    # What an application's load balancer is not told is HTTP; a gateway's has no port.
    if resource.at("protocol", "HTTP" if resource.at("port") else None) != "HTTP":
        return
    for action in each(resource.at("defaultActions")):
        target = at(action, "redirect.protocol", "none")
        if is_known(target) and target != "HTTPS":
            yield "a listener in HTTP must do nothing but redirect to HTTPS"


AT_REST_RULE = Rule(
    About(
        name="encrypted-at-rest",
        what="What is stored is encrypted, under a KMS key wherever AWS would else use none or one that nobody can watch or revoke.",
        why="A snapshot, a disk or a backup that gets into the wrong hands is then worth nothing without the key, and every use of "
        "the key is on record.",
        mend="set the property as said; the components do so by default.",
    ),
    _open_at_rest,
)

IN_TRANSIT_RULE = Rule(
    About(
        name="encrypted-in-transit",
        what="Nothing is spoken in clear with a cache, a search domain, a database, a load balancer or the CDN.",
        why="Passwords and sessions are in what is spoken; whoever is between two ends reads along, and changes it.",
        mend="set the property as said: TLS required, HTTP redirected, nothing older than TLS 1.2.",
    ),
    _in_clear,
)


def _bare_buckets(stack: Stack) -> Iterator[tuple[Resource, str]]:
    for bucket in stack.of(BUCKET):
        if not (
            stack.users(bucket, BUCKET_ENCRYPTION, "bucket") or bucket.at("serverSideEncryptionConfiguration")
        ):
            yield bucket, "no BucketServerSideEncryptionConfiguration is given this bucket"


BUCKETS_RULE = StackRule(
    About(
        name="buckets-encrypted",
        what="Every bucket says how it is encrypted.",
        why="AWS's default changes with the account and its age; what the stack says stays.",
        mend="add an aws.s3.BucketServerSideEncryptionConfiguration whose `bucket` is the bucket's id.",
    ),
    _bare_buckets,
)
