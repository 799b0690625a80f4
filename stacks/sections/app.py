"""The application of a stack."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from slipway import app
from slipway.app_routes import COOKIE, HEADER, HOSTNAME, HOSTNAMES_RULE, are_hostnames
from slipway.validation import APP_NAME, APP_NAME_RULE, CPU, DNS_NAME, MEMORY, MOUNT, MOUNT_RULE
from stacks.sections.rules import Path, Section, Variables, beside, between, meets, not_below, rule

Hostname = Annotated[str, rule("a host name, as chat.example.com", HOSTNAME)]
Hostnames = Annotated[list[Hostname], meets(HOSTNAMES_RULE, are_hostnames)]
MountPath = Annotated[str, rule(MOUNT_RULE, MOUNT)]
Claim = Annotated[str, rule("the name of a PersistentVolumeClaim", DNS_NAME)]
Header = Annotated[str, rule("a header's name, as X-Slipway-Color", HEADER)]
Cookie = Annotated[str, rule("a cookie's name", HEADER)]


class Scaling(Section):
    """Pods of each colour."""

    min_replicas: Annotated[int | None, between(1, 1000)] = None
    max_replicas: Annotated[int | None, between(1, 1000)] = Field(None, validate_default=True)
    idle_replicas: Annotated[int | None, between(1, 1000)] = None
    warm_seconds: Annotated[int | None, between(0, 3600)] = None
    cpu_percent: Annotated[int | None, between(1, 100)] = None
    requests_per_second: Annotated[int | None, between(1, 100000)] = None

    @field_validator("max_replicas")
    @classmethod
    def _not_below_least(cls, value: int | None, info: ValidationInfo) -> int | None:
        return not_below(
            "minReplicas", beside(info, "min_replicas", app.MIN_REPLICAS), value, app.MAX_REPLICAS
        )

    @field_validator("idle_replicas")
    @classmethod
    def _not_above_least(cls, value: int | None, info: ValidationInfo) -> int | None:
        least = beside(info, "min_replicas", app.MIN_REPLICAS)
        if value is not None and least is not None and value > least:
            raise ValueError(f"must not be above minReplicas, {least}")
        return value


class Resources(Section):
    """What each pod asks for."""

    cpu: Annotated[str, rule("as 250m or 1", CPU)] | None = None
    memory: Annotated[str, rule("as 256Mi", MEMORY)] | None = None


class Probes(Section):
    """How a pod's health is asked for."""

    startup_seconds: Annotated[int | None, between(1, 3600)] = None
    period_seconds: Annotated[int | None, between(1, 300)] = None
    timeout_seconds: Annotated[int | None, between(1, 60)] = None
    live_path: Path | None = None


class Preview(Section):
    """How a colour is looked at before it gets traffic."""

    header: Header | None = None
    hostnames: Hostnames | None = None


class CanaryUsers(Section):
    """Who gets the canary whatever its weight."""

    headers: dict[Header, Annotated[str, Field(min_length=1)]] | None = None
    cookies: dict[Cookie, Annotated[str, rule("a cookie's value", COOKIE)]] | None = None


class App(Section):
    """The application."""

    name: Annotated[str, rule(APP_NAME_RULE, APP_NAME)]
    port: Annotated[int | None, between(1024, 65535)] = None
    health_path: Path | None = None
    metrics_path: Path | None = None
    env: Variables | None = None
    hostnames: Hostnames | None = None
    preview: Preview | None = None
    canary_users: CanaryUsers | None = None
    sticky_cookie: Cookie | None = None
    scaling: Scaling | None = None
    resources: Resources | None = None
    user: Annotated[int | None, between(1, 65535)] = None
    writable_paths: list[MountPath] | None = None
    probes: Probes | None = None
    command: list[str] | None = None
    arguments: list[str] | None = None
    files: dict[MountPath, str] | None = None
    claims: dict[MountPath, Claim] | None = Field(None, validate_default=True)
    drain_seconds: Annotated[int | None, between(1, 300)] = None

    @field_validator("preview")
    @classmethod
    def _at_hosts_of_its_own(cls, value: Preview | None, info: ValidationInfo) -> Preview | None:
        own = (value and value.hostnames) or ()
        if both := sorted({*own} & {*(beside(info, "hostnames", ()) or ())}):
            raise ValueError(f"must not repeat what stands in hostnames: {', '.join(both)}")
        return value

    @field_validator("claims")
    @classmethod
    def _at_paths_of_their_own(
        cls, value: dict[str, str] | None, info: ValidationInfo
    ) -> dict[str, str] | None:
        places: list[str] = [
            *(beside(info, "writable_paths", app.WRITABLE_PATHS) or ()),
            *(beside(info, "files", ()) or ()),
            *(value or ()),
        ]
        if doubly := sorted({path for path in places if places.count(path) > 1}):
            raise ValueError(
                f"must not repeat a path of writablePaths or files, nor they each other's: {', '.join(doubly)}"
            )
        return value
