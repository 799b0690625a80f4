"""The structured parts of a Pulumi.<stack>.yaml, each of which hands its values to a component as they are.

What a section leaves out is the component's own default, and what a whole section leaves out is not made. Patterns,
defaults and rules between values are the components' own, so that no component refuses what was let through here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
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

from slipway import app, backup_rules, cluster, gateway, image, network, network_rules
from slipway.validation import (
    ARN,
    CPU,
    DNS_LABEL,
    ENV_NAME,
    HOST,
    MEMORY,
    REPOSITORY,
    TAG,
    is_arn,
    is_list_of,
    is_whole,
)


def rule(right: str, pattern: re.Pattern[str]) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(f"must be {right}")
        return value

    return AfterValidator(check)


def _holds(right: str, test: Callable[[Any], bool]) -> BeforeValidator:
    """A component's own test of one of its arguments."""

    def check(value: Any) -> Any:
        if not test(value):
            raise ValueError(f"must be {right}")
        return value

    return BeforeValidator(check)


def _between(low: int, high: int) -> BeforeValidator:
    """A whole number, written as one: `true` and `"3"` are none."""

    def check(value: Any) -> Any:
        if value is not None and not is_whole(low, high)(value):
            raise ValueError(f"must be {low}-{high}")
        return value

    return BeforeValidator(check)


def _that(right: str, test: Callable[[Any], bool]) -> AfterValidator:
    """What a component's own test takes."""

    def check(value: Any) -> Any:
        if value is not None and not test(value):
            raise ValueError(f"must be {right}")
        return value

    return AfterValidator(check)


def _beside(info: ValidationInfo, key: str, default: Any) -> Any:
    """Another value of the same section, the component's default when it is left out; None when it is wrong itself."""
    value = info.data.get(key, ...)
    return None if value is ... else default if value is None else value


def _left_out(value: Any, default: Any) -> str:
    return f" (left out, it is {default})" if value is None else ""


def _not_below(key: str, least: int | None, value: int | None, default: int) -> int | None:
    """A highest value against its lowest, either of which may be the component's default."""
    if least is not None and (default if value is None else value) < least:
        raise ValueError(f"must not be below {key}, {least}{_left_out(value, default)}")
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

    zones: Annotated[list[Zone] | None, _that(network_rules.ZONES, network_rules.are_zones)] = None
    tiers: Annotated[list[str] | None, _that(network_rules.TIERS, network_rules.are_tiers)] = None
    not_overlapping: Annotated[
        list[str] | None, _that(network_rules.BLOCKS, is_list_of(network_rules.is_block))
    ] = None
    cidr: Annotated[str | None, _that(network_rules.VPC, network_rules.is_vpc)] = Field(
        None, validate_default=True
    )
    nat: Literal["none", "single", "per-zone"] | None = Field(None, validate_default=True)
    ipv6: Literal["none", "dual-stack"] | None = None
    flow_logs: Literal["all", "rejected", "none"] | None = None
    flow_log_retention_days: Annotated[
        int | None, _that(network_rules.LOG_DAYS_RULE, network_rules.is_log_days)
    ] = None
    flow_log_key_arn: Annotated[str | None, _that("the ARN of a KMS key", is_arn("kms"))] = None
    gateway_endpoints: Annotated[
        list[str] | None, _that(network_rules.GATEWAY_ENDPOINTS, network_rules.are_gateway_services)
    ] = None
    interface_endpoints: Annotated[
        list[str] | None, _that(network_rules.INTERFACE_ENDPOINTS, network_rules.are_interface_services)
    ] = None
    node_discovery: Annotated[str | None, Field(min_length=1)] = None

    @field_validator("cidr")
    @classmethod
    def _clear_of_others_and_wide_enough(cls, value: str | None, info: ValidationInfo) -> str | None:
        cidr = value or network.CIDR
        overlapping = network_rules.overlapping(cidr, _beside(info, "not_overlapping", []))
        if overlapping:
            raise ValueError(f"must not overlap {', '.join(overlapping)}{_left_out(value, cidr)}")
        if not network_rules.holds_load_balancers(cidr, _beside(info, "tiers", network.TIERS)):
            raise ValueError("must be /21 or wider with the tier public, whose load balancers need room")
        return value

    @field_validator("nat")
    @classmethod
    def _in_a_public_subnet(cls, value: str | None, info: ValidationInfo) -> str | None:
        if not network_rules.holds_nat(value or network.NAT, _beside(info, "tiers", network.TIERS)):
            raise ValueError(f"must be none without the tier public{_left_out(value, network.NAT)}")
        return value

    @field_validator("flow_log_retention_days", "flow_log_key_arn")
    @classmethod
    def _of_flow_logs(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not None and info.data.get("flow_logs") == "none":
            raise ValueError("must be left out when flowLogs is none")
        return value

    @field_validator("interface_endpoints")
    @classmethod
    def _in_an_inner_subnet(cls, value: list[str] | None, info: ValidationInfo) -> list[str] | None:
        if not network_rules.holds_endpoints(value, _beside(info, "tiers", network.TIERS)):
            raise ValueError("must be left out without the tier private or isolated")
        return value


class Access(Section):
    """What one IAM principal may do in an EKS cluster."""

    principal_arn: Annotated[str, rule("the ARN of an IAM principal", ARN)]
    level: Literal["view", "edit", "admin"] | None = None
    namespaces: Annotated[list[str] | None, Field(min_length=1)] = None


class Cluster(Section):
    """The Kubernetes cluster: `existing`, or `eks` with what it is to be."""

    kind: Literal["eks", "existing"]
    version: Annotated[str, rule(cluster.VERSION_RULE, cluster.VERSION)] | None = None
    support: Literal["standard", "extended"] | None = None
    public_access_cidrs: Annotated[list[str], _holds(cluster.CIDR_RULE, cluster.are_blocks)] | None = None
    access: dict[Label, Access] | None = None
    node_pools: list[Literal["general-purpose", "system"]] | None = None
    addons: (
        Annotated[dict[str, str], _holds("names with versions, as v0.8.1-eksbuild.5", cluster.are_addons)]
        | None
    ) = None
    log_retention_days: (
        Annotated[int, _holds("one of CloudWatch's steps, as 90 or 365", cluster.is_retention)] | None
    ) = None
    removal: Literal["protect", "destroy"] | None = None

    @field_validator(
        "version",
        "support",
        "public_access_cidrs",
        "access",
        "node_pools",
        "addons",
        "log_retention_days",
        "removal",
    )
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


Days = Annotated[int | None, _between(1, backup_rules.LONGEST_DAYS)]
Schedule = Annotated[str | None, _that(backup_rules.SCHEDULE_RULE, backup_rules.is_schedule)]


class Backup(Section):
    """The backup vault and its plan."""

    schedule: Schedule = None
    retention_days: Days = None
    weekly_retention_days: Days = None
    monthly_retention_days: Days = None
    cold_storage_days: Annotated[int | None, _between(1, 36410)] = None
    copy_to: Annotated[list[str] | None, _that(backup_rules.VAULTS_RULE, backup_rules.are_vaults)] = None
    copy_retention_days: Days = None
    copies_from: Annotated[list[str] | None, _that(backup_rules.ACCOUNTS_RULE, backup_rules.are_accounts)] = (
        None
    )
    removal: Literal["protect", "destroy"] | None = None
    lock: Literal["none", "governance", "compliance"] | None = None
    lock_min_days: Days = None
    lock_max_days: Days = None
    lock_grace_days: Annotated[int | None, _between(3, 36500)] = None
    notify: Annotated[list[str] | None, _that(backup_rules.ADDRESSES_RULE, backup_rules.are_addresses)] = None
    restore_tests: Annotated[
        list[str] | None, _that(backup_rules.RESTORE_TEST_RULE, backup_rules.are_restorable)
    ] = None
    restore_test_schedule: Schedule = None
    reports: Annotated[list[str] | None, _that(backup_rules.REPORTS_RULE, backup_rules.are_reports)] = None
    report_bucket: Annotated[str, rule(backup_rules.BUCKET_RULE, backup_rules.BUCKET)] | None = None
    report_retention_days: Days = None

    @field_validator("cold_storage_days")
    @classmethod
    def _long_enough_in_the_cold(cls, value: int | None, info: ValidationInfo) -> int | None:
        key, kept = max(_retentions(info).items(), key=lambda one: one[1], default=("", None))
        if not backup_rules.stays_cold(kept, value):
            raise ValueError(f"must be {backup_rules.COLD_MINIMUM_DAYS} or more below {key}, {kept}")
        return value

    @field_validator("lock")
    @classmethod
    def _that_can_be_removed(cls, value: str | None, info: ValidationInfo) -> str | None:
        if not backup_rules.can_be_removed(info.data.get("removal"), value or "none"):
            raise ValueError("must be none or left out when removal is destroy")
        return value

    @field_validator("lock_min_days", "lock_max_days", "lock_grace_days")
    @classmethod
    def _of_a_lock(cls, value: int | None, info: ValidationInfo) -> int | None:
        default = "none" if info.data.get("removal") == "destroy" else "governance"
        lock = _beside(info, "lock", default)
        if value is not None and lock == "none":
            raise ValueError("must be left out when there is no lock")
        if value is not None and info.field_name == "lock_grace_days" and lock == "governance":
            raise ValueError("must be left out unless lock is compliance")
        return value

    @field_validator("lock_min_days", "lock_max_days")
    @classmethod
    def _that_takes_what_is_kept(cls, value: int | None, info: ValidationInfo) -> int | None:
        for key, kept in _retentions(info).items():
            low, high = (kept, value) if info.field_name == "lock_min_days" else (value, kept)
            if backup_rules.is_below(low, high):
                raise ValueError(f"must take {key}, {kept}")
        return value

    @field_validator("copy_retention_days", "restore_test_schedule", "report_bucket", "report_retention_days")
    @classmethod
    def _with_what_it_is_of(cls, value: Any, info: ValidationInfo) -> Any:
        needed = backup_rules.OF[info.field_name or ""]
        if value is not None and not _beside(info, needed, None):
            raise ValueError(f"must be left out without {to_camel(needed)}")
        return value

    @field_validator("report_retention_days")
    @classmethod
    def _in_the_bucket_of_its_own(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value is not None and info.data.get("report_bucket"):
            raise ValueError("must be left out when reportBucket is another's")
        return value


def _retentions(info: ValidationInfo) -> dict[str, int]:
    """What a backup section keeps, by key; empty when one of them is wrong itself."""
    kept = {
        "retentionDays": _beside(info, "retention_days", backup_rules.RETENTION_DAYS),
        "weeklyRetentionDays": info.data.get("weekly_retention_days"),
        "monthlyRetentionDays": info.data.get("monthly_retention_days"),
    }
    return {key: days for key, days in kept.items() if days is not None}


class Tags(Section):
    """Whose the environment is, and who pays for it."""

    owner: str = Field(min_length=1)
    cost_centre: str = Field(min_length=1)
