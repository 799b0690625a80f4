"""Cluster: an EKS cluster whole, or an existing one as it is."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway import ArgumentError, Cluster
from slipway.cluster import LOG_RETENTION_DAYS, are_blocks, is_retention
from tests.unit.mocks import Program, Run

EKS, ADDON, KEY = "aws:eks/cluster:Cluster", "aws:eks/addon:Addon", "aws:kms/key:Key"
ENTRY = "aws:eks/accessEntry:AccessEntry"
ASSOCIATION = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
PROVIDER = "pulumi:providers:kubernetes"
SUBNETS = ["subnet-a", "subnet-b"]
OPS = "arn:aws:iam::123456789012:role/ops"


def eks(**more: Any) -> Cluster:
    args: Any = {"kind": "eks", "subnet_ids": SUBNETS, **more}
    return Cluster("main", args)


def test_children(run: Run, program: Program) -> None:
    run(eks)
    attachment = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    assert program.children() == [
        "aws:cloudwatch/logGroup:LogGroup main-logs",
        f"{ADDON} main-metrics-server",
        f"{EKS} main-eks",
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider main-oidc",
        "aws:iam/role:Role main-node-role",
        "aws:iam/role:Role main-role",
        f"{attachment} main-node-role-registry",
        f"{attachment} main-node-role-worker",
        f"{attachment} main-role-cluster",
        f"{attachment} main-role-compute",
        f"{attachment} main-role-load-balancing",
        f"{attachment} main-role-networking",
        f"{attachment} main-role-storage",
        f"{KEY} main-secrets-key",
        "kubernetes:core/v1:ConfigMap main-network-policies",
        "kubernetes:storage.k8s.io/v1:StorageClass main-storage-class",
    ]
    assert {resource.parent for resource in program.resources[1:]} == {"main"}


def test_the_control_plane_by_default(run: Run, program: Program) -> None:
    run(eks)
    cluster = program.by_name(EKS, "main-eks")
    assert cluster.inputs == {
        "name": "slipway-test-main",
        "version": "1.34",
        "roleArn": "arn:main-role",
        "upgradePolicy": {"supportType": "STANDARD"},
        "deletionProtection": True,
        "enabledClusterLogTypes": ["api", "audit", "authenticator", "controllerManager", "scheduler"],
        "accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": True},
        "encryptionConfig": {"provider": {"keyArn": "arn:main-secrets-key"}, "resources": ["secrets"]},
        "vpcConfig": {"subnetIds": SUBNETS, "endpointPrivateAccess": True, "endpointPublicAccess": False},
        "bootstrapSelfManagedAddons": False,
        "computeConfig": {
            "enabled": True,
            "nodePools": ["general-purpose", "system"],
            "nodeRoleArn": "arn:main-node-role",
        },
        "kubernetesNetworkConfig": {"elasticLoadBalancing": {"enabled": True}},
        "storageConfig": {"blockStorage": {"enabled": True}},
        "zonalShiftConfig": {"enabled": True},
    }
    rights = ("cluster", "compute", "storage", "load-balancing", "networking")
    assert {"main-logs", *(f"main-role-{noun}" for noun in rights)} <= cluster.depends_on


def test_what_stands_around_it_by_default(run: Run, program: Program) -> None:
    run(eks)
    assert program.by_name("aws:cloudwatch/logGroup:LogGroup", "main-logs").inputs == {
        "name": "/aws/eks/slipway-test-main/cluster",
        "retentionInDays": 90,
    }
    key = program.by_name(KEY, "main-secrets-key")
    assert (key.inputs["enableKeyRotation"], key.inputs["deletionWindowInDays"]) == (True, 30)
    assert program.by_name(ADDON, "main-metrics-server").inputs == {
        "clusterName": "slipway-test-main",
        "addonName": "metrics-server",
        "addonVersion": "v0.8.1-eksbuild.5",
        "resolveConflictsOnCreate": "OVERWRITE",
        "resolveConflictsOnUpdate": "OVERWRITE",
    }
    provider = program.by_name("aws:iam/openIdConnectProvider:OpenIdConnectProvider", "main-oidc").inputs
    assert provider == {"url": "https://oidc.example.com/id", "clientIdLists": ["sts.amazonaws.com"]}


def test_roles_can_be_taken_by_their_service_alone(run: Run, program: Program) -> None:
    run(eks)
    trusts = {
        name: json.loads(program.by_name("aws:iam/role:Role", name).inputs["assumeRolePolicy"])["Statement"]
        for name in ("main-role", "main-node-role")
    }
    service = {"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}}
    nodes = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}}
    assert trusts == {
        "main-role": [{**service, "Action": ["sts:AssumeRole", "sts:TagSession"]}],
        "main-node-role": [{**nodes, "Action": ["sts:AssumeRole"]}],
    }


def test_in_the_cluster_policies_are_enforced_and_volumes_encrypted(run: Run, program: Program) -> None:
    run(eks)
    switch = program.by_name("kubernetes:core/v1:ConfigMap", "main-network-policies")
    assert (switch.inputs["metadata"]["name"], switch.inputs["metadata"]["namespace"]) == (
        "amazon-vpc-cni",
        "kube-system",
    )
    assert switch.inputs["data"] == {"enable-network-policy-controller": "true"}
    volumes = program.by_name("kubernetes:storage.k8s.io/v1:StorageClass", "main-storage-class")
    assert volumes.inputs["provisioner"] == "ebs.csi.eks.amazonaws.com"
    assert volumes.inputs["parameters"] == {"type": "gp3", "encrypted": "true"}
    assert volumes.inputs["volumeBindingMode"] == "WaitForFirstConsumer"
    assert volumes.inputs["metadata"]["annotations"] == {
        "storageclass.kubernetes.io/is-default-class": "true"
    }
    for made in (switch, volumes):
        assert made.provider.split("::")[-2] == "main-kubernetes"
        assert made.inputs["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "slipway"


def test_cluster_and_key_are_protected_unless_asked_otherwise(run: Run, program: Program) -> None:
    run(eks)
    assert program.by_name(EKS, "main-eks").protect
    assert program.by_name(KEY, "main-secrets-key").protect
    assert not program.by_name("aws:iam/role:Role", "main-role").protect


def test_removal_by_request(run: Run, program: Program) -> None:
    run(lambda: eks(removal="destroy"))
    cluster, key = program.by_name(EKS, "main-eks"), program.by_name(KEY, "main-secrets-key")
    assert (cluster.protect, cluster.inputs["deletionProtection"]) == (False, False)
    assert (key.protect, key.inputs["deletionWindowInDays"]) == (False, 7)


def test_every_default_is_open_to_change(run: Run, program: Program) -> None:
    run(
        lambda: eks(
            version="1.33",
            support="extended",
            public_access_cidrs=["192.0.2.0/24"],
            node_pools=[],
            addons={"snapshot-controller": "v8.3.0-eksbuild.1"},
            log_retention_days=365,
        )
    )
    inputs = program.by_name(EKS, "main-eks").inputs
    assert inputs["version"] == "1.33"
    assert inputs["upgradePolicy"] == {"supportType": "EXTENDED"}
    assert inputs["vpcConfig"]["endpointPublicAccess"] is True
    assert inputs["vpcConfig"]["publicAccessCidrs"] == ["192.0.2.0/24"]
    assert inputs["computeConfig"] == {"enabled": True, "nodePools": []}
    addons = [resource.inputs for resource in program.resources if resource.type == ADDON]
    assert [(addon["addonName"], addon["addonVersion"]) for addon in addons] == [
        ("snapshot-controller", "v8.3.0-eksbuild.1")
    ]
    assert program.by_name("aws:cloudwatch/logGroup:LogGroup", "main-logs").inputs["retentionInDays"] == 365


def test_access_is_by_principal_and_level(run: Run, program: Program) -> None:
    developers = {"principal_arn": f"{OPS}-dev", "level": "edit", "namespaces": ["prod", "prod-*"]}
    run(
        lambda: eks(
            access={
                "ops": {"principal_arn": OPS, "level": "admin"},
                "developers": developers,
                "auditors": {"principal_arn": pulumi.Output.from_input(f"{OPS}-audit")},
                "drift": {"principal_arn": f"{OPS}-drift", "level": "view-all"},
            }
        )
    )
    assert program.by_name(ENTRY, "main-access-ops").inputs == {
        "clusterName": "slipway-test-main",
        "principalArn": OPS,
    }
    granted = {
        resource.name: (resource.inputs["policyArn"].rpartition("/")[2], resource.inputs["accessScope"])
        for resource in program.resources
        if resource.type == ASSOCIATION
    }
    assert granted == {
        "main-access-ops": ("AmazonEKSClusterAdminPolicy", {"type": "cluster"}),
        "main-access-developers": (
            "AmazonEKSEditPolicy",
            {"type": "namespace", "namespaces": ["prod", "prod-*"]},
        ),
        "main-access-auditors": ("AmazonEKSViewPolicy", {"type": "cluster"}),
        "main-access-drift": ("AmazonEKSAdminViewPolicy", {"type": "cluster"}),
    }


def test_the_kubeconfig_holds_no_credential_and_is_secret(run: Run, program: Program) -> None:
    kubeconfig = json.loads(run(lambda: eks().kubeconfig))
    assert kubeconfig["clusters"][0]["cluster"] == {
        "server": "https://cluster.example.com",
        "certificate-authority-data": "Y2E=",
    }
    login = kubeconfig["users"][0]["user"]["exec"]
    assert [login["command"], *login["args"]] == (
        [
            "aws",
            "eks",
            "get-token",
            "--cluster-name",
            "slipway-test-main",
            "--region",
            "eu-central-1",
            "--output",
            "json",
        ]
    )
    assert "env" not in login
    provider = program.by_name(PROVIDER, "main-kubernetes")
    assert "kubeconfig" in provider.secrets
    assert provider.inputs["clusterIdentifier"] == "arn:aws:eks:eu-central-1:123456789012:cluster/made"


def test_the_kubeconfig_logs_in_with_the_stack_s_profile(run: Run) -> None:
    kubeconfig = json.loads(run(lambda: eks(profile="production").kubeconfig))
    assert kubeconfig["users"][0]["user"]["exec"]["env"] == [{"name": "AWS_PROFILE", "value": "production"}]


def test_outputs_are_what_the_next_component_takes(run: Run) -> None:
    def outputs() -> Any:
        made = eks()
        return {
            "name": made.cluster_name,
            "endpoint": made.endpoint,
            "oidc": made.oidc_provider_arn,
            "issuer": made.oidc_issuer,
            "group": made.security_group_id,
            "nodes": made.node_role_arn,
        }

    assert run(outputs) == {
        "name": "slipway-test-main",
        "endpoint": "https://cluster.example.com",
        "oidc": "arn:main-oidc",
        "issuer": "https://oidc.example.com/id",
        "group": "sg-cluster",
        "nodes": "arn:main-node-role",
    }


def test_existing_makes_nothing_but_a_provider(run: Run, program: Program) -> None:
    def outputs() -> Any:
        made = Cluster("main", {"kind": "existing"})
        return [made.kubeconfig, made.cluster_name, made.endpoint, made.oidc_provider_arn, made.node_role_arn]

    assert run(outputs) == [""] * 5
    assert program.children() == []
    assert program.by_name(PROVIDER, "main-kubernetes").inputs.get("kubeconfig") is None
    assert program.by_name(PROVIDER, "main-kubernetes").inputs["clusterIdentifier"] == "main", (
        "another kubeconfig must not replace all that is in the cluster"
    )


def test_existing_with_a_kubeconfig(run: Run, program: Program) -> None:
    assert run(lambda: Cluster("main", {"kind": "existing", "kubeconfig": "text"}).kubeconfig) == "text"
    assert program.by_name(PROVIDER, "main-kubernetes").inputs["kubeconfig"] == "text"


def test_existing_needs_no_sdk_of_aws() -> None:
    """The release of an application waits for the program's imports."""
    program = (
        "import sys, types; package = types.ModuleType('slipway'); package.__path__ = [sys.argv[1]]; "
        "sys.modules['slipway'] = package; import slipway.cluster; print('pulumi_aws' in sys.modules)"
    )
    import slipway

    said = subprocess.run(
        [sys.executable, "-c", program, *slipway.__path__], check=True, capture_output=True, text=True
    )
    assert said.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({}, "kind is missing"),
        ({"kind": "gke"}, "kind must be one of eks, existing, got 'gke'"),
        ({"kind": "eks"}, 'kind "eks" needs subnet_ids'),
        ({"kind": "existing", "kubeconfig": 1}, "kubeconfig must be the content of a kubeconfig, got 1"),
        ({"kind": "existing", "version": "1.34"}, 'kind "existing" makes nothing: leave version out'),
        ({"kind": "existing", "access": {}, "removal": "destroy"}, "leave access, removal out"),
    ],
)
def test_wrong_arguments(run: Run, program: Program, args: Any, message: str) -> None:
    with pytest.raises(ArgumentError) as error:
        run(lambda: Cluster("main", args))
    assert message in str(error.value)
    assert program.resources == []


@pytest.mark.parametrize(
    ("argument", "wrong", "message"),
    [
        ("kubeconfig", "x", "leave kubeconfig out"),
        ("subnet_ids", ["subnet-a"], "subnet_ids must be two or more subnets' ids, got ['subnet-a']"),
        ("subnet_ids", "subnet-a", "subnet_ids must be two or more subnets' ids, got 'subnet-a'"),
        ("version", 1.34, "version must be a minor version of Kubernetes, as 1.34, got 1.34"),
        ("version", "v1.34", "got 'v1.34'"),
        ("support", "forever", "support must be one of standard, extended, got 'forever'"),
        ("public_access_cidrs", ["192.0.2.1/24"], "public_access_cidrs must be address blocks"),
        ("public_access_cidrs", "192.0.2.0/24", "public_access_cidrs must be a list, got str"),
        ("node_pools", ["gpu"], "node_pools must be a list out of general-purpose, system, got ['gpu']"),
        ("node_pools", ["system", "system"], "node_pools must be"),
        ("addons", {"metrics-server": "latest"}, "addons must be names with versions"),
        ("addons", ["metrics-server"], "addons must be a dictionary whose keys are text, got list"),
        ("log_retention_days", 8, "log_retention_days must be one of 1, 3, 5, 7, 14, 30"),
        ("log_retention_days", True, "got True"),
        ("profile", "", "profile must be a profile's name, got ''"),
        ("removal", "keep", "removal must be one of protect, destroy, got 'keep'"),
        ("access", [OPS], "access must be a dictionary whose keys are text, got list"),
        ("access", {"ops": OPS}, "access.ops must be a section"),
        ("access", {"Ops": {"principal_arn": OPS}}, "access.Ops must be named by lower-case letters"),
        ("access", {"ops": {}}, "access.ops.principal_arn is missing"),
        ("access", {"ops": {"principal_arn": "ops"}}, "access.ops.principal_arn must be the ARN of an IAM"),
        ("access", {"ops": {"principal_arn": OPS, "level": "root"}}, "access.ops.level must be one of view"),
        ("access", {"ops": {"principal_arn": OPS, "namespaces": []}}, "access.ops.namespaces must be a list"),
        ("access", {"ops": {"principal_arn": OPS, "lvl": "view"}}, "there is no argument access.ops.lvl"),
        ("node_pool", ["system"], "there is no argument node_pool; did you mean node_pools?"),
    ],
)
def test_wrong_arguments_of_eks(run: Run, program: Program, argument: str, wrong: Any, message: str) -> None:
    with pytest.raises(ArgumentError) as error:
        run(lambda: eks(**{argument: wrong}))
    assert message in str(error.value)
    assert program.resources == []


def test_a_name_too_long_for_eks_is_told(run: Run, program: Program) -> None:
    with pytest.raises(
        ArgumentError, match="name must be letters, digits, - and _, 100 with project and stack"
    ):
        run(lambda: Cluster("x" * 99, {"kind": "eks", "subnet_ids": SUBNETS}))
    assert program.resources == []


def test_subnets_that_are_not_known_yet_are_taken(run: Run, program: Program) -> None:
    run(lambda: eks(subnet_ids=pulumi.Output.from_input(["subnet-x"])))
    run(lambda: eks(subnet_ids=[pulumi.Output.from_input("subnet-x"), "subnet-y"]))


@given(st.ip_addresses(), st.integers(0, 32))
def test_a_block_has_no_host_bits(address: Any, prefix: int) -> None:
    host_bits = int(address) & ((1 << (address.max_prefixlen - prefix)) - 1)
    assert are_blocks([f"{address}/{prefix}"]) == (host_bits == 0)


@given(st.one_of(st.integers(-10, 4000), st.booleans(), st.text(max_size=3)))
def test_only_cloudwatch_s_own_steps_of_retention(days: Any) -> None:
    assert is_retention(days) == (not isinstance(days, bool) and days in LOG_RETENTION_DAYS)
