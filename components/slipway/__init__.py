"""Pulumi components that take a web application from a commit to production and keep it there."""

from slipway.app import App, AppArgs
from slipway.audit import Audit, AuditArgs
from slipway.backup import BackupVault, BackupVaultArgs
from slipway.cache import Cache, CacheArgs
from slipway.cdn import Cdn, CdnArgs
from slipway.cluster import AccessArgs, Cluster, ClusterArgs
from slipway.database import Database, DatabaseArgs
from slipway.delivery import Delivery, DeliveryArgs
from slipway.gateway import Gateway, GatewayArgs
from slipway.image import Image, ImageArgs
from slipway.monitoring import MonitoringStack, MonitoringStackArgs
from slipway.network import Network, NetworkArgs
from slipway.registry import Registry, RegistryArgs
from slipway.secrets import Secrets, SecretsArgs
from slipway.validation import ArgumentError
from slipway.workload_role import WorkloadRole, WorkloadRoleArgs

__all__ = [
    "AccessArgs",
    "App",
    "AppArgs",
    "ArgumentError",
    "Audit",
    "AuditArgs",
    "BackupVault",
    "BackupVaultArgs",
    "Cache",
    "CacheArgs",
    "Cdn",
    "CdnArgs",
    "Cluster",
    "ClusterArgs",
    "Database",
    "DatabaseArgs",
    "Delivery",
    "DeliveryArgs",
    "Gateway",
    "GatewayArgs",
    "Image",
    "ImageArgs",
    "MonitoringStack",
    "MonitoringStackArgs",
    "Network",
    "NetworkArgs",
    "Registry",
    "RegistryArgs",
    "Secrets",
    "SecretsArgs",
    "WorkloadRole",
    "WorkloadRoleArgs",
]
