"""The Kubernetes objects of one Gateway: pure functions from its settings."""

from __future__ import annotations

import base64
import secrets
from typing import Any

import pulumi

from slipway.gateway_api import traefik_kinds
from slipway.gateway_middlewares import ORIGIN_SECRET, configuration_name, middlewares
from slipway.gateway_settings import HTTP, HTTPS, METRICS, PING, GatewaySettings
from slipway.manifest import (
    KEPT_IMAGE,
    NO_CPU_LIMIT,
    SKIP_AWAIT,
    Body,
    excused,
    namespace,
    restricted_container,
    restricted_pod,
)

PENDING = "pending.invalid"
"""What a preview says before the load balancer has a name: one that can be none (https://www.rfc-editor.org/rfc/rfc2606)."""
_USER = 65532
_DYNAMIC = "/etc/traefik/dynamic"
# Seconds; from a static file's to a streamed answer's.
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_EXCUSED = excused(
    CKV_K8S_11=NO_CPU_LIMIT,
    CKV_K8S_15=KEPT_IMAGE,
    CKV_K8S_35="the files that Traefik takes its rules from take a value from nothing but a variable",
    CKV_K8S_38="Traefik reads routes, services and their endpoints from the API server",
    CKV2_K8S_6="it is the way in: everyone may reach it, and it reaches every application",
)


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
        *(_traefik_rules() if settings.traefik_kinds != "none" else ()),
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


def _traefik_rules() -> list[dict[str, Any]]:
    """What its provider of Traefik's kinds reads: it watches all of them and ConfigMaps, or does not start."""
    kinds = [body["spec"]["names"]["plural"] for body in traefik_kinds()]
    return [
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": ["traefik.io"], "resources": kinds, "verbs": ["get", "list", "watch"]},
    ]


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


def origin_secret(settings: GatewaySettings) -> Body:
    """What a CDN says to be let in. Made at the first run and kept: whoever declares it ignores what later runs make."""
    value = base64.b64encode(secrets.token_urlsafe(32).encode()).decode()
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": settings.namespace, "labels": settings.labels},
        "type": "Opaque",
        "data": {ORIGIN_SECRET: pulumi.Output.secret(value)},
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
        return pulumi.Output.from_input(f"{scheme}://{settings.address or '127.0.0.1'}:{settings.node_port}")

    def address(status: dict[str, Any] | None) -> str:
        ingress: list[dict[str, str]] = (status or {}).get("loadBalancer", {}).get("ingress") or [{}]
        own = ingress[0].get("hostname") or ingress[0].get("ip") or PENDING
        return f"{scheme}://{settings.address or own}"

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


_OWN_KINDS = (
    "--providers.kubernetescrd=true",
    # An App's own services alone: a route of somebody's IngressRoute would be a second way in.
    "--providers.kubernetescrd.labelselector=app.kubernetes.io/component=app,app.kubernetes.io/managed-by=slipway",
    # A copy's target without a pod must not take the route away that sends it.
    "--providers.kubernetescrd.allowemptyservices=true",
    "--providers.kubernetescrd.disableclusterscoperesources=true",
)


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
        *(_OWN_KINDS if settings.traefik_kinds != "none" else ()),
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


def traefik(settings: GatewaySettings, origin_secret: pulumi.Input[str] | None) -> Body:
    """Traefik's Deployment; the autoscaler owns its replicas. `origin_secret` is the Secret that a CDN's requests are held against."""
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
        "env": [{"name": "GOMEMLIMIT", "value": "450MiB"}, *_secret_variable(origin_secret)],
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
        "volumes": [{"name": "dynamic", "configMap": {"name": configuration_name(settings)}}],
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


def _secret_variable(origin_secret: pulumi.Input[str] | None) -> list[dict[str, Any]]:
    if origin_secret is None:
        return []
    source = {"secretKeyRef": {"name": origin_secret, "key": ORIGIN_SECRET}}
    return [{"name": ORIGIN_SECRET, "valueFrom": source}]


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
