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
PARAMETERS = "aws:rds/parameterGroup:ParameterGroup"


def _by_kms(configurations: Any) -> bool:
    kinds = [at(configuration, "encryptionType") for configuration in each(configurations)]
    return bool(kinds) and all(kind == "KMS" or not is_known(kind) for kind in kinds)


AT_REST: Wants = {
    "aws:backup/vault:Vault": [given("kmsKeyArn", _OF_A_KEY)],
    "aws:cloudtrail/trail:Trail": [given("kmsKeyId", _OF_A_KEY)],
    "aws:cloudwatch/logGroup:LogGroup": [given("kmsKeyId", _OF_A_KEY)],
    "aws:ebs/volume:Volume": [on("encrypted")],
    "aws:ecr/repository:Repository": [Want("encryptionConfigurations", _by_kms, "of encryptionType KMS")],
    "aws:eks/cluster:Cluster": [
        Want("encryptionConfig.resources", lambda held: "secrets" in held, 'a list with "secrets"', absent=())
    ],
    _MEMORY: [on("atRestEncryptionEnabled")],
    _SEARCH: [on("encryptAtRest.enabled")],
    "aws:rds/cluster:Cluster": [on("storageEncrypted")],
    "aws:rds/instance:Instance": [on("storageEncrypted")],
    "aws:sns/topic:Topic": [given("kmsMasterKeyId", "a KMS key")],
    # SQS encrypts by itself unless it is told not to.
    "aws:sqs/queue:Queue": [Want("sqsManagedSseEnabled", bool, "true, or left out", absent=True)],
}

IN_TRANSIT: Wants = {
    _MEMORY: [
        on("transitEncryptionEnabled"),
        Want("transitEncryptionMode", lambda mode: mode == "required", "required", absent="required"),
    ],
    _SEARCH: [on("nodeToNodeEncryption.enabled"), on("domainEndpointOptions.enforceHttps")],
}
_HTTPS = ("https-only", "redirect-to-https")
_MODERN = re.compile(r"TLSv1\.[23](_\d+)?")
_FORCES_TLS = ("rds.force_ssl", "require_secure_transport")


def _in_clear(resource: Resource) -> Iterator[str]:
    yield from unmet(IN_TRANSIT, resource)
    if resource.type == DISTRIBUTION:
        yield from _of_a_distribution(resource)
    if resource.type == LISTENER:
        yield from _of_a_listener(resource)
    if resource.type == PARAMETERS:
        for parameter in each(resource.at("parameters")):
            if at(parameter, "name") in _FORCES_TLS and str(at(parameter, "value")).lower() in ("0", "off"):
                yield f"parameter {at(parameter, 'name')} must be on"


def _of_a_distribution(resource: Resource) -> Iterator[str]:
    behaviors: list[Any] = [resource.at("defaultCacheBehavior", {})]
    for behavior in [*behaviors, *each(resource.at("orderedCacheBehaviors"))]:
        policy = at(behavior, "viewerProtocolPolicy", "allow-all")
        if is_known(policy) and policy not in _HTTPS:
            path = at(behavior, "pathPattern", "*")
            yield f"viewerProtocolPolicy of {path} must be {' or '.join(_HTTPS)}, is {policy!r}"
    certificate = entries(resource.at("viewerCertificate"))
    own = certificate and not certificate.get("cloudfrontDefaultCertificate")
    oldest = at(certificate, "minimumProtocolVersion", "TLSv1")
    if own and is_known(oldest) and not _MODERN.fullmatch(oldest):
        yield f"viewerCertificate.minimumProtocolVersion must be TLSv1.2_2021 or newer, is {oldest!r}"


def _of_a_listener(resource: Resource) -> Iterator[str]:
    if resource.at("protocol") != "HTTP":
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
    lambda resource: unmet(AT_REST, resource),
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
        if not stack.users(bucket, BUCKET_ENCRYPTION, "bucket"):
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
