"""Database's `rds` kind: an RDS instance and what stands around it."""

import pulumi
import pulumi_aws as aws

from slipway import storage
from slipway.database import PORT, DatabaseSettings
from slipway.datastore import Parts
from slipway.secrets import RECOVERY_DAYS, key_of, read_policy
from slipway.security_group import security_group


def build(parent: pulumi.Resource, name: str, settings: DatabaseSettings) -> Parts:
    """The instance under a key of its own, in subnets without a way out."""
    child = pulumi.ResourceOptions(parent=parent)
    kept = storage.kept(parent, settings.removal)
    key = key_of(name, f"Data and password of {name}", settings.removal, RECOVERY_DAYS, kept)
    instance = _instance(name, settings, key, child, kept)
    secret_arn = instance.master_user_secrets.apply(lambda secrets: secrets[0].secret_arn or "")
    url = pulumi.Output.all(instance.address, instance.port).apply(
        # Whoever wants the server's certificate checked adds sslrootcert: AWS's roots are in no system's store.
        lambda at: f"postgresql://{settings.username}@{at[0]}:{at[1]}/{settings.database}?sslmode=require"
    )
    return Parts(
        host=instance.address,
        port=instance.port,
        url=pulumi.Output.secret(url),
        secret_name=secret_arn.apply(_name_in),
        secret_arn=secret_arn,
        read_policy_arn=read_policy(name, secret_arn, key.arn, child).arn,
    )


def _instance(
    name: str,
    settings: DatabaseSettings,
    key: "aws.kms.Key",
    child: pulumi.ResourceOptions,
    kept: pulumi.ResourceOptions,
) -> "aws.rds.Instance":
    destroy = settings.removal == "destroy"
    group = security_group(
        name,
        settings.vpc_id,
        PORT,
        groups=settings.allowed_security_groups,
        cidrs=settings.allowed_cidrs,
        opts=child,
    )
    subnets = aws.rds.SubnetGroup(
        f"{name}-subnets", description=f"Subnets of {name}", subnet_ids=settings.subnet_ids, opts=child
    )
    return aws.rds.Instance(
        f"{name}-postgres",
        engine="postgres",
        engine_version=settings.version,
        auto_minor_version_upgrade=True,
        allow_major_version_upgrade=True,  # `version` changes by hand alone
        instance_class=settings.instance_class,
        multi_az=settings.multi_az,
        db_name=settings.database,
        port=PORT,
        username=settings.username,
        manage_master_user_password=True,
        master_user_secret_kms_key_id=key.arn,
        parameter_group_name=_parameters(name, settings, child).name,
        allocated_storage=settings.storage_gib,
        max_allocated_storage=settings.max_storage_gib,
        storage_type="gp3",
        storage_encrypted=True,
        kms_key_id=key.arn,
        db_subnet_group_name=subnets.name,
        vpc_security_group_ids=[group.id],
        publicly_accessible=False,
        backup_retention_period=settings.backup_retention_days,
        backup_window=settings.backup_window,
        maintenance_window=settings.maintenance_window,
        apply_immediately=destroy or None,  # what may be destroyed may be interrupted
        copy_tags_to_snapshot=True,
        delete_automated_backups=destroy,
        deletion_protection=not destroy,
        skip_final_snapshot=destroy,
        final_snapshot_identifier=None if destroy else _final_snapshot(name),
        enabled_cloudwatch_logs_exports=["postgresql", "upgrade"],
        performance_insights_enabled=True,
        performance_insights_kms_key_id=key.arn,
        performance_insights_retention_period=7,  # days, all that costs nothing
        tags=settings.backup_tags,
        opts=kept,
    )


def _parameters(
    name: str, settings: DatabaseSettings, opts: pulumi.ResourceOptions
) -> "aws.rds.ParameterGroup":
    """Each major version has its own. The instance leaves the old one in its window, until when AWS does not let go of it."""
    stays = None if settings.removal == "destroy" else True
    return aws.rds.ParameterGroup(
        f"{name}-parameters",
        description=f"PostgreSQL {settings.version} of {name}",
        family=f"postgres{settings.version}",
        parameters=[
            {"name": "rds.force_ssl", "value": "1"},
            {"name": "log_min_duration_statement", "value": "1000"},  # milliseconds
        ],
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(retain_on_delete=stays)),
    )


def _final_snapshot(name: str) -> str:
    return f"{pulumi.get_project()}-{pulumi.get_stack()}-{name}-final"


def _name_in(secret_arn: str) -> str:
    """What stands between `:secret:` and the six characters that Secrets Manager adds."""
    return secret_arn.rpartition(":secret:")[2].rpartition("-")[0]
