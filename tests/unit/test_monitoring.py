"""MonitoringStack: its objects, what they may do, what they are told, and what it refuses."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from slipway import ArgumentError, MonitoringStack, versions
from slipway.monitoring_checks import availability, latency
from tests.unit.mocks import Program, Run

RBAC = "kubernetes:rbac.authorization.k8s.io/v1"
PARTS = {
    "prometheus": "apps/v1:StatefulSet",
    "alertmanager": "apps/v1:StatefulSet",
    "kube-state-metrics": "apps/v1:Deployment",
    "node-exporter": "apps/v1:DaemonSet",
    "grafana": "apps/v1:Deployment",
}
EMAIL: dict[str, Any] = {
    "to": "on-call@example.com",
    "sender": "alerts@example.com",
    "smarthost": "smtp.example.com:587",
    "username": "alerts",
    "password": "hunter2",
}
LABELS = {
    "app.kubernetes.io/instance": "watch-watch",
    "app.kubernetes.io/managed-by": "slipway",
}


def up(run: Run, args: Any = None) -> None:
    run(lambda: MonitoringStack("watch", args or {}))


def body(program: Program, kind: str, noun: str) -> dict[str, Any]:
    return program.by_name(f"kubernetes:{kind}", f"watch-{noun}").inputs


def pod(program: Program, part: str) -> dict[str, Any]:
    return body(program, PARTS[part], part)["spec"]["template"]["spec"]


def container(program: Program, part: str) -> dict[str, Any]:
    (found,) = pod(program, part)["containers"]
    return found


def data(program: Program, noun: str) -> dict[str, str]:
    return body(program, "core/v1:ConfigMap", noun)["data"]


def test_children(run: Run, program: Program) -> None:
    up(run)
    assert program.children() == [
        "kubernetes:apps/v1:DaemonSet watch-node-exporter",
        "kubernetes:apps/v1:Deployment watch-grafana",
        "kubernetes:apps/v1:Deployment watch-kube-state-metrics",
        "kubernetes:apps/v1:StatefulSet watch-alertmanager",
        "kubernetes:apps/v1:StatefulSet watch-prometheus",
        "kubernetes:core/v1:ConfigMap watch-alertmanager-config",
        "kubernetes:core/v1:ConfigMap watch-grafana-dashboards",
        "kubernetes:core/v1:ConfigMap watch-grafana-datasources",
        "kubernetes:core/v1:ConfigMap watch-grafana-provider",
        "kubernetes:core/v1:ConfigMap watch-prometheus-config",
        "kubernetes:core/v1:ConfigMap watch-prometheus-rules",
        "kubernetes:core/v1:Namespace watch-namespace",
        "kubernetes:core/v1:Namespace watch-nodes-namespace",
        "kubernetes:core/v1:Service watch-alertmanager-service",
        "kubernetes:core/v1:Service watch-grafana-service",
        "kubernetes:core/v1:Service watch-prometheus-service",
        "kubernetes:core/v1:ServiceAccount watch-alertmanager-account",
        "kubernetes:core/v1:ServiceAccount watch-grafana-account",
        "kubernetes:core/v1:ServiceAccount watch-kube-state-metrics-account",
        "kubernetes:core/v1:ServiceAccount watch-node-exporter-account",
        "kubernetes:core/v1:ServiceAccount watch-prometheus-account",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy watch-network-policy",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy watch-node-exporter-network-policy",
        "kubernetes:policy/v1:PodDisruptionBudget watch-alertmanager-disruption-budget",
        "kubernetes:policy/v1:PodDisruptionBudget watch-grafana-disruption-budget",
        "kubernetes:policy/v1:PodDisruptionBudget watch-prometheus-disruption-budget",
        f"{RBAC}:ClusterRole watch-kube-state-metrics-role",
        f"{RBAC}:ClusterRole watch-prometheus-role",
        f"{RBAC}:ClusterRoleBinding watch-kube-state-metrics-role-binding",
        f"{RBAC}:ClusterRoleBinding watch-prometheus-role-binding",
        f"{RBAC}:Role watch-prometheus-api-server-role",
        f"{RBAC}:RoleBinding watch-prometheus-api-server-role-binding",
    ]
    assert {resource.parent for resource in program.resources if resource.name != "watch"} == {"watch"}


def test_without_grafana_there_is_nothing_of_it(run: Run, program: Program) -> None:
    up(run, {"grafana": "none"})
    assert not [name for name in program.children() if "grafana" in name]
    assert len(program.children()) == 25


def test_outputs(run: Run) -> None:
    def outputs() -> pulumi.Output[Any]:
        stack = MonitoringStack("watch", {"namespace": "dev-watch"})
        return pulumi.Output.all(stack.namespace, stack.prometheus_url, stack.alertmanager_url)

    assert run(outputs) == [
        "dev-watch",
        "http://prometheus.dev-watch.svc:9090",
        "http://alertmanager.dev-watch.svc:9093",
    ]


def test_everything_carries_the_labels(run: Run, program: Program) -> None:
    up(run)
    for resource in program.resources:
        if resource.type.startswith("kubernetes:"):
            assert resource.inputs["metadata"]["labels"].items() >= LABELS.items(), resource.name


@pytest.mark.parametrize("part", PARTS)
def test_pods_are_as_restricted_asks_for(run: Run, program: Program, part: str) -> None:
    """Also the node exporter's, but for the folders of the node."""
    up(run)
    context = pod(program, part)["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["runAsUser"] > 0
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container(program, part)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod(program, part).keys()
    hosts = (
        [volume for volume in pod(program, part)["volumes"] if "hostPath" in volume]
        if part == "node-exporter"
        else []
    )
    assert len(hosts) == (3 if part == "node-exporter" else 0)
    for probe in ("readinessProbe", "livenessProbe"):
        assert "httpGet" in container(program, part)[probe]
    assert container(program, part)["resources"]["limits"].keys() == {"memory"}


@pytest.mark.parametrize(
    ("part", "token"),
    [
        ("prometheus", True),
        ("kube-state-metrics", True),
        ("alertmanager", False),
        ("node-exporter", False),
        ("grafana", False),
    ],
)
def test_only_who_asks_the_api_server_has_a_token(run: Run, program: Program, part: str, token: bool) -> None:
    up(run)
    assert pod(program, part)["automountServiceAccountToken"] is token
    assert pod(program, part)["serviceAccountName"] == part
    assert body(program, "core/v1:ServiceAccount", f"{part}-account")["automountServiceAccountToken"] is token


def test_pod_security_by_namespace(run: Run, program: Program) -> None:
    up(run)
    levels = {
        noun: {
            key.removeprefix("pod-security.kubernetes.io/"): value
            for key, value in body(program, "core/v1:Namespace", noun)["metadata"]["labels"].items()
            if key.startswith("pod-security")
        }
        for noun in ("namespace", "nodes-namespace")
    }
    assert levels == {
        "namespace": {"enforce": "restricted", "audit": "restricted", "warn": "restricted"},
        "nodes-namespace": {"enforce": "privileged", "audit": "privileged", "warn": "privileged"},
    }
    component = "app.kubernetes.io/component"
    assert body(program, "core/v1:Namespace", "namespace")["metadata"]["labels"][component] == "monitoring"
    assert (
        body(program, "core/v1:Namespace", "nodes-namespace")["metadata"]["labels"][component]
        == "node-metrics"
    )


def test_nobody_may_write_and_nothing_is_a_wildcard(run: Run, program: Program) -> None:
    up(run)
    roles = [
        resource.inputs
        for resource in program.resources
        if resource.type.endswith(("ClusterRole", "v1:Role"))
    ]
    assert len(roles) == 3
    for rule in (rule for role in roles for rule in role["rules"]):
        assert set(rule["verbs"]) <= {"get", "list", "watch"}
        assert "*" not in str(rule)
        assert not {"secrets", "configmaps"} & set(rule.get("resources", ()))


def test_what_prometheus_may_see(run: Run, program: Program) -> None:
    up(run)
    see = ["get", "list", "watch"]
    role = body(program, "rbac.authorization.k8s.io/v1:ClusterRole", "prometheus-role")
    assert role["metadata"]["name"] == "watch-watch-prometheus"
    assert role["rules"] == [
        {"apiGroups": [""], "resources": ["nodes", "pods"], "verbs": see},
        {"apiGroups": [""], "resources": ["nodes/metrics"], "verbs": ["get"]},
        {"nonResourceURLs": ["/metrics"], "verbs": ["get"]},
    ]
    inside = body(program, "rbac.authorization.k8s.io/v1:Role", "prometheus-api-server-role")
    assert inside["metadata"]["namespace"] == "default"
    assert inside["rules"] == [
        {"apiGroups": [""], "resources": ["services"], "verbs": see},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": see},
    ]


def test_kube_state_metrics_counts_what_it_may_see(run: Run, program: Program) -> None:
    up(run)
    role = body(program, "rbac.authorization.k8s.io/v1:ClusterRole", "kube-state-metrics-role")
    seen = sorted(kind for rule in role["rules"] for kind in rule["resources"])
    assert container(program, "kube-state-metrics")["args"] == [
        "--port=8080",
        "--telemetry-port=8081",
        f"--resources={','.join(seen)}",
        "--metric-labels-allowlist=cronjobs=[app.kubernetes.io/component],"
        "deployments=[app.kubernetes.io/name,slipway/color],jobs=[app.kubernetes.io/component]",
    ]
    assert seen == ["cronjobs", "deployments", "horizontalpodautoscalers", "jobs", "nodes", "pods"]
    spec = body(program, PARTS["kube-state-metrics"], "kube-state-metrics")["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


def test_the_node_exporter_sees_files_and_cannot_write_them(run: Run, program: Program) -> None:
    up(run)
    mounts = container(program, "node-exporter")["volumeMounts"]
    assert {mount["mountPath"] for mount in mounts} == {"/host/proc", "/host/sys", "/host/root"}
    assert all(mount["readOnly"] is True for mount in mounts)
    arguments = container(program, "node-exporter")["args"]
    assert arguments[4:10] == [
        "--collector.disable-defaults",
        "--collector.cpu",
        "--collector.diskstats",
        "--collector.filesystem",
        "--collector.loadavg",
        "--collector.meminfo",
    ]
    assert pod(program, "node-exporter")["tolerations"] == [{"operator": "Exists"}]
    metadata = body(program, PARTS["node-exporter"], "node-exporter")["metadata"]
    assert metadata["namespace"] == "watch-nodes"
    reason = "a node's cpu, memory and disks are files of the node, which its pod mounts read-only"
    assert metadata["annotations"]["slipway/exception-pods-restricted"] == reason


def test_who_may_come_in(run: Run, program: Program) -> None:
    up(run)
    policy = body(program, "networking.k8s.io/v1:NetworkPolicy", "network-policy")["spec"]
    assert policy == {
        "podSelector": {},
        "policyTypes": ["Ingress"],
        "ingress": [{"from": [{"podSelector": {}}]}],
    }
    nodes = body(program, "networking.k8s.io/v1:NetworkPolicy", "node-exporter-network-policy")["spec"]
    assert nodes["policyTypes"] == ["Ingress", "Egress"]
    assert "egress" not in nodes
    ((rule,),) = [nodes["ingress"]]
    assert rule["ports"] == [{"protocol": "TCP", "port": 9100}]
    assert rule["from"] == [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "watch"}},
            "podSelector": {
                "matchLabels": {
                    "app.kubernetes.io/name": "prometheus",
                    "app.kubernetes.io/instance": "watch-watch",
                }
            },
        }
    ]


def test_services_are_headless(run: Run, program: Program) -> None:
    """The provider waits ten seconds for each that is not."""
    up(run)
    ports = {"prometheus": 9090, "alertmanager": 9093, "grafana": 3000}
    for part, port in ports.items():
        service = body(program, "core/v1:Service", f"{part}-service")
        assert service["metadata"]["name"] == part
        assert service["spec"]["clusterIP"] == "None"
        assert service["spec"]["ports"] == [
            {"name": "http", "port": port, "targetPort": "http", "protocol": "TCP"}
        ]
        assert service["spec"]["selector"]["app.kubernetes.io/name"] == part


def test_prometheus_by_default(run: Run, program: Program) -> None:
    up(run)
    assert container(program, "prometheus")["args"] == [
        "--config.file=/etc/prometheus/config/prometheus.yaml",
        "--config.auto-reload-interval=15s",
        "--enable-feature=auto-reload-config,created-timestamp-zero-ingestion",
        "--storage.tsdb.path=/prometheus",
        "--storage.tsdb.retention.time=15d",
        "--storage.tsdb.retention.size=16000MB",
        "--log.format=json",
    ]
    assert container(program, "prometheus")["resources"] == {
        "requests": {"cpu": "250m", "memory": "1Gi"},
        "limits": {"memory": "1Gi"},
    }
    spec = body(program, PARTS["prometheus"], "prometheus")["spec"]
    assert spec["replicas"] == 2
    assert spec["podManagementPolicy"] == "Parallel"
    assert spec["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    (claim,) = spec["volumeClaimTemplates"]
    assert claim["spec"] == {
        "accessModes": ["ReadWriteOnce"],
        "volumeMode": "Filesystem",
        "resources": {"requests": {"storage": "20Gi"}},
    }
    budget = body(program, "policy/v1:PodDisruptionBudget", "prometheus-disruption-budget")["spec"]
    assert budget["maxUnavailable"] == 1
    assert budget["selector"]["matchLabels"] == spec["selector"]["matchLabels"]


def test_prometheus_as_asked_for(run: Run, program: Program) -> None:
    up(
        run,
        {
            "replicas": 1,
            "retention_days": 3,
            "storage": {"size_gib": 5, "class_name": "gp3"},
            "removal": "destroy",
            "cpu": "50m",
            "memory": "512Mi",
        },
    )
    arguments = container(program, "prometheus")["args"]
    assert "--storage.tsdb.retention.time=3d" in arguments
    assert "--storage.tsdb.retention.size=4000MB" in arguments
    assert container(program, "prometheus")["resources"]["requests"] == {"cpu": "50m", "memory": "512Mi"}
    for part, size in (("prometheus", "5Gi"), ("alertmanager", "1Gi")):
        spec = body(program, PARTS[part], part)["spec"]
        assert spec["replicas"] == 1
        assert spec["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] == "Delete"
        (claim,) = spec["volumeClaimTemplates"]
        assert claim["spec"]["storageClassName"] == "gp3"
        assert claim["spec"]["resources"] == {"requests": {"storage": size}}


def test_ephemeral_storage_is_bounded(run: Run, program: Program) -> None:
    up(run, {"storage": {"kind": "ephemeral"}})
    for part, size in (("prometheus", "20Gi"), ("alertmanager", "1Gi")):
        assert "volumeClaimTemplates" not in body(program, PARTS[part], part)["spec"]
        assert {"name": "data", "emptyDir": {"sizeLimit": size}} in pod(program, part)["volumes"]


@pytest.mark.parametrize(
    ("args", "protected"),
    [
        ({}, {"watch-namespace", "watch-prometheus", "watch-alertmanager"}),
        ({"removal": "destroy"}, set[str]()),
        ({"storage": {"kind": "ephemeral"}}, set[str]()),
    ],
)
def test_what_holds_data_is_protected(run: Run, program: Program, args: Any, protected: set[str]) -> None:
    up(run, args)
    assert {resource.name for resource in program.resources if resource.protect} == protected


def test_scrape_configuration(run: Run, program: Program) -> None:
    up(run, {"scrape_seconds": 30, "environment": "blue-lagoon"})
    config = yaml.safe_load(data(program, "prometheus-config")["prometheus.yaml"])
    assert config["global"] == {
        "scrape_interval": "30s",
        "evaluation_interval": "30s",
        "external_labels": {"environment": "blue-lagoon"},
    }
    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    assert list(jobs) == [
        "gateway",
        "apps",
        "prometheus",
        "alertmanager",
        "kube-state-metrics",
        "node-exporter",
        "kubelet",
        "cadvisor",
        "api-server",
    ]
    assert jobs["node-exporter"]["kubernetes_sd_configs"][0]["namespaces"] == {"names": ["watch-nodes"]}
    assert "*id" not in data(program, "prometheus-config")["prometheus.yaml"]


def test_scraping_by_default(run: Run, program: Program) -> None:
    up(run)
    settings = yaml.safe_load(data(program, "prometheus-config")["prometheus.yaml"])["global"]
    assert settings["scrape_interval"] == "15s"
    assert settings["external_labels"] == {"environment": "test"}


def test_rules_come_with_objectives_and_the_caller_s_own(run: Run, program: Program) -> None:
    own = "groups: []\n"
    up(
        run,
        {
            "rules": {"own.rules.yaml": own, "backup.rules.yaml": own},
            "runbooks": "https://example.com/slipway/",
        },
    )
    rules = data(program, "prometheus-rules")
    assert rules.keys() == {
        "apps.rules.yaml",
        "backup.rules.yaml",
        "cluster.rules.yaml",
        "gateway.rules.yaml",
        "monitoring.rules.yaml",
        "objectives.rules.yaml",
        "own.rules.yaml",
        "traffic.rules.yaml",
    }
    assert rules["own.rules.yaml"] == rules["backup.rules.yaml"] == own
    assert (
        "runbook_url: https://example.com/slipway/docs/runbooks/target-down.md"
        in rules["monitoring.rules.yaml"]
    )


@pytest.mark.parametrize(
    ("args", "error_ratio", "latency"),
    [
        ({}, "vector(0.001)", "vector(1)"),
        ({"availability_percent": 99.5, "latency_seconds": 0.3}, "vector(0.005)", "vector(0.3)"),
    ],
)
def test_objectives(run: Run, program: Program, args: Any, error_ratio: str, latency: str) -> None:
    up(run, args)
    (group,) = yaml.safe_load(data(program, "prometheus-rules")["objectives.rules.yaml"])["groups"]
    assert group["rules"] == [
        {"record": "slipway:objective:error_ratio", "expr": error_ratio},
        {"record": "slipway:objective:latency_seconds", "expr": latency},
    ]


def receivers(program: Program) -> dict[str, dict[str, Any]]:
    config = yaml.safe_load(data(program, "alertmanager-config")["alertmanager.yaml"])
    return {receiver["name"]: receiver for receiver in config["receivers"]}


def test_without_receivers_alerts_stay_in_alertmanager(run: Run, program: Program) -> None:
    up(run)
    assert receivers(program) == {"everyone": {"name": "everyone"}, "heartbeat": {"name": "heartbeat"}}
    assert not [name for name in program.children() if ":Secret" in name]


def test_receivers(run: Run, program: Program) -> None:
    up(
        run,
        {
            "receivers": {
                "webhook_url": "https://hooks.example.com/1",
                "slack_url": "https://slack.example.com/2",
                "slack_channel": "#alerts",
                "email": EMAIL,
                "heartbeat_url": "https://heartbeat.example.com/3",
            }
        },
    )
    folder = "/etc/alertmanager/secrets"
    everyone = receivers(program)["everyone"]
    assert everyone["webhook_configs"] == [{"url_file": f"{folder}/webhook-url", "send_resolved": True}]
    assert everyone["slack_configs"] == [
        {
            "api_url_file": f"{folder}/slack-url",
            "send_resolved": True,
            "title": '{{ template "slipway.title" . }}',
            "text": '{{ template "slipway.text" . }}',
            "channel": "#alerts",
        }
    ]
    (email,) = everyone["email_configs"]
    assert email["auth_password_file"] == f"{folder}/smtp-password"
    assert (email["to"], email["from"], email["smarthost"]) == (
        EMAIL["to"],
        EMAIL["sender"],
        EMAIL["smarthost"],
    )
    assert email["require_tls"] is True
    heartbeat = receivers(program)["heartbeat"]
    assert heartbeat["webhook_configs"] == [{"url_file": f"{folder}/heartbeat-url", "send_resolved": False}]


def test_secrets_of_receivers_are_secret_and_roll_alertmanager(run: Run, program: Program) -> None:
    up(run, {"receivers": {"webhook_url": "https://hooks.example.com/1", "email": EMAIL}})
    secret = program.by_name("kubernetes:core/v1:Secret", "watch-alertmanager-receivers")
    assert secret.inputs["stringData"] == {
        "webhook-url": "https://hooks.example.com/1",
        "smtp-password": "hunter2",
    }
    assert "stringData" in secret.secrets
    assert "name" not in secret.inputs["metadata"]
    made = {"name": "secrets", "secret": {"secretName": "watch-alertmanager-receivers-made"}}
    assert made in pod(program, "alertmanager")["volumes"]
    others = [resource.inputs for resource in program.resources if resource != secret]
    assert "hooks.example.com" not in json.dumps(others)
    assert "hunter2" not in json.dumps(others)


def test_a_changed_configuration_rolls_alertmanager(run: Run, program: Program) -> None:
    def config() -> str:
        spec = body(program, PARTS["alertmanager"], "alertmanager")["spec"]
        return spec["template"]["metadata"]["annotations"]["slipway/config"]

    up(run)
    first = config()
    program.resources.clear()
    up(run, {"receivers": {"heartbeat_url": "https://heartbeat.example.com/3"}})
    assert config() != first


@pytest.mark.parametrize(
    ("replicas", "cluster"),
    [
        (1, ["--cluster.listen-address="]),
        (
            2,
            [
                "--cluster.peer=alertmanager-0.alertmanager.watch.svc:9094",
                "--cluster.peer=alertmanager-1.alertmanager.watch.svc:9094",
            ],
        ),
    ],
)
def test_alertmanagers_know_each_other(run: Run, program: Program, replicas: int, cluster: list[str]) -> None:
    up(run, {"replicas": replicas})
    assert container(program, "alertmanager")["args"] == [
        "--config.file=/etc/alertmanager/config/alertmanager.yaml",
        "--storage.path=/alertmanager",
        "--log.format=json",
        *cluster,
    ]
    assert (
        body(program, "core/v1:Service", "alertmanager-service")["spec"]["publishNotReadyAddresses"] is True
    )


def test_images(run: Run, program: Program) -> None:
    up(run)
    assert {part: container(program, part)["image"] for part in PARTS} == {
        "prometheus": versions.PROMETHEUS_IMAGE,
        "alertmanager": versions.ALERTMANAGER_IMAGE,
        "kube-state-metrics": versions.KUBE_STATE_METRICS_IMAGE,
        "node-exporter": versions.NODE_EXPORTER_IMAGE,
        "grafana": versions.GRAFANA_IMAGE,
    }
    program.resources.clear()
    up(run, {"images": {part.replace("-", "_"): f"mirror.example.com/{part}:1" for part in PARTS}})
    assert {part: container(program, part)["image"] for part in PARTS} == {
        part: f"mirror.example.com/{part}:1" for part in PARTS
    }


def test_grafana_has_as_many_pods_as_prometheus(run: Run, program: Program) -> None:
    up(run)
    assert body(program, PARTS["grafana"], "grafana")["spec"]["replicas"] == 2
    budget = body(program, "policy/v1:PodDisruptionBudget", "grafana-disruption-budget")["spec"]
    assert budget["maxUnavailable"] == 1
    assert budget["selector"] == body(program, PARTS["grafana"], "grafana")["spec"]["selector"]
    spread = pod(program, "grafana")["topologySpreadConstraints"]
    assert [constraint["labelSelector"] for constraint in spread] == [budget["selector"]] * 2
    program.resources.clear()
    up(run, {"replicas": 1})
    assert body(program, PARTS["grafana"], "grafana")["spec"]["replicas"] == 1


def test_what_is_right_by_design_says_so_beside_it(run: Run, program: Program) -> None:
    up(run)

    def excepted(kind: str, noun: str) -> set[str]:
        notes = body(program, kind, noun)["metadata"].get("annotations", {})
        return {note for note in notes if note.startswith("slipway/")}

    alone = {"slipway/exception-replicated", "slipway/exception-disruption-budget"}
    assert excepted(PARTS["kube-state-metrics"], "kube-state-metrics") == alone
    assert excepted(PARTS["node-exporter"], "node-exporter") == {"slipway/exception-pods-restricted"}
    assert excepted("core/v1:Namespace", "nodes-namespace") == {"slipway/exception-pods-restricted"}
    assert excepted("core/v1:Namespace", "namespace") == set()


def test_grafana_has_the_dashboards_and_nobody_to_change_them(run: Run, program: Program) -> None:
    up(run)
    assert data(program, "grafana-dashboards").keys() == {
        "application.json",
        "cluster.json",
        "gateway.json",
        "release.json",
    }
    environment = {entry["name"]: entry["value"] for entry in container(program, "grafana")["env"]}
    assert environment["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"
    assert environment["GF_AUTH_DISABLE_LOGIN_FORM"] == "true"
    assert environment["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    path = yaml.safe_load(data(program, "grafana-provider")["provider.yaml"])["providers"][0]["options"][
        "path"
    ]
    assert {"name": "dashboards", "mountPath": path, "readOnly": True} in container(program, "grafana")[
        "volumeMounts"
    ]


def test_two_in_a_cluster_do_not_meet(run: Run, program: Program) -> None:
    run(
        lambda: (
            MonitoringStack("watch", {"namespace": "one"}),
            MonitoringStack("other", {"namespace": "two"}),
        )
    )
    places = [
        (resource.type, resource.inputs["metadata"].get("namespace"), resource.inputs["metadata"]["name"])
        for resource in program.resources
        if resource.type.startswith("kubernetes:")
    ]
    assert len(places) == len(set(places))


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"namespace": "Dev"}, "namespace must be lower-case letters, digits and -, at most 57, got 'Dev'"),
        ({"namespace": "n" * 58}, "namespace must be lower-case letters, digits and -, at most 57"),
        ({"environment": ""}, "environment must be a text, got ''"),
        ({"replicas": 0}, "replicas must be 1-3, got 0"),
        ({"replicas": True}, "replicas must be 1-3, got True"),
        ({"retention_days": 0}, "retention_days must be 1-3650, got 0"),
        ({"storage": {"kind": "disk"}}, "storage.kind must be one of persistent, ephemeral, got 'disk'"),
        ({"storage": {"size_gib": 0}}, "storage.size_gib must be 1-16384, got 0"),
        ({"storage": {"class_name": ""}}, "storage.class_name must be a storage class's name"),
        (
            {"storage": {"kind": "ephemeral", "class_name": "gp3"}},
            'storage.class_name needs storage.kind "persistent"',
        ),
        ({"storage": {"size": 3}}, "there is no argument storage.size; did you mean storage.size_gib?"),
        ({"removal": "no"}, "removal must be one of protect, destroy, got 'no'"),
        ({"cpu": "much"}, "cpu must be as 250m or 1, got 'much'"),
        ({"memory": "1G"}, "memory must be as 1Gi, got '1G'"),
        ({"scrape_seconds": 4}, "scrape_seconds must be 5-60, got 4"),
        ({"availability_percent": 100}, "availability_percent must be 90 to below 100, got 100"),
        ({"availability_percent": "99.9"}, "availability_percent must be 90 to below 100, got '99.9'"),
        ({"latency_seconds": 0}, "latency_seconds must be above 0 to 60, got 0"),
        ({"rules": {"own.yaml": "groups: []"}}, "rules must be files named *.rules.yaml, got 'own.yaml'"),
        ({"rules": {"own.rules.yaml": ""}}, "rules own.rules.yaml must be the file's content"),
        ({"runbooks": 3}, "runbooks must be a text, got 3"),
        ({"grafana": "yes"}, "grafana must be one of install, none, got 'yes'"),
        ({"images": {"prometheus": ""}}, "images.prometheus must be an image, got ''"),
        ({"images": {"node-exporter": "x"}}, "did you mean images.node_exporter?"),
        ({"receivers": {"slack_channel": "#a"}}, "receivers.slack_channel needs receivers.slack_url"),
        ({"receivers": {"webhook": "https://example.com"}}, "did you mean receivers.webhook_url?"),
        ({"receivers": {"email": {}}}, "receivers.email.smarthost is missing"),
        (
            {"receivers": {"email": {**EMAIL, "to": "x"}}},
            "receivers.email.to must be an e-mail address, got 'x'",
        ),
        (
            {"receivers": {"email": {**EMAIL, "smarthost": "mail"}}},
            "receivers.email.smarthost must be host:port",
        ),
        ({"retention": 3}, "there is no argument retention; did you mean retention_days?"),
    ],
)
def test_wrong_arguments(run: Run, program: Program, args: Any, message: str) -> None:
    with pytest.raises(ArgumentError) as error:
        up(run, args)
    assert message in str(error.value)
    assert program.resources == []


@pytest.mark.parametrize("key", ["webhook_url", "slack_url", "heartbeat_url"])
def test_a_wrong_secret_is_not_shown(run: Run, key: str) -> None:
    with pytest.raises(ArgumentError) as error:
        up(run, {"receivers": {key: "hooks.example.com/token-4711"}})
    assert f"receivers.{key} must be an http(s) address; what came is a secret and not shown" in str(
        error.value
    )
    assert "4711" not in str(error.value)


def test_what_is_not_known_yet_is_passed_over(run: Run, program: Program) -> None:
    def build() -> None:
        url = pulumi.Output.from_input("https://hooks.example.com/1")
        MonitoringStack("watch", {"receivers": {"webhook_url": url}})

    run(build)
    assert receivers(program)["everyone"].keys() == {"name", "webhook_configs"}


@given(st.one_of(st.floats(), st.integers(), st.text(max_size=3), st.booleans(), st.none()))
def test_objectives_are_numbers_in_their_bounds(value: Any) -> None:
    """Whatever comes, it is either a number that makes a usable objective, or refused."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    assert availability(value) == (is_number and 90 <= value < 100)
    assert latency(value) == (is_number and 0 < value <= 60)
