"""Cache's `elasticache` kind: a replication group of one shard and what stands around it."""

import json
import secrets
from typing import Any

import pulumi
import pulumi_aws as aws

from slipway import storage
from slipway.cache import PORT, CacheSettings
from slipway.datastore import Parts
from slipway.secrets import RECOVERY_DAYS, key_of, read_policy, secret_under
from slipway.security_group import security_group


def build(parent: pulumi.Resource, name: str, settings: CacheSettings) -> Parts:
    """The nodes under a key of their own, in subnets without a way out."""
    child = pulumi.ResourceOptions(parent=parent)
    kept = storage.kept(parent, settings.removal)
    lasting: Any = {"removal": settings.removal, "recovery_days": RECOVERY_DAYS, "opts": kept}
    key = key_of(name, f"Data and password of {name}", **lasting)
    secret = secret_under(name, f"Password of {name}", key, **lasting)
    password = _password(name, secret, child)
    group = _replication_group(name, settings, key, password, child=child, kept=kept)
    url = pulumi.Output.all(group.primary_endpoint_address, password).apply(
        lambda at: f"rediss://default:{at[1]}@{at[0]}:{PORT}/0"
    )
    return Parts(
        host=group.primary_endpoint_address,
        port=group.primary_endpoint_address.apply(lambda _: PORT),
        url=pulumi.Output.secret(url),
        secret_name=secret.name,
        secret_arn=secret.arn,
        read_policy_arn=read_policy(name, secret.arn, key.arn, child).arn,
    )


def _password(
    name: str, secret: "aws.secretsmanager.Secret", opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    made = json.dumps({"username": "default", "password": secrets.token_urlsafe(32)})
    version = aws.secretsmanager.SecretVersion(
        f"{name}-password",
        secret_id=secret.id,
        secret_string=pulumi.Output.secret(made),
        # This run's is a new one; the one of the first run is kept, until the version is replaced by hand.
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(ignore_changes=["secretString"])),
    )
    return pulumi.Output.secret(version.secret_string).apply(
        lambda kept: json.loads(kept or made)["password"]
    )


def _replication_group(
    name: str,
    settings: CacheSettings,
    key: "aws.kms.Key",
    password: pulumi.Output[str],
    *,
    child: pulumi.ResourceOptions,
    kept: pulumi.ResourceOptions,
) -> "aws.elasticache.ReplicationGroup":
    group = security_group(
        name,
        settings.vpc_id,
        PORT,
        groups=settings.allowed_security_groups,
        cidrs=settings.allowed_cidrs,
        opts=child,
    )
    subnets = aws.elasticache.SubnetGroup(
        f"{name}-subnets", description=f"Subnets of {name}", subnet_ids=settings.subnet_ids, opts=child
    )
    parameters = aws.elasticache.ParameterGroup(
        f"{name}-parameters",
        description=f"Valkey {settings.version} of {name}",
        family=f"valkey{settings.version.partition('.')[0]}",
        parameters=[{"name": "maxmemory-policy", "value": settings.eviction}],
        opts=child,
    )
    return aws.elasticache.ReplicationGroup(
        f"{name}-valkey",
        description=f"Valkey of {name}",
        engine="valkey",
        engine_version=settings.version,
        auto_minor_version_upgrade=True,
        node_type=settings.node_type,
        num_cache_clusters=1 + settings.replicas,
        automatic_failover_enabled=True,
        multi_az_enabled=True,
        port=PORT,
        parameter_group_name=parameters.name,
        subnet_group_name=subnets.name,
        security_group_ids=[group.id],
        at_rest_encryption_enabled=True,
        kms_key_id=key.arn,
        transit_encryption_enabled=True,
        auth_token=password,
        # A new password is taken beside the old one, so that pods which still have that go on.
        auth_token_update_strategy="ROTATE",  # noqa: S106 (no password)
        snapshot_retention_limit=settings.snapshot_retention_days,
        snapshot_window=settings.snapshot_window,
        maintenance_window=settings.maintenance_window,
        final_snapshot_identifier=None if settings.removal == "destroy" else _final_snapshot(name),
        opts=kept,
    )


def _final_snapshot(name: str) -> str:
    return f"{pulumi.get_project()}-{pulumi.get_stack()}-{name}-final"
