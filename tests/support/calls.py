"""How each component is called: first the shortest useful call, then one for each other shape that it takes.

The reference pages show these calls and draw what they make, and tests/unit/urns.json holds the names that they give.
"""

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import get_type_hints

import pulumi

import slipway
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
    Registry,
    Secrets,
    WorkloadRole,
)

COMPONENTS: dict[str, type[pulumi.ComponentResource]] = {
    name: exported
    for name, exported in ((name, getattr(slipway, name)) for name in slipway.__all__)
    if isinstance(exported, type) and issubclass(exported, pulumi.ComponentResource)
}


@dataclass(frozen=True)
class Call:
    """One function of this file; its title is its docstring, its code what stands below."""

    key: str
    title: str
    code: str
    build: Callable[[], pulumi.ComponentResource]


def app() -> App:
    return App(
        "shop",
        {
            "blue_image": "registry.example.com/team/shop:v1",
            "green_image": "registry.example.com/team/shop:v2",
            "active": "blue",
            "gateway_name": "gateway",
            "gateway_namespace": "gateway",
        },
    )


def app_secrets() -> App:
    """With a secret"""
    return App(
        "shop",
        {
            "blue_image": "registry.example.com/team/shop:v1",
            "green_image": "registry.example.com/team/shop:v2",
            "active": "blue",
            "gateway_name": "gateway",
            "gateway_namespace": "gateway",
            "secrets": {"API_KEY": pulumi.Output.secret("…")},
        },
    )


def backup_vault() -> BackupVault:
    return BackupVault("backup", {})


def cluster() -> Cluster:
    return Cluster("cluster", {"kind": "existing"})


def cluster_eks() -> Cluster:
    """An EKS cluster"""
    return Cluster("cluster", {"kind": "eks", "subnet_ids": ["subnet-a", "subnet-b", "subnet-c"]})


def gateway() -> Gateway:
    return Gateway("gateway", {})


def image() -> Image:
    return Image("image", {"repository": "registry.example.com/team/shop", "context": "docker"})


def network() -> Network:
    return Network("network", {"zones": ["eu-central-1a", "eu-central-1b", "eu-central-1c"]})


def network_every_tier() -> Network:
    """Every tier, one way out"""
    zones = ["eu-central-1a", "eu-central-1b"]
    return Network("network", {"zones": zones, "tiers": ["public", "private", "isolated"], "nat": "single"})


def audit() -> Audit:
    return Audit("audit", {})


def cache() -> Cache:
    """In the cluster"""
    return Cache("cache", {"kind": "in-cluster"})


def cache_elasticache() -> Cache:
    """In ElastiCache"""
    return Cache("cache", {"kind": "elasticache", "vpc_id": "vpc-a", "subnet_ids": ["subnet-a", "subnet-b"]})


def cdn() -> Cdn:
    return Cdn("cdn", {"origin": "lb.example.com"})


def database() -> Database:
    """In the cluster"""
    return Database("database", {"kind": "in-cluster"})


def database_rds() -> Database:
    """In RDS"""
    return Database("database", {"kind": "rds", "vpc_id": "vpc-a", "subnet_ids": ["subnet-a", "subnet-b"]})


def delivery() -> Delivery:
    return Delivery("delivery", {"repository": "team/shop"})


def monitoring_stack() -> MonitoringStack:
    return MonitoringStack("monitoring", {})


def registry() -> Registry:
    return Registry("registry", {})


def secrets() -> Secrets:
    return Secrets("secrets", {"values": {"API_KEY": pulumi.Output.secret("…")}})


def workload_role() -> WorkloadRole:
    read = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*"}
    return WorkloadRole(
        "reports",
        {
            "cluster_name": "cluster",
            "namespace": "shop",
            "service_account": "reports",
            "policy": pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [read]}),
        },
    )


def calls() -> dict[str, list[Call]]:
    """The calls of this file by component, in the file's order."""
    found: dict[str, list[Call]] = {name: [] for name in COMPONENTS}
    names = {component: name for name, component in COMPONENTS.items()}
    for key, function in vars(sys.modules[__name__]).items():
        if not inspect.isfunction(function) or function.__module__ != __name__:
            continue
        if name := names.get(get_type_hints(function)["return"]):
            call = Call(key, inspect.getdoc(function) or "", _code(name, function), function)
            found[name].append(call)
    return found


def _code(component: str, function: Callable[[], pulumi.ComponentResource]) -> str:
    """The body as a program would have it: without docstring and `return`, below its imports."""
    source = textwrap.dedent(inspect.getsource(function))
    (definition,) = ast.parse(source).body
    assert isinstance(definition, ast.FunctionDef)
    body = definition.body[1:] if ast.get_docstring(definition) else definition.body
    code = textwrap.dedent("\n".join(source.splitlines()[body[0].lineno - 1 :])).replace("return ", "", 1)
    imports = ["import pulumi", ""] if "pulumi." in code else []
    return "\n".join([*imports, f"from slipway import {component}", "", code])
