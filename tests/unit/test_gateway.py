"""Gateway: Traefik's objects, what they may do, and how they are reached."""

from __future__ import annotations

import json
from base64 import b64decode
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
        "kubernetes:autoscaling/v2:HorizontalPodAutoscaler edge-autoscaler",
        "kubernetes:core/v1:ConfigMap edge-middlewares",
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


def traefik_kinds(program: Program) -> tuple[list[str], list[str], list[Any]]:
    """What there is for Traefik's own kinds: definitions, arguments, rights."""
    definitions = [name.split("-crd-")[1] for name in program.children() if "-crd-" in name]
    rules = body(program, "rbac.authorization.k8s.io/v1:ClusterRole", "role")["rules"]
    reads = [
        rule["resources"]
        for rule in rules
        if rule["apiGroups"] == ["traefik.io"] or "configmaps" in rule["resources"]
    ]
    return definitions, [said for said in arguments(program) if "kubernetescrd" in said], reads


def test_without_traefik_s_own_kinds_it_reads_none_and_no_configuration(run: Run, program: Program) -> None:
    run(lambda: Gateway("edge", {"definitions": "existing"}))
    assert traefik_kinds(program) == ([], [], [])


def test_with_traefik_s_own_kinds_it_takes_what_an_app_makes_alone(run: Run, program: Program) -> None:
    run(lambda: Gateway("edge", {"definitions": "existing", "traefik_kinds": "install"}))
    definitions, said, reads = traefik_kinds(program)
    assert definitions == [
        *("ingressroutes", "ingressroutetcps", "ingressrouteudps", "middlewares", "middlewaretcps"),
        *("serverstransports", "serverstransporttcps", "tlsoptions", "tlsstores", "traefikservices"),
    ]
    assert sorted(reads) == [["configmaps"], definitions]
    assert said == [
        "--providers.kubernetescrd=true",
        "--providers.kubernetescrd.labelselector=app.kubernetes.io/component=app,app.kubernetes.io/managed-by=slipway",
        "--providers.kubernetescrd.allowemptyservices=true",
        "--providers.kubernetescrd.disableclusterscoperesources=true",
    ]


def test_traefik_s_own_kinds_that_the_cluster_brings_are_left_alone(run: Run, program: Program) -> None:
    run(lambda: Gateway("edge", {"definitions": "existing", "traefik_kinds": "existing"}))
    definitions, said, reads = traefik_kinds(program)
    assert (definitions, len(said), len(reads)) == ([], 4, 2)


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
    assert "replicas" not in deployment, "the autoscaler owns them"
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
    assert "--entrypoints.web.transport.lifecycle.requestacceptgracetimeout=60s" in arguments
    assert "--accesslog.format=json" in arguments
    assert pod["terminationGracePeriodSeconds"] > 60 + 30


def arguments(program: Program) -> list[str]:
    pod = body(program, "apps/v1:Deployment", "traefik")["spec"]["template"]["spec"]
    return pod["containers"][0]["args"]


def middlewares(program: Program) -> dict[str, Any]:
    text = body(program, "core/v1:ConfigMap", "middlewares")["data"]["middlewares.yaml"]
    return json.loads(text)["http"]["middlewares"]


def test_it_scales(run: Run, program: Program) -> None:
    run(lambda: Gateway("edge", {}))
    spec = body(program, "autoscaling/v2:HorizontalPodAutoscaler", "autoscaler")["spec"]
    assert spec["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "edge"}
    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 10)
    (metric,) = spec["metrics"]
    assert metric["resource"] == {
        "name": "cpu",
        "target": {"type": "Utilization", "averageUtilization": 70},
    }
    budget = body(program, "policy/v1:PodDisruptionBudget", "disruption-budget")["spec"]
    assert budget["maxUnavailable"] == 1


def test_what_every_request_passes(run: Run, program: Program) -> None:
    run(lambda: Gateway("edge", {}))
    assert middlewares(program) == {
        "security-headers": {
            "headers": {
                "contentTypeNosniff": True,
                "customFrameOptionsValue": "SAMEORIGIN",
                "referrerPolicy": "strict-origin-when-cross-origin",
                "customResponseHeaders": {"X-Powered-By": ""},
            }
        },
        "compress": {"compress": {"excludedContentTypes": ["text/event-stream"]}},
        "retry": {"retry": {"attempts": 3, "initialInterval": "50ms"}},
    }
    assert "--entrypoints.web.http.middlewares=security-headers@file,compress@file,retry@file" in arguments(
        program
    )
    assert "--serverstransport.forwardingtimeouts.responseheadertimeout=60s" in arguments(program)
    assert not [said for said in arguments(program) if "trustedips" in said]


def test_limits(run: Run, program: Program) -> None:
    run(
        lambda: Gateway(
            "edge",
            {
                "client_requests_per_second": 50,
                "max_request_kib": 1024,
                "attempts": 1,
                "response_seconds": 10,
                "trusted_proxies": ["10.0.0.0/8", "192.168.0.0/16"],
            },
        )
    )
    passed = middlewares(program)
    assert list(passed) == ["security-headers", "client-rate", "compress", "request-size"]
    assert passed["client-rate"]["rateLimit"] == {
        "average": 50,
        "burst": 100,
        "sourceCriterion": {"ipStrategy": {"depth": 1}},
    }
    assert passed["request-size"] == {"buffering": {"maxRequestBodyBytes": 1048576}}
    trusted = "--entrypoints.web.forwardedheaders.trustedips=10.0.0.0/8,192.168.0.0/16"
    assert trusted in arguments(program)
    assert "--serverstransport.forwardingtimeouts.responseheadertimeout=10s" in arguments(program)


def test_without_proxies_in_front_a_client_is_its_address(run: Run, program: Program) -> None:
    run(lambda: Gateway("edge", {"client_requests_per_second": 50}))
    assert middlewares(program)["client-rate"]["rateLimit"]["sourceCriterion"] == {"ipStrategy": {}}


def test_a_change_of_the_middlewares_rolls_traefik(run: Run, program: Program) -> None:
    names = list[str]()
    for attempts in (2, 5):
        program.resources.clear()
        run(lambda attempts=attempts: Gateway("edge", {"attempts": attempts}))
        names.append(body(program, "core/v1:ConfigMap", "middlewares")["metadata"]["name"])
        pod = body(program, "apps/v1:Deployment", "traefik")["spec"]["template"]["spec"]
        assert pod["volumes"] == [{"name": "dynamic", "configMap": {"name": names[-1]}}]
    assert names[0] != names[1]


TLS = {"tls_certificate": "-----BEGIN CERTIFICATE-----", "tls_private_key": "-----BEGIN PRIVATE KEY-----"}


def test_tls_by_a_certificate(run: Run, program: Program) -> None:
    args: Any = {**PORT, **TLS}
    assert run(lambda: Gateway("edge", args).url) == "https://127.0.0.1:30080"
    secret = program.by_name("kubernetes:core/v1:Secret", "edge-certificate")
    assert secret.inputs["type"] == "kubernetes.io/tls"
    assert secret.inputs["stringData"] == {
        "tls.crt": TLS["tls_certificate"],
        "tls.key": TLS["tls_private_key"],
    }
    assert "stringData" in secret.secrets
    (listener,) = body(program, "gateway.networking.k8s.io/v1:Gateway", "gateway")["spec"]["listeners"]
    assert (listener["name"], listener["protocol"], listener["port"]) == ("https", "HTTPS", 8443)
    assert listener["tls"] == {
        "mode": "Terminate",
        "certificateRefs": [{"kind": "Secret", "name": "edge-certificate-made"}],
    }
    assert {
        "--entrypoints.websecure.address=:8443",
        "--entrypoints.web.http.redirections.entrypoint.to=:30080",
        "--entrypoints.web.http.redirections.entrypoint.scheme=https",
    } <= set(arguments(program))
    http, https = body(program, "core/v1:Service", "service")["spec"]["ports"]
    assert "nodePort" not in http
    assert (https["port"], https["targetPort"], https["nodePort"]) == (443, "https", 30080)
    assert middlewares(program)["security-headers"]["headers"]["stsSeconds"] == 31536000


def test_tls_by_a_secret_that_something_else_keeps(run: Run, program: Program) -> None:
    assert run(lambda: Gateway("edge", {"tls_secret": "issued"}).url) == "https://pending.invalid"
    (listener,) = body(program, "gateway.networking.k8s.io/v1:Gateway", "gateway")["spec"]["listeners"]
    assert listener["tls"]["certificateRefs"] == [{"kind": "Secret", "name": "issued"}]
    assert not [name for name in program.children() if "Secret" in name]
    assert "--entrypoints.web.http.redirections.entrypoint.to=:443" in arguments(program)


def test_a_wrong_private_key_is_not_repeated(run: Run, program: Program) -> None:
    wrong: Any = {**TLS, "tls_private_key": "hunter2"}
    with pytest.raises(ArgumentError) as error:
        run(lambda: Gateway("edge", wrong))
    assert "tls_private_key must be a private key in PEM" in str(error.value)
    assert "hunter2" not in str(error.value)


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


def test_a_load_balancer_has_a_new_pod_before_an_old_one_goes(run: Run, program: Program) -> None:
    run(lambda: Gateway("edge", {}))
    labels = body(program, "core/v1:Namespace", "namespace")["metadata"]["labels"]
    assert labels["elbv2.k8s.aws/pod-readiness-gate-inject"] == "enabled"
    assert labels["eks.amazonaws.com/pod-readiness-gate-inject"] == "enabled"
    attributes = "service.beta.kubernetes.io/aws-load-balancer-target-group-attributes"
    annotations = body(program, "core/v1:Service", "service")["metadata"]["annotations"]
    assert annotations[attributes] == "preserve_client_ip.enabled=true"


def test_without_a_load_balancer_pods_leave_sooner(run: Run, program: Program) -> None:
    args: Any = PORT
    run(lambda: Gateway("edge", args))
    assert "--entrypoints.web.transport.lifecycle.requestacceptgracetimeout=15s" in arguments(program)
    labels = body(program, "core/v1:Namespace", "namespace")["metadata"]["labels"]
    assert not [label for label in labels if "readiness-gate" in label]


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
    assert run(lambda: Gateway("edge", {}).url) == "http://pending.invalid"
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
        ({"max_replicas": 51}, "max_replicas must be 1-50, got 51"),
        ({"replicas": 5, "max_replicas": 2}, "max_replicas 2 is below replicas 5"),
        ({"client_requests_per_second": 0}, "client_requests_per_second must be 1-100000, got 0"),
        ({"max_request_kib": 0}, "max_request_kib must be 1-10485760, got 0"),
        ({"response_seconds": 0}, "response_seconds must be 1-3600, got 0"),
        ({"attempts": 11}, "attempts must be 1-10, got 11"),
        ({"clients": "me"}, "clients must be one of anyone, cdn, got 'me'"),
        ({"trusted_proxies": ["everyone"]}, "trusted_proxies must be address blocks, as 192.0.2.0/24"),
        ({"image": ""}, "image must be an image"),
        ({"tls_certificate": "PEM"}, "tls_certificate must be a certificate in PEM"),
        (
            {"tls_certificate": TLS["tls_certificate"]},
            "tls_certificate and tls_private_key need each other",
        ),
        ({**TLS, "tls_secret": "issued"}, "tls_secret and tls_certificate are two ways to say the same"),
        ({"tls_secret": "Issued"}, "tls_secret must be a Secret's name"),
        ({"definitions": "no"}, "definitions must be install or existing"),
        ({"traefik_kinds": "some"}, "traefik_kinds must be one of none, install, existing, got 'some'"),
    ],
)
def test_wrong_arguments(run: Run, program: Program, args: Any, message: str) -> None:
    with pytest.raises(ArgumentError) as error:
        run(lambda: Gateway("edge", args))
    assert message in str(error.value)
    assert program.resources == []


def test_without_a_cdn_everyone_is_answered(run: Run, program: Program) -> None:
    assert run(lambda: Gateway("edge", {}).origin_secret) == ""
    text = body(program, "core/v1:ConfigMap", "middlewares")["data"]["middlewares.yaml"]
    assert json.loads(text)["http"].keys() == {"middlewares"}
    assert not [name for name in program.children() if "v1:Secret" in name]


@pytest.mark.parametrize(("tls", "entry"), [({}, "web"), ({"tls_secret": "issued"}, "websecure")])
def test_with_a_cdn_as_the_client_others_are_turned_away(
    run: Run, program: Program, tls: Any, entry: str
) -> None:
    args: Any = {"clients": "cdn", **tls}
    said = run(lambda: Gateway("edge", args).origin_secret)
    secret = program.by_name("kubernetes:core/v1:Secret", "edge-origin-secret")
    assert secret.ignore_changes == ("data",)
    assert secret.secrets == {"data"}
    assert "name" not in secret.inputs["metadata"], "another value is another Secret, which rolls Traefik"
    assert b64decode(secret.inputs["data"]["ORIGIN_SECRET"]).decode() == said
    assert len(said) > 40
    http = json.loads(body(program, "core/v1:ConfigMap", "middlewares")["data"]["middlewares.yaml"])["http"]
    router = http["routers"]["not-by-the-cdn"]
    assert router.pop("tls", None) == ({} if tls else None)
    assert router == {
        "rule": "!Header(`X-Origin-Verify`, `{{ env `ORIGIN_SECRET` }}`)",
        "priority": 1_000_000_000,
        "entryPoints": [entry],
        "middlewares": ["nobody"],
        "service": "noop@internal",
    }
    assert http["middlewares"]["nobody"] == {"ipAllowList": {"sourceRange": ["255.255.255.255/32"]}}
    headers = http["middlewares"]["security-headers"]["headers"]
    assert headers["customRequestHeaders"] == {"X-Origin-Verify": ""}, "no application learns it"
    assert not [argument for argument in arguments(program) if "nobody" in argument]
    pod = body(program, "apps/v1:Deployment", "traefik")["spec"]["template"]["spec"]
    variable = pod["containers"][0]["env"][1]
    assert variable == {
        "name": "ORIGIN_SECRET",
        "valueFrom": {"secretKeyRef": {"name": "edge-origin-secret-made", "key": "ORIGIN_SECRET"}},
    }
    assert said not in json.dumps([made.inputs for made in program.resources if made is not secret])


def test_a_name_of_its_own_stands_in_place_of_the_load_balancer_s(run: Run) -> None:
    assert run(lambda: Gateway("edge", {"address": "origin.example.com"}).url) == "http://origin.example.com"
