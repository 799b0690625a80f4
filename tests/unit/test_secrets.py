"""Secrets: one sealed secret, who may read it, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway import ArgumentError, Secrets
from slipway import secrets as module
from tests.unit.mocks import SECRET_ARN, Program, Run

KEY, SECRET = "aws:kms/key:Key", "aws:secretsmanager/secret:Secret"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
VALUES = {"CODE": "open sesame", "API_KEY": "k"}
READER: Any = {"cluster_name": "eks", "namespace": "prod", "service_account": "chat"}


def test_children_of_the_shortest_call(run: Run, program: Program) -> None:
    outputs = run(lambda: made(Secrets("chat", {"values": VALUES})))
    assert program.children() == [
        "aws:iam/policy:Policy chat-read",
        "aws:kms/key:Key chat-key",
        "aws:secretsmanager/secret:Secret chat-secret",
        "aws:secretsmanager/secretPolicy:SecretPolicy chat-secret-policy",
        "aws:secretsmanager/secretVersion:SecretVersion chat-values",
    ]
    assert {resource.parent for resource in program.resources[1:]} == {"chat"}
    assert outputs == {
        "secret_arn": f"{SECRET_ARN}:chat-secret-AbCdEf",
        "secret_name": "chat-secret",
        "key_arn": "arn:chat-key",
        "read_policy_arn": "arn:chat-read",
        "role_arn": "",
    }


def made(secrets: Secrets) -> dict[str, pulumi.Output[str]]:
    names = ("secret_arn", "secret_name", "key_arn", "read_policy_arn", "role_arn")
    return {name: getattr(secrets, name) for name in names}


def test_secret_and_key_are_protected_and_can_be_brought_back(run: Run, program: Program) -> None:
    run(lambda: Secrets("chat", {"values": VALUES}))
    key, secret = program.by_name(KEY, "chat-key"), program.by_name(SECRET, "chat-secret")
    assert (key.protect, secret.protect) == (True, True)
    assert key.inputs == {
        "description": "Secrets of chat",
        "enableKeyRotation": True,
        "deletionWindowInDays": 30,
    }
    assert secret.inputs == {
        "description": "Settings of chat",
        "kmsKeyId": "arn:chat-key",
        "recoveryWindowInDays": 30,
    }


def test_recovery_days(run: Run, program: Program) -> None:
    run(lambda: Secrets("chat", {"values": VALUES, "recovery_days": 10}))
    assert program.by_name(KEY, "chat-key").inputs["deletionWindowInDays"] == 10
    assert program.by_name(SECRET, "chat-secret").inputs["recoveryWindowInDays"] == 10


def test_removal_by_request(run: Run, program: Program) -> None:
    run(lambda: Secrets("chat", {"values": VALUES, "removal": "destroy"}))
    key, secret = program.by_name(KEY, "chat-key"), program.by_name(SECRET, "chat-secret")
    assert (key.protect, secret.protect) == (False, False)
    assert key.inputs["deletionWindowInDays"] == 7
    assert secret.inputs["recoveryWindowInDays"] == 0


def test_values_are_one_json_object_and_sealed_even_when_they_came_in_clear(
    run: Run, program: Program
) -> None:
    run(lambda: Secrets("chat", {"values": VALUES}))
    version = program.by_name(VERSION, "chat-values")
    assert version.secrets == {"secretString"}
    assert version.inputs["secretString"] == '{"API_KEY": "k", "CODE": "open sesame"}'
    assert version.inputs["secretId"] == "chat-secret-id"
    assert version.ignore_changes == ()


def test_no_value_shows_anywhere_else(run: Run, program: Program) -> None:
    run(lambda: Secrets("chat", {"values": {"CODE": pulumi.Output.secret("open sesame")}}))
    telling = [resource.name for resource in program.resources if "open sesame" in str(resource.inputs)]
    assert telling == ["chat-values"]


def test_no_other_account_reads_it(run: Run, program: Program) -> None:
    run(lambda: Secrets("chat", {"values": VALUES}))
    policy = program.by_name("aws:secretsmanager/secretPolicy:SecretPolicy", "chat-secret-policy").inputs
    assert policy["blockPublicPolicy"] is True
    assert policy["secretArn"] == f"{SECRET_ARN}:chat-secret-AbCdEf"
    assert json.loads(policy["policy"])["Statement"] == [
        {
            "Sid": "NobodyOutsideThisAccount",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "secretsmanager:*",
            "Resource": "*",
            "Condition": {
                "StringNotEquals": {"aws:PrincipalAccount": "123456789012"},
                "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
            },
        }
    ]


def test_the_read_policy_reads_this_secret_alone(run: Run, program: Program) -> None:
    run(lambda: Secrets("chat", {"values": VALUES}))
    policy = program.by_name("aws:iam/policy:Policy", "chat-read").inputs
    assert policy["description"] == "Reads the secret of chat"
    assert json.loads(policy["policy"])["Statement"] == [
        {
            "Effect": "Allow",
            "Action": ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
            "Resource": f"{SECRET_ARN}:chat-secret-AbCdEf",
        },
        {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "arn:chat-key"},
    ]


def test_readers_share_one_role_by_pod_identity(run: Run, program: Program) -> None:
    readers: Any = [READER, {**READER, "service_account": "jobs"}]
    outputs = run(lambda: made(Secrets("chat", {"values": VALUES, "readers": readers})))
    assert outputs["role_arn"] == "arn:chat-reader"
    association = program.by_name(ASSOCIATION, "chat-prod-chat")
    assert association.inputs == {
        "clusterName": "eks",
        "namespace": "prod",
        "serviceAccount": "chat",
        "roleArn": "arn:chat-reader",
    }
    assert "chat-reader" in association.depends_on
    assert program.by_name(ASSOCIATION, "chat-prod-jobs").inputs["serviceAccount"] == "jobs"
    role = program.by_name("aws:iam/role:Role", "chat-reader").inputs
    assert json.loads(role["assumeRolePolicy"])["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Condition": {
                "StringEquals": {
                    "aws:RequestTag/eks-cluster-name": "eks",
                    "aws:RequestTag/kubernetes-namespace": "prod",
                    "aws:RequestTag/kubernetes-service-account": account,
                }
            },
        }
        for account in ("chat", "jobs")
    ]
    attached = program.by_name("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "chat-reader").inputs
    assert attached == {"role": "chat-reader", "policyArn": "arn:chat-read"}


@pytest.mark.parametrize(("more", "days"), [({}, 30), ({"days": 7}, 7)])
def test_what_rotates_owns_the_value(run: Run, program: Program, more: Any, days: int) -> None:
    rotation: Any = {"function_arn": "arn:aws:lambda:f", **more}
    run(lambda: Secrets("chat", {"values": VALUES, "rotation": rotation}))
    assert program.by_name("aws:secretsmanager/secretRotation:SecretRotation", "chat-rotation").inputs == {
        "secretId": "chat-secret-id",
        "rotationLambdaArn": "arn:aws:lambda:f",
        "rotationRules": {"automaticallyAfterDays": days},
    }
    assert program.by_name(VERSION, "chat-values").ignore_changes == ("secretString", "versionStages")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({}, "values is missing"),
        ({"values": {}}, "values must be one value or more, by name, got {}"),
        ({"values": {"A-B": "x"}}, "values must be named by letters, digits and _, got 'A-B'"),
        ({"values": {"A": 3}}, "values.A must be text"),
        ({"readers": [{"namespace": "a"}]}, "readers.cluster_name is missing; readers.service_account is missing"),
        ({"readers": [{**READER, "namespace": "A"}]}, "readers.namespace must be lower-case letters, digits and -, got 'A'"),
        ({"readers": [{**READER, "service_account": "a_b"}]}, "readers.service_account must be lower-case"),
        ({"readers": [{**READER, "cluster_name": ""}]}, "readers.cluster_name must be a cluster's name, got ''"),
        ({"readers": [READER, READER]}, "readers must each be named once, got prod-chat, prod-chat"),
        ({"rotation": {}}, "rotation.function_arn is missing"),
        ({"rotation": {"function_arn": ""}}, "rotation.function_arn must be a function's ARN, got ''"),
        ({"rotation": {"function_arn": "f", "days": 0}}, "rotation.days must be 1-1000, got 0"),
        ({"rotation": {"function_arn": "f", "day": 3}}, "did you mean rotation.days?"),
        ({"recovery_days": 6}, "recovery_days must be 7-30, got 6"),
        ({"removal": "keep"}, "removal must be one of protect, destroy, got 'keep'"),
        ({"value": {}}, "did you mean values?"),
    ],
)  # fmt: skip
def test_wrong_arguments(run: Run, program: Program, args: Any, message: str) -> None:
    given_args: Any = args if args == {} else {"values": VALUES, **args}
    with pytest.raises(ArgumentError) as error:
        run(lambda: Secrets("chat", given_args))
    assert message in str(error.value)
    assert program.resources == []


def test_a_wrong_value_is_not_repeated(run: Run) -> None:
    wrong: Any = {"A": ["open sesame"]}
    with pytest.raises(ArgumentError) as error:
        run(lambda: Secrets("chat", {"values": wrong}))
    assert "sesame" not in str(error.value)


@given(st.integers() | st.booleans() | st.floats() | st.text())
def test_recovery_days_are_a_number_that_aws_takes_or_an_error(days: Any) -> None:
    resolve: Any = module._resolve  # pyright: ignore[reportPrivateUsage]
    right = isinstance(days, int) and not isinstance(days, bool) and 7 <= days <= 30
    if right:
        assert resolve("chat", {"values": VALUES, "recovery_days": days}).recovery_days == days
    else:
        with pytest.raises(ArgumentError, match="recovery_days must be 7-30"):
            resolve("chat", {"values": VALUES, "recovery_days": days})
