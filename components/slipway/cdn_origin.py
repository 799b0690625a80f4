"""Where Cdn fetches from: a server in the internet, one in a VPC, or a private bucket; and the secret by which a server knows it."""

import re
import secrets
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from slipway.cdn_policies import ORIGIN_ID, Block
from slipway.gateway_middlewares import ORIGIN_HEADER
from slipway.validation import ArgumentError

ORIGIN_RULE = "a host name, or an http or https URL of one with a port of 80, 443 or 1024-65535 and no path"
_LABEL = r"[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?"
# The last label is no number: an address is no name.
NAME = rf"({_LABEL}\.)+[A-Za-z]([-A-Za-z0-9]{{0,61}}[A-Za-z0-9])?"
_ORIGIN = re.compile(rf"((?P<scheme>https?)://)?(?P<host>{NAME})(:(?P<port>\d{{2,5}}))?/?")
_TLS = "TLSv1.2"
# Both as long as AWS allows without asking: a chat's answer may take its time to begin, a connection is worth keeping.
_READ_SECONDS = _KEEP_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """A server by its name, and how it is spoken to."""

    host: str
    scheme: str
    port: int


def is_origin(value: Any) -> bool:
    """A host name, plain or in an URL. CloudFront takes no addresses."""
    try:
        parse(value)
    except ArgumentError:
        return False
    return True


def parse(origin: Any) -> Server:
    """A plain host name is spoken to by https."""
    found = _ORIGIN.fullmatch(origin) if isinstance(origin, str) else None
    if found:
        scheme = found["scheme"] or "https"
        port = int(found["port"] or {"http": 80, "https": 443}[scheme])
        if port in (80, 443) or 1024 <= port <= 65535:  # noqa: PLR2004 (what CloudFront allows)
            return Server(found["host"], scheme, port)
    raise ArgumentError(f"origin must be {ORIGIN_RULE}, got {origin!r}")


def secret(parent: pulumi.Resource, name: str, given: pulumi.Input[str] | None) -> pulumi.Output[str]:
    """The secret header's value: the caller's, or one made at the first run and kept in Parameter Store."""
    if given is not None:
        return pulumi.Output.secret(given)
    kept = aws.ssm.Parameter(
        f"{name}-origin-secret",
        type="SecureString",
        description=f"What {ORIGIN_HEADER} says in requests of {name} to its origin",
        value=pulumi.Output.secret(secrets.token_urlsafe(32)),
        opts=pulumi.ResourceOptions(parent=parent, ignore_changes=["value"]),
    )
    return pulumi.Output.secret(kept.value)


def web(origin: pulumi.Input[str], secret: pulumi.Output[str]) -> Block:
    """A server that the internet reaches."""
    server = pulumi.Output.from_input(origin).apply(parse)
    return {
        **_server(server, secret),
        "custom_origin_config": {
            **_protocol(server),
            "origin_ssl_protocols": [_TLS],
            "origin_read_timeout": _READ_SECONDS,
            "origin_keepalive_timeout": _KEEP_SECONDS,
        },
    }


def vpc(
    parent: pulumi.Resource,
    name: str,
    origin: pulumi.Input[str],
    load_balancer_arn: pulumi.Input[str],
    secret: pulumi.Output[str],
) -> Block:
    """A server that only CloudFront reaches, by a way into its VPC.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-vpc-origins.html
    """
    server = pulumi.Output.from_input(origin).apply(parse)
    endpoint: Block = {
        "name": f"{pulumi.get_project()}-{pulumi.get_stack()}-{name}",
        "arn": load_balancer_arn,
        **_protocol(server),
        "origin_ssl_protocols": {"items": [_TLS], "quantity": 1},
    }
    way = aws.cloudfront.VpcOrigin(
        f"{name}-vpc-origin",
        vpc_origin_endpoint_config=endpoint,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return {
        **_server(server, secret),
        "vpc_origin_config": {
            "vpc_origin_id": way.id,
            "origin_read_timeout": _READ_SECONDS,
            "origin_keepalive_timeout": _KEEP_SECONDS,
        },
    }


def bucket(parent: pulumi.Resource, name: str, bucket: "aws.s3.Bucket") -> Block:
    """A private bucket, to which each request is signed."""
    access = aws.cloudfront.OriginAccessControl(
        f"{name}-access",
        description=f"Requests of {name} to its bucket",
        origin_access_control_origin_type="s3",
        signing_behavior="always",
        signing_protocol="sigv4",
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return {
        "origin_id": ORIGIN_ID,
        "domain_name": bucket.bucket_regional_domain_name,
        "origin_access_control_id": access.id,
    }


def _server(server: pulumi.Output[Server], secret: pulumi.Output[str]) -> Block:
    return {
        "origin_id": ORIGIN_ID,
        "domain_name": server.apply(lambda server: server.host),
        "custom_headers": [{"name": ORIGIN_HEADER, "value": secret}],
    }


def _protocol(server: pulumi.Output[Server]) -> Block:
    """The port of the scheme that is not spoken is named all the same, by its usual number."""
    return {
        "origin_protocol_policy": server.apply(lambda server: f"{server.scheme}-only"),
        "http_port": server.apply(lambda server: server.port if server.scheme == "http" else 80),
        "https_port": server.apply(lambda server: server.port if server.scheme == "https" else 443),
    }
