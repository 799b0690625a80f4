"""The Kubernetes objects of one Gateway: pure functions from its settings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from slipway.manifest import (
    KEPT_IMAGE,
    NO_CPU_LIMIT,
    SKIP_AWAIT,
    Body,
    excused,
    labels,
    namespace,
    restricted_container,
    restricted_pod,
)

HTTP, HTTPS, PING, METRICS = 8000, 8443, 8080, 9100
_USER = 65532
_DYNAMIC = "/etc/traefik/dynamic"
# Seconds; from a static file's to a streamed answer's.
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_EXCUSED = excused(
    CKV_K8S_11=NO_CPU_LIMIT,
    CKV_K8S_15=KEPT_IMAGE,
    CKV_K8S_38="Traefik reads routes, services and their endpoints from the API server",
    CKV2_K8S_6="it is the way in: everyone may reach it, and it reaches every application",
)


@dataclass(frozen=True)
class GatewaySettings:
    """A Gateway's arguments with every default filled in."""

    name: str
    exposure: str
    node_port: int | None
    address: str
    load_balancer_annotations: Mapping[str, str]
    namespace: str
    replicas: int
    max_replicas: int
    image: pulumi.Input[str]
    definitions: str
    tls_certificate: pulumi.Input[str] | None
    tls_private_key: pulumi.Input[str] | None
    tls_secret: str | None
    client_requests_per_second: int
    max_request_kib: int
    response_seconds: int
    attempts: int
    trusted_proxies: tuple[str, ...]

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


def home(settings: GatewaySettings) -> Body:
    """The namespace. Behind an AWS load balancer a new pod counts as ready when the load balancer has it, so that a roll loses nothing."""
    gates = {}
    if settings.exposure == "load-balancer":
        gates = {
            f"{controller}/pod-readiness-gate-inject": "enabled"
            for controller in ("elbv2.k8s.aws", "eks.amazonaws.com")
        }
    return namespace(settings.namespace, {**settings.labels, **gates})


def rights(settings: GatewaySettings) -> dict[str, Body]:
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


def certificate(settings: GatewaySettings) -> Body:
    """The certificate that was given. Without a fixed name: a renewal is a new Secret, and the listener turns to it."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": settings.namespace, "labels": settings.labels},
        "type": "kubernetes.io/tls",
        "stringData": {
            "tls.crt": settings.tls_certificate,
            "tls.key": pulumi.Output.secret(settings.tls_private_key),
        },
    }


def service(settings: GatewaySettings) -> Body:
    def port(name: str, number: int) -> dict[str, Any]:
        return {"name": name, "port": number, "targetPort": name, "protocol": "TCP"}

    ports = [port("http", 80), *([port("https", 443)] if settings.has_tls else [])]
    if settings.exposure == "node-port":
        # The provider would wait ten seconds for endpoints, at every change; the Deployment's own wait says more.
        annotations, kind = SKIP_AWAIT, "NodePort"
        ports[-1]["nodePort"] = settings.node_port
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
            "ports": ports,
        },
    }


def url(settings: GatewaySettings, status: pulumi.Output[dict[str, Any] | None]) -> pulumi.Output[str]:
    """Where the outside reaches it; a load balancer's address is in its Service's status."""
    scheme = "https" if settings.has_tls else "http"
    if settings.exposure == "node-port":
        return pulumi.Output.from_input(f"{scheme}://{settings.address}:{settings.node_port}")

    def address(status: dict[str, Any] | None) -> str:
        ingress: list[dict[str, str]] = (status or {}).get("loadBalancer", {}).get("ingress") or [{}]
        return f"{scheme}://{ingress[0].get('hostname') or ingress[0].get('ip') or 'pending'}"

    return status.apply(address)


def disruption_budget(settings: GatewaySettings) -> Body:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": settings.metadata(),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": settings.selector}},
    }


def autoscaler(settings: GatewaySettings) -> Body:
    target = {"type": "Utilization", "averageUtilization": 70}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": settings.metadata(annotations=SKIP_AWAIT),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": settings.name},
            "minReplicas": settings.replicas,
            "maxReplicas": settings.max_replicas,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        },
    }


def middlewares(settings: GatewaySettings) -> dict[str, Any]:
    """What every request passes, in this order (https://doc.traefik.io/traefik/v3.5/middlewares/http/overview/)."""
    headers = {
        "contentTypeNosniff": True,
        "customFrameOptionsValue": "SAMEORIGIN",
        "referrerPolicy": "strict-origin-when-cross-origin",
        "customResponseHeaders": {"X-Powered-By": ""},
    }
    if settings.has_tls:
        headers |= {"stsSeconds": 31536000}
    chain: dict[str, Any] = {"security-headers": {"headers": headers}}
    if settings.client_requests_per_second:
        rate = settings.client_requests_per_second
        depth = {"depth": 1} if settings.trusted_proxies else {}
        chain["client-rate"] = {
            "rateLimit": {"average": rate, "burst": 2 * rate, "sourceCriterion": {"ipStrategy": depth}}
        }
    # A stream of events must go out as it comes: compression would hold the first of it back.
    chain["compress"] = {"compress": {"excludedContentTypes": ["text/event-stream"]}}
    if settings.max_request_kib:
        chain["request-size"] = {"buffering": {"maxRequestBodyBytes": settings.max_request_kib * 1024}}
    if settings.attempts > 1:
        chain["retry"] = {"retry": {"attempts": settings.attempts, "initialInterval": "50ms"}}
    return chain


def dynamic_configuration(settings: GatewaySettings) -> Body:
    """Traefik's dynamic configuration. Its name is its content's: a change rolls Traefik, which reads it at start."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": settings.metadata(_configuration_name(settings)),
        "immutable": True,
        "data": {"middlewares.yaml": _dynamic_text(settings)},
    }


def _dynamic_text(settings: GatewaySettings) -> str:
    return json.dumps({"http": {"middlewares": middlewares(settings)}}, indent=2)


def _configuration_name(settings: GatewaySettings) -> str:
    return f"{settings.name}-{hashlib.sha256(_dynamic_text(settings).encode()).hexdigest()[:8]}"


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


def _entry_point(name: str, port: int, settings: GatewaySettings) -> list[str]:
    prefix = f"--entrypoints.{name}"
    chain = ",".join(f"{middleware}@file" for middleware in middlewares(settings))
    trusted = ",".join(settings.trusted_proxies)
    return [
        f"{prefix}.address=:{port}",
        # Long answers are streamed: only an idle connection is ever cut.
        f"{prefix}.transport.respondingtimeouts.readtimeout=0s",
        f"{prefix}.transport.lifecycle.requestacceptgracetimeout={settings.drain_seconds}s",
        f"{prefix}.transport.lifecycle.gracetimeout=30s",
        *([f"{prefix}.forwardedheaders.trustedips={trusted}"] if trusted else []),
        f"{prefix}.http.middlewares={chain}",
    ]


def _arguments(settings: GatewaySettings) -> list[str]:
    redirect = "--entrypoints.web.http.redirections.entrypoint"
    secure = [
        *_entry_point("websecure", HTTPS, settings),
        # The port by which the outside knows it, not the container's.
        f"{redirect}.to=:{settings.node_port or 443}",
        f"{redirect}.scheme=https",
    ]
    return [
        *_entry_point("web", HTTP, settings),
        *(secure if settings.has_tls else []),
        f"--entrypoints.ping.address=:{PING}",
        "--ping.entrypoint=ping",
        # On a port of its own that no Service has. Requests count by entry point and by service, which is by colour.
        f"--entrypoints.metrics.address=:{METRICS}",
        "--metrics.prometheus.entrypoint=metrics",
        f"--metrics.prometheus.buckets={','.join(map(str, _BUCKETS))}",
        f"--providers.file.directory={_DYNAMIC}",
        "--providers.file.watch=false",
        "--providers.kubernetesgateway=true",
        f"--providers.kubernetesgateway.labelselector=app.kubernetes.io/instance={settings.global_name}",
        # The default of two seconds would hold back a change of weights that follows another change.
        "--providers.providersthrottleduration=50ms",
        "--serverstransport.forwardingtimeouts.dialtimeout=5s",
        f"--serverstransport.forwardingtimeouts.responseheadertimeout={settings.response_seconds}s",
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


def traefik(settings: GatewaySettings) -> Body:
    """Traefik's Deployment; the autoscaler owns its replicas."""
    ping = {"httpGet": {"path": "/ping", "port": "ping"}, "timeoutSeconds": 2}
    ports = {"http": HTTP, **({"https": HTTPS} if settings.has_tls else {}), "ping": PING, "metrics": METRICS}
    container = {
        "name": "traefik",
        "image": settings.image,
        "args": _arguments(settings),
        "ports": [{"name": name, "containerPort": port} for name, port in ports.items()],
        "readinessProbe": {**ping, "periodSeconds": 2},
        "livenessProbe": {**ping, "periodSeconds": 10, "failureThreshold": 6},
        "resources": {"requests": {"cpu": "200m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
        # Connections that pile up behind a slow application must make it slow, not make the kernel kill it.
        "env": [{"name": "GOMEMLIMIT", "value": "450MiB"}],
        "securityContext": restricted_container(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [{"name": "dynamic", "mountPath": _DYNAMIC, "readOnly": True}],
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
        "terminationGracePeriodSeconds": settings.drain_seconds + 45,
        "topologySpreadConstraints": spread,
        "containers": [container],
        "volumes": [{"name": "dynamic", "configMap": {"name": _configuration_name(settings)}}],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": settings.metadata(annotations=_EXCUSED),
        "spec": {
            "selector": {"matchLabels": settings.selector},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": {"metadata": {"labels": settings.labels}, "spec": pod},
        },
    }


def gateway_class(settings: GatewaySettings) -> Body:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GatewayClass",
        "metadata": settings.global_metadata(),
        "spec": {"controllerName": "traefik.io/gateway-controller"},
    }


def gateway(settings: GatewaySettings, secret: pulumi.Input[str] | None) -> Body:
    """The Gateway that routes attach to. Traefik finds a listener's entry point by its port."""
    from_all = {"namespaces": {"from": "All"}}
    listener: dict[str, Any] = {"name": "http", "protocol": "HTTP", "port": HTTP, "allowedRoutes": from_all}
    if secret is not None:
        tls = {"mode": "Terminate", "certificateRefs": [{"kind": "Secret", "name": secret}]}
        listener |= {"name": "https", "protocol": "HTTPS", "port": HTTPS, "tls": tls}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": settings.metadata(),
        "spec": {"gatewayClassName": settings.global_name, "listeners": [listener]},
    }
