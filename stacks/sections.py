"""The structured parts of a Pulumi.<stack>.yaml, each of which hands its values to a component as they are.

What a section leaves out is the component's own default, and what a whole section leaves out is not made. Patterns,
defaults and rules between values are the components' own, so that no component refuses what was let through here.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)
from pydantic.alias_generators import to_camel

from slipway import app, backup, cluster, gateway, image, network
from slipway.address_plan import parse_vpc
from slipway.validation import CPU, DNS_LABEL, ENV_NAME, HOST, MEMORY, REPOSITORY, SCHEDULE, TAG, is_whole


def rule(right: str, pattern: re.Pattern[str]) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(f"must be {right}")
        return value

    return AfterValidator(check)


def _between(low: int, high: int) -> BeforeValidator:
    """A whole number, written as one: `true` and `"3"` are none."""

    def check(value: Any) -> Any:
        if value is not None and not is_whole(low, high)(value):
            raise ValueError(f"must be {low}-{high}")
        return value

    return BeforeValidator(check)


def _vpc(value: str) -> str:
    try:
        parse_vpc(value)
    except ValueError as error:
        raise ValueError("must be a private IPv4 block between /16 and /22, as 10.20.0.0/16") from error
    return value


def _beside(info: ValidationInfo, key: str, default: Any) -> Any:
    """Another value of the same section, the component's default when it is left out; None when it is wrong itself."""
    value = info.data.get(key, ...)
    return None if value is ... else default if value is None else value


def _not_below(key: str, least: int | None, value: int | None, default: int) -> int | None:
    """A highest value against its lowest, either of which may be the component's default."""
    if least is not None and (default if value is None else value) < least:
        left_out = f" (left out, it is {default})" if value is None else ""
        raise ValueError(f"must not be below {key}, {least}{left_out}")
    return value


Label = Annotated[str, rule("lower-case letters, digits and -", DNS_LABEL)]
Path = Annotated[str, rule("a path that starts with /", re.compile(r"/\S*"))]
Zone = Annotated[str, rule("a zone's name, as eu-central-1a", re.compile(r"[a-z]{2}(-[a-z]+)+-\d[a-h]"))]
Pem = Annotated[str, rule("in PEM, starting with -----BEGIN", re.compile(r"\s*-----BEGIN .*", re.DOTALL))]
Variables = dict[Annotated[str, rule("named by letters, digits and _", ENV_NAME)], str]


class Section(BaseModel):
    """A part of the configuration: keys in camelCase, none but the known ones."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)

    def args(self, **more: Any) -> Any:
        """What was said, as a component's arguments, over what is said beside it."""
        return {**more, **self.model_dump(exclude_none=True)}


class Network(Section):
    """The VPC."""

    zones: list[Zone] | None = None
    cidr: Annotated[str, AfterValidator(_vpc)] | None = None
    nat: Literal["none", "single", "per-zone"] | None = None

    @field_validator("zones")
    @classmethod
    def _with_letters_of_their_own(cls, value: list[str] | None) -> list[str] | None:
        if value is not None and not network.are_zones(value):
            raise ValueError(f"must be {network.ZONES_RULE}")
        return value


class Nodes(Section):
    """The nodes of an EKS cluster."""

    instance_types: list[str] | None = None
    ami_type: str | None = None
    min_size: Annotated[int | None, _between(1, 450)] = None
    max_size: Annotated[int | None, _between(1, 450)] = Field(None, validate_default=True)
    disk_gib: Annotated[int | None, _between(20, 16384)] = None

    @field_validator("max_size")
    @classmethod
    def _not_below_least(cls, value: int | None, info: ValidationInfo) -> int | None:
        return _not_below("minSize", _beside(info, "min_size", cluster.MIN_NODES), value, cluster.MAX_NODES)


class Cluster(Section):
    """The Kubernetes cluster: `existing`, or `eks` with what it is to be."""

    kind: Literal["eks", "existing"]
    version: str | None = None
    public_access_cidrs: list[str] | None = None
    administrators: list[str] | None = None
    nodes: Nodes | None = None

    @field_validator("version", "public_access_cidrs", "administrators", "nodes")
    @classmethod
    def _of_eks_alone(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not None and info.data.get("kind") == "existing":
            raise ValueError("must be left out: a cluster that exists is taken as it is")
        return value


class Gateway(Section):
    """How requests come in."""

    exposure: Literal["load-balancer", "node-port"] | None = None
    node_port: Annotated[int | None, _between(30000, 32767)] = Field(None, validate_default=True)
    address: Annotated[str, rule(gateway.HOST_RULE, HOST)] | None = None
    load_balancer_annotations: dict[str, str] | None = None
    replicas: Annotated[int | None, _between(1, 50)] = None
    max_replicas: Annotated[int | None, _between(1, 50)] = Field(None, validate_default=True)
    tls_certificate: Pem | None = None
    tls_private_key: Pem | None = Field(None, validate_default=True)
    tls_secret: Label | None = None
    client_requests_per_second: Annotated[int | None, _between(1, 100000)] = None
    max_request_kib: Annotated[int | None, _between(1, 10485760)] = None
    response_seconds: Annotated[int | None, _between(1, 3600)] = None
    attempts: Annotated[int | None, _between(1, 10)] = None
    trusted_proxies: list[str] | None = None
    definitions: Literal["install", "existing"] | None = None

    @field_validator("max_replicas")
    @classmethod
    def _not_below_least(cls, value: int | None, info: ValidationInfo) -> int | None:
        return _not_below(
            "replicas", _beside(info, "replicas", gateway.REPLICAS), value, gateway.MAX_REPLICAS
        )

    @field_validator("tls_private_key")
    @classmethod
    def _with_its_certificate(cls, value: str | None, info: ValidationInfo) -> str | None:
        if (value is None) != (info.data.get("tls_certificate") is None):
            raise ValueError("must stand beside tlsCertificate, both or none")
        return value

    @field_validator("tls_secret")
    @classmethod
    def _instead_of_a_certificate(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("tls_certificate") is not None:
            raise ValueError("must be left out beside tlsCertificate: they are two ways to say the same")
        return value

    @field_validator("node_port")
    @classmethod
    def _with_its_exposure(cls, value: int | None, info: ValidationInfo) -> int | None:
        exposure = _beside(info, "exposure", gateway.EXPOSURE)
        if exposure == "node-port" and value is None:
            raise ValueError("must be 30000-32767 when exposure is node-port")
        if exposure == "load-balancer" and value is not None:
            raise ValueError("must be left out unless exposure is node-port")
        return value


class Scaling(Section):
    """Pods of each colour."""

    min_replicas: Annotated[int | None, _between(1, 1000)] = None
    max_replicas: Annotated[int | None, _between(1, 1000)] = Field(None, validate_default=True)
    cpu_percent: Annotated[int | None, _between(1, 100)] = None

    @field_validator("max_replicas")
    @classmethod
    def _not_below_least(cls, value: int | None, info: ValidationInfo) -> int | None:
        return _not_below(
            "minReplicas", _beside(info, "min_replicas", app.MIN_REPLICAS), value, app.MAX_REPLICAS
        )


class Resources(Section):
    """What each pod asks for."""

    cpu: Annotated[str, rule("as 250m or 1", CPU)] | None = None
    memory: Annotated[str, rule("as 256Mi", MEMORY)] | None = None


class Probes(Section):
    """How a pod's health is asked for."""

    startup_seconds: Annotated[int | None, _between(1, 3600)] = None
    period_seconds: Annotated[int | None, _between(1, 300)] = None
    timeout_seconds: Annotated[int | None, _between(1, 60)] = None
    live_path: Path | None = None


class App(Section):
    """The application."""

    name: Label
    port: Annotated[int | None, _between(1024, 65535)] = None
    health_path: Path | None = None
    env: Variables | None = None
    hostnames: list[str] | None = None
    scaling: Scaling | None = None
    resources: Resources | None = None
    user: Annotated[int | None, _between(1, 65535)] = None
    writable_paths: list[Path] | None = None
    probes: Probes | None = None
    command: list[str] | None = None
    arguments: list[str] | None = None
    files: dict[Path, str] | None = None
    claims: dict[Path, str] | None = Field(None, validate_default=True)
    drain_seconds: Annotated[int | None, _between(1, 300)] = None

    @field_validator("claims")
    @classmethod
    def _at_paths_of_their_own(
        cls, value: dict[str, str] | None, info: ValidationInfo
    ) -> dict[str, str] | None:
        places: list[str] = [
            *(_beside(info, "writable_paths", app.WRITABLE_PATHS) or ()),
            *(_beside(info, "files", ()) or ()),
            *(value or ()),
        ]
        if doubly := sorted({path for path in places if places.count(path) > 1}):
            raise ValueError(
                f"must not repeat a path of writablePaths or files, nor they each other's: {', '.join(doubly)}"
            )
        return value


class Image(Section):
    """An image that the stack builds."""

    repository: Annotated[str, rule(image.REPOSITORY_RULE, REPOSITORY)]
    context: str
    tag: Annotated[str, rule(image.TAG_RULE, TAG)] | None = None
    dockerfile: str | None = Field(None, validate_default=True)
    build_args: dict[str, str] | None = None
    platform: str | None = None
    network_mode: str | None = None

    @field_validator("dockerfile")
    @classmethod
    def _in_the_context(cls, value: str | None, info: ValidationInfo) -> str | None:
        context, dockerfile = info.data.get("context"), value or image.DOCKERFILE
        if context is not None and not image.is_file(context, dockerfile):
            raise ValueError(f"must be a file in the context: there is no {context}/{dockerfile}")
        return value


class Backup(Section):
    """The backup vault and its plan."""

    schedule: Annotated[str, rule(backup.SCHEDULE_RULE, SCHEDULE)] | None = None
    retention_days: Annotated[int | None, _between(1, 36500)] = None
    cold_storage_days: Annotated[int | None, _between(1, 36410)] = None
    removal: Literal["protect", "destroy"] | None = None

    @field_validator("cold_storage_days")
    @classmethod
    def _long_enough_in_the_cold(cls, value: int | None, info: ValidationInfo) -> int | None:
        kept = _beside(info, "retention_days", backup.RETENTION_DAYS)
        if not backup.stays_cold(kept, value):
            raise ValueError(f"must be {backup.COLD_MINIMUM_DAYS} or more below retentionDays, {kept}")
        return value


class Tags(Section):
    """Whose the environment is, and who pays for it."""

    owner: str = Field(min_length=1)
    cost_centre: str = Field(min_length=1)
