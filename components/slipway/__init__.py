"""Pulumi components that take a web application from a commit to production and keep it there."""

from slipway.app import App, AppArgs
from slipway.backup import BackupVault, BackupVaultArgs
from slipway.cluster import Cluster, ClusterArgs
from slipway.gateway import Gateway, GatewayArgs
from slipway.image import Image, ImageArgs
from slipway.monitoring import MonitoringStack, MonitoringStackArgs
from slipway.network import Network, NetworkArgs
from slipway.validation import ArgumentError

__all__ = [
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
    "MonitoringStack",
    "MonitoringStackArgs",
    "Network",
    "NetworkArgs",
]
