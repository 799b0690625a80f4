"""Cluster: a Kubernetes cluster to deploy to, either an EKS cluster that it makes or one that exists already.

Does not build node autoscaling or workload roles.
Costs: with `eks` the control plane and each node by the hour, one KMS key by the month, control-plane logs by the GiB.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from slipway import versions
from slipway.validation import Checks, is_one_of, is_whole

KINDS = ("eks", "existing")
MIN_NODES, MAX_NODES = 3, 6
_LOGS = ("api", "audit", "authenticator", "controllerManager", "scheduler")
_NODE_POLICIES = {
    "worker": "AmazonEKSWorkerNodePolicy",
    "registry": "AmazonEC2ContainerRegistryPullOnly",
    "cni": "AmazonEKS_CNI_Policy",
}
_ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"


class NodesArgs(TypedDict):
    """The managed node group of an EKS cluster."""

    instance_types: NotRequired[Sequence[str]]
    """EC2 instance types, most wanted first. Default `m7g.large`, Graviton."""
    ami_type: NotRequired[str]
    """Operating system and architecture. Default `AL2023_ARM_64_STANDARD`."""
    min_size: NotRequired[int]
    """Fewest nodes, 1 to 450. Default 3, one in each of three zones."""
    max_size: NotRequired[int]
    """Most nodes, 1 to 450. Default 6."""
    disk_gib: NotRequired[int]
    """Root disk of a node in GiB, 20 to 16384. Default 50."""


class ClusterArgs(TypedDict):
    """Arguments of Cluster."""

    kind: str
    """`eks` makes an EKS cluster, `existing` takes one that is there."""
    kubeconfig: NotRequired[pulumi.Input[str]]
    """For `existing`: content of the kubeconfig. Default the ambient one, $KUBECONFIG or ~/.kube/config."""
    subnet_ids: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """For `eks`, required: subnets of control plane and nodes, private ones in two or more zones."""
    version: NotRequired[str]
    """For `eks`: Kubernetes version, changed in place. Default the one this release was tested with."""
    public_access_cidrs: NotRequired[Sequence[str]]
    """For `eks`: blocks that may reach the API server from outside the VPC. Default none, the endpoint is private."""
    administrators: NotRequired[Sequence[pulumi.Input[str]]]
    """For `eks`: ARNs of IAM principals that administer the cluster, by name. Default only who creates it."""
    nodes: NotRequired[NodesArgs]
    """For `eks`: the node group. Default three to six m7g.large."""
    log_retention_days: NotRequired[int]
    """For `eks`: days that control-plane logs are kept. Default 90."""


@dataclass(frozen=True)
class _Nodes:
    instance_types: tuple[str, ...]
    ami_type: str
    min_size: int
    max_size: int
    disk_gib: int


@dataclass(frozen=True)
class _Cluster:
    kind: str
    kubeconfig: pulumi.Input[str] | None
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    version: str
    public_access_cidrs: tuple[str, ...]
    administrators: tuple[pulumi.Input[str], ...]
    nodes: _Nodes
    log_retention_days: int


def _resolve(name: str, args: ClusterArgs) -> _Cluster:
    nodes_args = args.get("nodes", NodesArgs())
    nodes = _Nodes(
        instance_types=tuple(nodes_args.get("instance_types", ("m7g.large",))),
        ami_type=nodes_args.get("ami_type", "AL2023_ARM_64_STANDARD"),
        min_size=nodes_args.get("min_size", MIN_NODES),
        max_size=nodes_args.get("max_size", MAX_NODES),
        disk_gib=nodes_args.get("disk_gib", 50),
    )
    kind = args.get("kind", "")
    with Checks("cluster", name, args, ClusterArgs) as check:
        check.shape("nodes.", nodes_args, NodesArgs)
        check.value("kind", kind, f"one of {', '.join(KINDS)}", is_one_of(KINDS))
        check.value("nodes.min_size", nodes.min_size, "1-450", is_whole(1, 450))
        check.value("nodes.max_size", nodes.max_size, "1-450, not below nodes.min_size", is_whole(1, 450))
        check.value("nodes.disk_gib", nodes.disk_gib, "20-16384", is_whole(20, 16384))
        check.rule(
            nodes.min_size <= nodes.max_size,
            f"nodes.max_size {nodes.max_size} is below nodes.min_size {nodes.min_size}",
        )
        check.rule(
            kind != "eks" or "subnet_ids" in args,
            'kind "eks" needs subnet_ids, the private subnets of a network',
        )
        check.rule(
            kind != "eks" or "kubeconfig" not in args,
            'kind "eks" makes its own kubeconfig: leave kubeconfig out',
        )
        strangers = sorted(args.keys() - {"kind", "kubeconfig"}) if kind == "existing" else []
        check.rule(not strangers, f'kind "existing" makes nothing: leave {", ".join(strangers)} out')
    return _Cluster(
        kind=kind,
        kubeconfig=args.get("kubeconfig"),
        subnet_ids=args.get("subnet_ids", ()),
        version=args.get("version", versions.KUBERNETES),
        public_access_cidrs=tuple(args.get("public_access_cidrs", ())),
        administrators=tuple(args.get("administrators", ())),
        nodes=nodes,
        log_retention_days=args.get("log_retention_days", 90),
    )


class Cluster(pulumi.ComponentResource):
    """EKS with its node group and core add-ons, or a cluster that exists.

    The EKS cluster has KMS-encrypted secrets, a private endpoint, control-plane logs and access entries.
    `provider`, in Python, is a Kubernetes provider for it, to be handed to other components through their options.
    https://docs.aws.amazon.com/eks/latest/best-practices/security.html
    """

    kubeconfig: pulumi.Output[str]
    """Content of a kubeconfig, secret; empty when the ambient one is used."""
    cluster_name: pulumi.Output[str]
    """Name of the EKS cluster; empty for `existing`."""
    oidc_provider_arn: pulumi.Output[str]
    """ARN of the IAM OIDC provider for workload roles; empty for `existing`."""

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        settings = _resolve(name, args)
        super().__init__("slipway:index:Cluster", name, {}, opts)
        if settings.kind == "eks":
            self._make(name, settings)
        else:
            self._take(settings)
        self.provider = k8s.Provider(
            f"{name}-kubernetes",
            # An empty string would be read as an empty kubeconfig, so the ambient one is asked for by saying nothing.
            kubeconfig=self.kubeconfig if settings.kind == "eks" else settings.kubeconfig,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs(
            {
                "kubeconfig": self.kubeconfig,
                "cluster_name": self.cluster_name,
                "oidc_provider_arn": self.oidc_provider_arn,
            }
        )

    def _take(self, settings: _Cluster) -> None:
        self.kubeconfig = pulumi.Output.secret(settings.kubeconfig or "")
        self.cluster_name = pulumi.Output.from_input("")
        self.oidc_provider_arn = pulumi.Output.from_input("")

    def _make(self, name: str, settings: _Cluster) -> None:
        opts = pulumi.ResourceOptions(parent=self)
        cluster = _control_plane(name, settings, opts)
        _administrators(name, settings, cluster, opts)
        nodes = _node_group(name, settings, cluster, opts)
        _addons(name, cluster, nodes, opts)
        issuer = cluster.identities[0].oidcs[0].issuer
        identity = aws.iam.OpenIdConnectProvider(
            f"{name}-oidc", url=issuer, client_id_lists=["sts.amazonaws.com"], opts=opts
        )
        self.cluster_name, self.oidc_provider_arn = cluster.name, identity.arn
        authority = cluster.certificate_authority.apply(lambda authority: authority.data)
        self.kubeconfig = pulumi.Output.secret(
            pulumi.Output.all(cluster.name, cluster.endpoint, authority).apply(
                lambda all_: _kubeconfig(*all_)
            )
        )


def _role(
    name: str, service: str, policies: Mapping[str, str], opts: pulumi.ResourceOptions
) -> "aws.iam.Role":
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}],
    }
    role = aws.iam.Role(name, assume_role_policy=json.dumps(trust), opts=opts)
    for noun, policy in policies.items():
        aws.iam.RolePolicyAttachment(
            f"{name}-{noun}", role=role.name, policy_arn=f"arn:aws:iam::aws:policy/{policy}", opts=opts
        )
    return role


def _control_plane(name: str, settings: _Cluster, opts: pulumi.ResourceOptions) -> "aws.eks.Cluster":
    physical_name = f"{pulumi.get_project()}-{pulumi.get_stack()}-{name}"  # the log group must be there first, by this name
    logs = aws.cloudwatch.LogGroup(
        f"{name}-logs",
        name=f"/aws/eks/{physical_name}/cluster",
        retention_in_days=settings.log_retention_days,
        opts=opts,
    )
    key = aws.kms.Key(
        f"{name}-secrets-key",
        description=f"Kubernetes secrets of {physical_name}",
        enable_key_rotation=True,
        deletion_window_in_days=30,
        opts=opts,
    )
    role = _role(f"{name}-role", "eks.amazonaws.com", {"cluster": "AmazonEKSClusterPolicy"}, opts)
    return aws.eks.Cluster(
        f"{name}-eks",
        name=physical_name,
        role_arn=role.arn,
        version=settings.version,
        enabled_cluster_log_types=list(_LOGS),
        bootstrap_self_managed_addons=False,
        access_config={"authentication_mode": "API", "bootstrap_cluster_creator_admin_permissions": True},
        encryption_config={"provider": {"key_arn": key.arn}, "resources": ["secrets"]},
        vpc_config=aws.eks.ClusterVpcConfigArgs(
            subnet_ids=settings.subnet_ids,
            endpoint_private_access=True,
            endpoint_public_access=bool(settings.public_access_cidrs),
            public_access_cidrs=list(settings.public_access_cidrs) or None,
        ),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[logs])),
    )


def _administrators(
    name: str, settings: _Cluster, cluster: "aws.eks.Cluster", opts: pulumi.ResourceOptions
) -> None:
    for principal in settings.administrators:
        noun = f"{name}-admin-{str(principal).rsplit('/', 1)[-1]}"
        entry = aws.eks.AccessEntry(noun, cluster_name=cluster.name, principal_arn=principal, opts=opts)
        aws.eks.AccessPolicyAssociation(
            noun,
            cluster_name=cluster.name,
            principal_arn=entry.principal_arn,
            policy_arn=_ADMIN,
            access_scope={"type": "cluster"},
            opts=opts,
        )


def _node_group(
    name: str, settings: _Cluster, cluster: "aws.eks.Cluster", opts: pulumi.ResourceOptions
) -> "aws.eks.NodeGroup":
    nodes = settings.nodes
    role = _role(f"{name}-node-role", "ec2.amazonaws.com", _NODE_POLICIES, opts)
    network = aws.eks.Addon(
        f"{name}-vpc-cni",
        cluster_name=cluster.name,
        addon_name="vpc-cni",
        configuration_values=json.dumps({"enableNetworkPolicy": "true"}),
        opts=opts,
    )
    return aws.eks.NodeGroup(
        f"{name}-nodes",
        cluster_name=cluster.name,
        node_role_arn=role.arn,
        subnet_ids=settings.subnet_ids,
        instance_types=list(nodes.instance_types),
        ami_type=nodes.ami_type,
        disk_size=nodes.disk_gib,
        scaling_config={
            "min_size": nodes.min_size,
            "max_size": nodes.max_size,
            "desired_size": nodes.min_size,
        },
        update_config={"max_unavailable": 1},
        # An autoscaler owns the size; and a node without its network never gets ready.
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(ignore_changes=["scalingConfig.desiredSize"], depends_on=[network])
        ),
    )


def _addons(
    name: str, cluster: "aws.eks.Cluster", nodes: "aws.eks.NodeGroup", opts: pulumi.ResourceOptions
) -> None:
    for addon in ("kube-proxy", "eks-pod-identity-agent"):
        aws.eks.Addon(f"{name}-{addon}", cluster_name=cluster.name, addon_name=addon, opts=opts)
    # CoreDNS is pods: without nodes it stays degraded and its creation times out.
    on_nodes = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[nodes]))
    aws.eks.Addon(f"{name}-coredns", cluster_name=cluster.name, addon_name="coredns", opts=on_nodes)


def _kubeconfig(name: str, endpoint: str, authority: str) -> str:
    """A kubeconfig that holds no credential: tokens come from the AWS command line's own login."""
    login: dict[str, Any] = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws",
        "args": ["eks", "get-token", "--cluster-name", name, "--output", "json"],
    }
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
