"""Cluster: a Kubernetes cluster to deploy to, either an EKS cluster that it makes or one that exists already.

Does not build the network, namespaces or the roles of workloads: see Network, App and WorkloadRole.
Stateful: with `eks` the cluster and the key of its secrets are kept from deletion unless `removal` says otherwise.
Costs: with `eks` the control plane by the hour, each node by the hour with Auto Mode's surcharge, one KMS key by the
month, control-plane logs by the GiB. Nodes come and go with the pods; what bounds them is the pods' own scaling.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict, cast

import pulumi
import pulumi_kubernetes as k8s

from slipway import versions
from slipway.validation import (
    ARN,
    BLOCKS_RULE,
    DNS_LABEL,
    REMOVAL,
    REMOVAL_RULE,
    Checks,
    are_blocks,
    is_one_of,
    is_text,
    matches,
    usable,
)

if TYPE_CHECKING:
    from slipway.cluster_eks import EksCluster

KINDS = ("eks", "existing")
LEVELS = ("view", "view-all", "edit", "admin")
SUPPORT = ("standard", "extended")
NODE_POOLS = ("general-purpose", "system")
POOLS_RULE = f"a list out of {', '.join(NODE_POOLS)}"
LOG_RETENTION_DAYS = (
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
)
VERSION = re.compile(r"1\.\d{2}")
VERSION_RULE = "a minor version of Kubernetes, as 1.34"
ADDON_VERSION = re.compile(r"v\d+\.\d+\.\d+-eksbuild\.\d+")
_EKS_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,99}")
_FEWEST_ZONES = 2


class AccessArgs(TypedDict):
    """What one IAM principal may do in the cluster."""

    principal_arn: pulumi.Input[str]
    """ARN of the IAM role or user."""
    level: NotRequired[str]
    """`view` (default) reads workloads and no secrets, `view-all` reads everything, `edit` changes workloads, `admin` may do everything."""
    namespaces: NotRequired[Sequence[str]]
    """Namespaces that the level holds in; a `*` stands for any letters. Default all of them."""


class ClusterArgs(TypedDict):
    """Arguments of Cluster."""

    kind: str
    """`eks` makes an EKS cluster, `existing` takes one that is there."""
    kubeconfig: NotRequired[pulumi.Input[str]]
    """For `existing`: content of the kubeconfig. Default the ambient one, $KUBECONFIG or ~/.kube/config."""
    subnet_ids: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """For `eks`, required: subnets of control plane and nodes, private ones in two or more zones."""
    version: NotRequired[str]
    """For `eks`: Kubernetes version, changed in place, one minor at a time. Default the one this release was tested with."""
    support: NotRequired[str]
    """For `eks`: `standard` (default) is upgraded by AWS when its support ends, `extended` stays for a year more at six times the price."""
    public_access_cidrs: NotRequired[Sequence[str]]
    """For `eks`: blocks that may reach the API server from outside the VPC. Default none, the endpoint is private."""
    access: NotRequired[Mapping[str, AccessArgs]]
    """For `eks`: who may do what, by a name of your own for each. Default who creates the cluster, as administrator."""
    node_pools: NotRequired[Sequence[str]]
    """For `eks`: Auto Mode's pools, of `general-purpose` and `system`. Default both; empty when you bring NodePools of your own."""
    addons: NotRequired[Mapping[str, str]]
    """For `eks`: name to version of the add-ons beside those built into Auto Mode. Default `metrics-server`, as this release was tested."""
    log_retention_days: NotRequired[int]
    """For `eks`: days that control-plane logs are kept, one of CloudWatch's steps. Default 90."""
    profile: NotRequired[str]
    """For `eks`: profile of the AWS configuration that the kubeconfig logs in with. Default the ambient credentials."""
    removal: NotRequired[str]
    """For `eks`: `protect` (default) refuses to delete cluster and key, `destroy` deletes them."""


@dataclass(frozen=True)
class Access:
    """One entry of `access`, defaults filled in."""

    principal_arn: pulumi.Input[str]
    level: str
    namespaces: tuple[str, ...]


@dataclass(frozen=True)
class ClusterSettings:
    """The arguments, checked and defaults filled in."""

    kind: str
    kubeconfig: pulumi.Input[str] | None
    physical_name: str
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    version: str
    support: str
    public_access_cidrs: tuple[str, ...]
    access: Mapping[str, Access]
    node_pools: tuple[str, ...]
    addons: Mapping[str, str]
    log_retention_days: int
    profile: str | None
    removal: str


def _resolve(name: str, args: ClusterArgs) -> ClusterSettings:
    given, args = args, usable(args, ClusterArgs)
    kind = args.get("kind", "")
    # The log group has to be there before the cluster, and is found by this name.
    physical_name = f"{pulumi.get_project()}-{pulumi.get_stack()}-{name}"
    version, support = args.get("version", versions.KUBERNETES), args.get("support", "standard")
    subnet_ids, cidrs = args.get("subnet_ids", ()), args.get("public_access_cidrs", ())
    access, pools = args.get("access", {}), args.get("node_pools", NODE_POOLS)
    addons, days = args.get("addons", versions.EKS_ADDONS), args.get("log_retention_days", 90)
    profile, removal = args.get("profile"), args.get("removal", "protect")
    with Checks("cluster", name, given, ClusterArgs) as check:
        check.value("kind", kind, f"one of {', '.join(KINDS)}", is_one_of(KINDS))
        check.value("kubeconfig", args.get("kubeconfig"), "the content of a kubeconfig", is_text)
        check.value("version", version, VERSION_RULE, matches(VERSION))
        check.value("support", support, f"one of {', '.join(SUPPORT)}", is_one_of(SUPPORT))
        check.value("public_access_cidrs", cidrs, BLOCKS_RULE, are_blocks)
        check.value("node_pools", pools, POOLS_RULE, are_pools)
        check.value("addons", addons, "names with versions, as v0.8.1-eksbuild.5", are_addons)
        check.value(
            "log_retention_days", days, f"one of {', '.join(map(str, LOG_RETENTION_DAYS))}", is_retention
        )
        check.value("profile", profile, "a profile's name", is_text)
        check.value("removal", removal, REMOVAL_RULE, is_one_of(REMOVAL))
        _check_access(check, access)
        if kind == "eks":
            _check_eks(check, physical_name, given)
        elif kind == "existing":
            strangers = sorted(args.keys() - {"kind", "kubeconfig"})
            check.rule(not strangers, f'kind "existing" makes nothing: leave {", ".join(strangers)} out')
    return ClusterSettings(
        kind=kind,
        kubeconfig=args.get("kubeconfig"),
        physical_name=physical_name,
        subnet_ids=subnet_ids,
        version=version,
        support=support,
        public_access_cidrs=tuple(cidrs),
        access={
            key: Access(
                entry["principal_arn"], entry.get("level", "view"), tuple(entry.get("namespaces", ()))
            )
            for key, said in access.items()
            for entry in (usable(said, AccessArgs),)
        },
        node_pools=tuple(pools),
        addons=addons,
        log_retention_days=days,
        profile=profile,
        removal=removal,
    )


def _check_eks(check: Checks, physical_name: str, args: ClusterArgs) -> None:
    check.value(
        "name", physical_name, "letters, digits, - and _, 100 with project and stack", matches(_EKS_NAME)
    )
    check.value("subnet_ids", args.get("subnet_ids"), "two or more subnets' ids", _are_subnets)
    check.rule(
        args.get("subnet_ids") is not None, 'kind "eks" needs subnet_ids, the private subnets of a network'
    )
    check.rule(args.get("kubeconfig") is None, 'kind "eks" makes its own kubeconfig: leave kubeconfig out')


def _check_access(check: Checks, access: Mapping[str, Any]) -> None:
    for name, entry in access.items():
        at = f"access.{name}"
        check.value(at, name, "named by lower-case letters, digits and -", matches(DNS_LABEL))
        check.value(at, entry, "a section", lambda value: isinstance(value, Mapping))
        if not isinstance(entry, Mapping):
            continue
        given = cast(Mapping[str, Any], entry)
        check.shape(f"{at}.", given, AccessArgs)
        check.value(
            f"{at}.principal_arn", given.get("principal_arn"), "the ARN of an IAM principal", matches(ARN)
        )
        check.value(f"{at}.level", given.get("level"), f"one of {', '.join(LEVELS)}", is_one_of(LEVELS))
        check.value(f"{at}.namespaces", given.get("namespaces"), "a list of namespaces", _are_texts)


def are_pools(value: Any) -> bool:
    """Whether these are pools that Auto Mode brings, each once."""
    return _are_texts(value, least=0) and set(value) <= set(NODE_POOLS) and len(set(value)) == len(value)


def are_addons(value: Any) -> bool:
    """Whether these are names of add-ons with a whole version each."""
    return isinstance(value, Mapping) and all(
        matches(DNS_LABEL)(name) and matches(ADDON_VERSION)(version)
        for name, version in cast(Mapping[Any, Any], value).items()
    )


def is_retention(value: Any) -> bool:
    """Whether CloudWatch keeps logs for just so many days."""
    return type(value) is int and value in LOG_RETENTION_DAYS


def _are_texts(value: Any, least: int = 1) -> bool:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return False
    items = cast(Sequence[Any], value)
    return len(items) >= least and all(is_text(item) for item in items)


def _are_subnets(value: Any) -> bool:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return False
    items = cast(Sequence[Any], value)
    return len(items) >= _FEWEST_ZONES and all(
        is_text(item) or isinstance(item, pulumi.Output) for item in items
    )


class Cluster(pulumi.ComponentResource):
    """EKS in Auto Mode, or a cluster that exists.

    The EKS cluster has secrets encrypted by a key of its own, a private endpoint, all control-plane logs, access by IAM
    principal, nodes that AWS scales, patches and repairs, enforced network policies and encrypted volumes by default.
    `provider`, in Python, is a Kubernetes provider for it, to be handed to other components through their options.
    https://docs.aws.amazon.com/eks/latest/best-practices/security.html
    """

    kubeconfig: pulumi.Output[str]
    """Content of a kubeconfig, secret; empty when the ambient one is used."""
    cluster_name: pulumi.Output[str]
    """Name of the EKS cluster; empty for `existing`."""
    endpoint: pulumi.Output[str]
    """URL of the EKS cluster's API server; empty for `existing`."""
    oidc_provider_arn: pulumi.Output[str]
    """ARN of the IAM OIDC provider that vouches for the cluster's service accounts; empty for `existing`."""
    oidc_issuer: pulumi.Output[str]
    """URL of the cluster's OIDC issuer; empty for `existing`."""
    security_group_id: pulumi.Output[str]
    """Security group of control plane and nodes, for a database or cache to let in; empty for `existing`."""
    node_role_arn: pulumi.Output[str]
    """ARN of the nodes' IAM role; empty for `existing`."""

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        settings = _resolve(name, args)
        super().__init__("slipway:index:Cluster", name, {}, opts)
        if settings.kind == "eks":
            from slipway import (
                cluster_eks,
            )  # with it comes the SDK for AWS, which an existing cluster does without

            eks = cluster_eks.make(self, name, settings)
            self.provider = _provider(self, name, eks.kubeconfig, eks.arn)
            cluster_eks.furnish(self, name, self.provider)
            self._tell(eks)
        else:
            self.provider = _provider(self, name, settings.kubeconfig, name)
            self._tell_existing(settings)
        self.register_outputs({output: getattr(self, output) for output in _OUTPUTS})

    def _tell(self, eks: "EksCluster") -> None:
        for output in _OUTPUTS:
            setattr(self, output, getattr(eks, output))

    def _tell_existing(self, settings: ClusterSettings) -> None:
        for output in _OUTPUTS:
            setattr(self, output, pulumi.Output.from_input(""))
        self.kubeconfig = pulumi.Output.secret(settings.kubeconfig or "")


_OUTPUTS = tuple(Cluster.__annotations__)


def _provider(
    parent: Cluster, name: str, kubeconfig: pulumi.Input[str] | None, identifier: pulumi.Input[str]
) -> k8s.Provider:
    return k8s.Provider(
        f"{name}-kubernetes",
        # An empty string would be read as an empty kubeconfig, so the ambient one is asked for by saying nothing.
        kubeconfig=kubeconfig,
        # Without it another login, or a kubeconfig that leads nowhere, would look like another cluster: all that is in it would be
        # replaced, and the next `up` with the right kubeconfig would make each object anew and then delete it as the old one.
        cluster_identifier=identifier,
        opts=pulumi.ResourceOptions(parent=parent),
    )
