"""App: the objects of both colours, their order, and what it refuses."""

from __future__ import annotations

import re
from typing import Any

import pulumi
import pytest

from slipway import App, ArgumentError
from tests.unit.mocks import Program, Run

ARGS: dict[str, Any] = {
    "blue_image": "registry.example.com/chat:1",
    "green_image": "registry.example.com/chat:2",
    "active": "blue",
    "gateway_name": "gateway",
    "gateway_namespace": "edge",
}
EDGE = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "edge"}}}
TESTS = {
    "podSelector": {
        "matchLabels": {
            "app.kubernetes.io/name": "chat",
            "app.kubernetes.io/instance": "chat",
            "app.kubernetes.io/component": "gate",
        }
    }
}
DEPLOYMENT, ROUTE = "apps/v1:Deployment", "gateway.networking.k8s.io/v1:HTTPRoute"


def app(**more: Any) -> App:
    return App("chat", {**ARGS, **more})  # pyright: ignore[reportArgumentType]


def body(program: Program, kind: str, name: str) -> dict[str, Any]:
    return program.by_name(f"kubernetes:{kind}", name).inputs


def container(program: Program, color: str) -> dict[str, Any]:
    return body(program, DEPLOYMENT, f"chat-{color}-deployment")["spec"]["template"]["spec"]["containers"][0]


def test_children(run: Run, program: Program) -> None:
    run(app)
    both = ("blue", "green")
    assert program.children() == [
        *(f"kubernetes:apps/v1:Deployment chat-{color}-deployment" for color in both),
        *(f"kubernetes:autoscaling/v2:HorizontalPodAutoscaler chat-{color}-autoscaler" for color in both),
        *(f"kubernetes:core/v1:ConfigMap chat-{color}-release" for color in both),
        "kubernetes:core/v1:Namespace chat-namespace",
        *(f"kubernetes:core/v1:Service chat-{color}-service" for color in both),
        "kubernetes:core/v1:ServiceAccount chat-account",
        "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute chat-route",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy chat-network-policy",
        *(f"kubernetes:policy/v1:PodDisruptionBudget chat-{color}-disruption-budget" for color in both),
    ]
    assert {resource.parent for resource in program.resources if resource.name != "chat"} == {"chat"}


def test_a_colour_s_deployment(run: Run, program: Program) -> None:
    run(app)
    deployment = body(program, DEPLOYMENT, "chat-green-deployment")
    assert deployment["metadata"]["name"] == "chat-green"
    notes = deployment["metadata"]["annotations"]
    assert notes.pop("pulumi.com/skipAwait") == "true"
    assert all(key.startswith("checkov.io/skip") for key in notes)
    assert "replicas" not in deployment["spec"]
    assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert deployment["spec"]["selector"]["matchLabels"] == {
        "app.kubernetes.io/name": "chat",
        "app.kubernetes.io/instance": "chat",
        "slipway/color": "green",
    }
    pod = deployment["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["terminationGracePeriodSeconds"] == 10 + 30
    assert len(pod["topologySpreadConstraints"]) == 2
    assert pod["securityContext"]["runAsUser"] == 1000


def test_a_colour_s_container(run: Run, program: Program) -> None:
    run(
        lambda: app(
            port=8000, health_path="/up", env={"A": "b"}, writable_paths=["/data", "/app/.next/cache"]
        )
    )
    made = container(program, "green")
    assert made["image"] == "registry.example.com/chat:2"
    assert made["env"] == [
        {"name": "COLOR", "value": "green"},
        {"name": "PORT", "value": "8000"},
        {"name": "A", "value": "b"},
    ]
    assert made["ports"] == [{"name": "http", "containerPort": 8000, "protocol": "TCP"}]
    assert {made[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")} == {
        "/up"
    }
    assert made["lifecycle"] == {"preStop": {"sleep": {"seconds": 10}}}
    assert made["terminationMessagePolicy"] == "FallbackToLogsOnError"
    assert made["securityContext"]["readOnlyRootFilesystem"] is True
    assert made["resources"] == {
        "requests": {"cpu": "250m", "memory": "256Mi"},
        "limits": {"memory": "256Mi"},
    }
    assert made["volumeMounts"] == [
        {"name": "data-bd4741", "mountPath": "/data"},
        {"name": "app-next-cache-80022e", "mountPath": "/app/.next/cache"},
    ]


def test_secrets_come_by_reference_and_a_change_rolls(run: Run, program: Program) -> None:
    run(lambda: app(secrets={"CODE": "hush"}))
    secret = program.by_name("kubernetes:core/v1:Secret", "chat-secrets")
    assert secret.inputs["stringData"] == {"CODE": "hush"}
    assert "stringData" in secret.secrets
    assert "name" not in secret.inputs["metadata"]
    assert container(program, "blue")["envFrom"] == [{"secretRef": {"name": "chat-secrets-made"}}]
    assert "hush" not in str([resource for resource in program.resources if resource.name != "chat-secrets"])


def test_probes(run: Run, program: Program) -> None:
    run(app)
    asked = {"httpGet": {"path": "/", "port": "http"}, "timeoutSeconds": 2}
    found = container(program, "blue")
    assert found["startupProbe"] == {**asked, "periodSeconds": 1, "failureThreshold": 60}
    assert found["readinessProbe"] == {**asked, "periodSeconds": 5, "failureThreshold": 2}
    assert found["livenessProbe"] == {**asked, "periodSeconds": 10, "failureThreshold": 6}


def test_probes_of_one_s_own(run: Run, program: Program) -> None:
    own = {"startup_seconds": 300, "period_seconds": 2, "timeout_seconds": 9, "live_path": "/live"}
    run(lambda: app(health_path="/ready", probes=own))
    found = container(program, "blue")
    ready, live = ({"path": path, "port": "http"} for path in ("/ready", "/live"))
    assert found["startupProbe"]["failureThreshold"] == 300
    assert found["readinessProbe"] == {
        "httpGet": ready,
        "timeoutSeconds": 9,
        "periodSeconds": 2,
        "failureThreshold": 2,
    }
    assert found["livenessProbe"]["httpGet"] == live


def test_command_and_arguments(run: Run, program: Program) -> None:
    run(app)
    assert not {"command", "args"} & container(program, "blue").keys(), "the image's own"
    program.resources.clear()
    run(lambda: app(command=["node"], arguments=["server.js", "--quiet"]))
    assert container(program, "green")["command"] == ["node"]
    assert container(program, "green")["args"] == ["server.js", "--quiet"]


def test_files_are_mounted_read_only_under_a_name_that_changes_with_them(run: Run, program: Program) -> None:
    run(lambda: app(files={"/etc/chat/models.json": "{}"}))
    made = body(program, "core/v1:ConfigMap", "chat-files")
    assert made["data"] == {".2f.etc.2f.chat.2f.models.2e.json": "{}"}
    assert "name" not in made["metadata"], "named by the provider: a change makes a new one"
    pod = body(program, DEPLOYMENT, "chat-blue-deployment")["spec"]["template"]["spec"]
    assert {"name": "files", "configMap": {"name": "chat-files-made"}} in pod["volumes"]
    assert {
        "name": "files",
        "mountPath": "/etc/chat/models.json",
        "subPath": ".2f.etc.2f.chat.2f.models.2e.json",
        "readOnly": True,
    } in pod["containers"][0]["volumeMounts"]


def test_claims(run: Run, program: Program) -> None:
    run(lambda: app(claims={"/uploads": "chat-uploads"}))
    pod = body(program, DEPLOYMENT, "chat-blue-deployment")["spec"]["template"]["spec"]
    assert {"name": "uploads-12b87d", "persistentVolumeClaim": {"claimName": "chat-uploads"}} in pod[
        "volumes"
    ]
    assert {"name": "uploads-12b87d", "mountPath": "/uploads"} in pod["containers"][0]["volumeMounts"]


AUTOSCALER = "autoscaling/v2:HorizontalPodAutoscaler"


def test_autoscaler_and_disruption_budget(run: Run, program: Program) -> None:
    run(lambda: app(scaling={"min_replicas": 3, "max_replicas": 9, "cpu_percent": 50}))
    spec = body(program, AUTOSCALER, "chat-blue-autoscaler")["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (3, 9)
    assert spec["scaleTargetRef"]["name"] == "chat-blue"
    assert spec["metrics"][0]["resource"]["target"] == {"type": "Utilization", "averageUtilization": 50}
    budget = body(program, "policy/v1:PodDisruptionBudget", "chat-blue-disruption-budget")["spec"]
    assert budget["maxUnavailable"] == 1


def test_it_scales_by_requests_per_second_besides_when_asked(run: Run, program: Program) -> None:
    run(app)
    (cpu,) = body(program, AUTOSCALER, "chat-green-autoscaler")["spec"]["metrics"]
    assert cpu["resource"] == {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}
    program.resources.clear()
    run(lambda: app(namespace="team-a", scaling={"requests_per_second": 50}))
    assert body(program, AUTOSCALER, "chat-green-autoscaler")["spec"]["metrics"] == [
        cpu,
        {
            "type": "External",
            "external": {
                "metric": {
                    "name": "gateway_requests_per_second",
                    "selector": {"matchLabels": {"application": "team-a-chat", "color": "green"}},
                },
                "target": {"type": "AverageValue", "averageValue": "50"},
            },
        },
    ]


def scaling(program: Program, color: str) -> tuple[dict[str, str], dict[str, Any]]:
    """A colour's autoscaler: what it notes, and how it behaves."""
    made = body(program, AUTOSCALER, f"chat-{color}-autoscaler")
    return made["metadata"]["annotations"], {**made["spec"]["behavior"]["scaleDown"], **made["spec"]}


def test_a_colour_with_traffic_shrinks_slowly(run: Run, program: Program) -> None:
    run(app)
    notes, spec = scaling(program, "blue")
    assert notes == {"slipway/carries": "traffic", "pulumi.com/patchForce": "true"}
    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 10)
    assert spec["stabilizationWindowSeconds"] == 300
    assert spec["policies"] == [{"type": "Percent", "value": 10, "periodSeconds": 60}]


def test_a_colour_without_traffic_keeps_its_size_while_it_is_warm(run: Run, program: Program) -> None:
    run(app)
    notes, spec = scaling(program, "green")
    assert notes.pop("slipway/template")
    assert notes == {
        "slipway/replicas": "2",
        "slipway/idle-replicas": "1",
        "pulumi.com/patchForce": "true",
    }
    assert (spec["minReplicas"], spec["maxReplicas"]) == (1, 10)
    assert spec["stabilizationWindowSeconds"] == 1800
    assert spec["policies"] == [{"type": "Percent", "value": 100, "periodSeconds": 60}]


def test_idle_size_and_warm_time_of_one_s_own(run: Run, program: Program) -> None:
    run(lambda: app(active="green", scaling={"min_replicas": 3, "idle_replicas": 3, "warm_seconds": 0}))
    notes, spec = scaling(program, "blue")
    assert (notes["slipway/replicas"], notes["slipway/idle-replicas"]) == ("3", "3")
    assert (spec["minReplicas"], spec["stabilizationWindowSeconds"]) == (3, 0)
    assert scaling(program, "green")[1]["minReplicas"] == 3


def test_a_change_of_traffic_makes_another_autoscaler_behind_the_route(run: Run, program: Program) -> None:
    """Another, because only a new one starts with the pods that there are."""
    run(app)
    for color in ("blue", "green"):
        made = program.by_name(f"kubernetes:{AUTOSCALER}", f"chat-{color}-autoscaler")
        assert "name" not in made.inputs["metadata"], "no two of them may meet"
        assert made.inputs["metadata"]["labels"]["slipway/color"] == color
        assert (made.replace_on_changes, made.delete_before_replace) == (("metadata.annotations",), True)
        assert {"chat-route", f"chat-{color}-release"} <= made.depends_on


def test_a_new_release_of_an_idle_colour_is_kept_warm_too(run: Run, program: Program) -> None:
    def note(**more: Any) -> str:
        program.resources.clear()
        run(lambda: app(**more))
        return scaling(program, "green")[0]["slipway/template"]

    assert note() == note()
    assert note() != note(green_image="registry.example.com/chat:3")


@pytest.mark.parametrize("said", [{"canary_weight": 1}, {"canary_users": {"headers": {"X-Beta": "yes"}}}])
def test_a_canary_has_the_least_number_of_pods_with_traffic(
    run: Run, program: Program, said: dict[str, Any]
) -> None:
    run(lambda: app(strategy="canary", **said))
    assert scaling(program, "green")[1]["minReplicas"] == 2


def test_only_the_gateway_may_come_in_and_nobody_reaches_cloud_credentials(
    run: Run, program: Program
) -> None:
    run(app)
    spec = body(program, "networking.k8s.io/v1:NetworkPolicy", "chat-network-policy")["spec"]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    (rule,) = spec["ingress"]
    assert rule["from"] == [EDGE, TESTS]
    assert rule["ports"] == [{"protocol": "TCP", "port": 3000}]
    everywhere, agent = spec["egress"]
    assert "169.254.0.0/16" in everywhere["to"][0]["ipBlock"]["except"]
    assert agent == {
        "to": [{"ipBlock": {"cidr": "169.254.170.23/32"}}, {"ipBlock": {"cidr": "fd00:ec2::23/128"}}],
        "ports": [{"protocol": "TCP", "port": 80}],
    }, "the agent that gives pods credentials of their own"


def test_metrics_are_announced_and_let_out_to_the_monitoring_alone(run: Run, program: Program) -> None:
    run(lambda: app(metrics_path="/metrics", port=8000))
    for color in ("blue", "green"):
        template = body(program, "apps/v1:Deployment", f"chat-{color}-deployment")["spec"]["template"]
        assert template["metadata"]["annotations"] == {
            "prometheus.io/scrape": "true",
            "prometheus.io/port": "8000",
            "prometheus.io/path": "/metrics",
        }
    (rule,) = body(program, "networking.k8s.io/v1:NetworkPolicy", "chat-network-policy")["spec"]["ingress"]
    assert rule["from"] == [
        EDGE,
        TESTS,
        {
            "namespaceSelector": {
                "matchLabels": {
                    "app.kubernetes.io/component": "monitoring",
                    "app.kubernetes.io/managed-by": "slipway",
                }
            }
        },
    ]


def test_without_metrics_nothing_is_announced(run: Run, program: Program) -> None:
    run(app)
    template = body(program, "apps/v1:Deployment", "chat-blue-deployment")["spec"]["template"]
    assert template["metadata"].keys() == {"labels"}


def test_the_route(run: Run, program: Program) -> None:
    def build() -> dict[str, Any]:
        made = app(active="green")
        return {"weights": made.weights, "images": made.images}

    outputs = run(build)
    spec = body(program, ROUTE, "chat-route")["spec"]
    backends = {ref["name"]: ref["weight"] for ref in spec["rules"][0]["backendRefs"]}
    assert backends == {"chat-blue": 0, "chat-green": 100}
    assert spec["parentRefs"][0]["name"] == "gateway"
    assert spec["parentRefs"][0]["namespace"] == "edge"
    assert "hostnames" not in spec
    assert outputs["weights"] == {"blue": 0, "green": 100}
    assert outputs["images"] == {"blue": ARGS["blue_image"], "green": ARGS["green_image"]}


def test_canary(run: Run, program: Program) -> None:
    run(lambda: app(strategy="canary", canary_weight=5, hostnames=["chat.example.com"]))
    spec = body(program, ROUTE, "chat-route")["spec"]
    assert {ref["name"]: ref["weight"] for ref in spec["rules"][0]["backendRefs"]} == {
        "chat-blue": 95,
        "chat-green": 5,
    }
    assert spec["hostnames"] == ["chat.example.com"]


def rules(program: Program) -> list[dict[str, Any]]:
    return body(program, ROUTE, "chat-route")["spec"]["rules"]


def backends(rule: dict[str, Any]) -> dict[str, int]:
    return {backend["name"]: backend["weight"] for backend in rule["backendRefs"]}


def test_a_colour_is_looked_at_by_a_header(run: Run, program: Program) -> None:
    """Each by its name; the rule with the weights stays the first, and no other host is served."""
    run(lambda: app(preview={"header": "X-Slipway-Color"}))
    switch, *by_header = rules(program)
    assert backends(switch) == {"chat-blue": 100, "chat-green": 0}
    for rule, color in zip(by_header, ("blue", "green"), strict=True):
        header = {"type": "Exact", "name": "X-Slipway-Color", "value": color}
        assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": "/"}, "headers": [header]}]
        assert backends(rule) == {f"chat-{color}": 1}
    assert not [resource for resource in program.resources if resource.name == "chat-preview"]


def test_the_colour_that_is_not_active_is_looked_at_by_a_host_name(run: Run, program: Program) -> None:
    run(lambda: app(active="green", preview={"hostnames": ["next.example.com"]}))
    route = body(program, ROUTE, "chat-preview")
    assert route["metadata"]["name"] == "chat-preview"
    assert route["spec"]["hostnames"] == ["next.example.com"]
    assert route["spec"]["parentRefs"] == body(program, ROUTE, "chat-route")["spec"]["parentRefs"]
    assert [backends(rule) for rule in route["spec"]["rules"]] == [{"chat-blue": 1}]
    assert len(rules(program)) == 1


USERS: Any = {"headers": {"X-Beta": "yes"}, "cookies": {"beta": "1.0"}}


def test_chosen_users_get_the_canary(run: Run, program: Program) -> None:
    """By a header or by one of their cookies, of which all come in one header; a part of a cookie's value is not it."""
    run(lambda: app(strategy="canary", canary_weight=0, canary_users=USERS))
    switch, chosen = rules(program)
    assert backends(switch) == {"chat-blue": 100, "chat-green": 0}
    assert backends(chosen) == {"chat-green": 1}
    header, cookie = (match["headers"][0] for match in chosen["matches"])
    assert header == {"type": "Exact", "name": "X-Beta", "value": "yes"}
    assert (cookie["type"], cookie["name"]) == ("RegularExpression", "Cookie")
    for sent, meant in {
        "beta=1.0": True,
        "a=b; beta=1.0; c=d": True,
        "a=b;beta=1.0": True,
        "alphabeta=1.0": False,
        "beta=1.01": False,
        "beta=1x0": False,
    }.items():
        assert bool(re.search(cookie["value"], sent)) == meant, sent


def test_a_canary_that_only_chosen_users_get_is_waited_for_too(run: Run, program: Program) -> None:
    run(lambda: app(strategy="canary", canary_weight=0, canary_users=USERS))
    urns = " ".join(program.by_name(f"kubernetes:{ROUTE}", "chat-route").depends_on)
    assert "chat-green-release" in urns


def test_without_a_canary_there_are_no_chosen_users(run: Run, program: Program) -> None:
    run(lambda: app(canary_users=USERS))
    assert len(rules(program)) == 1


SERVICE = "traefik.io/v1alpha1:TraefikService"
BOTH = {"chat-blue", "chat-green"}


def kept_by(program: Program) -> dict[str, dict[str, int]]:
    """The rules that keep users: the cookie's name, and where it leads."""
    found: dict[str, dict[str, int]] = {}
    for rule in rules(program)[1:]:
        ((header,),) = [match["headers"] for match in rule["matches"]]
        assert (header["type"], header["name"]) == ("RegularExpression", "Cookie")
        found[header["value"].removeprefix("(^|; ?)").removesuffix("=")] = backends(rule)
    return found


def test_without_cookie_and_copies_there_is_nothing_of_traefik_s(run: Run, program: Program) -> None:
    run(app)
    assert not [resource for resource in program.resources if "TraefikService" in resource.type]
    assert backends(rules(program)[0]).keys() == BOTH


def test_users_of_a_canary_keep_their_colour(run: Run, program: Program) -> None:
    run(lambda: app(strategy="canary", canary_weight=25, sticky_cookie="lane"))
    assert backends(rules(program)[0]) == {
        "chat-blue": 0,
        "chat-green": 0,
        "chat-blue-kept": 75,
        "chat-green-kept": 25,
    }
    blue, green = kept_by(program)
    assert re.fullmatch(r"lane-blue-[0-9a-f]{8}", blue)
    assert green.startswith("lane-green-")
    assert list(kept_by(program).values()) == [
        {"chat-blue": 1, "chat-green": 0},
        {"chat-green": 1, "chat-blue": 0},
    ]
    made = body(program, SERVICE, "chat-green-kept")
    assert (made["metadata"]["name"], made["metadata"]["namespace"]) == ("chat-green-kept", "chat")
    assert made["spec"]["weighted"] == {
        "services": [{"kind": "TraefikService", "name": "chat-chat-green-http-80@kubernetesgateway"}],
        "sticky": {"cookie": {"name": green, "httpOnly": True, "sameSite": "lax"}},
    }
    waits = program.by_name(f"kubernetes:{ROUTE}", "chat-route").depends_on
    assert {"chat-blue-kept", "chat-green-kept"} <= waits, "a route to what is not there serves nobody"


@pytest.mark.parametrize("active", ["blue", "green"])
def test_a_canary_without_weight_keeps_nobody_and_draws_nobody(
    run: Run, program: Program, active: str
) -> None:
    run(lambda: app(strategy="canary", active=active, sticky_cookie="lane"))
    only = {f"chat-{color}": 100 * (color == active) for color in ("blue", "green")}
    assert backends(rules(program)[0]) == {**only, "chat-blue-kept": 0, "chat-green-kept": 0}
    there = {f"chat-{color}": int(color == active) for color in ("blue", "green")}
    assert list(kept_by(program).values()) == [there, there]


def test_the_next_release_draws_everyone_anew(run: Run, program: Program) -> None:
    def cookies(**more: Any) -> list[str]:
        program.resources.clear()
        run(lambda: app(strategy="canary", sticky_cookie="lane", **more))
        return [*kept_by(program)]

    assert cookies() == cookies(canary_weight=50)
    assert not {*cookies()} & {*cookies(green_image="chat:3")}


def test_chosen_users_come_before_kept_ones(run: Run, program: Program) -> None:
    run(lambda: app(strategy="canary", canary_users=USERS, sticky_cookie="lane"))
    _, chosen, *kept = rules(program)
    assert backends(chosen) == {"chat-green": 1}
    assert len(kept) == 2


def test_only_a_canary_is_sticky(run: Run, program: Program) -> None:
    run(lambda: app(sticky_cookie="lane"))
    assert len(rules(program)) == 1
    assert backends(rules(program)[0]).keys() == BOTH


def test_the_second_colour_gets_copies(run: Run, program: Program) -> None:
    run(lambda: app(mirror_percent=30))
    assert backends(rules(program)[0]) == {
        "chat-blue": 70,
        "chat-green": 0,
        "chat-blue-mirrored": 30,
        "chat-green-mirrored": 0,
    }
    made = body(program, SERVICE, "chat-blue-mirrored")
    assert made["spec"]["mirroring"] == {
        "kind": "TraefikService",
        "name": "chat-chat-blue-http-80@kubernetesgateway",
        "mirrors": [{"kind": "Service", "name": "chat-green", "port": 80, "percent": 100}],
        "maxBodySize": 1024 * 1024,
    }
    assert scaling(program, "green")[1]["minReplicas"] == 2, "it is under load"
    assert "chat-green-release" in program.by_name(f"kubernetes:{ROUTE}", "chat-route").depends_on


def test_a_colour_with_traffic_gets_no_copies(run: Run, program: Program) -> None:
    run(lambda: app(strategy="canary", canary_weight=25, mirror_percent=100))
    weights = backends(rules(program)[0])
    assert (weights["chat-blue"], weights["chat-green"]) == (75, 25)
    assert weights["chat-blue-mirrored"] == 0


def test_the_route_waits_only_for_colours_that_carry_traffic(run: Run, program: Program) -> None:
    run(app)
    waits = program.by_name(f"kubernetes:{ROUTE}", "chat-route").depends_on
    assert "chat-blue-release" in waits
    assert "chat-green-release" not in waits


def test_a_release_is_recorded_after_its_deployment_and_says_what_runs(run: Run, program: Program) -> None:
    run(app)
    record = program.by_name("kubernetes:core/v1:ConfigMap", "chat-green-release")
    assert {"chat-green-deployment", "chat-green-service"} <= record.depends_on
    notes = record.inputs["metadata"]["annotations"]
    assert notes["slipway/image"] == "registry.example.com/chat:2"
    assert "data" not in record.inputs  # a change would replace it


@pytest.mark.parametrize(
    "change", [{"green_image": "x:3"}, {"env": {"A": "b"}}, {"port": 3001}, {"resources": {"cpu": "1"}}]
)
def test_the_record_changes_with_the_pod_template(run: Run, program: Program, change: dict[str, Any]) -> None:
    def note(**more: Any) -> str:
        program.resources.clear()
        run(lambda: app(**more))
        return body(program, "core/v1:ConfigMap", "chat-green-release")["metadata"]["annotations"][
            "slipway/template"
        ]

    assert note() == note()
    assert note() != note(**change)


def test_images_may_be_outputs(run: Run, program: Program) -> None:
    run(lambda: app(green_image=pulumi.Output.from_input("x@sha256:1")))
    assert container(program, "green")["image"] == "x@sha256:1"


def test_hooks_stand_before_records_and_route(run: Run, program: Program) -> None:
    run(app)
    assert sorted(program.hooks) == ["chat-blue-rollout", "chat-green-rollout", "chat-traffic"]
    assert all(hook.opts is None for hook in program.hooks.values()), "a hook would run in previews"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"active": "red"}, "active must be one of blue, green, got 'red'"),
        ({"strategy": "big-bang"}, "strategy must be one of blue-green, canary, rolling"),
        ({"canary_weight": 101}, "canary_weight must be 0-100, got 101"),
        ({"port": 80}, "port must be 1024-65535 (the container is not root), got 80"),
        ({"metrics_path": "metrics"}, "metrics_path must be a path that starts with /, got 'metrics'"),
        ({"health_path": "up"}, "health_path must be a path that starts with /, got 'up'"),
        ({"blue_image": ""}, "blue_image must be an image, got ''"),
        (
            {"scaling": {"min_replicas": 5, "max_replicas": 4}},
            "scaling.max_replicas 4 is below scaling.min_replicas 5",
        ),
        (
            {"scaling": {"min_replica": 5}},
            "there is no argument scaling.min_replica; did you mean scaling.min_replicas?",
        ),
        ({"scaling": {"cpu_percent": 0}}, "scaling.cpu_percent must be 1-100, got 0"),
        ({"scaling": {"min_replicas": "two"}}, "scaling.min_replicas must be 1-1000, got 'two'"),
        ({"scaling": {"requests_per_second": 0}}, "scaling.requests_per_second must be 1-100000, got 0"),
        ({"scaling": {"idle_replicas": 0}}, "scaling.idle_replicas must be 1-1000, got 0"),
        ({"scaling": {"warm_seconds": 3601}}, "scaling.warm_seconds must be 0-3600, got 3601"),
        ({"scaling": {"idle_replicas": 3}}, "scaling.idle_replicas 3 is above scaling.min_replicas 2"),
        ({"resources": {"cpu": "lots"}}, "resources.cpu must be as 250m or 1, got 'lots'"),
        ({"resources": {"memory": "1GB"}}, "resources.memory must be as 256Mi, got '1GB'"),
        ({"user": 0}, "user must be 1-65535, got 0"),
        ({"drain_seconds": 0}, "drain_seconds must be 1-300, got 0"),
        ({"rollout_seconds": 5}, "rollout_seconds must be 10-3600, got 5"),
        ({"probes": {"startup_seconds": 0}}, "probes.startup_seconds must be 1-3600, got 0"),
        ({"probes": {"period_seconds": 301}}, "probes.period_seconds must be 1-300, got 301"),
        ({"probes": {"timeout_seconds": 0}}, "probes.timeout_seconds must be 1-60, got 0"),
        ({"probes": {"live_path": "live"}}, "probes.live_path must be a path that starts with /, got 'live'"),
        ({"probes": {"path": "/"}}, "there is no argument probes.path"),
        ({"command": [1]}, "command must be words of text, got 1"),
        ({"arguments": [None, 2]}, "arguments must be words of text, got 2"),
        (
            {"files": {"models.json": ""}},
            "files must be an absolute path below /, without :, got 'models.json'",
        ),
        ({"hostnames": ["Chat"]}, "hostnames must be host names, as chat.example.com, got 'Chat'"),
        (
            {"preview": {"header": "X Y"}},
            "preview.header must be a header's name, as X-Slipway-Color, got 'X Y'",
        ),
        (
            {"preview": {"hostnames": ["a/b"]}},
            "preview.hostnames must be host names, as chat.example.com, got 'a/b'",
        ),
        (
            {"hostnames": ["a.example"], "preview": {"hostnames": ["a.example"]}},
            "a.example must stand in hostnames or in preview.hostnames, not in both",
        ),
        ({"sticky_cookie": "a b"}, "sticky_cookie must be a cookie's name, got 'a b'"),
        ({"mirror_percent": 101}, "mirror_percent must be 0-100, got 101"),
        ({"strategy": "rolling", "mirror_percent": 1}, "under the strategy rolling it has to be 0"),
        ({"canary_users": {"headers": {"a:b": "1"}}}, "canary_users.headers must be a header's name"),
        ({"canary_users": {"headers": {"X-Beta": ""}}}, "canary_users.headers[X-Beta] must be text"),
        ({"canary_users": {"cookies": {"a b": "1"}}}, "canary_users.cookies must be a cookie's name"),
        ({"canary_users": {"cookies": {"a": "1;2"}}}, "canary_users.cookies[a] must be a cookie's value"),
        ({"canary_users": {"cookie": {}}}, "there is no argument canary_users.cookie"),
        ({"claims": {"data": "x"}}, "claims must be an absolute path below /, without :, got 'data'"),
        (
            {"files": {"/tmp": ""}},  # noqa: S108 (a mount, not a file)
            "must stand in one of writable_paths, files and claims, not in two",
        ),
        (
            {"writable_paths": ["tmp"]},
            "writable_paths must be an absolute path below /, without :, got 'tmp'",
        ),
        ({"env": {"A-B": "c"}}, "env and secrets must be named by letters, digits and _, got 'A-B'"),
        ({"env": {"A": "1"}, "secrets": {"A": "2"}}, "A must stand in env or in secrets, not in both"),
        ({"namespace": "Chat"}, "namespace must be lower-case letters"),
        ({"replicas": 3}, "there is no argument replicas"),
    ],
)
def test_wrong_arguments(run: Run, program: Program, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as error:
        run(lambda: app(**change))
    assert str(error.value).startswith('app "chat": ')
    assert message in str(error.value)
    assert program.resources == []


def test_what_is_missing(run: Run) -> None:
    with pytest.raises(
        ArgumentError, match="active is missing; blue_image is missing; gateway_name is missing"
    ):
        run(lambda: App("chat", {"green_image": "x"}))  # pyright: ignore[reportArgumentType]
