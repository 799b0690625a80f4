"""Everything that a Pulumi.<stack>.yaml may say, checked at once; the structured parts are in sections/."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal, cast
from urllib.parse import urlsplit

import pulumi
from pulumi.runtime import config as runtime_config
from pydantic import BeforeValidator, Field, ValidationError, ValidationInfo, field_validator

from slipway.cdn_origin import is_origin
from slipway.validation import DNS_LABEL, IMAGE, REGION
from stacks.mistakes import told
from stacks.sections import (
    App,
    Audit,
    Backup,
    Cache,
    Cdn,
    Cluster,
    Database,
    Delivery,
    Gates,
    Gateway,
    Image,
    Label,
    Migration,
    Monitoring,
    Network,
    SecretStore,
    Section,
    Tags,
    Variables,
    rule,
)

PROJECT = "slipway"
BUILT = "build:"
_LONGEST_STACK = 52
"""What <stack>-monitoring leaves of a namespace's 63."""
_POLICY = re.compile(r"arn:[\w-]+:iam::(\d{12}|aws):policy/\S+")


class SettingsError(pulumi.RunError):
    """The stack's configuration cannot be used; the message lists every mistake. Shown without a traceback."""


def _per_cent(value: Any) -> Any:
    if not (isinstance(value, str) and value.isdecimal() and int(value) <= 100):  # noqa: PLR2004
        raise ValueError("must be 0-100")
    return int(value)


def _kind_alone(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


ImageRef = Annotated[str, rule(f"an image, as registry/path:tag, or {BUILT}<one of slipway:images>", IMAGE)]


class Settings(Section):
    """One environment."""

    images: dict[Label, Image] = Field(default_factory=dict)
    blue_image: ImageRef
    green_image: ImageRef
    active: Literal["blue", "green"]
    strategy: Literal["blue-green", "canary", "rolling"] = "blue-green"
    canary_weight: Annotated[int, BeforeValidator(_per_cent)] = 0
    network: Network | None = None
    cluster: Annotated[Cluster, BeforeValidator(_kind_alone)]
    gateway: Gateway = Field(default_factory=lambda: Gateway.model_validate({}))
    app: App
    mirror_percent: Annotated[int, BeforeValidator(_per_cent)] = 0
    secrets: Variables = Field(default_factory=dict)
    backup: Backup | None = None
    audit: Audit | None = None
    delivery: Delivery | None = None
    role_boundary: Annotated[str, rule("an IAM policy's ARN", _POLICY)] | None = None
    cdn: Cdn | None = Field(None, validate_default=True)
    secret_store: SecretStore | None = None
    database: Database | None = None
    cache: Cache | None = None
    monitoring: Monitoring | None = None
    gates: Gates | None = None
    migration: Migration | None = None
    tags: Tags
    policies: Literal["mandatory", "advisory"] = "mandatory"
    allow_replacement: list[str] = Field(default_factory=list)
    policy_exceptions: dict[str, dict[str, Annotated[str, Field(min_length=1)]]] = Field(default_factory=dict)

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

    @field_validator("app", "mirror_percent")
    @classmethod
    def _by_traefik_s_own_kinds(cls, value: Any, info: ValidationInfo) -> Any:
        entry: Gateway | None = info.data.get("gateway")
        if entry and entry.traefik_kinds in (None, "none"):
            if isinstance(value, App) and value.sticky_cookie:
                raise ValueError(
                    "must go without stickyCookie unless slipway:gateway.traefikKinds is install or existing"
                )
            if isinstance(value, int) and value:
                raise ValueError("must be 0 unless slipway:gateway.traefikKinds is install or existing")
        return value

    @field_validator("mirror_percent")
    @classmethod
    def _to_a_second_colour(cls, value: int, info: ValidationInfo) -> int:
        if value and info.data.get("strategy") == "rolling":
            raise ValueError(
                "must be 0 when slipway:strategy is rolling: there is no second colour to copy to"
            )
        return value

    @field_validator("cdn")
    @classmethod
    def _before_a_name(cls, value: Cdn | None, info: ValidationInfo) -> Cdn | None:
        entry: Gateway | None = info.data.get("gateway")
        named = entry and (entry.exposure == "node-port" or entry.address is not None)
        if value and entry and named and not is_origin(entry.address):
            raise ValueError(
                "must be left out unless gateway.address is a host name: CloudFront reaches no address"
            )
        if value is None and entry and entry.clients == "cdn":
            raise ValueError("must be there when gateway.clients is cdn: nobody else would be answered")
        return value

    @field_validator("database", "cache")
    @classmethod
    def _in_the_network(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not None and value.kind != "in-cluster" and info.data.get("network", ...) is None:
            raise ValueError(f"must have slipway:network beside it when its kind is {value.kind}")
        network: Network | None = info.data.get("network")
        tiers = network.tiers if network else None
        if value is not None and value.kind != "in-cluster" and tiers and "isolated" not in tiers:
            raise ValueError("must have the tier isolated in slipway:network.tiers")
        return value

    @field_validator("gates")
    @classmethod
    def _can_be_asked(cls, value: Gates | None, info: ValidationInfo) -> Gates | None:
        if value is None:
            return value
        wrong: list[str] = []
        if value.measured and info.data.get("monitoring", ...) is None:
            wrong.append(f"have slipway:monitoring beside it, which measures {', '.join(value.measured)}")
        application: App | None = info.data.get("app")
        preview = application and application.preview
        hosts = (preview and preview.hostnames) or ()
        for name, check in (value.http or {}).items():
            by_host = check.at and urlsplit(check.at).hostname in hosts
            if application and check.at and not by_host and not (preview and preview.header):
                wrong.append(
                    f"have http.{name}.at at one of slipway:app.preview.hostnames, or beside slipway:app.preview.header"
                )
        if wrong:
            raise ValueError(f"must {', and '.join(wrong)}")
        return value

    @field_validator("migration")
    @classmethod
    def _of_a_database_that_can_be_saved(
        cls, value: Migration | None, info: ValidationInfo
    ) -> Migration | None:
        kept: Database | None = info.data.get("database")
        needed = {"copy": "in-cluster", "snapshot": "rds"}.get((value and value.backup) or "none")
        if needed and (kept is None or kept.kind != needed):
            raise ValueError(
                f"must have another backup than {value and value.backup}, or leave it out, unless the kind of slipway:database is {needed}"
            )
        return value

    @field_validator("secrets")
    @classmethod
    def _in_one_place(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        application: App | None = info.data.get("app")
        plain = (application and application.env) or {}
        if twice := sorted(plain.keys() & value.keys()):
            raise ValueError(f"must not repeat what stands in slipway:app.env: {', '.join(twice)}")
        return value

    @property
    def keeps_data_in_aws(self) -> bool:
        """Whether anything stands in isolated subnets."""
        return any(part is not None and part.kind != "in-cluster" for part in (self.database, self.cache))

    @property
    def needs_aws(self) -> bool:
        """Whether the stack makes anything in AWS: it has to be told where."""
        parts = (self.network, self.backup, self.secret_store, self.cdn, self.audit, self.delivery)
        return any(part is not None for part in parts)

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
        if self.cdn and not (self.gateway.tls_certificate or self.gateway.tls_secret):
            yield (
                "slipway:cdn speaks plain HTTP to a gateway without TLS: what users send crosses the internet in clear. "
                "Give the gateway tlsCertificate and tlsPrivateKey, or tlsSecret"
            )
        if self.migration and self.strategy == "rolling":
            yield "slipway:migration has no effect: slipway deploy runs it, and slipway:strategy is rolling"
        rate = self.app.scaling and self.app.scaling.requests_per_second
        if rate and not (self.monitoring and self.monitoring.request_metrics):
            yield (
                "slipway:app.scaling.requestsPerSecond needs slipway:monitoring.requestMetrics, here or in another stack of the cluster: "
                "without it the autoscaler knows cpu alone, and takes no pod away"
            )
        if self.app.sticky_cookie and self.strategy != "canary":
            yield f"slipway:app.stickyCookie has no effect: slipway:strategy is {self.strategy}, not canary"
        if self.canary_weight and self.strategy != "canary":
            yield f"slipway:canaryWeight has no effect: slipway:strategy is {self.strategy}, not canary"


def load() -> Settings:
    """The present stack's settings; SettingsError lists every mistake in them."""
    stack = pulumi.get_stack()
    config = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    own = {
        key.removeprefix(f"{PROJECT}:"): value
        for key, value in config.items()
        if key.startswith(f"{PROJECT}:")
    }
    secret_keys = {key for key in own if runtime_config.is_config_secret(f"{PROJECT}:{key}")}
    region = config.get("aws:region") or os.environ.get("AWS_REGION", "")
    return parse(own, f"Pulumi.{stack}.yaml", secret_keys, around=_around(own, stack, region))


def _around(own: Mapping[str, str], stack: str, region: str) -> Iterator[str]:
    """What is wrong with the stack itself, and with what stands beside slipway's own keys."""
    if not (DNS_LABEL.fullmatch(stack) and len(stack) <= _LONGEST_STACK):
        yield (
            f"the stack's name must be lower-case letters, digits and -, {_LONGEST_STACK} at most, got {json.dumps(stack)}: "
            "namespaces are named after it; make another with pulumi stack init, or pulumi stack rename"
        )
    if region and not REGION.fullmatch(region):
        yield f"aws:region must be a region, as eu-central-1, got {json.dumps(region)}"
        return
    network: Any = _decode("network", own.get("network", ""))
    zones: Any = cast("dict[str, Any]", network).get("zones") if isinstance(network, dict) else None
    listed = cast("list[Any]", zones) if isinstance(zones, list) else []
    named = [zone for zone in listed if isinstance(zone, str)]
    if region and (elsewhere := [zone for zone in named if zone[:-1] != region]):
        yield f"slipway:network.zones must be of aws:region, {region}, got {json.dumps(elsewhere)}"


def parse(
    config: Mapping[str, str],
    file: str,
    secret_keys: frozenset[str] | set[str] = frozenset(),
    *,
    around: Iterable[str] = (),
) -> Settings:
    """Settings out of a stack's raw values: scalars as text, everything else as JSON. `around` are mistakes found elsewhere."""
    values = {key: _decode(key, value) for key, value in config.items()}
    settings, mistakes = None, [f"{file}: {mistake}" for mistake in around]
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        details = error.errors(include_url=False)
        schema = Settings.model_json_schema()
        mistakes += [f"{file}: {told(dict(detail), schema, secret_keys)}" for detail in details]
    if "secrets" in config and "secrets" not in secret_keys:
        mistakes.append(
            f"{file}: slipway:secrets stands there in clear; set each with "
            "pulumi config set --secret --path 'slipway:secrets.NAME' <value>"
        )
    for section, key, one in (
        ("monitoring", "receivers", "receivers.NAME"),
        ("monitoring", "requestMetrics", "requestMetrics.privateKey"),
        ("gateway", "tlsPrivateKey", "tlsPrivateKey"),
    ):
        said = values.get(section)
        if isinstance(said, dict) and key in said and section not in secret_keys:
            mistakes.append(
                f"{file}: slipway:{section}.{key} stands there in clear; set it with "
                f"pulumi config set --secret --path 'slipway:{section}.{one}' <value>"
            )
    if settings is None or mistakes:
        count = "one mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        raise SettingsError("\n  ".join([f"{file} has {count}; nothing was changed.", *mistakes]))
    return settings


_SCALARS = frozenset(
    {
        "active",
        "blueImage",
        "greenImage",
        "strategy",
        "canaryWeight",
        "mirrorPercent",
        "roleBoundary",
        "policies",
    }
)


def _decode(key: str, value: str) -> Any:
    if key in _SCALARS:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
