"""What an environment is made of, from the network up. Environments differ in their Pulumi.<stack>.yaml alone."""

from __future__ import annotations

from typing import Any

import pulumi

from slipway import App, BackupVault, Cluster, Gateway, Image, Network
from slipway.traffic import COLORS
from stacks.providers import aws_provider, region
from stacks.settings import BUILT, Settings

Outputs = dict[str, pulumi.Input[Any]]


class Environment:
    """One stack's network, cluster, gateway, images, application and backup."""

    def __init__(self, settings: Settings) -> None:
        for warning in settings.warnings():
            pulumi.log.warn(warning)
        self._settings = settings
        self._stack = pulumi.get_stack()
        self._in_aws = pulumi.ResourceOptions(
            providers=[aws_provider(settings)] if settings.needs_aws else []
        )

        network = self._network()
        cluster = self._cluster(network)
        in_cluster = pulumi.ResourceOptions(providers=[cluster.provider])
        self.gateway = Gateway(
            "gateway", settings.gateway.args(namespace=f"{self._stack}-gateway"), in_cluster
        )
        self.images = {name: self._image(name) for name in settings.images}
        self.app = self._app(cluster, in_cluster)
        if settings.backup:
            BackupVault("backup", settings.backup.args(), self._in_aws)

    def outputs(self) -> Outputs:
        """What the stack tells: where it is, which colour serves, and what each colour is."""
        app = self.app

        def color(name: str) -> dict[str, pulumi.Input[Any]]:
            return {
                "image": app.images[name],
                "weight": app.weights[name],
                "namespace": app.namespace,
                "deployment": f"{self._settings.app.name}-{name}",
            }

        return {
            "url": self.gateway.url,
            "active": self._settings.active,
            "colors": {name: color(name) for name in COLORS},
        }

    def _network(self) -> Network | None:
        if self._settings.network is None:
            return None
        zones = [f"{region()}{letter}" for letter in "abc"]
        return Network("network", self._settings.network.args(zones=zones), self._in_aws)

    def _cluster(self, network: Network | None) -> Cluster:
        settings = self._settings.cluster
        place = {"subnet_ids": network.private_subnet_ids} if network and settings.kind == "eks" else {}
        return Cluster("cluster", settings.args(**place), self._in_aws)

    def _image(self, name: str) -> Image:
        return Image(f"{self._settings.app.name}-{name}", self._settings.images[name].args())

    def _image_of(self, color: str) -> pulumi.Input[str]:
        said = self._settings.image(color)
        return self.images[said.removeprefix(BUILT)].ref if said.startswith(BUILT) else said

    def _app(self, cluster: Cluster, opts: pulumi.ResourceOptions) -> App:
        settings = self._settings
        args = settings.app.args(
            namespace=self._stack,
            blue_image=self._image_of("blue"),
            green_image=self._image_of("green"),
            active=settings.active,
            strategy=settings.strategy,
            canary_weight=settings.canary_weight,
            secrets={name: pulumi.Output.secret(value) for name, value in settings.secrets.items()},
            gateway_name=self.gateway.gateway_name,
            gateway_namespace=self.gateway.namespace,
            kubeconfig=cluster.kubeconfig,
        )
        return App(args.pop("name"), args, opts)
