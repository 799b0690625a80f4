"""Every pod that the environments and the components make, before the API server's own Pod Security at its level "restricted".

A warning counts as a refusal. Who cannot keep to it says why in an annotation of the object that its pod comes from.
"""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import chdir
from typing import Any

import pytest

from slipway.manifest import namespace
from slipway_rules.exceptions import ANNOTATION
from slipway_rules.pods import pod_spec
from tests.support.project import REPOSITORY
from tests.support.reference import programs
from tests.unit.mocks import record
from tests.unit.test_environment import up

NAMESPACE = "pods-restricted"
EXCUSE = f"{ANNOTATION}pods-restricted"
Body = dict[str, Any]
Dry = Callable[[Body], str]


@pytest.fixture(scope="module")
def workloads() -> dict[str, Body]:
    """Every object that has pods, of dev, of prod and of each call of calls.py: where it is made and its name -> the object."""
    with chdir(REPOSITORY):
        made = {stack: record(lambda stack=stack: up(stack)) for stack in ("dev", "prod")} | programs()
    return {
        f"{origin}: {resource.name}": resource.inputs
        for origin, program in made.items()
        for resource in program.resources
        if resource.type.startswith("kubernetes:") and pod_spec(resource.inputs) is not None
    }


@pytest.fixture(scope="module")
def restricted() -> Iterator[Dry]:
    """Applies an object to a restricted namespace without making it; returns what the API server had to say."""

    def kubectl(*arguments: str, body: object = None) -> subprocess.CompletedProcess[str]:
        given = None if body is None else json.dumps(body)
        return subprocess.run(
            ["kubectl", *arguments], input=given, check=False, capture_output=True, text=True
        )

    made = kubectl("apply", "--server-side", "--filename=-", body=namespace(NAMESPACE, {}))
    assert made.returncode == 0, made.stderr

    def dry(body: Body) -> str:
        done = kubectl("apply", "--dry-run=server", "--warnings-as-errors", "--filename=-", body=body)
        return "" if done.returncode == 0 else done.stderr

    yield dry
    kubectl("delete", "namespace", NAMESPACE)


def here(body: Body) -> Body:
    """The object without what only its own namespace has."""
    return {
        **body,
        "metadata": {"name": "tried", "labels": body["metadata"].get("labels", {}), "namespace": NAMESPACE},
    }


def pod_of(body: Body) -> Body:
    """The pod itself, as a controller would make it: an object that has pods is warned of, only a pod is refused."""
    pod = pod_spec(body) or {}
    claims = [claim["metadata"]["name"] for claim in body["spec"].get("volumeClaimTemplates", ())]
    volumes = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in claims]
    spec = {**pod, "serviceAccountName": "default", "volumes": [*pod.get("volumes", ()), *volumes]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "tried", "namespace": NAMESPACE},
        "spec": spec,
    }


def test_every_pod_is_restricted(workloads: dict[str, Body], restricted: Dry) -> None:
    """Given an object with pods, then neither it nor its pod is warned of or refused, unless it says why not."""
    said = {name: restricted(here(body)) + restricted(pod_of(body)) for name, body in workloads.items()}
    excused = {name for name, body in workloads.items() if EXCUSE in body["metadata"].get("annotations", {})}
    assert {name: told for name, told in said.items() if told and name not in excused} == {}
    assert {name for name in excused if "PodSecurity" not in said[name]} == set(), (
        "these need no excuse any more"
    )
    programs = {name.rsplit("-", 1)[-1] for name in workloads}
    assert {"deployment", "traefik", "postgres", "valkey", "prometheus", "grafana"} <= programs, (
        "all are looked at"
    )


def test_who_breaks_it_is_told(restricted: Dry) -> None:
    """Given a privileged pod and one that only a Deployment would make, then both are found."""
    container = {"name": "a", "image": "a", "securityContext": {"privileged": True}}
    template = {"metadata": {"labels": {"a": "a"}}, "spec": {"containers": [container]}}
    spec = {"selector": {"matchLabels": {"a": "a"}}, "template": template}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {}, "spec": spec}
    assert "would violate PodSecurity" in restricted(here(deployment))
    assert "violates PodSecurity" in restricted(pod_of(deployment))
