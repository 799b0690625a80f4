"""Gateway: Traefik's objects, what they may do, and how they are reached."""

from __future__ import annotations

from typing import Any

import pytest

from slipway import ArgumentError, Gateway
from slipway.versions import TRAEFIK_IMAGE
from tests.unit.mocks import Program, Run

API = "kubernetes:gateway.networking.k8s.io/v1"
PORT = {"exposure": "node-port", "node_port": 30080}


def body(program: Program, kind: str, noun: str) -> dict[str, Any]:
    return program.by_name(f"kubernetes:{kind}", f"edge-{noun}").inputs


def test_children(run: Run, program: Program) -> None:
    run(lambda: Gateway("edge", {}))
    crd = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"
    kinds = ("gatewayclasses", "gateways", "grpcroutes", "httproutes", "referencegrants")
    assert program.children() == [
        *(f"{crd} edge-crd-{kind}" for kind in kinds),
        "kubernetes:apps/v1:Deployment edge-traefik",
        "kubernetes:core/v1:Namespace edge-namespace",
        "kubernetes:core/v1:Service edge-service",
        "kubernetes:core/v1:ServiceAccount edge-account",
        f"{API}:Gateway edge-gateway",
        f"{API}:GatewayClass edge-class",
        "kubernetes:policy/v1:PodDisruptionBudget edge-disruption-budget",
        "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole edge-role",
        "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding edge-role-binding",
    ]
    assert {resource.parent for resource in program.resources if resource.name != "edge"} == {"edge"}


def test_definitions_that_the_cluster_brings_are_left_alone(run: Run, program: Program) -> None:
    run(lambda: Gateway("edge", {"definitions": "existing"}))
    assert not [name for name in program.children() if "CustomResourceDefinition" in name]


def test_it_may_read_what_it_routes_and_write_nothing_but_status(run: Run, program: Program) -> None:
    run(lambda: Gateway("edge", {}))
    rules = body(program, "rbac.authorization.k8s.io/v1:ClusterRole", "role")["rules"]
    writes = [rule for rule in rules if set(rule["verbs"]) - {"get", "list", "watch"}]
    assert len(writes) == 1
    assert writes[0]["verbs"] == ["update"]
    assert all(resource.endswith("/status") for resource in writes[0]["resources"])
    assert not any("*" in rule["apiGroups"] + rule["resources"] + rule["verbs"] for rule in rules)


def test_pods_are_restricted(run: Run, program: Program) -> None:
    run(lambda: Gateway("edge", {}))
    deployment = body(program, "apps/v1:Deployment", "traefik")["spec"]
    pod = deployment["template"]["spec"]
    (container,) = pod["containers"]
    assert deployment["replicas"] == 2
    assert container["image"] == TRAEFIK_IMAGE
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
    }
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    labels = body(program, "core/v1:Namespace", "namespace")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_weights_are_applied_at_once_and_stopping_is_graceful(run: Run, program: Program) -> None:
    run(lambda: Gateway("edge", {}))
    pod = body(program, "apps/v1:Deployment", "traefik")["spec"]["template"]["spec"]
    arguments = pod["containers"][0]["args"]
    assert "--providers.providersthrottleduration=50ms" in arguments
    assert "--entrypoints.web.transport.lifecycle.requestacceptgracetimeout=15s" in arguments
    assert "--accesslog.format=json" in arguments
    assert pod["terminationGracePeriodSeconds"] > 15 + 30


def test_metrics_have_a_port_that_no_service_has(run: Run, program: Program) -> None:
    run(lambda: Gateway("edge", {}))
    container = body(program, "apps/v1:Deployment", "traefik")["spec"]["template"]["spec"]["containers"][0]
    assert {"name": "metrics", "containerPort": 9100} in container["ports"]
    assert [argument for argument in container["args"] if "metrics" in argument] == [
        "--entrypoints.metrics.address=:9100",
        "--metrics.prometheus.entrypoint=metrics",
        "--metrics.prometheus.buckets=0.005,0.01,0.025,0.05,0.1,0.25,0.5,1,2.5,5,10,30",
    ]
    ports = body(program, "core/v1:Service", "service")["spec"]["ports"]
    assert [port["targetPort"] for port in ports] == ["http"]


def test_two_gateways_in_a_cluster_do_not_meet(run: Run, program: Program) -> None:
    run(lambda: Gateway("edge", {"namespace": "dev-gateway"}))
    gateway_class = body(program, "gateway.networking.k8s.io/v1:GatewayClass", "class")["metadata"]
    assert gateway_class["name"] == "dev-gateway-edge"
    arguments = body(program, "apps/v1:Deployment", "traefik")["spec"]["template"]["spec"]["containers"][0][
        "args"
    ]
    assert gateway_class["labels"]["app.kubernetes.io/instance"] == "dev-gateway-edge"
    assert any(
        argument.endswith("labelselector=app.kubernetes.io/instance=dev-gateway-edge")
        for argument in arguments
    )


def test_the_listener_is_at_the_port_of_the_entry_point(run: Run, program: Program) -> None:
    run(lambda: Gateway("edge", {}))
    (listener,) = body(program, "gateway.networking.k8s.io/v1:Gateway", "gateway")["spec"]["listeners"]
    container = body(program, "apps/v1:Deployment", "traefik")["spec"]["template"]["spec"]["containers"][0]
    assert f"--entrypoints.web.address=:{listener['port']}" in container["args"]
    assert {"name": "http", "containerPort": listener["port"]} in container["ports"]


def test_node_port(run: Run, program: Program) -> None:
    assert run(lambda: Gateway("edge", PORT).url) == "http://127.0.0.1:30080"  # pyright: ignore[reportArgumentType]
    service = body(program, "core/v1:Service", "service")
    assert service["spec"]["type"] == "NodePort"
    assert service["spec"]["ports"][0]["nodePort"] == 30080
    assert service["metadata"]["annotations"] == {"pulumi.com/skipAwait": "true"}


def test_load_balancer_waits_for_its_address_alone(run: Run, program: Program) -> None:
    assert run(lambda: Gateway("edge", {}).url) == "http://pending"
    annotations = body(program, "core/v1:Service", "service")["metadata"]["annotations"]
    assert annotations["pulumi.com/waitFor"] == "jsonpath={.status.loadBalancer.ingress}"
    assert annotations["service.beta.kubernetes.io/aws-load-balancer-scheme"] == "internet-facing"


def test_load_balancer_annotations_are_the_caller_s(run: Run, program: Program) -> None:
    run(lambda: Gateway("edge", {"load_balancer_annotations": {"a": "b"}}))
    annotations = body(program, "core/v1:Service", "service")["metadata"]["annotations"]
    assert annotations.keys() == {"a", "pulumi.com/waitFor"}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"exposure": "ingress"}, "exposure must be one of load-balancer, node-port"),
        ({"exposure": "node-port"}, 'exposure "node-port" needs node_port'),
        ({"node_port": 30080}, 'node_port needs exposure "node-port"'),
        ({**PORT, "node_port": 80}, "node_port must be 30000-32767, got 80"),
        (
            {**PORT, "address": "http://chat.example.com"},
            "address must be a host name or address, without scheme",
        ),
        ({**PORT, "address": "chat.example.com:80"}, "without scheme or port, got 'chat.example.com:80'"),
        ({"replicas": 0}, "replicas must be 1-50, got 0"),
        ({"replicas": True}, "replicas must be 1-50, got True"),
        ({"namespace": "Dev"}, "namespace must be lower-case letters, digits and -"),
        ({"definitions": "no"}, "definitions must be install or existing"),
    ],
)
def test_wrong_arguments(run: Run, program: Program, args: Any, message: str) -> None:
    with pytest.raises(ArgumentError) as error:
        run(lambda: Gateway("edge", args))
    assert message in str(error.value)
    assert program.resources == []
