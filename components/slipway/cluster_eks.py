"""What Cluster makes of kind `eks`. In a file of its own, because it needs the SDK for AWS.

Node scaling is EKS Auto Mode's: see docs/decisions/0009-eks-auto-mode.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from slipway.cluster import ClusterSettings
from slipway.manifest import Manifest, labels
from slipway.storage import encryption_key

_LOGS = ("api", "audit", "authenticator", "controllerManager", "scheduler")
# https://docs.aws.amazon.com/eks/latest/userguide/auto-learn-iam.html
_CLUSTER_POLICIES = {
    "cluster": "AmazonEKSClusterPolicy",
    "compute": "AmazonEKSComputePolicy",
    "storage": "AmazonEKSBlockStoragePolicy",
    "load-balancing": "AmazonEKSLoadBalancingPolicy",
    "networking": "AmazonEKSNetworkingPolicy",
}
_NODE_POLICIES = {
    "worker": "AmazonEKSWorkerNodeMinimalPolicy",
    "registry": "AmazonEC2ContainerRegistryPullOnly",
}
# https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html
_ACCESS_POLICIES = {
    "view": "AmazonEKSViewPolicy",
    "view-all": "AmazonEKSAdminViewPolicy",
    "edit": "AmazonEKSEditPolicy",
    "admin": "AmazonEKSClusterAdminPolicy",
}


@dataclass(frozen=True)
class EksCluster:
    """What the component tells of the cluster."""

    arn: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]
    cluster_name: pulumi.Output[str]
    endpoint: pulumi.Output[str]
    oidc_provider_arn: pulumi.Output[str]
    oidc_issuer: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    node_role_arn: pulumi.Output[str]


def make(parent: pulumi.Resource, name: str, settings: ClusterSettings) -> EksCluster:
    """The control plane with all that AWS has to hold for it."""
    opts = pulumi.ResourceOptions(parent=parent)
    node_role, _ = _role(f"{name}-node-role", "ec2.amazonaws.com", ["sts:AssumeRole"], _NODE_POLICIES, opts)
    cluster = _control_plane(name, settings, node_role, opts)
    _access(name, settings, cluster, opts)
    _addons(name, settings, cluster, opts)
    issuer = cluster.identities[0].oidcs[0].issuer
    identity = aws.iam.OpenIdConnectProvider(
        f"{name}-oidc", url=issuer, client_id_lists=["sts.amazonaws.com"], opts=opts
    )
    authority = cluster.certificate_authority.apply(lambda authority: authority.data)
    login = pulumi.Output.all(
        name=cluster.name, endpoint=cluster.endpoint, authority=authority, arn=cluster.arn
    ).apply(lambda known: _kubeconfig(profile=settings.profile, **known))
    return EksCluster(
        arn=cluster.arn,
        kubeconfig=pulumi.Output.secret(login),
        cluster_name=cluster.name,
        endpoint=cluster.endpoint,
        oidc_provider_arn=identity.arn,
        oidc_issuer=issuer,
        security_group_id=cluster.vpc_config.apply(lambda config: config.cluster_security_group_id or ""),
        node_role_arn=node_role.arn,
    )


def furnish(parent: pulumi.Resource, name: str, provider: pulumi.ProviderResource) -> None:
    """What has to be in the cluster itself so that network policies are enforced and volumes have a class."""
    opts = pulumi.ResourceOptions(parent=parent, provider=provider)
    Manifest(f"{name}-network-policies", _network_policies(name), opts)
    Manifest(f"{name}-storage-class", _storage_class(name), opts)


def _role(
    name: str,
    service: str,
    actions: Sequence[str],
    policies: Mapping[str, str],
    opts: pulumi.ResourceOptions,
) -> tuple[aws.iam.Role, list[aws.iam.RolePolicyAttachment]]:
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": list(actions)}],
    }
    role = aws.iam.Role(name, assume_role_policy=json.dumps(trust), opts=opts)
    attachments = [
        aws.iam.RolePolicyAttachment(
            f"{name}-{noun}", role=role.name, policy_arn=f"arn:aws:iam::aws:policy/{policy}", opts=opts
        )
        for noun, policy in policies.items()
    ]
    return role, attachments


def _control_plane(
    name: str, settings: ClusterSettings, node_role: aws.iam.Role, opts: pulumi.ResourceOptions
) -> aws.eks.Cluster:
    protected = settings.removal == "protect"
    # None, not False, when unprotected: the caller's own protect then reaches the children.
    kept = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(protect=True if protected else None))
    logs = aws.cloudwatch.LogGroup(
        f"{name}-logs",
        name=f"/aws/eks/{settings.physical_name}/cluster",
        retention_in_days=settings.log_retention_days,
        opts=opts,
    )
    described = f"Kubernetes secrets of {settings.physical_name}"
    key = encryption_key(f"{name}-secrets-key", described, settings.removal, kept)
    role, rights = _role(
        f"{name}-role", "eks.amazonaws.com", ["sts:AssumeRole", "sts:TagSession"], _CLUSTER_POLICIES, opts
    )
    return aws.eks.Cluster(
        f"{name}-eks",
        name=settings.physical_name,
        role_arn=role.arn,
        version=settings.version,
        upgrade_policy={"support_type": settings.support.upper()},
        deletion_protection=protected,
        enabled_cluster_log_types=list(_LOGS),
        access_config={"authentication_mode": "API", "bootstrap_cluster_creator_admin_permissions": True},
        encryption_config={"provider": {"key_arn": key.arn}, "resources": ["secrets"]},
        vpc_config=aws.eks.ClusterVpcConfigArgs(
            subnet_ids=settings.subnet_ids,
            endpoint_private_access=True,
            endpoint_public_access=bool(settings.public_access_cidrs),
            public_access_cidrs=list(settings.public_access_cidrs) or None,
        ),
        # Auto Mode is these three, all or none; what it brings itself must not be installed besides.
        bootstrap_self_managed_addons=False,
        compute_config=aws.eks.ClusterComputeConfigArgs(
            enabled=True,
            node_pools=list(settings.node_pools),
            # AWS wants the role with a pool, and only with one.
            node_role_arn=node_role.arn if settings.node_pools else None,
        ),
        kubernetes_network_config={"elastic_load_balancing": {"enabled": True}},
        storage_config={"block_storage": {"enabled": True}},
        zonal_shift_config={"enabled": True},
        # The rights are needed until the last node and load balancer of the cluster are gone.
        opts=pulumi.ResourceOptions.merge(kept, pulumi.ResourceOptions(depends_on=[logs, *rights])),
    )


def _access(
    name: str, settings: ClusterSettings, cluster: aws.eks.Cluster, opts: pulumi.ResourceOptions
) -> None:
    for who, access in settings.access.items():
        entry = aws.eks.AccessEntry(
            f"{name}-access-{who}", cluster_name=cluster.name, principal_arn=access.principal_arn, opts=opts
        )
        aws.eks.AccessPolicyAssociation(
            f"{name}-access-{who}",
            cluster_name=cluster.name,
            principal_arn=entry.principal_arn,
            policy_arn=f"arn:aws:eks::aws:cluster-access-policy/{_ACCESS_POLICIES[access.level]}",
            access_scope=aws.eks.AccessPolicyAssociationAccessScopeArgs(
                type="namespace" if access.namespaces else "cluster",
                namespaces=list(access.namespaces) or None,
            ),
            opts=opts,
        )


def _addons(
    name: str, settings: ClusterSettings, cluster: aws.eks.Cluster, opts: pulumi.ResourceOptions
) -> None:
    for addon, version in settings.addons.items():
        aws.eks.Addon(
            f"{name}-{addon}",
            cluster_name=cluster.name,
            addon_name=addon,
            addon_version=version,
            # What the stack says holds, against changes by hand too.
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            opts=opts,
        )


def _network_policies(name: str) -> dict[str, Any]:
    """The switch that Auto Mode looks for (https://docs.aws.amazon.com/eks/latest/userguide/auto-net-pol.html)."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "amazon-vpc-cni",
            "namespace": "kube-system",
            "labels": labels("network-policies", name, "cluster"),
        },
        "data": {"enable-network-policy-controller": "true"},
    }


def _storage_class(name: str) -> dict[str, Any]:
    """Auto Mode brings the driver and no class (https://docs.aws.amazon.com/eks/latest/userguide/create-storage-class.html)."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": "gp3",
            "labels": labels("storage-class", name, "cluster"),
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": "ebs.csi.eks.amazonaws.com",
        "parameters": {"type": "gp3", "encrypted": "true"},
        # A volume belongs to one zone: the pod's node decides which.
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowVolumeExpansion": True,
    }


def _kubeconfig(name: str, endpoint: str, authority: str, arn: str, profile: str | None) -> str:
    """A kubeconfig that holds no credential: tokens come from the AWS command line's own login."""
    region = arn.split(":")[3]
    login: dict[str, Any] = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws",
        "args": ["eks", "get-token", "--cluster-name", name, "--region", region, "--output", "json"],
        "interactiveMode": "Never",
    }
    if profile:
        login["env"] = [{"name": "AWS_PROFILE", "value": profile}]
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": name, "cluster": {"server": endpoint, "certificate-authority-data": authority}}
            ],
            "users": [{"name": name, "user": {"exec": login}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
        }
    )
