"""App: one web application in two colours, blue and green, behind one weighted route.

Does not build images, gateways or what the application stores data in.
Costs: the pods of both colours; the one without traffic keeps its size for `scaling.warm_seconds`, then falls to `scaling.idle_replicas`.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi

from slipway import app_objects as objects
from slipway import app_routes as routes
from slipway.app_checks import check_values
from slipway.app_objects import AppSettings, Mounts
from slipway.app_traefik import traefik_services
from slipway.guard import app_colors
from slipway.manifest import Body, Manifest, namespace
from slipway.readiness import ROLLOUT_SECONDS
from slipway.release import Release, rollout_guard, traffic_guard
from slipway.traffic import COLORS, MAX_REPLICAS, MIN_REPLICAS, weights
from slipway.validation import Checks, usable

WRITABLE_PATHS = ("/tmp",)  # noqa: S108 (a mount, not a file)


class ScalingArgs(TypedDict):
    """How many pods each colour has."""

    min_replicas: NotRequired[int]
    """Fewest pods, 1-1000. Default 2."""
    max_replicas: NotRequired[int]
    """Most pods, 1-1000. Default 10."""
    idle_replicas: NotRequired[int]
    """Fewest pods of the colour without traffic, once it is no longer kept warm; at most `min_replicas`. Default 1."""
    warm_seconds: NotRequired[int]
    """Seconds that a colour keeps its size after it lost its traffic, or got a new release, 0-3600. Default 1800."""
    cpu_percent: NotRequired[int]
    """Use of the requested cpu that the autoscaler aims at, in per cent, 1-100. Default 70."""
    requests_per_second: NotRequired[int]
    """Requests per second and pod that it aims at besides, 1-100000; by a MonitoringStack with `request_metrics`. Default none."""


class ResourcesArgs(TypedDict):
    """What each pod asks for."""

    cpu: NotRequired[str]
    """CPU requested, as `250m` or `1`. Default `250m`; there is no limit, spare cpu may be used."""
    memory: NotRequired[str]
    """Memory requested and allowed, as `256Mi`. Default `256Mi`."""


class ProbesArgs(TypedDict):
    """How a pod's health is asked for."""

    startup_seconds: NotRequired[int]
    """Seconds that a pod may take until it first answers, 1-3600. Default 60."""
    period_seconds: NotRequired[int]
    """Seconds between two questions whether a pod can serve, 1-300; two failures take its traffic away. Default 5."""
    timeout_seconds: NotRequired[int]
    """Seconds that an answer may take, 1-60. Default 2."""
    live_path: NotRequired[str]
    """Path whose failure for a minute restarts the container. Default `health_path`."""


class PreviewArgs(TypedDict):
    """How a colour is looked at before it gets traffic. Whoever knows the header or the host name can do so."""

    header: NotRequired[str]
    """Request header whose value, `blue` or `green`, chooses the colour that answers, as `X-Slipway-Color`. Default none."""
    hostnames: NotRequired[Sequence[str]]
    """Host names at which the colour that is not active answers. Default none."""


class CanaryUsersArgs(TypedDict):
    """Who gets the colour that is not active under the strategy `canary`, whatever its weight."""

    headers: NotRequired[Mapping[str, str]]
    """Request headers, name to value; one that matches is enough. Default none."""
    cookies: NotRequired[Mapping[str, str]]
    """Cookies, name to value; one that matches is enough. Default none."""


class AppArgs(TypedDict):
    """Arguments of App."""

    blue_image: pulumi.Input[str]
    """Image of the blue colour."""
    green_image: pulumi.Input[str]
    """Image of the green colour."""
    active: str
    """Where traffic goes: `blue` or `green`."""
    gateway_name: pulumi.Input[str]
    """Name of the Gateway to attach to."""
    gateway_namespace: pulumi.Input[str]
    """Namespace of that Gateway; only from there are pods reachable."""
    strategy: NotRequired[str]
    """`blue-green` (default), `canary` or `rolling`."""
    canary_weight: NotRequired[int]
    """With `canary`: per cent of traffic to the colour that is not active, 0-100. Default 0."""
    canary_users: NotRequired[CanaryUsersArgs]
    """With `canary`: users who get the colour that is not active. Default none."""
    sticky_cookie: NotRequired[str]
    """With `canary`: first part of the names of the cookies by which users keep the colour that they got first. Default none.

    Only while both colours have traffic, and until the next release. Needs a Gateway with `traefik_kinds`.
    """
    mirror_percent: NotRequired[int]
    """Per cent of the requests of which the colour that is not active gets a copy, 0-100, while it has no traffic. Default 0.

    Nobody sees what it answers; what requests do is done twice. Bodies above 1 MiB are not copied. Needs a Gateway with `traefik_kinds`.
    """
    preview: NotRequired[PreviewArgs]
    """How a colour is looked at before it gets traffic. Default not at all."""
    port: NotRequired[int]
    """Port that the image listens on, 1024-65535; it also gets it as $PORT. Default 3000."""
    health_path: NotRequired[str]
    """Path that answers 200 when a pod can serve. Default `/`."""
    metrics_path: NotRequired[str]
    """Path that answers Prometheus' metrics on `port`; then a MonitoringStack scrapes each pod. Default none."""
    env: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Plain environment variables. $COLOR and $PORT are there already. Default none."""
    secrets: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Secret environment variables, kept in a Kubernetes Secret; a change rolls the pods. Default none."""
    hostnames: NotRequired[Sequence[str]]
    """Host names to serve. Default all."""
    scaling: NotRequired[ScalingArgs]
    """Pods of each colour. Default two to ten at 70 per cent of cpu."""
    resources: NotRequired[ResourcesArgs]
    """Resources of each pod. Default 250m cpu and 256Mi memory."""
    probes: NotRequired[ProbesArgs]
    """How a pod's health is asked for. Default `health_path` every five seconds, after at most a minute to start."""
    command: NotRequired[Sequence[str]]
    """Program to run in place of the image's own. Default none."""
    arguments: NotRequired[Sequence[str]]
    """Arguments in place of the image's own. Default none."""
    files: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Configuration files: absolute path to content, read-only; a change rolls the pods. Default none."""
    claims: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Volumes that outlive pods: absolute path to the name of a PersistentVolumeClaim, shared by all pods of both colours. Default none."""
    namespace: NotRequired[str]
    """Namespace to make for it. Default the component's name."""
    user: NotRequired[int]
    """Numeric user and group that the container runs as, 1-65535. Default 1000."""
    writable_paths: NotRequired[Sequence[str]]
    """Absolute paths that the container may write to, empty at start; the rest of its filesystem is read-only. Default `/tmp`."""
    drain_seconds: NotRequired[int]
    """Seconds that a stopping pod goes on serving while traffic leaves it, 1-300. Default 10."""
    rollout_seconds: NotRequired[int]
    """Seconds to wait for a colour to get ready, 10-3600. Default 100."""
    kubeconfig: NotRequired[pulumi.Input[str]]
    """Content of the kubeconfig by which readiness is watched. Default the ambient one."""


def _resolve(name: str, args: AppArgs) -> AppSettings:
    given, args = args, usable(args, AppArgs)
    scaling, resources = args.get("scaling", ScalingArgs()), args.get("resources", ResourcesArgs())
    probes = args.get("probes", ProbesArgs())
    preview, users = args.get("preview", PreviewArgs()), args.get("canary_users", CanaryUsersArgs())
    app = AppSettings(
        name=name,
        namespace=args.get("namespace", name),
        images={"blue": args.get("blue_image", ""), "green": args.get("green_image", "")},
        active=args.get("active", ""),
        strategy=args.get("strategy", "blue-green"),
        canary_weight=args.get("canary_weight", 0),
        port=args.get("port", 3000),
        health_path=args.get("health_path", "/"),
        metrics_path=args.get("metrics_path"),
        env=args.get("env", {}),
        secrets=args.get("secrets", {}),
        gateway_name=args.get("gateway_name", ""),
        gateway_namespace=args.get("gateway_namespace", ""),
        hostnames=tuple(args.get("hostnames", ())),
        min_replicas=scaling.get("min_replicas", MIN_REPLICAS),
        max_replicas=scaling.get("max_replicas", MAX_REPLICAS),
        idle_replicas=scaling.get("idle_replicas", 1),
        warm_seconds=scaling.get("warm_seconds", 1800),
        cpu_percent=scaling.get("cpu_percent", 70),
        requests_per_second=scaling.get("requests_per_second"),
        cpu=resources.get("cpu", "250m"),
        memory=resources.get("memory", "256Mi"),
        startup_seconds=probes.get("startup_seconds", 60),
        period_seconds=probes.get("period_seconds", 5),
        timeout_seconds=probes.get("timeout_seconds", 2),
        live_path=probes.get("live_path", args.get("health_path", "/")),
        command=tuple(args.get("command", ())),
        arguments=tuple(args.get("arguments", ())),
        files=args.get("files", {}),
        claims=args.get("claims", {}),
        user=args.get("user", 1000),
        writable_paths=tuple(args.get("writable_paths", WRITABLE_PATHS)),
        drain_seconds=args.get("drain_seconds", 10),
        rollout_seconds=args.get("rollout_seconds", ROLLOUT_SECONDS),
        preview_header=preview.get("header"),
        preview_hostnames=tuple(preview.get("hostnames", ())),
        sticky_cookie=args.get("sticky_cookie"),
        mirror_percent=args.get("mirror_percent", 0),
        canary_headers=users.get("headers", {}),
        canary_cookies=users.get("cookies", {}),
    )
    with Checks("app", name, given, AppArgs) as check:
        check_values(check, app)
    return app


class App(pulumi.ComponentResource):
    """A namespace under Pod Security "restricted"; each colour's Deployment, Service, autoscaler, disruption budget; one route.

    A colour gets traffic only when it has the ready pods for it; a release that does not get ready fails the update
    with its cause and moves no traffic. Needs a Gateway API implementation in the cluster and, to scale, metrics.
    `route`, in Python, is the route itself, for what is to come after a switch of traffic.
    https://gateway-api.sigs.k8s.io/guides/traffic-splitting/
    """

    namespace: pulumi.Output[str]
    """Namespace of all its objects."""
    route_name: pulumi.Output[str]
    """Name of the HTTPRoute."""
    weights: pulumi.Output[Mapping[str, int]]
    """Per cent of traffic by colour."""
    images: pulumi.Output[Mapping[str, str]]
    """Image by colour."""

    def __init__(self, name: str, args: AppArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        app = _resolve(name, args)
        super().__init__("slipway:index:App", name, {}, opts)
        home = Manifest(
            f"{name}-namespace", namespace(app.namespace, app.labels), pulumi.ResourceOptions(parent=self)
        )
        inside = pulumi.ResourceOptions(parent=self, depends_on=[home])
        account = Manifest(f"{name}-account", objects.account(app), inside)
        Manifest(f"{name}-network-policy", objects.network_policy(app), inside)
        mounts = Mounts(
            secrets=_made_name(f"{name}-secrets", objects.secret(app), inside) if app.secrets else None,
            files=_made_name(f"{name}-files", objects.files(app), inside) if app.files else None,
        )

        share = weights(app.active, app.strategy, app.canary_weight)
        carried = routes.carriers(app, share)
        release = _release(app, args.get("kubeconfig"))
        after = pulumi.ResourceOptions(parent=self, depends_on=[home, account])
        templates = {color: objects.deployment(app, color, mounts) for color in COLORS}
        records = {color: _color(app, color, templates[color], release, after) for color in COLORS}
        beside = [Manifest(f"{name}-{noun}", body, inside) for noun, body in traefik_services(app).items()]
        self.route = Manifest(
            f"{name}-route",
            routes.route(app, share),
            pulumi.ResourceOptions(
                parent=self,
                # Only on what is to carry traffic: a colour that cannot get ready never holds up the way back from it.
                depends_on=[
                    home,
                    *beside,
                    *(records[color] for color, weight in carried.items() if weight > 0),
                ],
                hooks=traffic_guard(name, release, carried),
            ),
        )
        for color, record in records.items():
            idle = objects.idle_autoscaler(app, color, _hash(templates[color]))
            scaler = objects.autoscaler(app, color) if carried[color] else idle
            _autoscaler(f"{name}-{color}-autoscaler", scaler, _behind(after, record, self.route))
        if app.preview_hostnames:
            Manifest(f"{name}-preview", routes.preview_route(app), inside)

        self.namespace = home.metadata.apply(lambda metadata: metadata["name"])
        self.route_name = self.route.metadata.apply(lambda metadata: metadata["name"])
        # By way of what was written last: after a release that failed, outputs still say what is, not what was asked for.
        self.weights = self.route.id.apply(lambda _: share)
        self.images = pulumi.Output.all(*(record.id for record in records.values())).apply(
            lambda _: pulumi.Output.all(**app.images)
        )
        self.register_outputs(
            {
                "namespace": self.namespace,
                "route_name": self.route_name,
                "weights": self.weights,
                "images": self.images,
            }
        )


def _made_name(name: str, body: Body, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    return Manifest(name, body, opts).metadata.apply(lambda metadata: metadata["name"])


def _release(app: AppSettings, kubeconfig: pulumi.Input[str] | None) -> Release:
    return Release(
        colors=app_colors(app.name, app.namespace),
        route=app.name,
        min_replicas=app.min_replicas,
        max_replicas=app.max_replicas,
        timeout=app.rollout_seconds,
        kubeconfig=pulumi.Output.from_input(kubeconfig),
    )


def _color(
    app: AppSettings,
    color: str,
    body: Body,
    release: Release,
    opts: pulumi.ResourceOptions,
) -> Manifest:
    """One colour's objects; what comes back is the record of its release, written when its pods are ready."""
    prefix = app.colored(color)
    deployment = Manifest(f"{prefix}-deployment", body, opts)
    service = Manifest(f"{prefix}-service", objects.service(app, color), opts)
    Manifest(f"{prefix}-disruption-budget", objects.disruption_budget(app, color), opts)
    return Manifest(
        f"{prefix}-release",
        objects.release_record(app, color, _hash(body)),
        pulumi.ResourceOptions.merge(
            _behind(opts, deployment, service),
            pulumi.ResourceOptions(hooks=rollout_guard(app.name, release, color)),
        ),
    )


def _autoscaler(name: str, body: Body, opts: pulumi.ResourceOptions) -> None:
    """A colour's autoscaler: another one, not a changed one, when the colour comes to carry or to carry nothing, or runs a new release.

    Kubernetes' controller starts each with the number of pods that there are, and takes none away before its window is over:
    so a colour stays as it is for as long as it is to be warm. It comes behind the route: no traffic waits for it, and what
    has traffic is not made smaller.
    """
    another = pulumi.ResourceOptions(replace_on_changes=["metadata.annotations"], delete_before_replace=True)
    Manifest(name, body, pulumi.ResourceOptions.merge(opts, another))


def _behind(opts: pulumi.ResourceOptions, *resources: pulumi.Resource) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[*resources]))


def _hash(deployment: Body) -> pulumi.Output[str]:
    return pulumi.Output.json_dumps(deployment["spec"]["template"], sort_keys=True).apply(
        lambda text: hashlib.sha256(text.encode()).hexdigest()[:16]
    )
