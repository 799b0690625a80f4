"""Pulumi without an engine: what a program registers is recorded, and hooks are kept instead of run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pulumi
from pulumi.runtime import mocks

Run = Callable[[Callable[[], Any]], Any]


@dataclass(frozen=True)
class Registered:
    """One resource as the engine would have got it."""

    type: str
    name: str
    inputs: dict[str, Any]
    parent: str
    provider: str
    protect: bool
    depends_on: frozenset[str]
    ignore_changes: tuple[str, ...]
    secrets: frozenset[str]
    delete_before_replace: bool


@dataclass
class Program:
    """What a program registered; `by_name` finds one resource, `types` counts."""

    resources: list[Registered] = field(default_factory=list)
    hooks: dict[str, pulumi.ResourceHook] = field(default_factory=dict)

    def by_name(self, type_: str, name: str) -> Registered:
        found = [resource for resource in self.resources if (resource.type, resource.name) == (type_, name)]
        assert len(found) == 1, f"{len(found)} of {type_} {name} among {self.names()}"
        return found[0]

    def names(self) -> list[str]:
        return sorted(f"{resource.type} {resource.name}" for resource in self.resources)

    def children(self) -> list[str]:
        """Everything but the stack, providers and components."""
        return [name for name in self.names() if not name.startswith(("slipway:", "pulumi:"))]


class Monitor(mocks.MockMonitor):
    def __init__(self, program: Program) -> None:
        super().__init__(Mocks())
        self.program = program

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 (gRPC's name)
        mocked: Any = super()
        answer = mocked.RegisterResource(request)
        if request.type != "pulumi:pulumi:Stack":
            inputs = mocks.rpc.deserialize_properties(request.object)
            secrets = {key for key, value in inputs.items() if mocks.rpc.is_rpc_secret(value)}
            self.program.resources.append(
                Registered(
                    type=request.type,
                    name=request.name,
                    inputs=_plain(inputs),
                    parent=request.parent.rsplit("::", 1)[-1],
                    provider=request.provider,
                    protect=request.protect,
                    depends_on=frozenset(urn.rsplit("::", 1)[-1] for urn in request.dependencies),
                    ignore_changes=tuple(request.ignoreChanges),
                    secrets=frozenset(secrets),
                    delete_before_replace=request.deleteBeforeReplace,
                )
            )
        return answer


class Mocks(pulumi.runtime.Mocks):
    """Answers with what a cloud would add; ids are names with `-id`."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        inputs = cast(dict[str, Any], args.inputs)
        added: dict[str, dict[str, Any]] = {
            "aws:eks/cluster:Cluster": {
                "arn": "arn:aws:eks:eu-central-1:123456789012:cluster/made",
                "endpoint": "https://cluster.example.com",
                "certificateAuthority": {"data": "Y2E="},
                "vpcConfig": {**inputs.get("vpcConfig", {}), "clusterSecurityGroupId": "sg-cluster"},
                "identities": [{"oidcs": [{"issuer": "https://oidc.example.com/id"}]}],
            },
            "aws:ec2/vpc:Vpc": {"ownerId": "123456789012", "ipv6CidrBlock": "2001:db8:0:ff00::/56"},
            "aws:ec2/eip:Eip": {"publicIp": f"{args.name}-ip"},
            "docker:index/remoteImage:RemoteImage": {"imageId": "sha256:1234"},
            "docker:index/registryImage:RegistryImage": {"sha256Digest": "sha256:abcd"},
        }
        outputs = {"name": args.name, "arn": f"arn:{args.name}", **inputs, **added.get(args.typ, {})}
        if args.typ == "aws:s3/bucket:Bucket":
            outputs.setdefault("bucket", f"{args.name}-made")
        if args.typ == "aws:iam/role:Role" and "backup.amazonaws.com" in inputs["assumeRolePolicy"]:
            outputs["arn"] = f"arn:aws:iam::123456789012:role/{args.name}"  # its account is read out of it
        if args.typ in ("kubernetes:core/v1:Secret", "kubernetes:core/v1:ConfigMap"):
            outputs["metadata"] = {"name": f"{args.name}-made", **inputs["metadata"]}
        return f"{args.name}-id", outputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"a component called the cloud: {args.token}")


def _plain(value: Any) -> Any:
    if mocks.rpc.is_rpc_secret(value):
        return _plain(mocks.rpc.unwrap_rpc_secret(value))
    if isinstance(value, float) and value.is_integer():
        return int(value)  # protobuf knows numbers only as floats
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in cast(dict[str, Any], value).items()}
    if isinstance(value, list):
        return [_plain(item) for item in cast(list[Any], value)]
    return value
