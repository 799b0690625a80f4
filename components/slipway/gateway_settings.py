"""A Gateway's arguments with every default filled in, and the ports that its parts know each other by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from slipway.manifest import labels

HTTP, HTTPS, PING, METRICS = 8000, 8443, 8080, 9100
CLIENTS = ("anyone", "cdn")


@dataclass(frozen=True)
class GatewaySettings:
    """A Gateway's arguments with every default filled in."""

    name: str
    exposure: str
    node_port: int | None
    address: str | None
    load_balancer_annotations: Mapping[str, str]
    namespace: str
    replicas: int
    max_replicas: int
    image: pulumi.Input[str]
    definitions: str
    traefik_kinds: str
    tls_certificate: pulumi.Input[str] | None
    tls_private_key: pulumi.Input[str] | None
    tls_secret: str | None
    client_requests_per_second: int
    max_request_kib: int
    response_seconds: int
    attempts: int
    trusted_proxies: tuple[str, ...]
    clients: str

    @property
    def labels(self) -> dict[str, str]:
        return labels("traefik", f"{self.namespace}-{self.name}", "gateway")

    @property
    def selector(self) -> dict[str, str]:
        return {key: self.labels[key] for key in ("app.kubernetes.io/name", "app.kubernetes.io/instance")}

    @property
    def global_name(self) -> str:
        """Name of what has no namespace: another Gateway in the same cluster must not meet it."""
        return f"{self.namespace}-{self.name}"

    @property
    def drain_seconds(self) -> int:
        """How long a stopping pod still takes requests: a load balancer in front needs a while to leave it."""
        return 15 if self.exposure == "node-port" else 60

    @property
    def has_tls(self) -> bool:
        return self.tls_secret is not None or self.tls_certificate is not None

    def metadata(self, name: str | None = None, **more: Any) -> dict[str, Any]:
        return {"name": name or self.name, "namespace": self.namespace, "labels": self.labels, **more}

    def global_metadata(self) -> dict[str, Any]:
        return {"name": self.global_name, "labels": self.labels}
