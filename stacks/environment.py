"""What an environment is made of, from the network up. Environments differ in their Pulumi.<stack>.yaml alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cached_property
from typing import Any

import pulumi
from pulumi.runtime.settings import SETTINGS

from slipway import (
    App,
    Audit,
    BackupVault,
    Cache,
    Cdn,
    Cluster,
    Database,
    Delivery,
    Gateway,
    Image,
    MonitoringStack,
    Network,
    Secrets,
)
from slipway.network import CIDR, TIERS
from slipway.traffic import COLORS
from stacks.providers import aws_provider, region, within
from stacks.settings import BUILT, Settings

Outputs = dict[str, pulumi.Input[Any]]


class Environment:
    """One stack's network, cluster, gateway, images, application and edge, its data, and what backs up, watches and delivers it."""

    def __init__(self, settings: Settings) -> None:
        for warning in settings.warnings():
            pulumi.log.warn(warning)
        self._settings = settings
        self._stack = pulumi.get_stack()
        if settings.needs_aws:
            region()  # where it is missing, that is told before anything is made
        self.parts = (self.cluster, self.gateway, self.images, self.app)
        self._after_the_switch(self._surroundings)

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
            "url": self._url(),
            "active": app.weights.apply(lambda _: self._settings.active),
            "colors": {name: color(name) for name in COLORS},
        }

    def _url(self) -> pulumi.Output[str]:
        """The edge's address where there is one; it stands behind the route, and only what is told of it waits for it."""
        if self._settings.cdn is None:
            return self.gateway.url
        return self.app.route.urn.apply(lambda _: (self.cdn or self.gateway).url)

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

    def _surroundings(self) -> object:
        return (
            self.network,
            self.secret_store,
            self.database,
            self.cache,
            self.cdn,
            self.monitoring,
            self.backup,
            self.audit,
            self.delivery,
        )

    @cached_property
    def _aws(self) -> pulumi.ProviderResource:
        return aws_provider(self._settings)

    @cached_property
    def _in_aws(self) -> pulumi.ResourceOptions:
        boundary = self._settings.role_boundary
        transformations = [within(boundary)] if boundary else None
        return pulumi.ResourceOptions(providers=[self._aws], transformations=transformations)

    @cached_property
    def _in_cluster(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(providers=[self.cluster.provider])

    @cached_property
    def network(self) -> Network | None:
        """The VPC, when the stack has one."""
        if self._settings.network is None:
            return None
        zones = [f"{region()}{letter}" for letter in "abc"]
        isolated = {"tiers": [*TIERS, "isolated"]} if self._settings.keeps_data_in_aws else {}
        return Network("network", self._settings.network.args(zones=zones, **isolated), self._in_aws)

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
        clients = "anyone" if self._settings.cdn is None else "cdn"
        args = self._settings.gateway.args(namespace=f"{self._stack}-gateway", clients=clients)
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

    @cached_property
    def audit(self) -> Audit | None:
        """What watches over the account, when the stack has it."""
        if self._settings.audit is None:
            return None
        return Audit("audit", self._settings.audit.args(), self._in_aws)

    @cached_property
    def delivery(self) -> Delivery | None:
        """CI's way in, when the stack has it. An administrator makes its roles: they need no boundary but their own."""
        if self._settings.delivery is None:
            return None
        options = pulumi.ResourceOptions(providers=[self._aws])
        return Delivery("delivery", self._settings.delivery.args(), options)

    @cached_property
    def cdn(self) -> Cdn | None:
        """The edge before the gateway, when the stack has one."""
        if self._settings.cdn is None:
            return None
        verified = (
            {}
            if self._settings.gateway.clients == "anyone"
            else {"origin_secret": self.gateway.origin_secret}
        )
        return Cdn("cdn", self._settings.cdn.args(origin=self.gateway.url, **verified), self._in_aws)

    @cached_property
    def secret_store(self) -> Secrets | None:
        """The application's secrets in Secrets Manager, when the stack asks for it and has any."""
        settings = self._settings
        if settings.secret_store is None or not settings.secrets:
            return None
        values = {name: pulumi.Output.secret(value) for name, value in settings.secrets.items()}
        reader = {
            "cluster_name": self.cluster.cluster_name,
            "namespace": self._stack,
            "service_account": settings.app.name,
        }
        readers = [reader] if settings.cluster.kind == "eks" else []
        return Secrets("secrets", settings.secret_store.args(values=values, readers=readers), self._in_aws)

    @cached_property
    def database(self) -> Database | None:
        """PostgreSQL, when the stack has it."""
        settings = self._settings.database
        if settings is None:
            return None
        if settings.kind == "in-cluster":
            return Database("database", settings.args(**self._beside_the_app("database")), self._in_cluster)
        return Database("database", settings.args(**self._in_isolated_subnets()), self._in_aws)

    @cached_property
    def cache(self) -> Cache | None:
        """Valkey, when the stack has it."""
        settings = self._settings.cache
        if settings is None:
            return None
        if settings.kind == "in-cluster":
            return Cache("cache", settings.args(**self._beside_the_app("cache")), self._in_cluster)
        return Cache("cache", settings.args(**self._in_isolated_subnets()), self._in_aws)

    def _beside_the_app(self, noun: str) -> dict[str, Any]:
        return {"namespace": f"{self._stack}-{noun}", "client_namespaces": [self._stack]}

    def _in_isolated_subnets(self) -> dict[str, Any]:
        """The settings let no such thing through without a network."""
        if self.network is None or self._settings.network is None:
            return {}
        return {
            "vpc_id": self.network.vpc_id,
            "subnet_ids": self.network.isolated_subnet_ids,
            "allowed_cidrs": [self._settings.network.cidr or CIDR],
        }

    @cached_property
    def monitoring(self) -> MonitoringStack | None:
        """What watches the cluster and the application, when the stack has it."""
        if self._settings.monitoring is None:
            return None
        args = self._settings.monitoring.args(namespace=f"{self._stack}-monitoring")
        return MonitoringStack("monitoring", args, self._in_cluster)

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
            mirror_percent=settings.mirror_percent,
            secrets={name: pulumi.Output.secret(value) for name, value in settings.secrets.items()},
            gateway_name=self.gateway.gateway_name,
            gateway_namespace=self.gateway.namespace,
            kubeconfig=self.cluster.kubeconfig,
        )
        return App(args.pop("name"), args, self._in_cluster)
