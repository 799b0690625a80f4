"""Pulumi components that take a web application from a commit to production and keep it there.

A name is loaded when it is first used: who needs one component, or only the rules of a release, does not load them all.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_HOMES = {
    "app": (
        "App",
        "AppArgs",
    ),
    "audit": (
        "Audit",
        "AuditArgs",
    ),
    "backup": (
        "BackupVault",
        "BackupVaultArgs",
    ),
    "cache": (
        "Cache",
        "CacheArgs",
    ),
    "cdn": (
        "Cdn",
        "CdnArgs",
    ),
    "cluster": (
        "AccessArgs",
        "Cluster",
        "ClusterArgs",
    ),
    "database": (
        "Database",
        "DatabaseArgs",
    ),
    "delivery": (
        "Delivery",
        "DeliveryArgs",
    ),
    "gateway": (
        "Gateway",
        "GatewayArgs",
    ),
    "image": (
        "Image",
        "ImageArgs",
    ),
    "monitoring": (
        "MonitoringStack",
        "MonitoringStackArgs",
    ),
    "network": (
        "Network",
        "NetworkArgs",
    ),
    "registry": (
        "Registry",
        "RegistryArgs",
    ),
    "secrets": (
        "Secrets",
        "SecretsArgs",
    ),
    "validation": ("ArgumentError",),
    "workload_role": (
        "WorkloadRole",
        "WorkloadRoleArgs",
    ),
}


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            value = globals()[name] = getattr(import_module(f"slipway.{module}"), name)
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
