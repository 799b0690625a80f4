"""MonitoringStack: Prometheus, Alertmanager, kube-state-metrics, a node exporter on each node, and Grafana, for one cluster.

It scrapes gateways and applications of the whole cluster, its nodes and its API server. Rules, dashboards and routing are the
files under monitoring/. Does not make the receivers of alerts, nor a way to Grafana from outside.
Stateful: with `storage` persistent, volumes hold what was measured; they and their namespace are protected unless `removal` says otherwise.
Costs: its pods, and with `storage` persistent a volume for each Prometheus and Alertmanager.
"""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi

from slipway import monitoring_adapter as adapter
from slipway import monitoring_config as config
from slipway import monitoring_exporters as exporters
from slipway import monitoring_grafana as grafana
from slipway import monitoring_objects as objects
from slipway import versions
from slipway.manifest import Body, Manifest, namespace
from slipway.monitoring_checks import check_values
from slipway.monitoring_settings import (
    ALERTMANAGER,
    PROMETHEUS,
    Email,
    Images,
    Monitoring,
    Receivers,
    RequestMetrics,
    Storage,
)
from slipway.validation import Checks, usable


class MonitoringStorageArgs(TypedDict):
    """Where measurements and silences are kept."""

    kind: NotRequired[str]
    """`persistent` (default), a volume for each pod, or `ephemeral`, which lasts as long as the pod."""
    size_gib: NotRequired[int]
    """Size for each Prometheus in GiB, 1-16384; four fifths are used before the oldest is dropped. Default 20."""
    class_name: NotRequired[str]
    """With `persistent`: the storage class. Default the cluster's own."""


class EmailReceiverArgs(TypedDict):
    """Alerts by e-mail, over TLS."""

    to: str
    """Address that gets them."""
    sender: str
    """Address that they come from."""
    smarthost: str
    """Mail server, as `smtp.example.com:587`."""
    username: str
    """Login at the mail server."""
    password: pulumi.Input[str]
    """Its password, kept as a secret."""


class ReceiversArgs(TypedDict):
    """Who hears of alerts: all that are given."""

    webhook_url: NotRequired[pulumi.Input[str]]
    """Address that gets each notification as JSON, kept as a secret. Default none."""
    slack_url: NotRequired[pulumi.Input[str]]
    """Slack's incoming webhook, kept as a secret. Default none."""
    slack_channel: NotRequired[str]
    """Channel, as `#alerts`. Default the webhook's own."""
    email: NotRequired[EmailReceiverArgs]
    """By e-mail. Default none."""
    heartbeat_url: NotRequired[pulumi.Input[str]]
    """Address that gets a message every five minutes while alerting works, kept as a secret. Default none."""


class RequestMetricsArgs(TypedDict):
    """How autoscalers see requests per second: prometheus-adapter behind external.metrics.k8s.io, of which a cluster has one.

    The API server calls it, and believes it by its certificate.
    """

    certificate: pulumi.Input[str]
    """Certificate in PEM for `prometheus-adapter.<namespace>.svc`."""
    private_key: pulumi.Input[str]
    """Its private key in PEM, kept as a secret."""
    authority: pulumi.Input[str]
    """Certificate in PEM of the authority that signed it."""


class MonitoringImagesArgs(TypedDict):
    """Images, by default those that this release was tested with."""

    prometheus: NotRequired[pulumi.Input[str]]
    """Prometheus, 3.2 or later. Default quay.io/prometheus/prometheus."""
    alertmanager: NotRequired[pulumi.Input[str]]
    """Alertmanager. Default quay.io/prometheus/alertmanager."""
    kube_state_metrics: NotRequired[pulumi.Input[str]]
    """kube-state-metrics. Default registry.k8s.io/kube-state-metrics/kube-state-metrics."""
    node_exporter: NotRequired[pulumi.Input[str]]
    """Node exporter. Default quay.io/prometheus/node-exporter."""
    grafana: NotRequired[pulumi.Input[str]]
    """Grafana. Default docker.io/grafana/grafana."""
    prometheus_adapter: NotRequired[pulumi.Input[str]]
    """prometheus-adapter. Default registry.k8s.io/prometheus-adapter/prometheus-adapter, by its tag alone."""


class MonitoringStackArgs(TypedDict):
    """Arguments of MonitoringStack."""

    namespace: NotRequired[str]
    """Namespace to make for it; the node exporters get another one, with `-nodes` behind it. Default the component's name."""
    environment: NotRequired[str]
    """Value of the label `environment` on every alert. Default the Pulumi stack's name."""
    replicas: NotRequired[int]
    """Pods of Prometheus, of Alertmanager and of Grafana, 1-3; each Prometheus measures everything. Default 2."""
    retention_days: NotRequired[int]
    """Days that measurements are kept, 1-3650. Default 15."""
    storage: NotRequired[MonitoringStorageArgs]
    """Where they are kept. Default a persistent volume of 20 GiB."""
    removal: NotRequired[str]
    """With persistent storage: `protect` (default) refuses to delete it; `destroy` deletes it with the stack."""
    cpu: NotRequired[str]
    """CPU that each Prometheus requests, as `250m`. Default `250m`."""
    memory: NotRequired[str]
    """Memory that each Prometheus requests and may use, as `1Gi`. Default `1Gi`."""
    scrape_seconds: NotRequired[int]
    """Seconds between two scrapes, 5-60. Default 15."""
    availability_percent: NotRequired[float]
    """Objective: per cent of requests that do not fail, 90 to below 100. Default 99.9."""
    latency_seconds: NotRequired[float]
    """Objective: seconds within which 99 of 100 requests are answered, above 0 to 60. Default 1."""
    receivers: NotRequired[ReceiversArgs]
    """Who hears of alerts. Default nobody: they stand in Alertmanager alone."""
    rules: NotRequired[Mapping[str, str]]
    """Further rule files, named *.rules.yaml; one with the name of a file under monitoring/prometheus takes its place. Default none."""
    runbooks: NotRequired[str]
    """Address under which this project's docs/runbooks is read, put before the path in each alert. Default empty, the path alone."""
    grafana: NotRequired[str]
    """`install` (default), or `none`, for example where its image cannot be pulled."""
    request_metrics: NotRequired[RequestMetricsArgs]
    """Has autoscalers see the requests per second of each App's colours, for `scaling.requests_per_second`. Default not."""
    images: NotRequired[MonitoringImagesArgs]
    """Images of the parts. Default the versions that this release was tested with."""


def _resolve(name: str, args: MonitoringStackArgs) -> Monitoring:
    given, args = args, usable(args, MonitoringStackArgs)
    storage = args.get("storage", MonitoringStorageArgs())
    receivers = args.get("receivers", ReceiversArgs())
    images = args.get("images", MonitoringImagesArgs())
    email, asked = receivers.get("email"), args.get("request_metrics")
    settings = Monitoring(
        name=name,
        namespace=args.get("namespace", name),
        environment=args.get("environment", pulumi.get_stack()),
        replicas=args.get("replicas", 2),
        retention_days=args.get("retention_days", 15),
        storage=Storage(
            kind=storage.get("kind", "persistent"),
            size_gib=storage.get("size_gib", 20),
            class_name=storage.get("class_name"),
        ),
        removal=args.get("removal", "protect"),
        cpu=args.get("cpu", "250m"),
        memory=args.get("memory", "1Gi"),
        scrape_seconds=args.get("scrape_seconds", 15),
        availability_percent=args.get("availability_percent", 99.9),
        latency_seconds=args.get("latency_seconds", 1),
        receivers=Receivers(
            webhook_url=receivers.get("webhook_url"),
            slack_url=receivers.get("slack_url"),
            slack_channel=receivers.get("slack_channel"),
            email=None if email is None else _email(email),
            heartbeat_url=receivers.get("heartbeat_url"),
        ),
        rules=args.get("rules", {}),
        runbooks=args.get("runbooks", ""),
        grafana=args.get("grafana", "install"),
        request_metrics=None if asked is None else _request_metrics(asked),
        images=Images(
            prometheus=images.get("prometheus", versions.PROMETHEUS_IMAGE),
            alertmanager=images.get("alertmanager", versions.ALERTMANAGER_IMAGE),
            kube_state_metrics=images.get("kube_state_metrics", versions.KUBE_STATE_METRICS_IMAGE),
            node_exporter=images.get("node_exporter", versions.NODE_EXPORTER_IMAGE),
            grafana=images.get("grafana", versions.GRAFANA_IMAGE),
            prometheus_adapter=images.get("prometheus_adapter", versions.PROMETHEUS_ADAPTER_IMAGE),
        ),
    )
    with Checks("monitoring stack", name, given, MonitoringStackArgs) as check:
        check_values(check, settings)
    return settings


def _email(args: EmailReceiverArgs) -> Email:
    return Email(
        to=args.get("to", ""),
        sender=args.get("sender", ""),
        smarthost=args.get("smarthost", ""),
        username=args.get("username", ""),
        password=args.get("password", ""),
    )


def _request_metrics(args: RequestMetricsArgs) -> RequestMetrics:
    return RequestMetrics(
        certificate=args.get("certificate", ""),
        private_key=args.get("private_key", ""),
        authority=args.get("authority", ""),
    )


class MonitoringStack(pulumi.ComponentResource):
    """Prometheus and Alertmanager as StatefulSets, kube-state-metrics, node exporters and Grafana.

    All but the node exporters, which read the node's files, are under Pod Security "restricted".

    Prometheus takes changed rules and scrape settings within two minutes, without a restart. None of it has a login or a way in from
    outside: a NetworkPolicy keeps others out, and a port-forward lets in whom the cluster lets.
    https://prometheus.io/docs/prometheus/3.5/configuration/configuration/
    """

    namespace: pulumi.Output[str]
    """Namespace of all but the node exporters."""
    prometheus_url: pulumi.Output[str]
    """Prometheus' address inside the cluster."""
    alertmanager_url: pulumi.Output[str]
    """Alertmanager's address inside the cluster."""

    def __init__(
        self, name: str, args: MonitoringStackArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        settings = _resolve(name, args)
        super().__init__("slipway:index:MonitoringStack", name, {}, opts)
        self._prefix, self._settings = name, settings
        home = Manifest(
            f"{name}-namespace", namespace(settings.namespace, settings.labels("monitoring")), self._kept()
        )
        self._home = home
        self._add({"network-policy": objects.network_policy(settings)})
        prometheus, alertmanager = self._prometheus(), self._alertmanager()
        self._kube_state_metrics()
        self._node_exporter()
        if settings.grafana == "install":
            self._grafana()

        if settings.request_metrics is not None:
            self._adapter(settings.request_metrics)

        self.namespace = home.metadata.apply(lambda metadata: metadata["name"])
        # By way of what answers there, so that nobody asks too early.
        self.prometheus_url = prometheus.id.apply(lambda _: settings.url(PROMETHEUS))
        self.alertmanager_url = alertmanager.id.apply(lambda _: settings.url(ALERTMANAGER))
        self.register_outputs(
            {
                "namespace": self.namespace,
                "prometheus_url": self.prometheus_url,
                "alertmanager_url": self.alertmanager_url,
            }
        )

    def _kept(self) -> pulumi.ResourceOptions:
        # None, not False, when unprotected: the caller's own protect then reaches the children.
        return pulumi.ResourceOptions(parent=self, protect=True if self._settings.keeps_data else None)

    def _add(self, bodies: Mapping[str, Body], *after: Manifest) -> list[Manifest]:
        """Objects by noun, in the namespace."""
        opts = pulumi.ResourceOptions(parent=self, depends_on=[self._home, *after])
        return [Manifest(f"{self._prefix}-{noun}", body, opts) for noun, body in bodies.items()]

    def _stateful_set(self, part: str, body: Body, *after: Manifest) -> Manifest:
        opts = pulumi.ResourceOptions(depends_on=[self._home, *after])
        return Manifest(f"{self._prefix}-{part}", body, pulumi.ResourceOptions.merge(self._kept(), opts))

    def _prometheus(self) -> Manifest:
        settings = self._settings
        rights = objects.prometheus_rights(settings)
        before = self._add(
            {
                "prometheus-account": objects.account(settings, PROMETHEUS, token=True),
                **{f"prometheus-{noun}": body for noun, body in rights.items()},
                "prometheus-config": objects.config_map(
                    settings, PROMETHEUS, PROMETHEUS, config.prometheus(settings)
                ),
                "prometheus-rules": objects.config_map(
                    settings, PROMETHEUS, "prometheus-rules", config.rules(settings)
                ),
                "prometheus-service": objects.service(settings, PROMETHEUS),
                "prometheus-disruption-budget": objects.disruption_budget(settings, PROMETHEUS),
            }
        )
        return self._stateful_set(PROMETHEUS, objects.prometheus(settings), *before)

    def _alertmanager(self) -> Manifest:
        settings, secret_name = self._settings, None
        before = self._add(
            {
                "alertmanager-account": objects.account(settings, ALERTMANAGER, token=False),
                "alertmanager-config": objects.config_map(
                    settings, ALERTMANAGER, ALERTMANAGER, config.alertmanager(settings)
                ),
                "alertmanager-service": objects.service(settings, ALERTMANAGER),
                "alertmanager-disruption-budget": objects.disruption_budget(settings, ALERTMANAGER),
            }
        )
        if settings.receivers.secrets():
            (secret,) = self._add({"alertmanager-receivers": objects.receiver_secret(settings)})
            secret_name = secret.metadata.apply(lambda metadata: metadata["name"])
        return self._stateful_set(ALERTMANAGER, objects.alertmanager(settings, secret_name), *before)

    def _kube_state_metrics(self) -> None:
        settings, part = self._settings, exporters.KUBE_STATE_METRICS
        rights = exporters.kube_state_metrics_rights(settings)
        before = self._add(
            {
                f"{part}-account": objects.account(settings, part, token=True),
                **{f"{part}-{noun}": body for noun, body in rights.items()},
            }
        )
        self._add({part: exporters.kube_state_metrics(settings)}, *before)

    def _node_exporter(self) -> None:
        settings, part = self._settings, exporters.NODE_EXPORTER
        (home,) = self._add({"nodes-namespace": exporters.nodes_namespace(settings)})
        before = self._add(
            {
                f"{part}-account": exporters.node_account(settings),
                f"{part}-network-policy": exporters.node_network_policy(settings),
            },
            home,
        )
        self._add({part: exporters.node_exporter(settings)}, home, *before)

    def _adapter(self, given: RequestMetrics) -> None:
        settings, part = self._settings, adapter.ADAPTER
        (secret,) = self._add({f"{part}-certificate": adapter.certificate(settings, given)})
        before = self._add(
            {
                f"{part}-account": objects.account(settings, part, token=True),
                **{f"{part}-{noun}": body for noun, body in adapter.rights(settings).items()},
                f"{part}-config": objects.config_map(
                    settings, part, part, {"adapter.json": adapter.configuration()}
                ),
                f"{part}-network-policy": adapter.network_policy(settings),
                f"{part}-disruption-budget": objects.disruption_budget(settings, part),
            }
        )
        secret_name = secret.metadata.apply(lambda metadata: metadata["name"])
        serving = self._add(
            {part: adapter.deployment(settings, secret_name), f"{part}-service": adapter.service(settings)},
            *before,
        )
        self._add({f"{part}-api": adapter.api_service(settings, given)}, *serving)

    def _grafana(self) -> None:
        settings, part = self._settings, grafana.GRAFANA
        before = self._add(
            {
                f"{part}-account": objects.account(settings, part, token=False),
                **grafana.config_maps(settings),
                f"{part}-service": grafana.service(settings),
                f"{part}-disruption-budget": objects.disruption_budget(settings, part),
            }
        )
        self._add({part: grafana.deployment(settings)}, *before)
