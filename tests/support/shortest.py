"""One program of every component by its shortest call: what the reference pages show, with this machine's values in it.

It needs nothing of this checkout but `slipway`, so a release can keep it beside the state that it made.
"""

import ast
from typing import Any

from slipway.audit import PARTS
from tests.support.calls import COMPONENTS, Call, calls
from tests.support.reference import programs

# What the calls take for granted, and what stands for it here: names of GIVEN.
STANDS_FOR = {
    "registry.example.com/team/shop:v1": 'config.require("image")',
    "registry.example.com/team/shop:v2": 'config.require("image")',
    "registry.example.com/team/shop": 'config.require("repository")',
    "docker": 'config.require("context")',
    "vpc-a": "vpc.id",
    "subnet-a": "subnets[0].id",
    "subnet-b": "subnets[1].id",
    "cluster": "eks.name",
}
# The class of the volumes that are there beforehand: any other stack's EKS cluster brings a default one, which makes none here.
VOLUMES = "alone"
# What one machine cannot have, as docs/local-platform.md says; the rest of each call is as the pages show it.
_LITTLE = {"resources": {"cpu": "10m"}}  # of a node of two cores, which others use too
FITTED: dict[str, dict[str, Any]] = {
    "app": _LITTLE,
    "app_secrets": _LITTLE,
    "audit": {
        "parts": [part for part in PARTS if part != "security-hub"]
    },  # its id is the account's, which is not asked for
    "cache": {"cpu": "10m"},
    "database": {"cpu": "20m", "storage_class": VOLUMES},
    "gateway": {
        "definitions": "existing",
        "replicas": 1,
    },  # the node's own definitions would go with the stack
    "monitoring_stack": {
        "grafana": "none",
        "cpu": "20m",
        "memory": "256Mi",
        "storage": {"class_name": VOLUMES},
    },  # its image cannot be had
}
# Calls that are brought up elsewhere: all EKS clusters of the emulator are one API server, with one default StorageClass.
ELSEWHERE = {"cluster_eks": "tests/engine/test_cluster.py"}

GIVEN = """
import json

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
removal = {"removal": "destroy"} if config.get_bool("destroy") else {}

# What a team has before it takes a component: a network, a cluster.
vpc = aws.ec2.Vpc("given", cidr_block="10.99.0.0/16")
subnets = [
    aws.ec2.Subnet(f"given-{zone}", vpc_id=vpc.id, cidr_block=f"10.99.{index}.0/24", availability_zone=f"eu-central-1{zone}")
    for index, zone in enumerate("ab")
]
trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "eks.amazonaws.com"}}
role = aws.iam.Role("given", assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
eks = aws.eks.Cluster("given", role_arn=role.arn, vpc_config={"subnet_ids": [subnet.id for subnet in subnets]})
"""


def program() -> str:
    """The program's text."""
    shown = [call for of_component in calls().values() for call in of_component if call.key not in ELSEWHERE]
    imports = f"from slipway import {', '.join(sorted(COMPONENTS))}"
    return "\n".join([f"{imports}\n{GIVEN}", *(_called(call) for call in shown)]) + "\n"


def _called(call: Call) -> str:
    body = [part for part in ast.parse(call.code).body if not isinstance(part, ast.Import | ast.ImportFrom)]
    return "\n".join(ast.unparse(ast.fix_missing_locations(_Here(call).visit(part))) for part in body)


class _Here(ast.NodeTransformer):
    """Gives a call a name that no other has, this machine's values, and the way to get rid of what it makes."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in COMPONENTS:
            _, args = node.args
            assert isinstance(args, ast.Dict)
            node.args[0] = ast.Constant(f"alone-{self._call.key.replace('_', '-')}")
            for key, value in FITTED.get(self._call.key, {}).items():
                args.keys.append(ast.Constant(key))
                args.values.append(ast.parse(repr(value), mode="eval").body)
            if any(made.protect for made in programs()[self._call.key].resources):
                args.keys.append(None)
                args.values.append(ast.Name("removal"))
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        here = STANDS_FOR.get(node.value) if isinstance(node.value, str) else None
        return ast.parse(here, mode="eval").body if here else node
