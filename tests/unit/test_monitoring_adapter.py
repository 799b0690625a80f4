"""What answers autoscalers that ask for requests per second: its objects, what it may do, and what it is believed by."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import pytest

from slipway import ArgumentError, MonitoringStack, versions
from tests.unit.mocks import Program, Run

PEM = "-----BEGIN {}-----\n"
GIVEN: Any = {
    "certificate": PEM.format("CERTIFICATE") + "own",
    "private_key": PEM.format("PRIVATE KEY") + "hush",
    "authority": PEM.format("CERTIFICATE") + "authority",
}
RBAC = "rbac.authorization.k8s.io/v1"


def up(run: Run, **more: Any) -> None:
    args: Any = {"grafana": "none", "request_metrics": GIVEN, **more}
    run(lambda: MonitoringStack("watch", args))


def body(program: Program, kind: str, noun: str = "") -> dict[str, Any]:
    return program.by_name(f"kubernetes:{kind}", f"watch-prometheus-adapter{noun and '-'}{noun}").inputs


def test_without_being_asked_for_there_is_nothing_of_it(run: Run, program: Program) -> None:
    run(lambda: MonitoringStack("watch", {}))
    assert not [name for name in program.children() if "adapter" in name]


def test_children(run: Run, program: Program) -> None:
    up(run)
    found = [name.removeprefix("kubernetes:") for name in program.children() if "adapter" in name]
    assert found == [
        "apiregistration.k8s.io/v1:APIService watch-prometheus-adapter-api",
        "apps/v1:Deployment watch-prometheus-adapter",
        "core/v1:ConfigMap watch-prometheus-adapter-config",
        "core/v1:Secret watch-prometheus-adapter-certificate",
        "core/v1:Service watch-prometheus-adapter-service",
        "core/v1:ServiceAccount watch-prometheus-adapter-account",
        "networking.k8s.io/v1:NetworkPolicy watch-prometheus-adapter-network-policy",
        "policy/v1:PodDisruptionBudget watch-prometheus-adapter-disruption-budget",
        f"{RBAC}:ClusterRoleBinding watch-prometheus-adapter-delegator",
        f"{RBAC}:RoleBinding watch-prometheus-adapter-reader",
    ]


def test_the_api_is_announced_when_it_is_served_and_believed_by_its_certificate(
    run: Run, program: Program
) -> None:
    up(run)
    made = program.by_name("kubernetes:apiregistration.k8s.io/v1:APIService", "watch-prometheus-adapter-api")
    assert {"watch-prometheus-adapter", "watch-prometheus-adapter-service"} <= made.depends_on
    assert made.inputs["metadata"]["name"] == "v1beta1.external.metrics.k8s.io"
    spec = made.inputs["spec"]
    assert b64decode(spec.pop("caBundle")).decode() == GIVEN["authority"]
    assert spec == {
        "group": "external.metrics.k8s.io",
        "version": "v1beta1",
        "groupPriorityMinimum": 100,
        "versionPriority": 100,
        "service": {"name": "prometheus-adapter", "namespace": "watch", "port": 443},
    }


def test_what_it_answers(run: Run, program: Program) -> None:
    up(run)
    (rule,) = json.loads(body(program, "core/v1:ConfigMap", "config")["data"]["adapter.json"])[
        "externalRules"
    ]
    assert rule["name"] == {"as": "gateway_requests_per_second"}
    assert rule["resources"] == {"namespaced": False}
    assert rule["seriesQuery"] == 'up{job="gateway"}', "it is there while nobody is served"
    assert rule["metricsQuery"] == (
        "sum(application_color:gateway_requests:rate1m{<<.LabelMatchers>>})"
        ' or 0 * (count(up{job="gateway"} == 1) > 0)'
    )


def test_its_pods(run: Run, program: Program) -> None:
    up(run, replicas=3)
    spec = body(program, "apps/v1:Deployment")["spec"]
    assert spec["replicas"] == 3
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    assert container["image"] == versions.PROMETHEUS_ADAPTER_IMAGE
    assert container["args"] == [
        "--secure-port=6443",
        "--tls-cert-file=/etc/adapter/certificate/tls.crt",
        "--tls-private-key-file=/etc/adapter/certificate/tls.key",
        "--config=/etc/adapter/config/adapter.json",
        "--prometheus-url=http://prometheus.watch.svc:9090",
        "--metrics-relist-interval=30s",
        "--metrics-max-age=10m",
    ]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert {"name": "certificate", "secret": {"secretName": "watch-prometheus-adapter-certificate-made"}} in (
        pod["volumes"]
    )
    secret = program.by_name("kubernetes:core/v1:Secret", "watch-prometheus-adapter-certificate")
    assert "name" not in secret.inputs["metadata"], "a renewal is another one, and rolls the pods"
    assert "stringData" in secret.secrets


def test_it_may_ask_who_asks_and_nothing_else(run: Run, program: Program) -> None:
    up(run)
    subject = [{"kind": "ServiceAccount", "name": "prometheus-adapter", "namespace": "watch"}]
    whole, reader = (
        body(program, f"{RBAC}:ClusterRoleBinding", "delegator"),
        body(program, f"{RBAC}:RoleBinding", "reader"),
    )
    assert (whole["roleRef"]["name"], whole["subjects"]) == ("system:auth-delegator", subject)
    assert reader["metadata"]["namespace"] == "kube-system"
    assert (reader["roleRef"]["name"], reader["subjects"]) == (
        "extension-apiserver-authentication-reader",
        subject,
    )
    (port,) = body(program, "networking.k8s.io/v1:NetworkPolicy", "network-policy")["spec"]["ingress"]
    assert port == {"ports": [{"protocol": "TCP", "port": 6443}]}
    (service,) = body(program, "core/v1:Service", "service")["spec"]["ports"]
    assert (service["port"], service["targetPort"]) == (443, "https")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"certificate": "x"}, "request_metrics.certificate must be a certificate in PEM, got 'x'"),
        ({"authority": ""}, "request_metrics.authority must be a certificate in PEM, got ''"),
        ({"private_key": "hush"}, "request_metrics.private_key must be a private key in PEM"),
        ({"key": "x"}, "there is no argument request_metrics.key"),
    ],
)
def test_wrong_arguments(run: Run, program: Program, given: Any, message: str) -> None:
    args: Any = {"request_metrics": {**GIVEN, **given}}
    with pytest.raises(ArgumentError) as error:
        run(lambda: MonitoringStack("watch", args))
    assert message in str(error.value)
    assert "hush" not in str(error.value)
    assert not program.children()
