"""Pulumi components that take a web application from a commit to production and keep it there."""

from slipway.app import App, AppArgs
from slipway.backup import BackupVault, BackupVaultArgs
from slipway.cluster import AccessArgs, Cluster, ClusterArgs
from slipway.gateway import Gateway, GatewayArgs
from slipway.image import Image, ImageArgs
from slipway.network import Network, NetworkArgs
from slipway.validation import ArgumentError
from slipway.workload_role import WorkloadRole, WorkloadRoleArgs

__all__ = [
    "AccessArgs",
    "App",
    "AppArgs",
    "ArgumentError",
    "BackupVault",
    "BackupVaultArgs",
    "Cluster",
    "ClusterArgs",
    "Gateway",
    "GatewayArgs",
    "Image",
    "ImageArgs",
    "Network",
    "NetworkArgs",
    "WorkloadRole",
    "WorkloadRoleArgs",
]
