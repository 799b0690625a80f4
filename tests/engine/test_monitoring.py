"""MonitoringStack on a real cluster: it finds what it is to watch, its rules and dashboards can be computed, an alert arrives.

What is watched here is Traefik twice: as the gateway, and as an application that answers /ping and has metrics. That Grafana
draws the dashboards is not proved, but that each of their queries has an answer.
"""

import json
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.support.environment import wait_for
from tests.support.load import load
from tests.support.monitoring import expressions
from tests.support.project import REPOSITORY, Project, begin, removed_at_end

STACK = "watched"
URL = "http://127.0.0.1:30086"
JOBS = {
    "gateway",
    "apps",
    "prometheus",
    "alertmanager",
    "kube-state-metrics",
    "node-exporter",
    "kubelet",
    "cadvisor",
    "api-server",
}
# Series that exist only when something goes wrong, or with certificates, persistent volumes and backups.
MAY_BE_EMPTY = {
    "cluster.json: Targets that are down A",
    "cluster.json: Volumes in use A",
    "gateway.json: Days until a certificate expires A",
}

PROGRAM = """
import pulumi

from slipway import App, Gateway, MonitoringStack
from slipway.versions import TRAEFIK_IMAGE

gateway = Gateway(
    "gateway",
    {"namespace": "watched-gateway", "exposure": "node-port", "node_port": 30086, "replicas": 1, "definitions": "existing"},
)
App(
    "echo",
    {
        "namespace": "watched",
        "blue_image": TRAEFIK_IMAGE,
        "green_image": TRAEFIK_IMAGE,
        "active": "blue",
        "gateway_name": gateway.gateway_name,
        "gateway_namespace": gateway.namespace,
        "health_path": "/ping",
        "metrics_path": "/metrics",
        "env": {
            "TRAEFIK_ENTRYPOINTS_TRAEFIK_ADDRESS": ":3000",
            "TRAEFIK_PING": "true",
            "TRAEFIK_METRICS_PROMETHEUS": "true",
        },
        "resources": {"cpu": "20m", "memory": "128Mi"},
        "scaling": {"min_replicas": 1, "max_replicas": 2, "requests_per_second": 20},
    },
)
MonitoringStack(
    "monitoring",
    {
        "namespace": "watched-monitoring",
        "replicas": 1,
        "storage": {"kind": "ephemeral", "size_gib": 1},
        "cpu": "50m",
        "memory": "512Mi",
        "scrape_seconds": 5,
        "grafana": "none",
        "request_metrics": pulumi.Config().require_object("certificate"),
        "receivers": {"webhook_url": "http://echo-blue.watched.svc/ping"},
        "rules": {"own.rules.yaml": pulumi.Config().require("rules")},
    },
)
"""

RULES = """
groups:
  - name: own
    rules:
      - alert: BlueIsAsked
        expr: application_color:gateway_requests:rate1m{application="watched-echo",color="blue"} > 0
        labels: { severity: warning }
"""


class Watched:
    """The stack, and what its Prometheus and its Alertmanager answer by way of the API server."""

    def __init__(self, project: Project) -> None:
        self.project = project

    def query(self, expression: str, at: float | None = None) -> list[dict[str, Any]]:
        """What an expression gives, now or at a moment."""
        asked = {"query": expression} | ({} if at is None else {"time": str(at)})
        path = f"/api/v1/query?{urllib.parse.urlencode(asked, quote_via=urllib.parse.quote)}"
        return self._ask("prometheus:9090", path)["data"]["result"]

    def value(self, expression: str) -> float | None:
        found = self.query(expression)
        assert len(found) <= 1, f"{expression} has {len(found)} results"
        return float(found[0]["value"][1]) if found else None

    def targets(self) -> list[dict[str, Any]]:
        return self._ask("prometheus:9090", "/api/v1/targets?state=active")["data"]["activeTargets"]

    def alerts(self) -> set[str]:
        return {alert["labels"]["alertname"] for alert in self._ask("alertmanager:9093", "/api/v2/alerts")}

    def pod(self, name: str) -> str:
        path = "--output=jsonpath={.metadata.uid} {.status.containerStatuses[0].restartCount}"
        return _kubectl("--namespace=watched-monitoring", "get", "pod", name, path)

    def rules(self) -> str:
        return json.dumps(self._ask("prometheus:9090", "/api/v1/rules?type=alert"))

    def _ask(self, service: str, path: str) -> Any:
        return json.loads(
            _kubectl("get", "--raw", f"/api/v1/namespaces/watched-monitoring/services/{service}/proxy{path}")
        )


def _kubectl(*arguments: str) -> str:
    done = subprocess.run(["kubectl", *arguments], check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Gateway, application and monitoring, up, with 300 requests behind them."""
    project = _project(tmp_path_factory.mktemp("watched"))
    with removed_at_end(project):
        project.up()
        yield Watched(project)


def _project(folder: Path) -> Project:
    (folder / ".venv").symlink_to(REPOSITORY / ".venv")
    (folder / "Pulumi.yaml").write_text(
        "name: watched\nruntime: { name: python, options: { virtualenv: .venv } }\n"
    )
    (folder / "__main__.py").write_text(PROGRAM)
    project = Project(folder, STACK)
    begin(project, json.dumps({"config": {"watched:rules": RULES, "watched:certificate": _certificate()}}))
    return project


def _certificate() -> dict[str, str]:
    """What the server of requests per second is believed by."""
    authority = trustme.CA()
    own = authority.issue_cert("prometheus-adapter.watched-monitoring.svc")
    return {
        "certificate": own.cert_chain_pems[0].bytes().decode(),
        "private_key": own.private_key_pem.bytes().decode(),
        "authority": authority.cert_pem.bytes().decode(),
    }


def _send(requests: int) -> None:
    for _ in range(requests):
        with urllib.request.urlopen(f"{URL}/ping", timeout=5) as answer:
            assert answer.status == 200


def _soon(condition: Callable[[], Any], what: str, seconds: float = 60) -> None:
    """As wait_for, with Prometheus asked once a second."""

    def ask() -> bool:
        time.sleep(1)
        return bool(condition())

    wait_for(ask, seconds, what)


def test_second_preview_finds_nothing_to_do(watched: Watched) -> None:
    """Given an unchanged program, then a preview shows no change."""
    watched.project.pulumi("preview", "--expect-no-changes", "--diff")


def test_refresh_is_clean(watched: Watched) -> None:
    """Given that nobody touched anything, then the cluster is what the state says."""
    watched.project.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes", "--diff")


def test_each_job_has_its_targets_and_all_are_up(watched: Watched) -> None:
    """Given a cluster, then every job finds what it is to scrape, with its rights and over verified TLS."""

    def unhealthy() -> dict[str, str]:
        found = {target["labels"]["job"]: "" for target in watched.targets()}
        lacking = dict.fromkeys(JOBS - found.keys(), "no target")
        return lacking | {
            f"{target['labels']['job']} {target['scrapeUrl']}": target["lastError"] or "not asked yet"
            for target in watched.targets()
            if target["health"] != "up" and target["labels"].get("namespace", STACK).startswith(STACK)
        }

    try:
        _soon(lambda: not unhealthy(), "all targets to be up")
    except AssertionError as error:
        raise AssertionError(f"{error}: {unhealthy()}") from None


def test_traffic_is_told_by_color(watched: Watched) -> None:
    """Given 300 requests while blue is active, then all of them are blue's, none failed, and the latency is known."""
    _send(300)
    blue = '{application="watched-echo",color="blue"}'
    _soon(
        lambda: watched.value(f"application_color:gateway_requests:rate1m{blue}"),
        "the requests to be counted",
    )
    assert watched.value(f"application_color:gateway_requests:share1m{blue}") == 1
    assert watched.value(f"application_color:gateway_errors:ratio_rate1m{blue}") == 0
    latency = watched.value(f"application_color:gateway_latency_seconds:p99_1m{blue}")
    assert latency is not None
    assert 0 < latency < 1
    counted = watched.value('sum(traefik_service_requests_total{application="watched-echo"})')
    assert counted == 300


def _requests_per_second(color: str) -> float | None:
    """What autoscalers are told of a colour; None while it is unknown, for the adapter looks for series twice a minute."""
    chosen = urllib.parse.quote(f"application=watched-echo,color={color}")
    metric = f"/apis/external.metrics.k8s.io/v1beta1/namespaces/watched/gateway_requests_per_second?labelSelector={chosen}"
    done = subprocess.run(["kubectl", "get", "--raw", metric], check=False, capture_output=True, text=True)
    if "could not find the metric" in done.stderr:
        return None
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)["items"]
    value = found["value"]
    return float(value.removesuffix("m")) / (1000 if value.endswith("m") else 1)


def _pods(color: str) -> int:
    path = "--output=jsonpath={.spec.replicas}"
    return int(_kubectl("--namespace=watched", "get", f"deployment/echo-{color}", path))


def test_requests_add_pods(watched: Watched) -> None:
    """Given 60 requests a second to a colour of one pod that is to get 20, then it gets a second one; its idle sibling does not."""
    assert (_pods("blue"), _pods("green")) == (1, 1)
    with load(f"{URL}/ping", rate=60) as traffic:
        _soon(lambda: (_requests_per_second("blue") or 0) > 40, "autoscalers to be told of the requests", 90)
        assert _requests_per_second("green") == 0, "known, and none"
        _soon(lambda: _pods("blue") == 2, "a second pod", 60)
    assert not traffic.failed, traffic.failed[:5]
    assert _pods("green") == 1


def test_an_alert_arrives(watched: Watched) -> None:
    """Given an alert that fires on this traffic, then Alertmanager has it and its receiver has taken it."""
    _send(50)
    _soon(lambda: "BlueIsAsked" in watched.alerts(), "Alertmanager to have the alert")
    taken = (
        'sum(alertmanager_notifications_total{integration="webhook"})'
        ' - sum(alertmanager_notifications_failed_total{integration="webhook"})'
    )
    _soon(lambda: (watched.value(taken) or 0) >= 1, "the receiver to take it")


def test_every_rule_and_every_panel_has_an_answer(watched: Watched) -> None:
    """Given the files under monitoring/, then each expression computes, and those of what is here have results."""
    _send(100)
    recorded = ("namespace:gateway_errors:ratio_rate1h", "application_color:gateway_requests:share1m")
    _soon(lambda: all(map(watched.query, recorded)), "the rules to have been computed")
    now = time.time()  # asking takes longer than the traffic's minute
    answers = {where: watched.query(expression, now) for where, expression in expressions()}
    alerts = {where for where in answers if where.split(": ")[-1][0].isupper() and ".rules.yaml" in where}
    empty = {where for where, results in answers.items() if not results} - alerts - MAY_BE_EMPTY
    assert empty == set()


def test_a_changed_rule_is_taken_without_a_restart(watched: Watched) -> None:
    """Given a running Prometheus, when a rule is changed, then it counts within two minutes and nothing was lost."""
    before = watched.pod("prometheus-0")
    watched.project.set("rules", RULES.replace("BlueIsAsked", "BlueIsCalled"))
    watched.project.up()
    assert "BlueIsAsked" in watched.rules()
    _soon(lambda: "BlueIsCalled" in watched.rules(), "the new rule", 150)
    assert watched.pod("prometheus-0") == before


def test_destroy_leaves_nothing(watched: Watched) -> None:
    """Given the stack, when it is destroyed, then neither namespace nor cluster role of it is left."""
    watched.project.remove()
    left = _kubectl("get", "namespaces,clusterroles,clusterrolebindings", "--output=name").split()
    assert not [name for name in left if STACK in name]
