"""Cluster: an EKS cluster whole, or an existing one as it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from slipway import ArgumentError, Cluster
from tests.unit.mocks import Program, Run

EKS, NODES, ADDON = "aws:eks/cluster:Cluster", "aws:eks/nodeGroup:NodeGroup", "aws:eks/addon:Addon"
PROVIDER = "pulumi:providers:kubernetes"
SUBNETS = ["subnet-a", "subnet-b"]


def eks(**more: Any) -> Cluster:
    args: Any = {"kind": "eks", "subnet_ids": SUBNETS, **more}
    return Cluster("main", args)


def test_children(run: Run, program: Program) -> None:
    run(eks)
    attachment = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    assert program.children() == [
        "aws:cloudwatch/logGroup:LogGroup main-logs",
        f"{ADDON} main-coredns",
        f"{ADDON} main-eks-pod-identity-agent",
        f"{ADDON} main-kube-proxy",
        f"{ADDON} main-vpc-cni",
        f"{EKS} main-eks",
        f"{NODES} main-nodes",
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider main-oidc",
        "aws:iam/role:Role main-node-role",
        "aws:iam/role:Role main-role",
        f"{attachment} main-node-role-cni",
        f"{attachment} main-node-role-registry",
        f"{attachment} main-node-role-worker",
        f"{attachment} main-role-cluster",
        "aws:kms/key:Key main-secrets-key",
    ]


def test_the_control_plane_is_closed_encrypted_and_logged(run: Run, program: Program) -> None:
    run(eks)
    inputs = program.by_name(EKS, "main-eks").inputs
    assert inputs["vpcConfig"] == {
        "subnetIds": SUBNETS,
        "endpointPrivateAccess": True,
        "endpointPublicAccess": False,
    }
    assert inputs["encryptionConfig"] == {
        "provider": {"keyArn": "arn:main-secrets-key"},
        "resources": ["secrets"],
    }
    assert inputs["accessConfig"]["authenticationMode"] == "API"
    assert len(inputs["enabledClusterLogTypes"]) == 5
    assert inputs["version"] == "1.34"
    logs = program.by_name("aws:cloudwatch/logGroup:LogGroup", "main-logs").inputs
    assert logs == {"name": "/aws/eks/slipway-test-main/cluster", "retentionInDays": 90}
    assert inputs["name"] == "slipway-test-main"


def test_public_access_only_from_named_blocks(run: Run, program: Program) -> None:
    run(lambda: eks(public_access_cidrs=["192.0.2.0/24"]))
    config = program.by_name(EKS, "main-eks").inputs["vpcConfig"]
    assert config["endpointPublicAccess"] is True
    assert config["publicAccessCidrs"] == ["192.0.2.0/24"]


def test_nodes(run: Run, program: Program) -> None:
    run(lambda: eks(nodes={"min_size": 2, "max_size": 4}))
    nodes = program.by_name(NODES, "main-nodes")
    assert nodes.inputs["scalingConfig"] == {"minSize": 2, "maxSize": 4, "desiredSize": 2}
    assert nodes.ignore_changes == ("scalingConfig.desiredSize",)
    assert "main-vpc-cni" in nodes.depends_on
    assert "main-nodes" in program.by_name(ADDON, "main-coredns").depends_on


def test_administrators_get_access_entries(run: Run, program: Program) -> None:
    run(lambda: eks(administrators=["arn:aws:iam::123456789012:role/ops"]))
    entry = program.by_name("aws:eks/accessEntry:AccessEntry", "main-admin-ops").inputs
    assert entry["principalArn"] == "arn:aws:iam::123456789012:role/ops"
    policy = program.by_name(
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation", "main-admin-ops"
    ).inputs
    assert policy["policyArn"].endswith("AmazonEKSClusterAdminPolicy")


def test_the_kubeconfig_holds_no_credential_and_is_secret(run: Run, program: Program) -> None:
    kubeconfig = json.loads(run(lambda: eks().kubeconfig))
    assert kubeconfig["clusters"][0]["cluster"] == {
        "server": "https://cluster.example.com",
        "certificate-authority-data": "Y2E=",
    }
    assert kubeconfig["users"][0]["user"]["exec"]["args"][-3] == "slipway-test-main"
    assert "kubeconfig" in program.by_name(PROVIDER, "main-kubernetes").secrets


def test_existing_makes_nothing_but_a_provider(run: Run, program: Program) -> None:
    kubeconfig = run(lambda: Cluster("main", {"kind": "existing"}).kubeconfig)
    assert kubeconfig == ""
    assert program.children() == []
    assert program.by_name(PROVIDER, "main-kubernetes").inputs.get("kubeconfig") is None


def test_existing_with_a_kubeconfig(run: Run, program: Program) -> None:
    assert run(lambda: Cluster("main", {"kind": "existing", "kubeconfig": "text"}).kubeconfig) == "text"
    assert program.by_name(PROVIDER, "main-kubernetes").inputs["kubeconfig"] == "text"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({}, "kind is missing"),
        ({"kind": "gke"}, "kind must be one of eks, existing, got 'gke'"),
        ({"kind": "eks"}, 'kind "eks" needs subnet_ids'),
        ({"kind": "eks", "subnet_ids": SUBNETS, "kubeconfig": "x"}, "leave kubeconfig out"),
        ({"kind": "existing", "version": "1.34"}, 'kind "existing" makes nothing: leave version out'),
        (
            {"kind": "eks", "subnet_ids": SUBNETS, "nodes": {"min_size": 9}},
            "nodes.max_size 6 is below nodes.min_size 9",
        ),
        ({"kind": "eks", "subnet_ids": SUBNETS, "nodes": {"size": 9}}, "there is no argument nodes.size"),
        (
            {"kind": "eks", "subnet_ids": SUBNETS, "nodes": {"disk_gib": 5}},
            "nodes.disk_gib must be 20-16384, got 5",
        ),
    ],
)
def test_wrong_arguments(run: Run, program: Program, args: Any, message: str) -> None:
    with pytest.raises(ArgumentError) as error:
        run(lambda: Cluster("main", args))
    assert message in str(error.value)
    assert program.resources == []
