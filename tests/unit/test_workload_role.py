"""WorkloadRole: one service account's role, and nobody else's."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest

from slipway import ArgumentError, WorkloadRole
from tests.unit.mocks import Program, Run

POLICY = '{"Version": "2012-10-17", "Statement": []}'
ARGS: Any = {"cluster_name": "main", "namespace": "prod", "service_account": "chat", "policy": POLICY}
ROLE = "aws:iam/role:Role"


def test_children(run: Run, program: Program) -> None:
    outputs = run(lambda: (role := WorkloadRole("chat", ARGS)) and [role.role_arn, role.role_name])
    assert outputs == ["arn:chat-role", "chat-role"]
    assert program.children() == [
        "aws:eks/podIdentityAssociation:PodIdentityAssociation chat-identity",
        f"{ROLE} chat-role",
        "aws:iam/rolePolicy:RolePolicy chat-policy",
    ]
    assert {resource.parent for resource in program.resources[1:]} == {"chat"}
    assert program.by_name("aws:iam/rolePolicy:RolePolicy", "chat-policy").inputs["policy"] == POLICY


def test_the_association_names_cluster_and_account_after_the_rights(run: Run, program: Program) -> None:
    run(lambda: WorkloadRole("chat", ARGS))
    association = program.by_name("aws:eks/podIdentityAssociation:PodIdentityAssociation", "chat-identity")
    assert association.inputs == {
        "clusterName": "main",
        "namespace": "prod",
        "serviceAccount": "chat",
        "roleArn": "arn:chat-role",
    }
    assert "chat-policy" in association.depends_on


def test_only_this_service_account_of_this_cluster_gets_the_role(run: Run, program: Program) -> None:
    def build() -> WorkloadRole:
        args: Any = {**ARGS, "cluster_name": pulumi.Output.from_input("made")}
        return WorkloadRole("chat", args)

    run(build)
    assert json.loads(program.by_name(ROLE, "chat-role").inputs["assumeRolePolicy"])["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Condition": {
                "StringEquals": {
                    "aws:RequestTag/eks-cluster-name": "made",
                    "aws:RequestTag/kubernetes-namespace": "prod",
                    "aws:RequestTag/kubernetes-service-account": "chat",
                }
            },
        }
    ]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"namespace": "prod"}, "cluster_name is missing; policy is missing; service_account is missing"),
        ({**ARGS, "cluster_name": ""}, "cluster_name must be the name of an EKS cluster, got ''"),
        ({**ARGS, "namespace": "Prod"}, "namespace must be lower-case letters, digits and -, got 'Prod'"),
        ({**ARGS, "service_account": 7}, "service_account must be lower-case letters, digits and -, got 7"),
        ({**ARGS, "policy": "allow"}, "policy must be an IAM policy document in JSON, got 'allow'"),
        ({**ARGS, "policy": "[]"}, "policy must be an IAM policy document in JSON"),
        ({**ARGS, "role": "x"}, "there is no argument role"),
    ],
)
def test_wrong_arguments(run: Run, program: Program, args: Any, message: str) -> None:
    with pytest.raises(ArgumentError) as error:
        run(lambda: WorkloadRole("chat", args))
    assert message in str(error.value)
    assert program.resources == []
