"""Database: PostgreSQL, as RDS or as one pod in the cluster, behind the same outputs.

Does not build replicas for reading, or migrations. Without TLS and without backups in the cluster: that kind is for development.
Stateful: what holds data outlives the stack unless `removal` says otherwise.
Costs: with `rds` two instances by the hour (one without `multi_az`), storage, backups beyond its size, one KMS key and one
secret by the month.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

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
    MEMORY,
    REMOVAL,
    REMOVAL_RULE,
    Checks,
    is_one_of,
    is_text,
    is_whole,
    matches,
    usable,
)

RDS = "rds"
STORAGE_GIB, MAX_STORAGE_GIB = 20, 200
PORT = 5432
NAME_RULE = "lower-case letters, digits and _, a letter first"
INSTANCE_RULE = "an instance class, as db.m7g.large"
INSTANCE = re.compile(r"db(\.[a-z0-9-]+){2,}")
SQL_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_OF_RDS = frozenset(
    {
        "vpc_id",
        "subnet_ids",
        "allowed_security_groups",
        "allowed_cidrs",
        "instance_class",
        "multi_az",
        "max_storage_gib",
        "backup_retention_days",
        "backup_window",
        "maintenance_window",
        "backup_tags",
    }
)
_OF_CLUSTER = frozenset(
    {"namespace", "client_namespaces", "image", "storage", "storage_class", "cpu", "memory"}
)
STORAGES = ("volume", "ephemeral")


class DatabaseArgs(TypedDict):
    """Arguments of Database."""

    kind: str
    """`rds` for a managed instance, `in-cluster` for a StatefulSet of one pod."""
    version: NotRequired[str]
    """Major version of PostgreSQL, as `17`. Default the one of this release. A higher one upgrades RDS in its window."""
    database: NotRequired[str]
    """Name of the database to make. Default `app`."""
    username: NotRequired[str]
    """Name of the owner. Default `app`."""
    storage_gib: NotRequired[int]
    """Size at the beginning in GiB, 20-65536. Default 20."""
    removal: NotRequired[str]
    """`protect` (default) refuses to delete it and takes a last snapshot; `destroy` deletes it with its data."""
    vpc_id: NotRequired[pulumi.Input[str]]
    """For `rds`, required: the VPC."""
    subnet_ids: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """For `rds`, required: isolated subnets of that VPC, in two zones or more."""
    allowed_security_groups: NotRequired[Mapping[str, pulumi.Input[str]]]
    """For `rds`: ids of the security groups that may connect, each by a name of yours. Default none."""
    allowed_cidrs: NotRequired[Sequence[str]]
    """For `rds`: IPv4 blocks that may connect. Default none."""
    instance_class: NotRequired[str]
    """For `rds`: Default `db.m7g.large`, Graviton."""
    multi_az: NotRequired[bool]
    """For `rds`: a standby in another zone takes over when the instance or its zone fails. Default true."""
    max_storage_gib: NotRequired[int]
    """For `rds`: size that storage may grow to by itself in GiB, not below `storage_gib`. Default 200."""
    backup_retention_days: NotRequired[int]
    """For `rds`: days that one can go back to any second, 1-35. Default 14."""
    backup_window: NotRequired[str]
    """For `rds`: when the daily snapshot is taken, in UTC. Default `01:00-02:00`."""
    maintenance_window: NotRequired[str]
    """For `rds`: when changes that interrupt are made, in UTC. Default `sun:03:00-sun:04:00`."""
    backup_tags: NotRequired[Mapping[str, str]]
    """For `rds`: tags by which a BackupVault selects the instance. Default that of BackupVault, `backup`: `daily`."""
    namespace: NotRequired[str]
    """For `in-cluster`: namespace to make for it. Default the component's name."""
    client_namespaces: NotRequired[Sequence[pulumi.Input[str]]]
    """For `in-cluster`: namespaces whose pods may connect. Default only its own."""
    image: NotRequired[pulumi.Input[str]]
    """For `in-cluster`: an image like PostgreSQL's official one, best by digest. Default that one, the newest of `version`."""
    storage: NotRequired[str]
    """For `in-cluster`: `volume` (default), or `ephemeral`, which is lost with the pod: for clusters without a StorageClass."""
    storage_class: NotRequired[str]
    """For `in-cluster`: StorageClass of its volume. Default the cluster's own default."""
    cpu: NotRequired[str]
    """For `in-cluster`: CPU requested, as `250m` or `1`. Default `100m`."""
    memory: NotRequired[str]
    """For `in-cluster`: memory requested and allowed, as `512Mi`. Default `512Mi`."""


@dataclass(frozen=True)
class DatabaseSettings:
    """A Database's arguments with every default filled in."""

    kind: str
    version: str
    database: str
    username: str
    storage_gib: int
    removal: str
    vpc_id: pulumi.Input[str]
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    allowed_security_groups: Mapping[str, pulumi.Input[str]]
    allowed_cidrs: tuple[str, ...]
    instance_class: str
    multi_az: bool
    max_storage_gib: int
    backup_retention_days: int
    backup_window: str
    maintenance_window: str
    backup_tags: Mapping[str, str]
    namespace: str
    client_namespaces: tuple[pulumi.Input[str], ...]
    image: pulumi.Input[str] | None
    storage: str
    storage_class: str | None
    cpu: str
    memory: str


def _resolve(name: str, args: DatabaseArgs) -> DatabaseSettings:
    given, args = args, usable(args, DatabaseArgs)
    storage = args.get("storage_gib", STORAGE_GIB)
    namespace = args.get("namespace", name)
    settings = DatabaseSettings(
        kind=args.get("kind", ""),
        version=args.get("version", versions.POSTGRES),
        database=args.get("database", "app"),
        username=args.get("username", "app"),
        storage_gib=storage,
        removal=args.get("removal", "protect"),
        vpc_id=args.get("vpc_id", ""),
        subnet_ids=args.get("subnet_ids", ()),
        allowed_security_groups=args.get("allowed_security_groups", {}),
        allowed_cidrs=tuple(args.get("allowed_cidrs", ())),
        instance_class=args.get("instance_class", "db.m7g.large"),
        multi_az=args.get("multi_az", True),
        max_storage_gib=args.get("max_storage_gib", MAX_STORAGE_GIB),
        backup_retention_days=args.get("backup_retention_days", 14),
        backup_window=args.get("backup_window", "01:00-02:00"),
        maintenance_window=args.get("maintenance_window", "sun:03:00-sun:04:00"),
        backup_tags=args.get("backup_tags", {"backup": "daily"}),
        namespace=namespace,
        client_namespaces=tuple(args.get("client_namespaces", (namespace,))),
        image=args.get("image"),
        storage=args.get("storage", "volume"),
        storage_class=args.get("storage_class"),
        cpu=args.get("cpu", "100m"),
        memory=args.get("memory", "512Mi"),
    )
    with Checks("database", name, given, DatabaseArgs) as check:
        _check(check, name, args, settings)
    return settings


def _check(check: Checks, name: str, args: DatabaseArgs, settings: DatabaseSettings) -> None:
    check_kind(check, name, args, RDS, {RDS: _OF_RDS, IN_CLUSTER: _OF_CLUSTER})
    check_clients(check, settings.allowed_cidrs, settings.namespace, settings.client_namespaces)
    check.value("version", settings.version, "a major version, as 17", matches(versions.MAJOR))
    for argument in ("database", "username"):
        check.value(argument, getattr(settings, argument), NAME_RULE, matches(SQL_NAME))
    check.value("storage_gib", settings.storage_gib, "20-65536", is_whole(20, 65536))
    check.value("removal", settings.removal, REMOVAL_RULE, is_one_of(REMOVAL))
    check.value("instance_class", settings.instance_class, INSTANCE_RULE, matches(INSTANCE))
    check.value("multi_az", settings.multi_az, "true or false", lambda value: isinstance(value, bool))
    check.value("max_storage_gib", settings.max_storage_gib, "20-65536", is_whole(20, 65536))
    check.value("backup_retention_days", settings.backup_retention_days, "1-35", is_whole(1, 35))
    check.value("backup_window", settings.backup_window, "as 01:00-02:00", matches(DAILY_WINDOW))
    check.value(
        "maintenance_window", settings.maintenance_window, "as sun:03:00-sun:04:00", matches(WEEKLY_WINDOW)
    )
    check.value("storage", settings.storage, f"one of {', '.join(STORAGES)}", is_one_of(STORAGES))
    check.rule(
        settings.storage != "ephemeral" or settings.storage_class is None,
        'storage_class needs storage "volume": what is ephemeral has no class',
    )
    check.value("storage_class", settings.storage_class, "a StorageClass's name", is_text)
    check.value("image", settings.image, "an image", is_text)
    check.value("cpu", settings.cpu, "as 250m or 1", matches(CPU))
    check.value("memory", settings.memory, "as 512Mi", matches(MEMORY))
    check.rule(
        settings.kind != RDS or can_grow(settings.storage_gib, settings.max_storage_gib),
        f"max_storage_gib {settings.max_storage_gib} is below storage_gib {settings.storage_gib}",
    )


def can_grow(storage_gib: Any, max_storage_gib: Any) -> bool:
    """What is no number has been told already."""
    if not (isinstance(storage_gib, int) and isinstance(max_storage_gib, int)):
        return True
    return storage_gib <= max_storage_gib


class Database(pulumi.ComponentResource):
    """PostgreSQL on RDS: in two zones, encrypted, over TLS alone, with a password that RDS changes; or one pod with a volume.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_BestPractices.html
    """

    host: pulumi.Output[str]
    """Name to connect to."""
    port: pulumi.Output[int]
    """Port to connect to."""
    database: pulumi.Output[str]
    """Name of the database."""
    username: pulumi.Output[str]
    """Name of its owner."""
    url: pulumi.Output[str]
    """`postgresql://…`, secret. With `rds` it holds no password: RDS changes that every week, so it is read from `secret_arn`."""
    secret_name: pulumi.Output[str]
    """Where user and password are: with `rds` the secret's name in Secrets Manager, `in-cluster` the Kubernetes Secret's."""
    secret_arn: pulumi.Output[str]
    """With `rds`: ARN of that secret, a JSON object with username and password; empty `in-cluster`."""
    read_policy_arn: pulumi.Output[str]
    """With `rds`: ARN of the IAM policy that lets a role read that secret; empty `in-cluster`."""

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        settings = _resolve(name, args)
        super().__init__("slipway:index:Database", name, {}, opts)
        # Each kind is loaded when it is asked for: a cluster's own database must not wait for the AWS SDK.
        if settings.kind == RDS:
            from slipway import database_rds as kind
        else:
            from slipway import database_in_cluster as kind
        parts = kind.build(self, name, settings)

        self.host, self.port, self.url = parts.host, parts.port, parts.url
        self.database = pulumi.Output.from_input(settings.database)
        self.username = pulumi.Output.from_input(settings.username)
        self.secret_name, self.secret_arn = parts.secret_name, parts.secret_arn
        self.read_policy_arn = parts.read_policy_arn
        self.register_outputs(
            {
                "host": self.host,
                "port": self.port,
                "database": self.database,
                "username": self.username,
                "url": self.url,
                "secret_name": self.secret_name,
                "secret_arn": self.secret_arn,
                "read_policy_arn": self.read_policy_arn,
            }
        )
