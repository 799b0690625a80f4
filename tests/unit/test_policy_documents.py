"""Whom a policy document lets in, and how much it allows: everyone or everything, in each of the ways in which that can be written,
and nobody and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from policies.documents import documents, is_boundless
from policies.rules import UNKNOWN, Resource
from tests.unit.test_policies import aws, found

GITHUB = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
ISSUER = "token.actions.githubusercontent.com"
CLUSTER = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/A"


def statement(principal: Any = "*", condition: Any = None, **more: Any) -> dict[str, Any]:
    said = {"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": "*", **more}
    return {**said, **({"Condition": condition} if condition is not None else {})}


def rights(action: Any, where: Any, condition: Any) -> dict[str, Any]:
    said = {"Effect": "Allow", "Action": action, "Resource": where}
    return {**said, **({"Condition": condition} if condition is not None else {})}


def bucket(*statements: Any) -> Resource:
    return aws("s3", "BucketPolicy", policy=json.dumps({"Statement": statements}))


def role(condition: Any, provider: str = GITHUB) -> Resource:
    trust = statement({"Federated": provider}, condition, Action="sts:AssumeRoleWithWebIdentity")
    return aws("iam", "Role", assumeRolePolicy=json.dumps({"Statement": [trust]}))


OPEN: list[Resource] = [
    bucket(statement("*")),
    bucket(statement({"AWS": "*"})),
    bucket(statement({"AWS": ["arn:aws:iam::123456789012:root", "*"]})),
    bucket(statement({"CanonicalUser": "*"})),
    bucket({"Effect": "Allow", "NotPrincipal": {"AWS": "arn:x"}, "Action": "*", "Resource": "*"}),
    bucket(statement(condition={"Bool": {"aws:SecureTransport": "true"}})),
    bucket(statement(condition={"StringLike": {"aws:Referer": "https://example.com/*"}})),
    bucket(statement(condition={"StringLike": {"aws:PrincipalArn": "*"}})),
    bucket(statement(condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/reader"}})),
    bucket(statement(condition={"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "0.0.0.0/0"]}})),
    bucket(statement(condition={"IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}})),
    bucket(statement(condition={"StringLike": {"aws:PrincipalArn": "*role*"}})),
    bucket(statement(condition={"StringLike": {"aws:PrincipalArn": "arn:aws:iam::1*"}})),
    bucket(statement(condition={"StringLike": {"aws:PrincipalAccount": ["123456789012", "1*"]}})),
    bucket(statement(condition={"StringLike": {"aws:PrincipalOrgID": "o-*"}})),
    bucket(statement(condition={"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-*/r-1/*"}})),
    bucket(statement(condition={"StringLike": {"aws:PrincipalServiceName": "*.amazonaws.com"}})),
    bucket(statement(condition={"StringLike": {"aws:userid": "A*"}})),
    bucket(statement(condition={"StringLike": {"aws:userid": "*:shop"}})),
    bucket(statement(condition={"StringEquals": {"aws:username": "reader"}})),
    bucket(statement(condition={"StringLike": {"aws:SourceVpce": "vpce-*"}})),
    bucket(statement(condition={"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}})),
    bucket(statement(condition={"ArnLike": {"aws:SourceArn": "arn:aws:s3:::orders-*"}})),
    bucket(statement(condition={"ArnLike": {"aws:SourceArn": "arn:aws:sns:eu-central-1:*:orders"}})),
    bucket(statement(condition={"ArnLike": {"s3:DataAccessPointArn": "arn:aws:s3:*:*:accesspoint/a"}})),
    bucket(statement(condition={"Bool": {"aws:PrincipalIsAWSService": "false"}})),
    bucket(statement(condition={"Bool": {"aws:PrincipalIsAWSService": ["true", "false"]}})),
    bucket(statement(condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}})),
    bucket(statement(condition={"StringEqualsIfExists": {"aws:SourceVpce": "vpce-1"}})),
    bucket(statement(condition={"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-1"}})),
    bucket(statement(condition={})),
    aws("s3", "BucketPolicy", policy={"Statement": [statement()]}),
    aws("s3", "Bucket", policy=json.dumps({"Statement": [statement()]})),
    aws("sqs", "Queue", policy=json.dumps({"Statement": statement()})),
    aws("opensearch", "Domain", accessPolicies=json.dumps({"Statement": statement()})),
    aws("cloudwatch", "LogResourcePolicy", policyDocument=json.dumps({"Statement": statement()})),
]

CLOSED: list[Resource] = [
    bucket(statement({"AWS": "arn:aws:iam::123456789012:root"})),
    bucket(statement({"Service": "cloudfront.amazonaws.com"})),
    bucket(statement(Effect="Deny")),
    bucket(statement(condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})),
    bucket(statement(condition={"StringEquals": {"AWS:SourceAccount": "123456789012"}})),
    bucket(statement(condition={"ArnLike": {"aws:SourceArn": "arn:aws:s3:::orders"}})),
    bucket(statement(condition={"ArnLike": {"aws:SourceArn": "arn:aws:s3:*:*:orders"}})),
    bucket(statement(condition={"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:123456789012:*"}})),
    bucket(statement(condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/shop-*"}})),
    bucket(
        statement(condition={"ArnLike": {"s3:DataAccessPointArn": "arn:aws:s3:*:123456789012:accesspoint/*"}})
    ),
    bucket(statement(condition={"StringEquals": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}})),
    bucket(statement(condition={"StringLike": {"aws:userid": ["AROAEXAMPLE:*", "123456789012"]}})),
    bucket(statement(condition={"StringLike": {"aws:PrincipalServiceName": "logs.*.amazonaws.com"}})),
    bucket(statement(condition={"Bool": {"aws:PrincipalIsAWSService": "true"}})),
    aws(
        "s3",
        "BucketPolicy",
        policy={"Statement": [statement(condition={"Bool": {"aws:PrincipalIsAWSService": True}})]},
    ),
    bucket(statement(condition={"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/r-1/*"}})),
    bucket(statement(condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})),
    bucket(statement(condition={"StringEquals": {"aws:SourceVpce": ["vpce-1"]}})),
    aws("s3", "BucketPolicy", policy=UNKNOWN),
    aws("s3", "BucketPolicy", policy={"Statement": [statement(condition=UNKNOWN)]}),
    aws("s3", "BucketPolicy", policy={"Statement": [statement(condition={"StringEquals": UNKNOWN})]}),
    aws("s3", "BucketPolicy", policy={"Statement": [statement(UNKNOWN)]}),
    aws("s3", "BucketPolicy", policy="no JSON"),
    aws("s3", "BucketPolicy", policy='{"Statement": '),
    aws(
        "efs",
        "FileSystemPolicy",
        policy=json.dumps(
            {"Statement": statement(condition={"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}})}
        ),
    ),
    aws("ec2", "VpcEndpoint", policy=json.dumps({"Statement": statement()})),
    Resource("kubernetes:core/v1:ConfigMap", "c", {"data": {"x": json.dumps({"Statement": statement()})}}),
]


@pytest.mark.parametrize("by", OPEN, ids=str)
def test_everyone_is_let_in(by: Resource) -> None:
    assert any("allows everyone" in problem for problem in found("not-public", by))


@pytest.mark.parametrize("by", CLOSED, ids=str)
def test_someone_is_let_in(by: Resource) -> None:
    assert not any("everyone" in problem for problem in found("not-public", by))


@pytest.mark.parametrize(
    "condition",
    [
        None,
        {"StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com"}},
        {"StringLike": {f"{ISSUER}:sub": "*"}},
        {"StringLike": {f"{ISSUER}:sub": ["repo:example/shop:*", "repo:*"]}},
        {"StringLike": {f"{ISSUER}:sub": "repo:*/shop:ref:refs/heads/main"}},
        {"StringLike": {f"{ISSUER}:sub": "r*"}},
        {"StringLike": {f"{ISSUER}:sub": "re*:*"}},
        {"StringLike": {f"{ISSUER}:sub": "repo:a*"}},
        {"StringLike": {f"{ISSUER}:sub": "repo:a*/shop:*"}},
        {"StringLike": {f"{ISSUER}:sub": "pulumi:deploy:org:*"}},
        {"StringLike": {f"{ISSUER}:sub": "pulumi:deploy:*"}},
        {"StringLike": {f"{ISSUER}:sub": "organization:*:project:shop"}},
        {"StringLike": {f"{ISSUER}:sub": "environment:prod:*"}},
        {"StringNotLike": {f"{ISSUER}:sub": "repo:other/*"}},
    ],
)
def test_a_role_for_whoever_has_a_repository(condition: Any) -> None:
    assert any("takes the tokens of everyone" in problem for problem in found("not-public", role(condition)))


@pytest.mark.parametrize(
    "by",
    [
        role({"StringLike": {f"{ISSUER}:sub": "repo:example/*"}}),
        role({"StringEquals": {f"{ISSUER}:sub": "repo:example/shop:environment:prod"}}),
        role(
            {
                "StringLike": {
                    f"{ISSUER}:sub": ["repo:example/shop:*", "repo:example@1/shop@2:ref:refs/heads/*"]
                }
            }
        ),
        role({"StringLike": {f"{ISSUER}:sub": "repository_owner_id:123:*"}}),
        role({"StringLike": {f"{ISSUER}:sub": "project_path:example/*:ref_type:branch:ref:main"}}),
        role({"StringLike": {f"{ISSUER}:sub": "organization:example:project:shop:workspace:*:run_phase:*"}}),
        role({"StringLike": {f"{ISSUER}:sub": "pulumi:deploy:org:example:project:shop:*"}}),
        role({"StringEquals": {f"{CLUSTER}:aud": "sts.amazonaws.com"}}, CLUSTER),
    ],
    ids=str,
)
def test_a_role_for_those_who_are_named(by: Resource) -> None:
    assert found("not-public", by) == []


def test_a_role_for_those_whom_the_update_will_name() -> None:
    for condition in (UNKNOWN, {"StringLike": UNKNOWN}, {"StringLike": {f"{ISSUER}:sub": UNKNOWN}}):
        trust = statement({"Federated": GITHUB}, condition)
        assert found("not-public", aws("iam", "Role", assumeRolePolicy={"Statement": [trust]})) == []


def test_a_role_without_a_condition_is_for_every_token_of_its_provider() -> None:
    assert any("takes the tokens" in problem for problem in found("not-public", role(None, CLUSTER)))


def test_documents_are_found_wherever_they_stand() -> None:
    inner = {"Statement": [{"Effect": "Allow"}]}
    props = {"a": [{"policy": json.dumps(inner)}], "b": inner, "c": UNKNOWN, "d": '{"Statements": 1}'}
    assert [*documents(props)] == [("a.policy", inner["Statement"]), ("b", inner["Statement"])]


# --- how much ---

OF_S3 = "arn:aws:s3:::*"


@pytest.mark.parametrize(
    ("action", "where", "condition"),
    [
        ("*", "*", None),
        ("*", "*", {"StringEquals": {"aws:ResourceTag/team": "orders"}}),
        ("*", OF_S3, None),
        ("*", "arn:aws:iam::*:*", None),
        ("*:*", "arn:aws-us-gov:*", None),
        ("s3:*", OF_S3, None),
        ("s3:*", "arn:*:s3:::*", None),
        ("s3:*", "arn:aws:s3:::*/*", None),
        ("S3:*", ["arn:aws:s3:::orders", "arn:aws:s3:*"], None),
        ("s*:*", OF_S3, None),
        ("s3:*", "arn:aws:*:*:*:*", None),
        ("sqs:*", "arn:aws:sqs:eu-central-1:123456789012:*", None),
        ("apigateway:*", "arn:aws:apigateway:*::/*", None),
        ("s3:**", "*", None),
        ("iam:?*", "*", None),
        ("iam:*", "**", None),
        ("iam:*", "*", {}),
        ("iam:*", "*", {"Bool": {"aws:SecureTransport": "true"}}),
        ("iam:*", "*", {"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        ("iam:*", "*", {"StringEquals": {"aws:SourceVpce": "vpce-1"}}),
        ("ec2:*", "*", {"StringEquals": {"aws:RequestedRegion": "eu-central-1"}}),
        ("ec2:*", "*", {"StringEquals": {"ec2:Region": "eu-central-1"}}),
        ("ec2:*", "*", {"StringEquals": {"aws:PrincipalTag/team": "orders"}}),
        ("ec2:*", "*", {"StringLike": {"aws:ResourceTag/team": "*"}}),
        ("ec2:*", "*", {"StringEqualsIfExists": {"aws:ResourceTag/team": "orders"}}),
        ("ec2:*", "*", {"StringNotEquals": {"aws:ResourceTag/team": "orders"}}),
        ("ec2:*", "*", {"Null": {"aws:ResourceTag/team": "false"}}),
        ("s3:*", "*", {"StringEquals": {"s3:ResourceAccount": "123456789012"}}),
    ],
    ids=str,
)
def test_a_statement_without_bounds(action: Any, where: Any, condition: Any) -> None:
    assert is_boundless(rights(action, where, condition))


@pytest.mark.parametrize(
    ("action", "where", "condition"),
    [
        ("s3:Get*", OF_S3, None),
        ("s3:*", ["arn:aws:s3:::orders", "arn:aws:s3:::orders/*"], None),
        ("s3:*", "arn:aws:s3:::orders-*", None),
        (["s3:GetObject", "sqs:*"], [OF_S3, "arn:aws:sqs:eu-central-1:123456789012:orders"], None),
        ("*", "arn:aws:s3:::orders/*", None),
        ("lambda:*", "arn:aws:lambda:*:123456789012:function:orders-*", None),
        ("ec2:*", "*", {"StringEquals": {"aws:ResourceTag/team": "orders"}}),
        ("ec2:*", "*", {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}),
        ("ec2:*", "*", {"StringEquals": {"aws:RequestTag/team": ["orders"]}}),
        ("dynamodb:*", "*", {"ForAnyValue:StringEquals": {"dynamodb:LeadingKeys": "orders"}}),
        ("ecs:*", "*", {"ArnLike": {"ecs:cluster": "arn:aws:ecs:*:123456789012:cluster/orders"}}),
        ("ec2:*", "*", UNKNOWN),
        ("ec2:*", "*", {"StringEquals": UNKNOWN}),
        ("ec2:*", "*", {"StringEquals": {"aws:ResourceTag/team": UNKNOWN}}),
        ("ec2:*", UNKNOWN, None),
        (UNKNOWN, "*", None),
    ],
    ids=str,
)
def test_a_statement_with_bounds(action: Any, where: Any, condition: Any) -> None:
    assert not is_boundless(rights(action, where, condition))
