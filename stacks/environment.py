"""What an environment is made of, from the network up. Environments differ in their Pulumi.<stack>.yaml alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cached_property
from typing import Any

import pulumi
from pulumi.runtime.settings import SETTINGS

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
        if settings.network or settings.backup:
            region()  # where it is missing, that is told before anything is made
        self.parts = (self.cluster, self.gateway, self.images, self.app)
        self._after_the_switch(lambda: (self.network, self.backup))

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
            "active": app.weights.apply(lambda _: self._settings.active),
            "colors": {name: color(name) for name in COLORS},
        }

    def _after_the_switch(self, declare: Callable[[], object]) -> None:
        """Declares what the application does not stand on once its route is done: a switch of traffic waits for nothing else.

        Loading and starting the AWS provider alone takes a second. The route's URN is known in a preview too. Arguments
        cannot turn out wrong there: the settings have been held against the components' own rules.
        """

        async def behind() -> None:
            await self.app.route.urn.future()
            declare()

        # Among the SDK's calls from the first moment on. With none of them begun, or for an `apply`, the SDK would wait by
        # asking without pause whether all outputs are there: a whole core, which everything else that happens here needs.
        calls: Any = SETTINGS
        calls.rpc_manager.rpcs.append(asyncio.ensure_future(behind()))

    @cached_property
    def _in_aws(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(providers=[aws_provider(self._settings)])

    @cached_property
    def _in_cluster(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(providers=[self.cluster.provider])

    @cached_property
    def network(self) -> Network | None:
        """The VPC, when the stack has one."""
        if self._settings.network is None:
            return None
        zones = [f"{region()}{letter}" for letter in "abc"]
        return Network("network", self._settings.network.args(zones=zones), self._in_aws)

    @cached_property
    def cluster(self) -> Cluster:
        """The cluster: one that exists, or EKS in the network's private subnets."""
        settings = self._settings.cluster
        if settings.kind == "eks" and self.network:
            args = settings.args(
                subnet_ids=self.network.private_subnet_ids, profile=pulumi.Config("aws").get("profile")
            )
            return Cluster("cluster", args, self._in_aws)
        return Cluster("cluster", settings.args())

    @cached_property
    def gateway(self) -> Gateway:
        """How requests come in."""
        args = self._settings.gateway.args(namespace=f"{self._stack}-gateway")
        return Gateway("gateway", args, self._in_cluster)

    @cached_property
    def images(self) -> dict[str, Image]:
        """The images that the stack builds, by name."""
        app = self._settings.app.name
        return {name: Image(f"{app}-{name}", image.args()) for name, image in self._settings.images.items()}

    @cached_property
    def backup(self) -> BackupVault | None:
        """The vault, when the stack has one."""
        if self._settings.backup is None:
            return None
        return BackupVault("backup", self._settings.backup.args(), self._in_aws)

    def _image_of(self, color: str) -> pulumi.Input[str]:
        said = self._settings.image(color)
        return self.images[said.removeprefix(BUILT)].ref if said.startswith(BUILT) else said

    @cached_property
    def app(self) -> App:
        """The application in its two colours."""
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
            kubeconfig=self.cluster.kubeconfig,
        )
        return App(args.pop("name"), args, self._in_cluster)
