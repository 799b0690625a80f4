"""Pulumi without an engine: what a program registers is recorded, and hooks are kept instead of run."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

import pulumi
import pytest
from pulumi.runtime import config as runtime_config
from pulumi.runtime import mocks
from pulumi.runtime.settings import SETTINGS
from pulumi.runtime.stack import wait_for_rpcs

SECRET_ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret"

Run = Callable[[Callable[[], Any]], Any]
STACK = "pulumi:pulumi:Stack"


@dataclass(frozen=True)
class Registered:
    """One resource as the engine would have got it.

    `needs` are the URNs that it depends on, `uses` the same by property, `former` those that its aliases name.
    """

    type: str
    name: str
    inputs: dict[str, Any]
    parent: str
    provider: str
    protect: bool
    depends_on: frozenset[str]
    ignore_changes: tuple[str, ...]
    secrets: frozenset[str]
    urn: str
    needs: frozenset[str]
    uses: dict[str, frozenset[str]]
    former: frozenset[str]
    delete_before_replace: bool
    retain: bool
    replace_on_changes: tuple[str, ...]


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
    def __init__(self, program: Program, answers: Mocks | None = None) -> None:
        super().__init__(answers or Mocks())
        self.program = program

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """As the engine does: with the types of all components above. The SDK's own knows the nearest alone."""
        above = parent.split("::")[2] if parent else STACK
        chain = type_ if above == STACK else f"{above}${type_}"
        return f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::{chain}::{name}"

    def former(self, request: Any) -> frozenset[str]:
        """The URNs that a resource's aliases name (https://www.pulumi.com/docs/iac/concepts/resources/options/aliases/)."""

        def urn(alias: Any) -> str:
            if alias.HasField("urn"):
                return alias.urn
            spec = alias.spec
            parent = "" if spec.noParent else spec.parentUrn or request.parent
            return self.make_urn(parent, spec.type or request.type, spec.name or request.name)

        return frozenset(urn(alias) for alias in request.aliases)

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 (gRPC's name)
        mocked: Any = super()
        answer = mocked.RegisterResource(request)
        if request.type != STACK:
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
                    urn=answer.urn,
                    needs=frozenset(request.dependencies),
                    uses={prop: frozenset(used.urns) for prop, used in request.propertyDependencies.items()},
                    former=self.former(request),
                    delete_before_replace=request.deleteBeforeReplace,
                    retain=request.retainOnDelete,
                    replace_on_changes=tuple(request.replaceOnChanges),
                )
            )
        return answer


class Mocks(pulumi.runtime.Mocks):
    """Answers with what a cloud would add; ids are names with `-id`. A test says in `made` what else it adds, by name."""

    made: ClassVar[dict[str, dict[str, Any]]] = {}

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
            "aws:rds/instance:Instance": {
                "address": "db.example.com",
                "masterUserSecrets": [{"secretArn": f"{SECRET_ARN}:rds!db-{args.name}-AbCdEf"}],
            },
            "aws:elasticache/replicationGroup:ReplicationGroup": {
                "primaryEndpointAddress": "cache.example.com"
            },
            "aws:secretsmanager/secret:Secret": {"arn": f"{SECRET_ARN}:{args.name}-AbCdEf"},
            "aws:ec2/vpc:Vpc": {"ownerId": "123456789012", "ipv6CidrBlock": "2001:db8:0:ff00::/56"},
            "aws:ec2/eip:Eip": {"publicIp": f"{args.name}-ip"},
            "aws:cloudfront/distribution:Distribution": {
                "domainName": "d1.cloudfront.net",
                "hostedZoneId": "Z2FDTNDATAQYW2",
            },
            "aws:s3/bucket:Bucket": {
                "bucketRegionalDomainName": f"{args.name}.s3.eu-central-1.amazonaws.com"
            },
            "aws:wafv2/webAcl:WebAcl": {
                "arn": f"arn:aws:wafv2:us-east-1:123456789012:global/webacl/{args.name}/1"
            },
            "docker:index/remoteImage:RemoteImage": {"imageId": "sha256:1234"},
            "docker:index/registryImage:RegistryImage": {"sha256Digest": "sha256:abcd"},
        }
        outputs = {"name": args.name, "arn": f"arn:{args.name}", **inputs, **added.get(args.typ, {})}
        if args.typ == "aws:s3/bucket:Bucket":
            outputs.setdefault("bucket", f"{args.name}-made")
        if args.typ == "aws:iam/role:Role" and "backup.amazonaws.com" in inputs["assumeRolePolicy"]:
            outputs["arn"] = f"arn:aws:iam::123456789012:role/{args.name}"  # its account is read out of it
        outputs |= self.made.get(args.name, {})
        if args.typ in ("kubernetes:core/v1:Secret", "kubernetes:core/v1:ConfigMap"):
            outputs["metadata"] = {"name": f"{args.name}-made", **inputs["metadata"]}
        if args.typ == "aws:acm/certificate:Certificate":
            outputs["domainValidationOptions"] = [
                {
                    "domainName": domain,
                    "resourceRecordName": f"_proof.{domain.removeprefix('*.')}",
                    "resourceRecordType": "CNAME",
                    "resourceRecordValue": f"{domain.removeprefix('*.')}.acm-validations.aws",
                }
                for domain in inputs["subjectAlternativeNames"]
            ]
        return f"{args.name}-id", outputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"a component called the cloud: {args.token}")


def empty(patch: pytest.MonkeyPatch) -> Program:
    """A program that has registered nothing yet, and that no kubeconfig of this machine reaches."""
    patch.delenv("KUBECONFIG", raising=False)  # the SDK would take it for the provider's argument
    program = Program()

    def register(hook: pulumi.ResourceHook) -> asyncio.Future[None]:
        program.hooks[hook.name] = hook
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    patch.setattr("pulumi.resource_hooks.register_resource_hook", register)
    return program


class Plausible(Mocks):
    """For who looks at names and kinds alone: what a component reads out of an answer is in it."""

    _ANSWERS: ClassVar[dict[str, dict[str, Any]]] = {
        "aws:ecr/getAuthorizationToken:getAuthorizationToken": {
            "authorizationToken": b64encode(b"AWS:token").decode()
        }
    }

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        id_, outputs = super().new_resource(args)
        if outputs.get("arn") == f"arn:{args.name}":
            noun = "oidc-provider" if "openIdConnectProvider" in args.typ else "made"
            outputs["arn"] = f"arn:aws:service:eu-central-1:123456789012:{noun}/{args.name}"
        return id_, outputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        return self._ANSWERS[args.token], []


def run_into(program: Program, build: Callable[[], Any], answers: Mocks | None = None) -> Any:
    """Runs a program against the mocks and gives back what it returned, Outputs resolved."""
    answers = answers or Mocks()

    async def resolve() -> Any:
        monitor = Monitor(program, answers)
        pulumi.runtime.set_mocks(answers, project="slipway", stack="test", monitor=monitor)
        pending: Any = SETTINGS
        pending.outputs.clear()  # those of a program that failed would be waited for, for ever
        result = pulumi.Output.from_input(build())
        await wait_for_rpcs()
        return await result.future()

    return asyncio.run(resolve())


def record(build: Callable[[], Any]) -> Program:
    """What a program registers, for those who are no test."""
    with pytest.MonkeyPatch.context() as patch:
        program = empty(patch)
        run_into(program, lambda: [build(), None][1], Plausible())
        runtime_config.set_all_config({}, [])
        return program


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
