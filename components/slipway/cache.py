"""Cache: Valkey, which speaks Redis, as ElastiCache or as one pod in the cluster, behind the same outputs.

What is in it may be gone at any time: it evicts, and in the cluster it is memory alone, without TLS: that kind is for development.
Stateful: with `elasticache` the nodes outlive the stack unless `removal` says otherwise.
Costs: with `elasticache` each node by the hour, snapshots beyond the first, one KMS key and one secret by the month.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NotRequired, TypedDict

import pulumi

from slipway import versions
from slipway.datastore import (
    DAILY_WINDOW,
    IN_CLUSTER,
    WEEKLY_WINDOW,
    check_clients,
    check_kind,
)
from slipway.validation import (
    CPU,
    REMOVAL,
    REMOVAL_RULE,
    Checks,
    is_one_of,
    is_text,
    is_whole,
    matches,
    usable,
)

ELASTICACHE = "elasticache"
EVICTIONS = (
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
    "noeviction",
)
EVICTION = re.compile("|".join(EVICTIONS))
EVICTION_RULE = f"one of {', '.join(EVICTIONS)}"
PORT = 6379
NODE_RULE = "a node type, as cache.m7g.large"
NODE = re.compile(r"cache(\.[a-z0-9-]+){2,}")
MEMORY = re.compile(r"[1-9]\d*(Mi|Gi)")
_OF_ELASTICACHE = frozenset(
    {
        "vpc_id",
        "subnet_ids",
        "allowed_security_groups",
        "allowed_cidrs",
        "node_type",
        "replicas",
        "snapshot_retention_days",
        "snapshot_window",
        "maintenance_window",
        "removal",
    }
)
_OF_CLUSTER = frozenset({"namespace", "client_namespaces", "image", "cpu", "memory"})


class CacheArgs(TypedDict):
    """Arguments of Cache."""

    kind: str
    """`elasticache` for managed nodes, `in-cluster` for a StatefulSet of one pod."""
    version: NotRequired[str]
    """Version of Valkey, as `8.1`. Default the one this release was tested with."""
    eviction: NotRequired[str]
    """What goes when memory is full, one of Valkey's maxmemory policies. Default `allkeys-lru`: what was not used for longest."""
    vpc_id: NotRequired[pulumi.Input[str]]
    """For `elasticache`, required: the VPC."""
    subnet_ids: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """For `elasticache`, required: isolated subnets of that VPC, in two zones or more."""
    allowed_security_groups: NotRequired[Mapping[str, pulumi.Input[str]]]
    """For `elasticache`: ids of the security groups that may connect, each by a name of yours. Default none."""
    allowed_cidrs: NotRequired[Sequence[str]]
    """For `elasticache`: IPv4 blocks that may connect. Default none."""
    node_type: NotRequired[str]
    """For `elasticache`: type of each node. Default `cache.m7g.large`, Graviton."""
    replicas: NotRequired[int]
    """For `elasticache`: nodes beside the first, each in another zone, one of which takes over when it fails; 1-5. Default 2."""
    snapshot_retention_days: NotRequired[int]
    """For `elasticache`: days that a daily snapshot is kept, 0-35; 0 takes none. Default 7."""
    snapshot_window: NotRequired[str]
    """For `elasticache`: when the snapshot is taken, in UTC. Default `02:00-03:00`."""
    maintenance_window: NotRequired[str]
    """For `elasticache`: when changes that interrupt are made, in UTC. Default `sun:04:00-sun:05:00`."""
    removal: NotRequired[str]
    """For `elasticache`: `protect` (default) refuses to delete it and takes a last snapshot; `destroy` deletes it."""
    namespace: NotRequired[str]
    """For `in-cluster`: namespace to make for it. Default the component's name."""
    client_namespaces: NotRequired[Sequence[pulumi.Input[str]]]
    """For `in-cluster`: namespaces whose pods may connect. Default only its own."""
    image: NotRequired[pulumi.Input[str]]
    """For `in-cluster`: an image like Valkey's official one, best by digest. Default that one, the newest of `version`."""
    cpu: NotRequired[str]
    """For `in-cluster`: CPU requested, as `250m` or `1`. Default `50m`."""
    memory: NotRequired[str]
    """For `in-cluster`: memory requested and allowed, as `256Mi`; it holds data in three quarters of it. Default `256Mi`."""


@dataclass(frozen=True)
class CacheSettings:
    """A Cache's arguments with every default filled in."""

    kind: str
    version: str
    eviction: str
    vpc_id: pulumi.Input[str]
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    allowed_security_groups: Mapping[str, pulumi.Input[str]]
    allowed_cidrs: tuple[str, ...]
    node_type: str
    replicas: int
    snapshot_retention_days: int
    snapshot_window: str
    maintenance_window: str
    removal: str
    namespace: str
    client_namespaces: tuple[pulumi.Input[str], ...]
    image: pulumi.Input[str] | None
    cpu: str
    memory: str


def _resolve(name: str, args: CacheArgs) -> CacheSettings:
    given, args = args, usable(args, CacheArgs)
    namespace = args.get("namespace", name)
    settings = CacheSettings(
        kind=args.get("kind", ""),
        version=args.get("version", versions.VALKEY),
        eviction=args.get("eviction", "allkeys-lru"),
        vpc_id=args.get("vpc_id", ""),
        subnet_ids=args.get("subnet_ids", ()),
        allowed_security_groups=args.get("allowed_security_groups", {}),
        allowed_cidrs=tuple(args.get("allowed_cidrs", ())),
        node_type=args.get("node_type", "cache.m7g.large"),
        replicas=args.get("replicas", 2),
        snapshot_retention_days=args.get("snapshot_retention_days", 7),
        snapshot_window=args.get("snapshot_window", "02:00-03:00"),
        maintenance_window=args.get("maintenance_window", "sun:04:00-sun:05:00"),
        removal=args.get("removal", "protect"),
        namespace=namespace,
        client_namespaces=tuple(args.get("client_namespaces", (namespace,))),
        image=args.get("image"),
        cpu=args.get("cpu", "50m"),
        memory=args.get("memory", "256Mi"),
    )
    with Checks("cache", name, given, CacheArgs) as check:
        check_kind(check, name, args, ELASTICACHE, {ELASTICACHE: _OF_ELASTICACHE, IN_CLUSTER: _OF_CLUSTER})
        check_clients(check, settings.allowed_cidrs, settings.namespace, settings.client_namespaces)
        check.value("version", settings.version, "a version, as 8.1", matches(versions.MINOR))
        check.value("eviction", settings.eviction, EVICTION_RULE, is_one_of(EVICTIONS))
        check.value("node_type", settings.node_type, NODE_RULE, matches(NODE))
        check.value("replicas", settings.replicas, "1-5", is_whole(1, 5))
        check.value("snapshot_retention_days", settings.snapshot_retention_days, "0-35", is_whole(0, 35))
        check.value("snapshot_window", settings.snapshot_window, "as 02:00-03:00", matches(DAILY_WINDOW))
        window = settings.maintenance_window
        check.value("maintenance_window", window, "as sun:04:00-sun:05:00", matches(WEEKLY_WINDOW))
        check.value("removal", settings.removal, REMOVAL_RULE, is_one_of(REMOVAL))
        check.value("image", settings.image, "an image", is_text)
        check.value("cpu", settings.cpu, "as 250m or 1", matches(CPU))
        check.value("memory", settings.memory, "as 256Mi", matches(MEMORY))
    return settings


class Cache(pulumi.ComponentResource):
    """Valkey on ElastiCache: over several zones, encrypted at rest and on the way, with a password; or one pod.

    https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/BestPractices.html
    """

    host: pulumi.Output[str]
    """Name to connect to, that of the node that takes writes."""
    port: pulumi.Output[int]
    """Port to connect to."""
    url: pulumi.Output[str]
    """`rediss://…` over TLS with `elasticache`, `redis://…` `in-cluster`, with the password: secret."""
    secret_name: pulumi.Output[str]
    """Where the password is: with `elasticache` the secret's name in Secrets Manager, `in-cluster` the Kubernetes Secret's."""
    secret_arn: pulumi.Output[str]
    """With `elasticache`: ARN of that secret, a JSON object with username and password; empty `in-cluster`."""
    read_policy_arn: pulumi.Output[str]
    """With `elasticache`: ARN of the IAM policy that lets a role read that secret; empty `in-cluster`."""

    def __init__(self, name: str, args: CacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        settings = _resolve(name, args)
        super().__init__("slipway:index:Cache", name, {}, opts)
        # Each kind is loaded when it is asked for: a cluster's own cache must not wait for the AWS SDK.
        if settings.kind == ELASTICACHE:
            from slipway import cache_elasticache as kind
        else:
            from slipway import cache_in_cluster as kind
        parts = kind.build(self, name, settings)

        self.host, self.port, self.url = parts.host, parts.port, parts.url
        self.secret_name, self.secret_arn = parts.secret_name, parts.secret_arn
        self.read_policy_arn = parts.read_policy_arn
        self.register_outputs(
            {
                "host": self.host,
                "port": self.port,
                "url": self.url,
                "secret_name": self.secret_name,
                "secret_arn": self.secret_arn,
                "read_policy_arn": self.read_policy_arn,
            }
        )
