"""Everything that a Pulumi.<stack>.yaml may say, checked at once.

The keys that people type are scalars; the structured ones hand their values to a component as they are. What a section
leaves out is the component's own default, and what a whole section leaves out is not made. Patterns, defaults and rules
between values are the components' own, so that no component refuses what was let through here.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, TypeVar

import pulumi
from pulumi.runtime import config as runtime_config
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic.alias_generators import to_camel

from slipway import app, backup, cluster, gateway, image, network
from slipway.address_plan import parse_vpc
from slipway.validation import (
    CPU,
    DNS_LABEL,
    ENV_NAME,
    HOST,
    MEMORY,
    REPOSITORY,
    SCHEDULE,
    TAG,
    is_whole,
)

PROJECT = "slipway"
BUILT = "build:"
_IMAGE = re.compile(
    r"[a-z0-9]+([._:/-]+[a-z0-9]+)*(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(@sha256:[0-9a-f]{64})?"
)


class SettingsError(pulumi.RunError):
    """The stack's configuration cannot be used; the message lists every mistake. Shown without a traceback."""


def _rule(right: str, pattern: re.Pattern[str]) -> AfterValidator:
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


def _per_cent(value: Any) -> Any:
    if not (isinstance(value, str) and value.isdecimal() and int(value) <= 100):  # noqa: PLR2004
        raise ValueError("must be 0-100")
    return int(value)


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


def _kind_alone(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


Label = Annotated[str, _rule("lower-case letters, digits and -", DNS_LABEL)]
Path = Annotated[str, _rule("a path that starts with /", re.compile(r"/\S*"))]
Zone = Annotated[str, _rule("a zone's name, as eu-central-1a", re.compile(r"[a-z]{2}(-[a-z]+)+-\d[a-h]"))]
Variables = dict[Annotated[str, _rule("named by letters, digits and _", ENV_NAME)], str]
ImageRef = Annotated[str, _rule(f"an image, as registry/path:tag, or {BUILT}<one of slipway:images>", _IMAGE)]


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
    address: Annotated[str, _rule(gateway.HOST_RULE, HOST)] | None = None
    load_balancer_annotations: dict[str, str] | None = None
    replicas: Annotated[int | None, _between(1, 50)] = None
    definitions: Literal["install", "existing"] | None = None

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

    cpu: Annotated[str, _rule("as 250m or 1", CPU)] | None = None
    memory: Annotated[str, _rule("as 256Mi", MEMORY)] | None = None


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
    drain_seconds: Annotated[int | None, _between(1, 300)] = None


class Image(Section):
    """An image that the stack builds."""

    repository: Annotated[str, _rule(image.REPOSITORY_RULE, REPOSITORY)]
    context: str
    tag: Annotated[str, _rule(image.TAG_RULE, TAG)] | None = None
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

    schedule: Annotated[str, _rule(backup.SCHEDULE_RULE, SCHEDULE)] | None = None
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


class Settings(Section):
    """One environment."""

    images: dict[Label, Image] = {}
    blue_image: ImageRef
    green_image: ImageRef
    active: Literal["blue", "green"]
    strategy: Literal["blue-green", "canary", "rolling"] = "blue-green"
    canary_weight: Annotated[int, BeforeValidator(_per_cent)] = 0
    network: Network | None = None
    cluster: Annotated[Cluster, BeforeValidator(_kind_alone)]
    gateway: Gateway = Field(default_factory=lambda: Gateway.model_validate({}))
    app: App
    secrets: Variables = {}
    backup: Backup | None = None
    tags: Tags

    @field_validator("blue_image", "green_image")
    @classmethod
    def _built_image_is_known(cls, value: str, info: ValidationInfo) -> str:
        built = info.data.get("images")
        if value.startswith(BUILT) and built is not None and value.removeprefix(BUILT) not in built:
            raise ValueError(
                f"must name one of slipway:images: {', '.join(BUILT + name for name in built) or 'there is none'}"
            )
        return value

    @field_validator("cluster")
    @classmethod
    def _eks_stands_in_a_network(cls, value: Cluster, info: ValidationInfo) -> Cluster:
        if value.kind == "eks" and info.data.get("network", ...) is None:
            raise ValueError("must have slipway:network beside it when its kind is eks")
        return value

    @field_validator("secrets")
    @classmethod
    def _in_one_place(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        application: App | None = info.data.get("app")
        plain = (application and application.env) or {}
        if twice := sorted(plain.keys() & value.keys()):
            raise ValueError(f"must not repeat what stands in slipway:app.env: {', '.join(twice)}")
        return value

    def image(self, color: str) -> str:
        """What the stack says of a colour's image."""
        return {"blue": self.blue_image, "green": self.green_image}[color]

    def warnings(self) -> Iterator[str]:
        """What is allowed and yet deserves a word in the preview."""
        is_nextchat = any(
            re.search("chatgpt-next-web|nextchat", self.image(color), re.I) for color in ("blue", "green")
        )
        if is_nextchat and not self.secrets.get("CODE"):
            yield (
                "NextChat without CODE has no access password: anyone who finds it spends your model's budget. "
                "Set one: pulumi config set --secret --path 'slipway:secrets.CODE' <password>"
            )
        if self.canary_weight and self.strategy != "canary":
            yield f"slipway:canaryWeight has no effect: slipway:strategy is {self.strategy}, not canary"


def load() -> Settings:
    """The present stack's settings; SettingsError lists every mistake in them."""
    config = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    own = {
        key.removeprefix(f"{PROJECT}:"): value
        for key, value in config.items()
        if key.startswith(f"{PROJECT}:")
    }
    secret_keys = {key for key in own if runtime_config.is_config_secret(f"{PROJECT}:{key}")}
    return parse(own, f"Pulumi.{pulumi.get_stack()}.yaml", secret_keys)


def parse(
    config: Mapping[str, str], file: str, secret_keys: frozenset[str] | set[str] = frozenset()
) -> Settings:
    """Settings out of a stack's raw values: scalars as text, everything else as JSON."""
    values = {key: _decode(key, value) for key, value in config.items()}
    settings, mistakes = None, list[str]()
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        mistakes += [_mistake(file, dict(detail), secret_keys) for detail in error.errors(include_url=False)]
    if "secrets" in config and "secrets" not in secret_keys:
        mistakes.append(
            f"{file}: slipway:secrets stands there in clear; set each with "
            "pulumi config set --secret --path 'slipway:secrets.NAME' <value>"
        )
    if settings is None or mistakes:
        count = "one mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        raise SettingsError("\n  ".join([f"{file} has {count}; nothing was changed.", *mistakes]))
    return settings


_SCALARS = frozenset({"active", "blueImage", "greenImage", "strategy", "canaryWeight"})


def _decode(key: str, value: str) -> Any:
    if key in _SCALARS:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _mistake(file: str, error: dict[str, Any], secret_keys: frozenset[str] | set[str]) -> str:
    """`Pulumi.dev.yaml: slipway:active must be 'blue' or 'green', got 'purple'`."""
    path = [str(part) for part in error["loc"] if part != "[key]"]
    if to_camel(path[-1]) in _keys_at(path[:-1]):  # pydantic names what was left out by its Python name
        path[-1] = to_camel(path[-1])
    key = f"{PROJECT}:{'.'.join(path)}"
    if error["type"] == "extra_forbidden":
        return f"{file}: {key} is not known; {_suggestion(path)}"
    if error["type"] == "missing":
        return f"{file}: {key} is missing"
    said = re.sub(
        r"^(Value error, |Input )?(should be )?", lambda m: "must be " if m[2] else "", error["msg"]
    )
    if not said.startswith("must"):
        said = f"is wrong: {said}"
    got = json.dumps(error["input"], ensure_ascii=False, default=str)
    if path[0] in {*secret_keys, "secrets"}:
        got = "a secret"
    elif error["input"] is None:
        got = "nothing"
    return f"{file}: {key} {said}, got {got}"


SectionType = TypeVar("SectionType", bound=type[Section])


def _suggestion(path: list[str]) -> str:
    known = _keys_at(path[:-1])
    prefix = "".join(f"{part}." for part in path[:-1])
    close = difflib.get_close_matches(path[-1], known, n=1)
    if close:
        return f"did you mean {PROJECT}:{prefix}{close[0]}?"
    return f"known are {', '.join(f'{PROJECT}:{prefix}{key}' for key in known)}"


def _keys_at(path: list[str]) -> list[str]:
    """The keys of the section that a path leads to, by the models' JSON schema."""
    schema = Settings.model_json_schema()
    definitions, node = schema["$defs"], schema
    for part in path:
        node = node.get("properties", {}).get(part) or node.get("additionalProperties", {})
        options = [node, *node.get("anyOf", ())]
        refs = [option["$ref"] for option in options if "$ref" in option]
        node = definitions[refs[0].rsplit("/", 1)[-1]] if refs else node
    return list(node.get("properties", ()))
