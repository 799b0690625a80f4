"""How requests come in."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from slipway import gateway
from slipway.validation import BLOCKS_RULE, HOST, are_blocks
from stacks.sections.rules import ImageName, Label, Pem, Section, beside, between, not_below, passes, rule


class Gateway(Section):
    """How requests come in."""

    exposure: Literal["load-balancer", "node-port"] | None = None
    node_port: Annotated[int | None, between(30000, 32767)] = Field(None, validate_default=True)
    address: Annotated[str, rule(gateway.HOST_RULE, HOST)] | None = None
    load_balancer_annotations: dict[str, str] | None = None
    replicas: Annotated[int | None, between(1, 50)] = None
    max_replicas: Annotated[int | None, between(1, 50)] = Field(None, validate_default=True)
    tls_certificate: Pem | None = None
    tls_private_key: Pem | None = Field(None, validate_default=True)
    tls_secret: Label | None = None
    client_requests_per_second: Annotated[int | None, between(1, 100000)] = None
    max_request_kib: Annotated[int | None, between(1, 10485760)] = None
    response_seconds: Annotated[int | None, between(1, 3600)] = None
    attempts: Annotated[int | None, between(1, 10)] = None
    trusted_proxies: Annotated[list[str], passes(BLOCKS_RULE, are_blocks)] | None = None
    clients: Literal["anyone", "cdn"] | None = None
    image: ImageName | None = None
    definitions: Literal["install", "existing"] | None = None
    traefik_kinds: Literal["none", "install", "existing"] | None = None

    @field_validator("max_replicas")
    @classmethod
    def _not_below_least(cls, value: int | None, info: ValidationInfo) -> int | None:
        return not_below("replicas", beside(info, "replicas", gateway.REPLICAS), value, gateway.MAX_REPLICAS)

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
        exposure = beside(info, "exposure", gateway.EXPOSURE)
        if exposure == "node-port" and value is None:
            raise ValueError("must be 30000-32767 when exposure is node-port")
        if exposure == "load-balancer" and value is not None:
            raise ValueError("must be left out unless exposure is node-port")
        return value
