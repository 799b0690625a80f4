"""Every rule about one resource: what breaks it, what keeps it, and that nobody breaks it by what is not known yet."""

from __future__ import annotations

import json
from typing import Any

import pytest

from policies.pack import RULES
from policies.rules import UNKNOWN, Resource

PINNED = "registry.example.com/chat:v1@sha256:" + "a" * 64
TAGS = {"project": "p", "environment": "e", "owner": "o", "cost-centre": "c"}
EVERYONE = json.dumps({"Statement": [{"Sid": "All", "Effect": "Allow", "Principal": "*", "Action": "*"}]})
SOMEONE = json.dumps({"Statement": {"Effect": "Allow", "Principal": {"AWS": "arn:x"}, "Action": "*"}})
OF_THE_ORGANISATION = {"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}}
CONDITIONED = json.dumps(
    {"Statement": [{"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Condition": OF_THE_ORGANISATION}]}
)
RULE_NAMES = {rule.name: rule for rule in RULES}

SAFE_CONTAINER: dict[str, Any] = {
    "name": "chat",
    "image": PINNED,
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
    },
}
SAFE_POD: dict[str, Any] = {
    "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [SAFE_CONTAINER],
    "volumes": [{"name": "tmp", "emptyDir": {}}],
}


def resource(type_: str, protect: bool = False, **props: Any) -> Resource:
    return Resource(type_, "it", props, urn="urn:it", protect=protect)


def aws(module: str, kind: str, protect: bool = False, **props: Any) -> Resource:
    return resource(f"aws:{module}/{kind[0].lower()}{kind[1:]}:{kind}", protect, **props)


def deployment(pod: dict[str, Any], kind: str = "Deployment") -> Resource:
    return resource(f"kubernetes:apps/v1:{kind}", kind=kind, spec={"template": {"spec": pod}})


def pod(**changes: Any) -> Resource:
    return deployment({**SAFE_POD, **changes})


def container(**changes: Any) -> Resource:
    return pod(containers=[{**SAFE_CONTAINER, **changes}])


def secured(**changes: Any) -> Resource:
    return container(securityContext={**SAFE_CONTAINER["securityContext"], **changes})


def ingress(**rule: Any) -> Resource:
    return aws("ec2", "SecurityGroup", ingress=[{"fromPort": 22, "toPort": 22, "protocol": "tcp", **rule}])


def cluster(**vpc: Any) -> Resource:
    return aws("eks", "Cluster", vpcConfig=vpc)


def provider(tags: Any) -> Resource:
    return resource(
        "pulumi:providers:aws", defaultTags=tags if tags is UNKNOWN else json.dumps({"tags": tags})
    )


CLEAR = {"viewerProtocolPolicy": "allow-all"}
HTTPS = {"viewerProtocolPolicy": "redirect-to-https"}
TO_HTTPS = [{"type": "redirect", "redirect": {"protocol": "HTTPS"}}]
FORWARD = [{"type": "forward"}]

BREAKING: list[tuple[str, Resource, str]] = [
    ("data-protected", aws("rds", "Instance"), "may delete or replace it"),
    ("data-protected", aws("eks", "Cluster"), "may delete or replace it"),
    ("data-protected", aws("backup", "Vault"), "may delete or replace it"),
    ("data-protected", aws("s3", "Bucket"), "may delete or replace it"),
    ("deletion-protection", aws("rds", "Instance"), "deletionProtection must be true, is False"),
    (
        "deletion-protection",
        aws("rds", "Cluster", deletionProtection=True, skipFinalSnapshot=True),
        "skipFinalSnapshot must be false, is True",
    ),
    (
        "deletion-protection",
        aws("eks", "Cluster", deletionProtection=False),
        "deletionProtection must be true",
    ),
    ("deletion-protection", aws("dynamodb", "Table"), "deletionProtectionEnabled must be true"),
    ("deletion-protection", aws("s3", "Bucket", forceDestroy=True), "forceDestroy must be false"),
    ("deletion-protection", aws("backup", "Vault", forceDestroy=True), "forceDestroy must be false"),
    ("deletion-protection", aws("ecr", "Repository", forceDelete=True), "forceDelete must be false"),
    ("deletion-protection", aws("kms", "Key", deletionWindowInDays=7), "must be 14 or more, is 7"),
    ("deletion-protection", aws("secretsmanager", "Secret", recoveryWindowInDays=0), "must be above 0, is 0"),
    ("encrypted-at-rest", aws("rds", "Instance"), "storageEncrypted must be true"),
    ("encrypted-at-rest", aws("rds", "Cluster", storageEncrypted=False), "storageEncrypted must be true"),
    ("encrypted-at-rest", aws("elasticache", "ReplicationGroup"), "atRestEncryptionEnabled must be true"),
    ("encrypted-at-rest", aws("ebs", "Volume"), "encrypted must be true"),
    ("encrypted-at-rest", aws("sns", "Topic"), "kmsMasterKeyId must be a KMS key, is left out"),
    (
        "encrypted-at-rest",
        aws("sqs", "Queue", sqsManagedSseEnabled=False),
        "sqsManagedSseEnabled must be true",
    ),
    ("encrypted-at-rest", aws("cloudwatch", "LogGroup"), "kmsKeyId must be the ARN of a KMS key"),
    ("encrypted-at-rest", aws("cloudtrail", "Trail"), "kmsKeyId must be the ARN of a KMS key"),
    ("encrypted-at-rest", aws("backup", "Vault"), "kmsKeyArn must be the ARN of a KMS key"),
    ("encrypted-at-rest", aws("eks", "Cluster"), 'encryptionConfig.resources must be a list with "secrets"'),
    ("encrypted-at-rest", aws("ecr", "Repository"), "encryptionConfigurations must be of encryptionType KMS"),
    (
        "encrypted-at-rest",
        aws("ecr", "Repository", encryptionConfigurations=[{"encryptionType": "AES256"}]),
        "encryptionConfigurations must be of encryptionType KMS",
    ),
    ("encrypted-at-rest", aws("opensearch", "Domain"), "encryptAtRest.enabled must be true"),
    ("encrypted-in-transit", aws("elasticache", "ReplicationGroup"), "transitEncryptionEnabled must be true"),
    (
        "encrypted-in-transit",
        aws(
            "elasticache",
            "ReplicationGroup",
            transitEncryptionEnabled=True,
            transitEncryptionMode="preferred",
        ),
        "transitEncryptionMode must be required, is 'preferred'",
    ),
    ("encrypted-in-transit", aws("opensearch", "Domain"), "domainEndpointOptions.enforceHttps must be true"),
    (
        "encrypted-in-transit",
        aws("cloudfront", "Distribution", defaultCacheBehavior=CLEAR),
        "viewerProtocolPolicy of * must be https-only or redirect-to-https, is 'allow-all'",
    ),
    (
        "encrypted-in-transit",
        aws(
            "cloudfront",
            "Distribution",
            defaultCacheBehavior=HTTPS,
            orderedCacheBehaviors=[{**CLEAR, "pathPattern": "/api/*"}],
        ),
        "viewerProtocolPolicy of /api/* must be",
    ),
    (
        "encrypted-in-transit",
        aws(
            "cloudfront",
            "Distribution",
            defaultCacheBehavior=HTTPS,
            viewerCertificate={"acmCertificateArn": "arn:x", "minimumProtocolVersion": "TLSv1.1_2016"},
        ),
        "must be TLSv1.2_2021 or newer, is 'TLSv1.1_2016'",
    ),
    (
        "encrypted-in-transit",
        aws("lb", "Listener", protocol="HTTP", defaultActions=FORWARD),
        "must do nothing but redirect to HTTPS",
    ),
    (
        "encrypted-in-transit",
        aws("rds", "ParameterGroup", parameters=[{"name": "rds.force_ssl", "value": "0"}]),
        "parameter rds.force_ssl must be on",
    ),
    ("not-public", aws("rds", "Instance", publiclyAccessible=True), "publiclyAccessible must be false"),
    (
        "not-public",
        aws("s3", "BucketPublicAccessBlock", blockPublicAcls=True),
        "blockPublicPolicy must be true",
    ),
    ("not-public", aws("s3", "BucketAcl", acl="public-read"), "acl must be private, is 'public-read'"),
    ("not-public", aws("ec2", "Subnet", mapPublicIpOnLaunch=True), "mapPublicIpOnLaunch must be false"),
    ("not-public", aws("ec2", "Instance", associatePublicIpAddress=True), "associatePublicIpAddress must be"),
    ("not-public", aws("eks", "Cluster"), "answers the whole internet"),
    (
        "not-public",
        cluster(endpointPublicAccess=True, publicAccessCidrs=["::/0"]),
        "answers the whole internet",
    ),
    ("not-public", ingress(cidrBlocks=["0.0.0.0/0"]), "ports 22-22 are open"),
    ("not-public", ingress(ipv6CidrBlocks=["::/0"], fromPort=80, toPort=443), "ports 80-443 are open"),
    ("not-public", ingress(cidrBlocks=["128.0.0.0/1"], protocol="-1"), "ports 0-65535 are open"),
    (
        "not-public",
        aws("ec2", "SecurityGroupRule", type="ingress", cidrBlocks=["0.0.0.0/0"], fromPort=22, toPort=22),
        "ports 22-22 are open",
    ),
    (
        "not-public",
        aws("vpc", "SecurityGroupIngressRule", cidrIpv4="0.0.0.0/0", ipProtocol="-1"),
        "ports 0-65535 are open",
    ),
    ("not-public", aws("s3", "BucketPolicy", policy=EVERYONE), "statement All of policy allows everyone"),
    ("not-public", aws("iam", "Role", assumeRolePolicy=EVERYONE), "of assumeRolePolicy allows everyone"),
    ("tagged", provider({**TAGS, "owner": ""}), "defaultTags lack owner"),
    ("tagged", resource("pulumi:providers:aws"), "lack project, environment, owner, cost-centre"),
    ("tagged", aws("ec2", "Vpc", tags={"Name": "vpc"}), "its tags lack project"),
    ("tagged", aws("ec2", "Vpc", tagsAll=TAGS, tags={"owner": ""}), "its tags lack owner"),
    ("images-pinned", container(image="chat:v1"), "containers.chat: 'chat:v1' has no digest"),
    ("images-pinned", pod(initContainers=[{"name": "init", "image": "x@sha256:12"}]), "initContainers.init"),
    ("images-pinned", deployment({"containers": [{"name": "n"}]}, "DaemonSet"), "'' has no digest"),
    ("pods-restricted", pod(hostNetwork=True), "hostNetwork must be false, got True"),
    ("pods-restricted", pod(hostPID=True), "hostPID must be false"),
    ("pods-restricted", pod(hostIPC=True), "hostIPC must be false"),
    ("pods-restricted", pod(volumes=[{"name": "host", "hostPath": {}}]), "volumes.host must not be hostPath"),
    (
        "pods-restricted",
        pod(securityContext={**SAFE_POD["securityContext"], "sysctls": [{"name": "kernel.msgmax"}]}),
        "securityContext.sysctls must not have 'kernel.msgmax'",
    ),
    (
        "pods-restricted",
        pod(
            securityContext={**SAFE_POD["securityContext"], "windowsOptions": {"hostProcess": True}},
        ),
        "hostProcess must be false",
    ),
    ("pods-restricted", secured(privileged=True), "containers.chat.securityContext.privileged must be false"),
    (
        "pods-restricted",
        secured(allowPrivilegeEscalation=None),
        "allowPrivilegeEscalation must be false, got nothing",
    ),
    ("pods-restricted", secured(capabilities={}), 'capabilities.drop must be a list with "ALL", got nothing'),
    (
        "pods-restricted",
        secured(capabilities={"drop": ["ALL"], "add": ["NET_ADMIN"]}),
        "capabilities.add must be none but NET_BIND_SERVICE",
    ),
    ("pods-restricted", secured(procMount="Unmasked"), "procMount must be Default"),
    ("pods-restricted", secured(runAsNonRoot=False), "runAsNonRoot must be true, got False"),
    ("pods-restricted", secured(runAsUser=0), "runAsUser must be another user than 0"),
    (
        "pods-restricted",
        secured(seccompProfile={"type": "Unconfined"}),
        "seccompProfile.type must be RuntimeDefault",
    ),
    (
        "pods-restricted",
        pod(securityContext={}),
        "seccompProfile.type must be RuntimeDefault or Localhost, got nothing",
    ),
    ("pods-restricted", container(ports=[{"hostPort": 80}]), "ports.hostPort must be left out, got 80"),
    (
        "pods-restricted",
        resource("kubernetes:core/v1:Namespace", metadata={}),
        "must be restricted, is left out",
    ),
    ("secrets-by-reference", container(env=[{"name": "DB_PASSWORD", "value": "hunter22"}]), "DB_PASSWORD"),
]

KEEPING: list[tuple[str, Resource]] = [
    ("data-protected", aws("rds", "Instance", protect=True)),
    ("data-protected", aws("elasticache", "ReplicationGroup")),
    ("deletion-protection", aws("rds", "Instance", deletionProtection=True)),
    ("deletion-protection", aws("kms", "Key")),
    ("deletion-protection", aws("secretsmanager", "Secret")),
    ("encrypted-at-rest", aws("rds", "Instance", storageEncrypted=True)),
    ("encrypted-at-rest", aws("sqs", "Queue")),
    ("encrypted-at-rest", aws("eks", "Cluster", encryptionConfig={"resources": ["secrets"]})),
    ("encrypted-at-rest", aws("ecr", "Repository", encryptionConfigurations=[{"encryptionType": "KMS"}])),
    ("encrypted-in-transit", aws("elasticache", "ReplicationGroup", transitEncryptionEnabled=True)),
    ("encrypted-in-transit", aws("lb", "Listener", protocol="HTTP", defaultActions=TO_HTTPS)),
    ("encrypted-in-transit", aws("lb", "Listener", protocol="TCP", defaultActions=FORWARD)),
    (
        "encrypted-in-transit",
        aws(
            "cloudfront",
            "Distribution",
            defaultCacheBehavior=HTTPS,
            viewerCertificate={"minimumProtocolVersion": "TLSv1.2_2021"},
        ),
    ),
    (
        "encrypted-in-transit",
        aws(
            "cloudfront",
            "Distribution",
            defaultCacheBehavior=HTTPS,
            viewerCertificate={"cloudfrontDefaultCertificate": True},
        ),
    ),
    (
        "encrypted-in-transit",
        aws("rds", "ParameterGroup", parameters=[{"name": "rds.force_ssl", "value": "1"}]),
    ),
    ("not-public", cluster(endpointPublicAccess=False)),
    ("not-public", cluster(endpointPublicAccess=True, publicAccessCidrs=["203.0.113.0/24"])),
    ("not-public", ingress(cidrBlocks=["10.0.0.0/8"])),
    ("not-public", ingress(cidrBlocks=["0.0.0.0/0"], fromPort=443, toPort=443)),
    ("not-public", aws("ec2", "SecurityGroupRule", type="egress", cidrBlocks=["0.0.0.0/0"])),
    ("not-public", aws("s3", "BucketPolicy", policy=SOMEONE)),
    ("not-public", aws("s3", "BucketPolicy", policy=CONDITIONED)),
    ("tagged", provider(TAGS)),
    (
        "tagged",
        Resource("aws:ec2/vpc:Vpc", "v", {"tags": {}}, provider={"defaultTags": json.dumps({"tags": TAGS})}),
    ),
    ("tagged", aws("ec2", "RouteTableAssociation")),
    ("images-pinned", pod()),
    ("images-pinned", resource("kubernetes:core/v1:ConfigMap", kind="ConfigMap")),
    ("pods-restricted", pod()),
    ("pods-restricted", secured(capabilities={"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]})),
    (
        "pods-restricted",
        resource(
            "kubernetes:core/v1:Namespace",
            metadata={"labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
        ),
    ),
    ("secrets-by-reference", container(env=[{"name": "COLOR", "value": "blue"}])),
]

NOT_KNOWN: list[tuple[str, Resource]] = [
    ("deletion-protection", aws("rds", "Instance", deletionProtection=UNKNOWN)),
    ("encrypted-at-rest", aws("cloudwatch", "LogGroup", kmsKeyId=UNKNOWN)),
    ("encrypted-at-rest", aws("eks", "Cluster", encryptionConfig=UNKNOWN)),
    ("encrypted-at-rest", aws("ecr", "Repository", encryptionConfigurations=[{"encryptionType": UNKNOWN}])),
    ("encrypted-in-transit", aws("cloudfront", "Distribution", defaultCacheBehavior=UNKNOWN)),
    ("encrypted-in-transit", aws("lb", "Listener", protocol="HTTP", defaultActions=[{"redirect": UNKNOWN}])),
    ("not-public", cluster(endpointPublicAccess=UNKNOWN)),
    ("not-public", ingress(cidrBlocks=UNKNOWN)),
    ("not-public", ingress(cidrBlocks=[UNKNOWN])),
    ("not-public", ingress(cidrBlocks=["0.0.0.0/0"], fromPort=UNKNOWN)),
    ("not-public", aws("s3", "BucketPolicy", policy=UNKNOWN)),
    ("tagged", provider(UNKNOWN)),
    ("tagged", aws("ec2", "Vpc", tags=UNKNOWN)),
    ("images-pinned", container(image=UNKNOWN)),
    ("images-pinned", pod(containers=UNKNOWN)),
    ("pods-restricted", container(securityContext=UNKNOWN)),
    ("pods-restricted", pod(securityContext=UNKNOWN)),
    ("pods-restricted", resource("kubernetes:core/v1:Namespace", metadata=UNKNOWN)),
    ("secrets-by-reference", container(env=[{"name": "DB_PASSWORD", "value": UNKNOWN}])),
]


def found(rule: str, by: Resource) -> list[str]:
    return list(RULE_NAMES[rule].find(by))


@pytest.mark.parametrize(("rule", "by", "says"), BREAKING)
def test_broken(rule: str, by: Resource, says: str) -> None:
    assert any(says in problem for problem in found(rule, by)), found(rule, by)


@pytest.mark.parametrize(("rule", "by"), KEEPING)
def test_kept(rule: str, by: Resource) -> None:
    assert found(rule, by) == []


@pytest.mark.parametrize(("rule", "by"), NOT_KNOWN)
def test_not_broken_by_what_is_not_known(rule: str, by: Resource) -> None:
    assert found(rule, by) == []


def test_an_unknown_container_hides_no_other() -> None:
    two = pod(containers=[UNKNOWN, {**SAFE_CONTAINER, "name": "two", "image": "x"}])
    assert found("images-pinned", two) == ["containers.two: 'x' has no digest"]


def test_every_rule_has_all_three_cases() -> None:
    for cases in (BREAKING, KEEPING):
        assert {case[0] for case in cases} == RULE_NAMES.keys()
    # Protection is an option, which is always known.
    assert {case[0] for case in NOT_KNOWN} == RULE_NAMES.keys() - {"data-protected"}
