"""Gateway: Traefik as the cluster's Gateway API implementation, with one Gateway that applications attach routes to.

Does not issue certificates, nor make the DNS name that leads to it.
Costs: with `exposure` load-balancer one network load balancer by the hour and by its traffic.
"""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi

from slipway import gateway_api, versions
from slipway import gateway_objects as objects
from slipway.gateway_middlewares import ORIGIN_SECRET, dynamic_configuration
from slipway.gateway_settings import CLIENTS, GatewaySettings
from slipway.manifest import Manifest
from slipway.validation import (
    BLOCKS_RULE,
    DNS_LABEL,
    HOST,
    Checks,
    are_blocks,
    is_one_of,
    is_pem,
    is_text,
    is_whole,
    matches,
    usable,
)

EXPOSURES = ("load-balancer", "node-port")
EXPOSURE = "load-balancer"
KINDS = ("none", "install", "existing")
HOST_RULE = "a host name or address, without scheme or port"
REPLICAS, MAX_REPLICAS = 2, 10
# Without a class: EKS Auto Mode and the AWS Load Balancer Controller each put in their own.
_NLB = {
    "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type": "ip",
    "service.beta.kubernetes.io/aws-load-balancer-scheme": "internet-facing",
    # Else every client would have the load balancer's address, in the access log and for the limit per client.
    "service.beta.kubernetes.io/aws-load-balancer-target-group-attributes": "preserve_client_ip.enabled=true",
}


class GatewayArgs(TypedDict):
    """Arguments of Gateway."""

    exposure: NotRequired[str]
    """How the outside reaches it: `load-balancer` (default) or `node-port`."""
    node_port: NotRequired[int]
    """With `node-port`, required: the port on every node, 30000-32767; with TLS it is the secure one."""
    address: NotRequired[str]
    """The host part of `url`, a host name or IPv4 address that leads here. Default the load balancer's own, or `127.0.0.1`."""
    load_balancer_annotations: NotRequired[Mapping[str, str]]
    """With `load-balancer`: the Service's annotations. Default an internet-facing AWS network load balancer."""
    namespace: NotRequired[str]
    """Namespace to make for it. Default the component's name."""
    replicas: NotRequired[int]
    """Fewest Traefik pods, 1-50. Default 2."""
    max_replicas: NotRequired[int]
    """Most Traefik pods, 1-50; the autoscaler aims at 70 per cent of their cpu. Default 10."""
    tls_certificate: NotRequired[pulumi.Input[str]]
    """Certificate chain to serve HTTPS with, in PEM; HTTP then redirects. Default none: TLS ends in front, or nowhere."""
    tls_private_key: NotRequired[pulumi.Input[str]]
    """The certificate's private key, in PEM; a secret. Default none."""
    tls_secret: NotRequired[str]
    """Instead of both: name of a `kubernetes.io/tls` Secret that something else keeps in the Gateway's namespace. Default none."""
    client_requests_per_second: NotRequired[int]
    """Requests per second that one client address may send, with bursts of twice that, 1-100000. Default no limit."""
    max_request_kib: NotRequired[int]
    """Largest request body in KiB, 1-10485760. Responses are then sent when they are whole: not for what streams. Default no limit."""
    response_seconds: NotRequired[int]
    """Seconds to wait for the head of a response, 1-3600; what follows it may take as long as it likes. Default 60."""
    attempts: NotRequired[int]
    """Times that a request is tried on pods that cannot be reached, 1-10. What has reached a pod is never repeated. Default 3."""
    trusted_proxies: NotRequired[Sequence[str]]
    """Address blocks of the proxies in front whose `X-Forwarded-*` headers are believed, as `10.0.0.0/8`. Default none."""
    clients: NotRequired[str]
    """Who is answered: `anyone` (default), or a `cdn` alone, whose requests bring `origin_secret`; others get 403."""
    image: NotRequired[pulumi.Input[str]]
    """Traefik image. Default the version that this release was tested with."""
    definitions: NotRequired[str]
    """The Gateway API's resource definitions: `install` (default) or `existing`, when the cluster brings them."""
    traefik_kinds: NotRequired[str]
    """Traefik's own kinds, for Apps with `sticky_cookie` or `mirror_percent`: `none` (default), `install` their definitions, or `existing`.

    Traefik then reads the ConfigMaps of all namespaces too, of which it uses nothing.
    """


def _resolve(name: str, args: GatewayArgs) -> GatewaySettings:
    given, args = args, usable(args, GatewayArgs)
    replicas = args.get("replicas", REPLICAS)
    gateway = GatewaySettings(
        name=name,
        exposure=args.get("exposure", EXPOSURE),
        node_port=args.get("node_port"),
        address=args.get("address"),
        load_balancer_annotations=args.get("load_balancer_annotations", _NLB),
        namespace=args.get("namespace", name),
        replicas=replicas,
        max_replicas=args.get("max_replicas", MAX_REPLICAS),
        image=args.get("image", versions.TRAEFIK_IMAGE),
        definitions=args.get("definitions", "install"),
        traefik_kinds=args.get("traefik_kinds", "none"),
        tls_certificate=args.get("tls_certificate"),
        tls_private_key=args.get("tls_private_key"),
        tls_secret=args.get("tls_secret"),
        client_requests_per_second=args.get("client_requests_per_second", 0),
        max_request_kib=args.get("max_request_kib", 0),
        response_seconds=args.get("response_seconds", 60),
        attempts=args.get("attempts", 3),
        trusted_proxies=tuple(args.get("trusted_proxies", ())),
        clients=args.get("clients", "anyone"),
    )
    with Checks("gateway", name, given, GatewayArgs) as check:
        _check(check, gateway, args)
    return gateway


def _check(check: Checks, gateway: GatewaySettings, args: GatewayArgs) -> None:
    check.value("name", gateway.name, "lower-case letters, digits and -", matches(DNS_LABEL))
    check.value("exposure", gateway.exposure, f"one of {', '.join(EXPOSURES)}", is_one_of(EXPOSURES))
    check.value("node_port", gateway.node_port, "30000-32767", is_whole(30000, 32767))
    check.value("address", gateway.address, HOST_RULE, matches(HOST))
    check.value("namespace", gateway.namespace, "lower-case letters, digits and -", matches(DNS_LABEL))
    check.value("replicas", gateway.replicas, "1-50", is_whole(1, 50))
    check.value("max_replicas", gateway.max_replicas, "1-50", is_whole(1, 50))
    check.value("image", gateway.image, "an image", is_text)
    check.value("definitions", gateway.definitions, "install or existing", is_one_of(("install", "existing")))
    check.value("traefik_kinds", gateway.traefik_kinds, f"one of {', '.join(KINDS)}", is_one_of(KINDS))
    check.value("tls_certificate", gateway.tls_certificate, "a certificate in PEM", is_pem)
    check.value("tls_private_key", gateway.tls_private_key, "a private key in PEM", is_pem, secret=True)
    check.value("tls_secret", gateway.tls_secret, "a Secret's name", matches(DNS_LABEL))
    check.value(
        "client_requests_per_second", args.get("client_requests_per_second"), "1-100000", is_whole(1, 100000)
    )
    check.value("max_request_kib", args.get("max_request_kib"), "1-10485760", is_whole(1, 10485760))
    check.value("response_seconds", gateway.response_seconds, "1-3600", is_whole(1, 3600))
    check.value("attempts", gateway.attempts, "1-10", is_whole(1, 10))
    check.value("clients", gateway.clients, f"one of {', '.join(CLIENTS)}", is_one_of(CLIENTS))
    check.value("trusted_proxies", gateway.trusted_proxies, BLOCKS_RULE, are_blocks)
    by_port = gateway.exposure == "node-port"
    check.rule(not by_port or gateway.node_port is not None, 'exposure "node-port" needs node_port')
    check.rule(by_port or gateway.node_port is None, 'node_port needs exposure "node-port"')
    check.rule(
        (gateway.tls_certificate is None) == (gateway.tls_private_key is None),
        "tls_certificate and tls_private_key need each other",
    )
    check.rule(
        gateway.tls_secret is None or gateway.tls_certificate is None,
        "tls_secret and tls_certificate are two ways to say the same: leave one out",
    )
    if is_whole(1, 50)(gateway.replicas) and is_whole(1, 50)(gateway.max_replicas):
        check.rule(
            gateway.replicas <= gateway.max_replicas,
            f"max_replicas {gateway.max_replicas} is below replicas {gateway.replicas}",
        )


class Gateway(pulumi.ComponentResource):
    """Traefik under Pod Security "restricted", its Service, a GatewayClass and a Gateway that routes of all namespaces may attach to.

    A change of a route's weights is applied within a tenth of a second. Responses get security headers and are compressed,
    but for event streams; a request that reached no pod is tried on another. Access logs are JSON on standard output.
    https://doc.traefik.io/traefik/v3.5/providers/kubernetes-gateway/
    """

    url: pulumi.Output[str]
    """Where the outside reaches it, without a slash at the end."""
    gateway_name: pulumi.Output[str]
    """Name of the Gateway that routes name as their parent."""
    namespace: pulumi.Output[str]
    """Namespace of the Gateway and of Traefik's pods."""
    origin_secret: pulumi.Output[str]
    """With `clients` cdn: what the header X-Origin-Verify has to say, as a secret, for Cdn's argument of that name; else empty."""

    def __init__(self, name: str, args: GatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        settings = _resolve(name, args)
        super().__init__("slipway:index:Gateway", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        definitions = _definitions(name, settings, child)
        home = Manifest(f"{name}-namespace", objects.home(settings), child)
        inside = pulumi.ResourceOptions(parent=self, depends_on=[home])
        rights = [Manifest(f"{name}-{noun}", body, inside) for noun, body in objects.rights(settings).items()]
        service = Manifest(f"{name}-service", objects.service(settings), inside)
        Manifest(f"{name}-disruption-budget", objects.disruption_budget(settings), inside)
        Manifest(f"{name}-autoscaler", objects.autoscaler(settings), inside)
        configuration = Manifest(f"{name}-middlewares", dynamic_configuration(settings), inside)
        after_rights = pulumi.ResourceOptions(
            parent=self, depends_on=[home, *rights, *definitions, configuration]
        )
        verified, self.origin_secret = _origin_secret(name, settings, inside)
        traefik = Manifest(f"{name}-traefik", objects.traefik(settings, verified), after_rights)
        gateway_class = Manifest(f"{name}-class", objects.gateway_class(settings), after_rights)
        gateway = Manifest(
            f"{name}-gateway",
            objects.gateway(settings, _secret_name(name, settings, inside)),
            pulumi.ResourceOptions(parent=self, depends_on=[home, gateway_class]),
        )

        self.url = objects.url(settings, service.status)
        # Taken from the object, so that a route waits for its Gateway; where it may need more of Traefik, for all its pods.
        ready = gateway.id if settings.traefik_kinds == "none" else traefik.id
        self.gateway_name = pulumi.Output.all(gateway.metadata, ready).apply(lambda both: both[0]["name"])
        self.namespace = gateway.metadata.apply(lambda metadata: metadata["namespace"])
        self.register_outputs(
            {
                "url": self.url,
                "gateway_name": self.gateway_name,
                "namespace": self.namespace,
                "origin_secret": self.origin_secret,
            }
        )


def _definitions(name: str, settings: GatewaySettings, opts: pulumi.ResourceOptions) -> list[Manifest]:
    bodies = [
        *(gateway_api.definitions() if settings.definitions == "install" else []),
        *(gateway_api.traefik_kinds() if settings.traefik_kinds == "install" else []),
    ]
    return [Manifest(f"{name}-crd-{body['spec']['names']['plural']}", body, opts) for body in bodies]


def _origin_secret(
    name: str, settings: GatewaySettings, opts: pulumi.ResourceOptions
) -> tuple[pulumi.Output[str] | None, pulumi.Output[str]]:
    """The name of the Secret, and what it says."""
    if settings.clients == "anyone":
        return None, pulumi.Output.secret("")
    kept = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(ignore_changes=["data"]))
    made = Manifest(f"{name}-origin-secret", objects.origin_secret(settings), kept)
    said = made.data.apply(lambda data: b64decode(data[ORIGIN_SECRET]).decode())
    return made.metadata.apply(lambda metadata: metadata["name"]), pulumi.Output.secret(said)


def _secret_name(
    name: str, settings: GatewaySettings, opts: pulumi.ResourceOptions
) -> pulumi.Input[str] | None:
    if settings.tls_certificate is None:
        return settings.tls_secret
    secret = Manifest(f"{name}-certificate", objects.certificate(settings), opts)
    return secret.metadata.apply(lambda metadata: metadata["name"])
