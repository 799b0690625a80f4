"""Pods in every shape in which they come, and what their containers are told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from policies.rules import UNKNOWN, Resource
from tests.unit.test_policies import (
    PINNED,
    SAFE_CONTAINER,
    SAFE_POD,
    aws,
    container,
    found,
    pod,
    resource,
    secured,
)

BAD: dict[str, Any] = {
    **SAFE_POD,
    "containers": [{**SAFE_CONTAINER, "image": "x:latest", "securityContext": {"privileged": True}}],
}


def template(spec: dict[str, Any]) -> dict[str, Any]:
    return {"template": {"spec": spec}}


SHAPES: list[Resource] = [
    *(
        Resource(f"kubernetes:apps/v1:{kind}", "w", {"kind": kind, "spec": template(BAD)})
        for kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")
    ),
    Resource("kubernetes:apps/v1:Deployment", "no-kind", {"spec": template(BAD)}),
    Resource("kubernetes:core/v1:Pod", "pod", {"spec": BAD}),
    Resource("kubernetes:core/v1:PodTemplate", "template", template(BAD)),
    Resource("kubernetes:core/v1:ReplicationController", "rc", {"spec": template(BAD)}),
    Resource("kubernetes:batch/v1:Job", "job", {"spec": template(BAD)}),
    Resource("kubernetes:batch/v1:CronJob", "cron", {"spec": {"jobTemplate": {"spec": template(BAD)}}}),
    Resource(
        "kubernetes:argoproj.io/v1alpha1:Rollout", "rollout", {"kind": "Rollout", "spec": template(BAD)}
    ),
    Resource("kubernetes:core/v1:List", "list", {"items": [{"kind": "Pod", "spec": BAD}]}),
    Resource("kubernetes:core/v1:Pod", "init", {"spec": {**SAFE_POD, "initContainers": BAD["containers"]}}),
    Resource(
        "kubernetes:core/v1:Pod", "debug", {"spec": {**SAFE_POD, "ephemeralContainers": BAD["containers"]}}
    ),
]


@pytest.mark.parametrize("by", SHAPES, ids=lambda by: by.name)
def test_pods_are_seen_in_every_shape(by: Resource) -> None:
    assert any("privileged must be false" in problem for problem in found("pods-restricted", by))
    assert any("has no digest" in problem for problem in found("images-pinned", by))


def test_a_group_of_objects_is_left_to_its_objects() -> None:
    group = Resource("kubernetes:yaml/v2:ConfigGroup", "g", {"objs": [{"kind": "Pod", "spec": BAD}]})
    assert found("pods-restricted", group) == []


def test_a_schema_is_no_pod() -> None:
    schema = {
        "openAPIV3Schema": {"properties": {"containers": {"type": "array"}, "kind": {"type": "string"}}}
    }
    crd = Resource("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", "crd", {"spec": schema})
    assert found("pods-restricted", crd) == found("images-pinned", crd) == []


def test_what_helm_makes_is_not_seen_and_so_refused() -> None:
    assert "no rule sees them" in found("pods-restricted", resource("kubernetes:helm.sh/v3:Release"))[0]
    assert found("pods-restricted", resource("kubernetes:helm.sh/v4:Chart")) == []


UNCONFINED: list[tuple[Resource, str]] = [
    (
        secured(appArmorProfile={"type": "Unconfined"}),
        "appArmorProfile.type must be RuntimeDefault or Localhost",
    ),
    (
        pod(securityContext={**SAFE_POD["securityContext"], "appArmorProfile": {"type": "Unconfined"}}),
        "appArmorProfile.type must be",
    ),
    (secured(seLinuxOptions={"type": "spc_t"}), "seLinuxOptions.type must be one of a container's"),
    (secured(seLinuxOptions={"user": "system_u"}), "seLinuxOptions.user must be left out"),
    (secured(seLinuxOptions={"role": "system_r"}), "seLinuxOptions.role must be left out"),
    (secured(windowsOptions={"hostProcess": True}), "windowsOptions.hostProcess must be false"),
]


@pytest.mark.parametrize(("by", "says"), UNCONFINED)
def test_nothing_takes_the_walls_away(by: Resource, says: str) -> None:
    assert any(says in problem for problem in found("pods-restricted", by)), found("pods-restricted", by)


@pytest.mark.parametrize(
    "context", [{"appArmorProfile": {"type": "Localhost"}}, {"seLinuxOptions": {"type": "container_t"}}]
)
def test_walls_of_another_kind_are_right(context: dict[str, Any]) -> None:
    assert found("pods-restricted", secured(**context)) == []


# --- secrets ---


def told(name: str, value: Any) -> list[str]:
    return found("secrets-by-reference", container(env=[{"name": name, "value": value}]))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_PASSWORD", "hunter22"),
        ("GITHUB_TOKEN", "anything"),
        ("apiKey", "anything"),
        ("AWS_SECRET_ACCESS_KEY", "wJalr"),
        ("DB_PASSWORD", "123456"),
        ("LOGIN_PIN", "4711"),
        ("REDIS_MASTERAUTH", "hunter22"),
        ("AUTH_TOKEN", "hunter22"),
        ("AUTHORIZATION", "Bearer hunter22"),
        ("REDIS_CONNECTION_STRING", "rediss://:hunter22@cache:6379"),
        ("REDIS_CONNECTION_STRING", "rediss://:hunter22@$(CACHE):6379"),
        ("DATABASE_URL", "postgres://app:hunter22@db.example.com/orders"),
        ("SETTINGS", "-----BEGIN RSA PRIVATE KEY-----\nMII"),
        ("ANYTHING", "AKIA" + "Q3EGTKPZ7RXYWN5B"),
    ],
)
def test_a_secret_in_clear_is_told(name: str, value: str) -> None:
    problems = told(name, value)
    assert problems == [f"containers.chat: {name} holds its secret in clear"]
    assert value not in problems[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_PASSWORD", UNKNOWN),
        ("DB_PASSWORD", None),
        ("DB_PASSWORD", ""),
        ("DB_PASSWORD_FILE", "/run/secrets/db"),
        ("TOKEN", "/var/run/secrets/token"),
        ("MAX_TOKENS", "4096"),
        ("OPENAI_MAX_TOKENS", "4096"),
        ("COMPLETION_TOKENS", "4096"),
        ("REQUIRE_PASSWORD", "true"),
        ("REQUIRE_PASSWORD", "1"),
        ("USE_TOKEN", "No"),
        ("TOKEN", "disabled"),
        ("AUTH", "oidc"),
        ("httpAuth", "oauth2"),
        ("ENABLE_AUTH", "yes"),
        ("SESSION_COOKIE", "chat_session"),
        ("AUTHORIZATION", "Bearer $(TOKEN)"),
        ("REDIS_CONNECTION_STRING", "rediss://:$(REDIS_PASSWORD)@cache:6379"),
        ("DB_CONNECTION_STRING", "Server=db;\nPassword=${DB_PASSWORD}"),
        ("SECRET_NAME", "orders-db"),
        ("DB_SECRET", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:db"),
        ("DB_PASSWORD", "$(FROM_ELSEWHERE)"),
        ("DATABASE_URL", "postgres://app:$(DB_PASSWORD)@db.example.com/orders"),
        ("NEXT_PUBLIC_API_KEY", "in every page"),
        ("UPSTREAM", "https://api.example.com/v1"),
    ],
)
def test_what_is_no_secret_is_not_told(name: str, value: Any) -> None:
    assert told(name, value) == []


def test_secrets_of_functions_tasks_and_config_maps() -> None:
    variables = {"DB_PASSWORD": "hunter22", "COLOR": "blue"}
    task = [{"name": "web", "image": PINNED, "environment": [{"name": "DB_PASSWORD", "value": "hunter22"}]}]
    for by in (
        resource("kubernetes:core/v1:ConfigMap", data=variables),
        aws("lambda", "Function", environment={"variables": variables}),
        aws("ecs", "TaskDefinition", containerDefinitions=json.dumps(task)),
        aws("ecs", "TaskDefinition", containerDefinitions=task),
    ):
        (problem,) = found("secrets-by-reference", by)
        assert problem.endswith("DB_PASSWORD holds its secret in clear")
    assert found("secrets-by-reference", aws("lambda", "Function", environment=UNKNOWN)) == []
    assert found("secrets-by-reference", aws("ecs", "TaskDefinition", containerDefinitions=UNKNOWN)) == []
