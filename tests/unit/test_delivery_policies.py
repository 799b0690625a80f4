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


TESTS: dict[str, Callable[[str | None, str], bool]] = {
    "StringNotEquals": lambda said, right: said != right,
    "ArnNotLike": lambda said, right: said is None or not fnmatchcase(said, right),
    "Bool": lambda said, right: said == right,
}


def some(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else value


def covers(statement: dict[str, Any], key: str, asked: str) -> bool:
    """Whether Action or NotAction, Resource or NotResource of a statement is about what is asked."""
    if f"Not{key}" in statement:
        return not any(fnmatchcase(asked, pattern) for pattern in some(statement[f"Not{key}"]))
    return any(fnmatchcase(asked, pattern) for pattern in some(statement[key]))


def holds(condition: dict[str, dict[str, Any]], context: dict[str, str]) -> bool:
    """The operators that these policies use; one that denies what differs denies what is not there."""
    return all(
        TESTS[operator](context.get(key), right)
        for operator, pairs in condition.items()
        for key, right in pairs.items()
    )


def allowed(policy: str, action: str, resource: str, **context: str) -> bool:
    said = {key.replace("_", ":", 1): value for key, value in context.items()}
    effects = {
        statement["Effect"]
        for statement in json.loads(policy)["Statement"]
        if covers(statement, "Action", action)
        and covers(statement, "Resource", resource)
        and holds(statement.get("Condition", {}), said)
    }
    return effects == {"Allow"}


def denied(policy: str, action: str, resource: str) -> bool:
    return any(
        covers(statement, "Action", action) and covers(statement, "Resource", resource)
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
        ("dynamodb:GetItem", "*", {}),
    ],
)
def test_a_deployment_may_not(action: str, resource: str, context: dict[str, str]) -> None:
    assert not allowed(BOUNDARY, action, resource, **context)


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
