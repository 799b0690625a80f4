"""Gateway: Traefik as the cluster's Gateway API implementation, with one Gateway that applications attach routes to.

Does not terminate TLS.
Costs: with `exposure` LoadBalancer one network load balancer by the hour and by its traffic.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

import pulumi

from slipway import gateway_api, versions
from slipway.manifest import (
    SKIP_AWAIT,
    Body,
    Manifest,
    labels,
    namespace,
    restricted_container,
    restricted_pod,
)
from slipway.validation import DNS_LABEL, HOST, Checks, is_one_of, is_whole, matches

EXPOSURES = ("load-balancer", "node-port")
EXPOSURE = "load-balancer"
HOST_RULE = "a host name or address, without scheme or port"
_HTTP, _PING, _METRICS = 8000, 8080, 9100
_USER = 65532
_DRAIN_SECONDS = 15
_NLB = {
    "service.beta.kubernetes.io/aws-load-balancer-type": "external",
    "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type": "ip",
    "service.beta.kubernetes.io/aws-load-balancer-scheme": "internet-facing",
}


class GatewayArgs(TypedDict):
    """Arguments of Gateway."""

    exposure: NotRequired[str]
    """How the outside reaches it: `load-balancer` (default) or `node-port`."""
    node_port: NotRequired[int]
    """With `node-port`, required: the port on every node, 30000-32767."""
    address: NotRequired[str]
    """With `node-port`: the host part of `url`, a host name or IPv4 address. Default `127.0.0.1`."""
    load_balancer_annotations: NotRequired[Mapping[str, str]]
    """With `load-balancer`: the Service's annotations. Default an internet-facing AWS network load balancer."""
    namespace: NotRequired[str]
    """Namespace to make for it. Default the component's name."""
    replicas: NotRequired[int]
    """Traefik pods, 1-50. Default 2."""
    image: NotRequired[pulumi.Input[str]]
    """Traefik image. Default the version that this release was tested with."""
    definitions: NotRequired[str]
    """The Gateway API's resource definitions: `install` (default) or `existing`, when the cluster brings them."""


@dataclass(frozen=True)
class _Gateway:
    name: str
    exposure: str
    node_port: int | None
    address: str
    load_balancer_annotations: Mapping[str, str]
    namespace: str
    replicas: int
    image: pulumi.Input[str]
    definitions: str

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

    def metadata(self, name: str | None = None, **more: Any) -> dict[str, Any]:
        return {"name": name or self.name, "namespace": self.namespace, "labels": self.labels, **more}

    def global_metadata(self) -> dict[str, Any]:
        return {"name": self.global_name, "labels": self.labels}


def _resolve(name: str, args: GatewayArgs) -> _Gateway:
    gateway = _Gateway(
        name=name,
        exposure=args.get("exposure", EXPOSURE),
        node_port=args.get("node_port"),
        address=args.get("address", "127.0.0.1"),
        load_balancer_annotations=args.get("load_balancer_annotations", _NLB),
        namespace=args.get("namespace", name),
        replicas=args.get("replicas", 2),
        image=args.get("image", versions.TRAEFIK_IMAGE),
        definitions=args.get("definitions", "install"),
    )
    with Checks("gateway", name, args, GatewayArgs) as check:
        check.value("name", name, "lower-case letters, digits and -", matches(DNS_LABEL))
        check.value("exposure", gateway.exposure, f"one of {', '.join(EXPOSURES)}", is_one_of(EXPOSURES))
        check.value("node_port", gateway.node_port, "30000-32767", is_whole(30000, 32767))
        check.value("address", gateway.address, HOST_RULE, matches(HOST))
        check.value("namespace", gateway.namespace, "lower-case letters, digits and -", matches(DNS_LABEL))
        check.value("replicas", gateway.replicas, "1-50", is_whole(1, 50))
        check.value(
            "definitions", gateway.definitions, "install or existing", is_one_of(("install", "existing"))
        )
        by_port = gateway.exposure == "node-port"
        check.rule(not by_port or gateway.node_port is not None, 'exposure "node-port" needs node_port')
        check.rule(by_port or gateway.node_port is None, 'node_port needs exposure "node-port"')
    return gateway


class Gateway(pulumi.ComponentResource):
    """Traefik under Pod Security "restricted", its Service, a GatewayClass and a Gateway that routes of all namespaces may attach to.

    A change of a route's weights is applied within a tenth of a second. Access logs are JSON on standard output.
    https://doc.traefik.io/traefik/v3.5/providers/kubernetes-gateway/
    """

    url: pulumi.Output[str]
    """Where the outside reaches it, without a slash at the end."""
    gateway_name: pulumi.Output[str]
    """Name of the Gateway that routes name as their parent."""
    namespace: pulumi.Output[str]
    """Namespace of the Gateway and of Traefik's pods."""

    def __init__(self, name: str, args: GatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        settings = _resolve(name, args)
        super().__init__("slipway:index:Gateway", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        definitions = _definitions(name, settings, child)
        home = Manifest(f"{name}-namespace", namespace(settings.namespace, settings.labels), child)
        inside = pulumi.ResourceOptions(parent=self, depends_on=[home])
        rights = [Manifest(f"{name}-{noun}", body, inside) for noun, body in _rights(settings).items()]
        service = Manifest(f"{name}-service", _service(settings), inside)
        Manifest(f"{name}-disruption-budget", _disruption_budget(settings), inside)
        after_rights = pulumi.ResourceOptions(parent=self, depends_on=[home, *rights, *definitions])
        Manifest(f"{name}-traefik", _traefik(settings), after_rights)
        gateway_class = Manifest(f"{name}-class", _gateway_class(settings), after_rights)
        gateway = Manifest(
            f"{name}-gateway",
            _gateway(settings),
            pulumi.ResourceOptions(parent=self, depends_on=[home, gateway_class]),
        )

        self.url = _url(settings, service)
        # Taken from the object, so that a route waits for its Gateway.
        self.gateway_name = gateway.metadata.apply(lambda metadata: metadata["name"])
        self.namespace = gateway.metadata.apply(lambda metadata: metadata["namespace"])
        self.register_outputs(
            {"url": self.url, "gateway_name": self.gateway_name, "namespace": self.namespace}
        )


def _definitions(name: str, settings: _Gateway, opts: pulumi.ResourceOptions) -> list[Manifest]:
    if settings.definitions == "existing":
        return []
    return [
        Manifest(f"{name}-crd-{body['spec']['names']['plural']}", body, opts)
        for body in gateway_api.definitions()
    ]


def _rights(settings: _Gateway) -> dict[str, Body]:
    """What Traefik's Gateway provider reads and writes, without the kinds of the experimental channel."""
    api = "gateway.networking.k8s.io"
    statuses = ["gatewayclasses/status", "gateways/status", "grpcroutes/status", "httproutes/status"]
    kinds = ["gatewayclasses", "gateways", "grpcroutes", "httproutes", "referencegrants"]
    rules = [
        {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["list", "watch"]},
        {"apiGroups": [""], "resources": ["services", "secrets"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
        {"apiGroups": [api], "resources": kinds, "verbs": ["get", "list", "watch"]},
        {"apiGroups": [api], "resources": statuses, "verbs": ["update"]},
    ]
    rbac = "rbac.authorization.k8s.io"
    subject = {"kind": "ServiceAccount", "name": settings.name, "namespace": settings.namespace}
    return {
        "account": {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": settings.metadata()},
        "role": {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRole",
            "metadata": settings.global_metadata(),
            "rules": rules,
        },
        "role-binding": {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": settings.global_metadata(),
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": settings.global_name},
            "subjects": [subject],
        },
    }


def _service(settings: _Gateway) -> Body:
    port: dict[str, Any] = {"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}
    if settings.exposure == "node-port":
        # The provider would wait ten seconds for endpoints, at every change; the Deployment's own wait says more.
        annotations, kind, port = SKIP_AWAIT, "NodePort", {**port, "nodePort": settings.node_port}
    else:
        # The address is what `url` needs, so that is what is waited for.
        wait = {"pulumi.com/waitFor": "jsonpath={.status.loadBalancer.ingress}"}
        annotations, kind = {**settings.load_balancer_annotations, **wait}, "LoadBalancer"
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": settings.metadata(annotations=annotations),
        "spec": {
            "type": kind,
            "externalTrafficPolicy": "Local",
            "selector": settings.selector,
            "ports": [port],
        },
    }


def _url(settings: _Gateway, service: Manifest) -> pulumi.Output[str]:
    if settings.exposure == "node-port":
        return pulumi.Output.from_input(f"http://{settings.address}:{settings.node_port}")

    def address(status: dict[str, Any] | None) -> str:
        ingress: list[dict[str, str]] = (status or {}).get("loadBalancer", {}).get("ingress") or [{}]
        return f"http://{ingress[0].get('hostname') or ingress[0].get('ip') or 'pending'}"

    return service.status.apply(address)


def _disruption_budget(settings: _Gateway) -> Body:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": settings.metadata(),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": settings.selector}},
    }


# Who asked for what, what came of it, how long it took and which colour answered.
_LOGGED = (
    "ClientHost",
    "DownstreamContentSize",
    "DownstreamStatus",
    "Duration",
    "OriginDuration",
    "RequestHost",
    "RequestMethod",
    "RequestPath",
    "RetryAttempts",
    "ServiceName",
    "StartUTC",
)


# Seconds; from a static file's to a streamed answer's.
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


def _arguments(settings: _Gateway) -> list[str]:
    return [
        f"--entrypoints.web.address=:{_HTTP}",
        # Long answers are streamed: only an idle connection is ever cut.
        "--entrypoints.web.transport.respondingtimeouts.readtimeout=0s",
        f"--entrypoints.web.transport.lifecycle.requestacceptgracetimeout={_DRAIN_SECONDS}s",
        "--entrypoints.web.transport.lifecycle.gracetimeout=30s",
        f"--entrypoints.ping.address=:{_PING}",
        "--ping.entrypoint=ping",
        # On a port of its own that no Service has. Requests count by entry point and by service, which is by colour.
        f"--entrypoints.metrics.address=:{_METRICS}",
        "--metrics.prometheus.entrypoint=metrics",
        f"--metrics.prometheus.buckets={','.join(map(str, _BUCKETS))}",
        "--providers.kubernetesgateway=true",
        f"--providers.kubernetesgateway.labelselector=app.kubernetes.io/instance={settings.global_name}",
        # The default of two seconds would hold back a change of weights that follows another change.
        "--providers.providersthrottleduration=50ms",
        "--accesslog=true",
        "--accesslog.format=json",
        "--accesslog.bufferingsize=100",
        "--accesslog.fields.defaultmode=drop",
        *(f"--accesslog.fields.names.{field}=keep" for field in _LOGGED),
        "--log.format=json",
        "--log.level=INFO",
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
    ]


def _traefik(settings: _Gateway) -> Body:
    ping = {"httpGet": {"path": "/ping", "port": "ping"}, "timeoutSeconds": 2}
    container = {
        "name": "traefik",
        "image": settings.image,
        "args": _arguments(settings),
        "ports": [
            {"name": "http", "containerPort": _HTTP},
            {"name": "ping", "containerPort": _PING},
            {"name": "metrics", "containerPort": _METRICS},
        ],
        "readinessProbe": {**ping, "periodSeconds": 2},
        "livenessProbe": {**ping, "periodSeconds": 10, "failureThreshold": 6},
        "resources": {"requests": {"cpu": "200m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
        # Connections that pile up behind a slow application must make it slow, not make the kernel kill it.
        "env": [{"name": "GOMEMLIMIT", "value": "450MiB"}],
        "securityContext": restricted_container(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }
    spread = [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": settings.selector},
        }
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]
    pod = {
        "serviceAccountName": settings.name,
        "securityContext": restricted_pod(_USER),
        "terminationGracePeriodSeconds": _DRAIN_SECONDS + 45,
        "topologySpreadConstraints": spread,
        "containers": [container],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": settings.metadata(),
        "spec": {
            "replicas": settings.replicas,
            "selector": {"matchLabels": settings.selector},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": {"metadata": {"labels": settings.labels}, "spec": pod},
        },
    }


def _gateway_class(settings: _Gateway) -> Body:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GatewayClass",
        "metadata": settings.global_metadata(),
        "spec": {"controllerName": "traefik.io/gateway-controller"},
    }


def _gateway(settings: _Gateway) -> Body:
    # Traefik finds a listener's entry point by its port.
    listener = {
        "name": "http",
        "protocol": "HTTP",
        "port": _HTTP,
        "allowedRoutes": {"namespaces": {"from": "All"}},
    }
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": settings.metadata(),
        "spec": {"gatewayClassName": settings.global_name, "listeners": [listener]},
    }
