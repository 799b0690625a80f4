"""The policies of a delivery, read as IAM reads them: an explicit denial wins, then an allowance, else nothing is allowed."""

from __future__ import annotations

import json
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

import pytest

from slipway import delivery_policies as policies
from slipway.delivery import _SERVICES, DEPLOY_JOBS  # pyright: ignore[reportPrivateUsage]
from slipway.iam_policy import Home, document, home_of, taken_by, tls_only

HOME = Home("aws", "eu-central-1", "123456789012")
BUCKET, KEY = "arn:aws:s3:::states", "arn:aws:kms:eu-central-1:123456789012:key/state"
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
OWN = policies.boundary_arn(HOME, "edge")
CI_ROLE = "arn:aws:iam::123456789012:role/slipway-delivery/deploy-prod"
OTHER_ROLE = "arn:aws:iam::123456789012:role/cluster-nodes"
OTHER_KEY = "arn:aws:kms:eu-central-1:123456789012:key/other"
CLUSTER_PROVIDER = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/1"
OTHER_PROVIDER = "arn:aws:iam::123456789012:oidc-provider/gitlab.example.com"
TAGGED = ("InstanceProfile", "Policy", "Role")
LOCK = f"{BUCKET}/.pulumi/locks/organization/chat/prod/1.json"
SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:chat-4f5e6d7-AbCdEf"
PARAMETER = "arn:aws:ssm:us-east-1:123456789012:parameter/cdn/origin"
OF_SECRET, OF_PARAMETER = "kms:EncryptionContext:SecretARN", "kms:EncryptionContext:PARAMETER_ARN"


TESTS: dict[str, Callable[[str | None, Any], bool]] = {
    "StringNotEquals": lambda said, right: said != right,
    "StringLike": lambda said, right: said is not None and is_like(said, right),
    "StringNotLike": lambda said, right: said is None or not is_like(said, right),
    "ArnNotLike": lambda said, right: said is None or not fnmatchcase(said, right),
    "Bool": lambda said, right: said == right,
}


def some(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else value


def is_like(said: str, patterns: Any) -> bool:
    return any(fnmatchcase(said, pattern) for pattern in some(patterns))


def covers(statement: dict[str, Any], key: str, asked: str) -> bool:
    """Whether Action or NotAction, Resource or NotResource of a statement is about what is asked."""
    if f"Not{key}" in statement:
        return not is_like(asked, statement[f"Not{key}"])
    return is_like(asked, statement[key])


def holds(condition: dict[str, dict[str, Any]], context: dict[str, str]) -> bool:
    """The operators that these policies use; one that denies what differs denies what is not there."""
    return all(
        TESTS[operator](context.get(key), right)
        for operator, pairs in condition.items()
        for key, right in pairs.items()
    )


def allowed(policy: str, action: str, resource: str, **context: str) -> bool:
    said = {key.replace("_", ":", 1): value for key, value in context.items()}
    return permits(policy, action, resource, said)


def permits(policy: str, action: str, resource: str, said: dict[str, str]) -> bool:
    effects = {
        statement["Effect"]
        for statement in json.loads(policy)["Statement"]
        if covers(statement, "Action", action)
        and covers(statement, "Resource", resource)
        and holds(statement.get("Condition", {}), said)
    }
    return effects == {"Allow"}


def denied(policy: str, action: str, resource: str, context: dict[str, str] | None = None) -> bool:
    return any(
        covers(statement, "Action", action)
        and covers(statement, "Resource", resource)
        and holds(statement.get("Condition", {}), context or {})
        for statement in json.loads(policy)["Statement"]
        if statement["Effect"] == "Deny"
    )


BOUNDARY = policies.boundary(_SERVICES, OWN, PROVIDER, BUCKET, KEY)


def test_a_boundary_fits_into_a_managed_policy() -> None:
    assert len(json.dumps(json.loads(BOUNDARY), separators=(",", ":"))) < 6144


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("ec2:CreateVpc", "*", {}),
        ("iam:GetRole", CI_ROLE, {}),
        ("iam:PassRole", OTHER_ROLE, {}),
        ("iam:CreateRole", OTHER_ROLE, {"iam_PermissionsBoundary": OWN}),
        ("iam:PutRolePolicy", OTHER_ROLE, {"iam_PermissionsBoundary": OWN}),
        ("iam:UpdateRole", OTHER_ROLE, {}),
        ("iam:UpdateRoleDescription", OTHER_ROLE, {}),
        ("iam:AddClientIDToOpenIDConnectProvider", CLUSTER_PROVIDER, {}),
        ("iam:RemoveClientIDFromOpenIDConnectProvider", CLUSTER_PROVIDER, {}),
        ("iam:UpdateOpenIDConnectProviderThumbprint", CLUSTER_PROVIDER, {}),
        ("iam:CreateOpenIDConnectProvider", CLUSTER_PROVIDER, {}),
        ("iam:DeleteOpenIDConnectProvider", CLUSTER_PROVIDER, {}),
        ("iam:TagOpenIDConnectProvider", CLUSTER_PROVIDER, {}),
        ("iam:GetOpenIDConnectProvider", OTHER_PROVIDER, {}),
        ("iam:ListOpenIDConnectProviders", "*", {}),
        *((f"iam:{does}{what}", OTHER_ROLE, {}) for does in ("Tag", "Untag") for what in TAGGED),
        ("secretsmanager:GetSecretValue", "*", {}),
        ("ssm:GetParameter", "*", {}),
        ("kms:Decrypt", OTHER_KEY, {}),
        ("kms:GenerateDataKey", KEY, {"aws_PrincipalArn": CI_ROLE}),
        ("s3:DeleteObject", LOCK, {"aws_PrincipalArn": CI_ROLE}),
        ("s3:PutObject", f"{BUCKET}/.pulumi/stacks/chat/prod.json", {"aws_PrincipalArn": CI_ROLE}),
        ("kms:Decrypt", KEY, {"aws_PrincipalArn": CI_ROLE}),
        ("cloudtrail:CreateTrail", "*", {}),
    ],
)
def test_a_deployment_may(action: str, resource: str, context: dict[str, str]) -> None:
    assert allowed(BOUNDARY, action, resource, **context)


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("iam:CreateRole", OTHER_ROLE, {}),
        ("iam:CreateRole", OTHER_ROLE, {"iam_PermissionsBoundary": "arn:aws:iam::aws:policy/Any"}),
        ("iam:AttachRolePolicy", OTHER_ROLE, {}),
        ("iam:DeleteRolePermissionsBoundary", OTHER_ROLE, {"iam_PermissionsBoundary": OWN}),
        ("iam:UpdateAssumeRolePolicy", OTHER_ROLE, {}),
        ("iam:CreateUser", "*", {}),
        ("iam:CreateAccessKey", "*", {}),
        ("iam:AttachRolePolicy", CI_ROLE, {"iam_PermissionsBoundary": OWN}),
        ("iam:DeleteRole", CI_ROLE, {}),
        ("iam:PassRole", CI_ROLE, {}),
        ("iam:CreatePolicyVersion", OWN, {}),
        ("iam:DeleteOpenIDConnectProvider", PROVIDER, {}),
        ("iam:AddClientIDToOpenIDConnectProvider", PROVIDER, {}),
        ("iam:UpdateOpenIDConnectProviderThumbprint", PROVIDER, {}),
        ("iam:AddClientIDToOpenIDConnectProvider", OTHER_PROVIDER, {}),
        ("iam:CreateOpenIDConnectProvider", OTHER_PROVIDER, {}),
        ("iam:DeleteOpenIDConnectProvider", OTHER_PROVIDER, {}),
        ("iam:RemoveClientIDFromOpenIDConnectProvider", OTHER_PROVIDER, {}),
        ("iam:TagOpenIDConnectProvider", OTHER_PROVIDER, {}),
        ("iam:UntagOpenIDConnectProvider", OTHER_PROVIDER, {}),
        ("iam:UpdateOpenIDConnectProviderThumbprint", OTHER_PROVIDER, {}),
        ("iam:CreateOpenIDConnectProvider", CLUSTER_PROVIDER.replace("123456789012", "210987654321"), {}),
        ("iam:TagUser", "arn:aws:iam::123456789012:user/ops", {}),
        ("iam:UpdateRoleDescription", CI_ROLE, {}),
        ("organizations:LeaveOrganization", "*", {}),
        ("sts:AssumeRole", OTHER_ROLE, {}),
        ("cloudtrail:StopLogging", "*", {}),
        ("guardduty:DeleteDetector", "*", {}),
        ("s3:DeleteBucket", BUCKET, {"aws_PrincipalArn": CI_ROLE}),
        ("s3:PutBucketPolicy", BUCKET, {"aws_PrincipalArn": CI_ROLE}),
        ("s3:BypassGovernanceRetention", f"{BUCKET}/x", {"aws_PrincipalArn": CI_ROLE}),
        ("kms:ScheduleKeyDeletion", KEY, {"aws_PrincipalArn": CI_ROLE}),
        ("s3:GetObject", f"{BUCKET}/.pulumi/stacks/chat/prod.json", {"aws_PrincipalArn": OTHER_ROLE}),
        ("kms:Decrypt", KEY, {"aws_PrincipalArn": OTHER_ROLE}),
        ("kms:GenerateDataKey", KEY, {"aws_PrincipalArn": OTHER_ROLE}),
        ("dynamodb:GetItem", "*", {}),
    ],
)
def test_a_deployment_may_not(action: str, resource: str, context: dict[str, str]) -> None:
    assert not allowed(BOUNDARY, action, resource, **context)


def test_a_deployment_in_china_changes_its_clusters_providers_alone() -> None:
    own = policies.boundary_arn(Home("aws-cn", "cn-north-1", "123456789012"), "edge")
    boundary = policies.boundary(_SERVICES, own, PROVIDER, BUCKET, KEY)
    providers = "arn:aws-cn:iam::123456789012:oidc-provider"
    create = "iam:CreateOpenIDConnectProvider"
    assert allowed(boundary, create, f"{providers}/oidc.eks.cn-north-1.amazonaws.com.cn/id/1")
    assert not allowed(boundary, create, f"{providers}/gitlab.example.com")


def test_a_preview_reads_the_state_and_nobody_s_secrets() -> None:
    policy = policies.preview(BUCKET, KEY)
    assert allowed(policy, "s3:GetObject", f"{BUCKET}/.pulumi/stacks/chat/prod.json")
    assert allowed(policy, "s3:ListBucket", BUCKET)
    assert allowed(policy, "kms:Decrypt", KEY)
    for action, resource in {
        "secretsmanager:GetSecretValue": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:x",
        "secretsmanager:BatchGetSecretValue": "*",
        "kms:Decrypt": "arn:aws:kms:eu-central-1:123456789012:key/other",
        "s3:GetObject": "arn:aws:s3:::backups/x",
        "s3:GetObjectVersion": "arn:aws:s3:::backups/x",
        "dynamodb:Scan": "*",
    }.items():
        assert denied(policy, action, resource), action
    assert not denied(policy, "secretsmanager:DescribeSecret", "*")
    assert not denied(policy, "s3:GetBucketPolicy", "arn:aws:s3:::backups")

    for action in ("s3:PutObject", "s3:DeleteObject"):
        assert not allowed(policy, action, LOCK)
    assert not allowed(policy, "kms:GenerateDataKey", KEY)
    assert denied(policy, "kms:Decrypt", OTHER_KEY, {OF_SECRET: SECRET})


def statements(policy: str) -> dict[str, Any]:
    return {statement["Sid"]: statement for statement in json.loads(policy)["Statement"]}


def test_a_comparison_is_a_preview_but_for_the_lock_and_the_secrets() -> None:
    compares, previews = (
        statements(policies.drift(BUCKET, KEY, ["*"])),
        statements(policies.preview(BUCKET, KEY)),
    )
    assert list(compares) == [
        *("FindState", "ReadState", "OpenState", "LockState", "ReadSecrets", "NoOtherSecrets"),
        *("OpenSecrets", "OpenParameters", "NoOtherKey", "NoOtherObjects", "NoItems"),
    ]
    for sid in ("FindState", "ReadState", "NoOtherObjects", "NoItems"):
        assert compares[sid] == previews[sid]
    assert compares["OpenState"] == {
        "Sid": "OpenState",
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"],
        "Resource": KEY,
    }


def test_a_comparison_takes_the_lock_and_writes_nothing_else() -> None:
    policy = policies.drift(BUCKET, KEY, ["*"])
    for action in ("s3:PutObject", "s3:DeleteObject", "s3:GetObject"):
        assert allowed(policy, action, LOCK)
    for key in (
        *("stacks/chat/prod.json", "history/chat/prod/prod-1.history.json", "backups/chat/prod/prod.1.json"),
        *("meta.yaml", "locks.json"),
    ):
        for action in ("s3:PutObject", "s3:DeleteObject"):
            assert not allowed(policy, action, f"{BUCKET}/.pulumi/{key}")
        assert allowed(policy, "s3:GetObject", f"{BUCKET}/.pulumi/{key}")
    for action in ("s3:DeleteObjectVersion", "s3:BypassGovernanceRetention", "s3:PutObjectRetention"):
        assert not allowed(policy, action, LOCK)
    written = [one for one in statements(policy).values() if "s3:PutObject" in one["Action"]]
    assert [one["Resource"] for one in written] == [f"{BUCKET}/.pulumi/locks/*"]
    assert not denied(document(policies.own_state(BUCKET, "prod", CI_ROLE)), "s3:PutObject", LOCK)


def test_a_comparison_uses_the_state_s_key_and_makes_none_of_another_s_data() -> None:
    policy = policies.drift(BUCKET, KEY, ["*"])
    for action in ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"):
        assert allowed(policy, action, KEY)
    for action in ("kms:GenerateDataKey", "kms:Encrypt", "kms:ScheduleKeyDeletion"):
        assert not permits(policy, action, OTHER_KEY, {OF_SECRET: SECRET})


@pytest.mark.parametrize("secrets", [["*"], ["chat-*", "/cdn/*"], ["other", "chat-4f5e6d7", "cdn/origin"]])
def test_a_comparison_reads_the_secrets_that_it_may(secrets: list[str]) -> None:
    policy = policies.drift(BUCKET, KEY, secrets)
    assert allowed(policy, "secretsmanager:GetSecretValue", SECRET)
    assert permits(policy, "kms:Decrypt", OTHER_KEY, {OF_SECRET: SECRET})
    assert permits(policy, "kms:Decrypt", OTHER_KEY, {OF_PARAMETER: PARAMETER})
    assert not allowed(policy, "secretsmanager:PutSecretValue", SECRET)


@pytest.mark.parametrize("secrets", [["chat"], ["cha"], ["other-*"], []])
def test_a_comparison_reads_no_other_secrets(secrets: list[str]) -> None:
    policy = policies.drift(BUCKET, KEY, secrets)
    for action in ("secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue"):
        assert denied(policy, action, SECRET)
    for context in ({OF_SECRET: SECRET}, {OF_PARAMETER: PARAMETER}):
        assert denied(policy, "kms:Decrypt", OTHER_KEY, context)
        assert not permits(policy, "kms:Decrypt", OTHER_KEY, context)


def test_a_comparison_without_secrets_has_the_preview_s_denials() -> None:
    compares, previews = (
        statements(policies.drift(BUCKET, KEY, [])),
        statements(policies.preview(BUCKET, KEY)),
    )
    assert compares.keys() - previews.keys() == {"LockState"}
    assert (compares["NoSecrets"], compares["NoOtherKey"]) == (previews["NoSecrets"], previews["NoOtherKey"])


def test_a_comparison_opens_nothing_but_secrets() -> None:
    """What is encrypted in a bucket, a volume or a table stays closed, and so does another account's."""
    policy = policies.drift(BUCKET, KEY, ["*"])
    assert denied(policy, "kms:Decrypt", OTHER_KEY)
    assert denied(
        policy, "kms:Decrypt", OTHER_KEY, {"kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::backups"}
    )
    elsewhere = SECRET.replace("123456789012", "210987654321")
    assert denied(policy, "kms:Decrypt", OTHER_KEY, {OF_SECRET: elsewhere})
    assert denied(policy, "secretsmanager:GetSecretValue", elsewhere)
    assert denied(policy, "s3:GetObject", "arn:aws:s3:::backups/x")
    assert denied(policy, "dynamodb:GetItem", "*")


def test_reading_policies_fit_into_a_role() -> None:
    assert len(policies.preview(BUCKET, KEY)) <= 10240
    assert policies.drift_fits([])
    room = next(
        length
        for length in range(512, 0, -1)
        if policies.drift_fits([f"{n}{'x' * length}" for n in range(8)])
    )
    many = [f"{n}{'x' * room}" for n in range(8)]
    us = "arn:aws-us-gov"
    key = f"{us}:kms:us-gov-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    filled = json.loads(policies.drift(f"{us}:s3:::{'b' * 63}", key, many))
    assert 10240 - 8 * 6 < len(json.dumps(filled, separators=(",", ":"))) <= 10240


@pytest.mark.parametrize(
    ("key", "own"),
    [
        ("stacks/chat/prod.json", True),
        ("stacks/chat/prod.json.gz", True),
        ("stacks/chat/prod.json.bak", True),
        ("history/chat/prod/prod-1.history.json", True),
        ("backups/chat/prod/prod.1.json", True),
        ("locks/organization/chat/prod/1.json", True),
        ("meta.yaml", True),
        ("stacks/chat/dev.json", False),
        ("stacks/prod/dev.json", False),
        ("stacks/chat/prod2.json", False),
        ("locks/organization/prod/dev/1.json", False),
        ("history/prod/dev/dev-1.history.json", False),
    ],
)
def test_a_role_writes_the_state_of_its_own_stack_alone(key: str, own: bool) -> None:
    policy = document(policies.own_state(BUCKET, "prod", CI_ROLE))
    for action in ("s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"):
        assert denied(policy, action, f"{BUCKET}/.pulumi/{key}") is not own
    assert not denied(policy, "s3:GetObject", f"{BUCKET}/.pulumi/{key}")


def test_trust_names_each_subject_whole() -> None:
    (statement,) = json.loads(policies.trust(PROVIDER, "sts.amazonaws.com", ["a", "b"]))["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"Federated": PROVIDER},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {
                "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                "token.actions.githubusercontent.com:sub": ["a", "b"],
            }
        },
    }


def test_tls_only() -> None:
    policy = document(tls_only(BUCKET))
    assert policy.count("Deny") == 1
    (statement,) = json.loads(policy)["Statement"]
    assert holds(statement["Condition"], {"aws:SecureTransport": "false"})
    assert not holds(statement["Condition"], {"aws:SecureTransport": "true"})
    assert statement["Resource"] == [BUCKET, f"{BUCKET}/*"]


def test_where_an_arn_lives() -> None:
    arn = "arn:aws-cn:kms:cn-north-1:123456789012:key/a:b"
    assert home_of(arn) == Home("aws-cn", "cn-north-1", "123456789012")
    assert policies.boundary_arn(home_of(arn), "x") == (
        "arn:aws-cn:iam::123456789012:policy/slipway-delivery/x"
    )


def test_a_role_of_a_service() -> None:
    (statement,) = json.loads(taken_by("config"))["Statement"]
    assert statement["Principal"] == {"Service": "config.amazonaws.com"}


def test_prod_is_deployed_by_its_environment() -> None:
    assert DEPLOY_JOBS == {"prod": ("environment:prod",)}
