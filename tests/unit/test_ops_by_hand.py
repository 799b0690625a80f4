"""What people wrote into the cluster's objects: seen by who owns it, given back to Pulumi, taken away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slipway_ops import by_hand
from slipway_ops.by_hand import Addition, Object
from slipway_ops.errors import OperatorError
from tests.support.api_server import FakeApiServer, serve

PULUMI = "pulumi-kubernetes-1a2b"
KIND = "kubernetes:apps/v1:Deployment"
PATH = "/apis/apps/v1/namespaces/shop/deployments/web"
INPUTS: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "shop", "labels": {"team": "shop"}},
    "spec": {
        "template": {
            "spec": {"containers": [{"name": "web", "image": "web:1", "ports": [{"containerPort": 80}]}]}
        }
    },
}


def owner(manager: str, fields: dict[str, Any], operation: str = "Update", **more: str) -> dict[str, Any]:
    return {"manager": manager, "operation": operation, "apiVersion": "apps/v1", "fieldsV1": fields, **more}


def live(*owners: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "web",
            "namespace": "shop",
            "uid": "u-1",
            "labels": {"team": "shop", "debug": "yes"},
            "annotations": {"a.example/b": "1"},
            "finalizers": ["example.com/keep"],
            "managedFields": list(owners),
        },
        "spec": {
            "replicas": 3,
            "template": {
                "metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}},
                "spec": {
                    "hostNetwork": True,
                    "containers": [
                        {"name": "spy", "image": "spy:1"},
                        {
                            "name": "web",
                            "image": "web:2",
                            "env": [{"name": "DEBUG", "value": "1"}],
                            "ports": [{"containerPort": 80, "protocol": "TCP"}],
                        },
                    ],
                },
            },
        },
        "status": {"replicas": 3},
        "__fieldManager": PULUMI,
    }


CONTAINERS: dict[str, Any] = {
    'k:{"name":"spy"}': {".": {}, "f:image": {}, "f:name": {}},
    'k:{"name":"web"}': {
        "f:image": {},
        "f:env": {".": {}, 'k:{"name":"DEBUG"}': {".": {}, "f:name": {}, "f:value": {}}},
        "f:ports": {'k:{"containerPort":80,"protocol":"TCP"}': {"f:protocol": {}}},
    },
}
EDITED = owner(
    "kubectl-edit",
    {
        "f:metadata": {
            "f:labels": {"f:debug": {}, "f:gone": {}},
            "f:annotations": {".": {}, "f:a.example/b": {}},
            "f:finalizers": {".": {}, 'v:"example.com/keep"': {}},
        },
        "f:spec": {
            "f:replicas": {},
            "f:template": {"f:spec": {"f:hostNetwork": {}, "f:containers": CONTAINERS}},
        },
        "f:status": {"f:replicas": {}},
    },
)


def paths(*owners: dict[str, Any]) -> set[by_hand.Path]:
    return {one.path for one in by_hand.additions(INPUTS, live(*owners))}


def test_what_was_added() -> None:
    containers = ("spec", "template", "spec", "containers")
    assert paths(EDITED) == {
        ("metadata", "labels", "debug"),
        ("metadata", "annotations", "a.example/b"),
        ("metadata", "finalizers", 0),
        ("spec", "template", "spec", "hostNetwork"),
        (*containers, 0),
        (*containers, 1, "env", 0),
        (*containers, 1, "ports", 0, "protocol"),
    }
    (debug,) = (one for one in by_hand.additions(INPUTS, live(EDITED)) if one.path[-1] == "debug")
    assert debug.value == "yes"


@pytest.mark.parametrize(
    "entry",
    [
        owner("kube-controller-manager", {"f:metadata": {"f:labels": {"f:debug": {}}}}),
        owner(PULUMI, {"f:metadata": {"f:labels": {"f:debug": {}}}}, "Apply"),
        owner("kubectl", {"f:metadata": {"f:labels": {"f:debug": {}}}}, subresource="scale"),
        owner("kubectl-edit", {"f:metadata": {"f:labels": {"f:team": {}}}}),
        owner(
            "kubectl-rollout",
            {
                "f:spec": {
                    "f:template": {
                        "f:metadata": {"f:annotations": {"f:kubectl.kubernetes.io/restartedAt": {}}}
                    }
                }
            },
        ),
        owner("kubectl-edit", {}),
    ],
    ids=["a controller", "pulumi", "a subresource", "what the program says", "a restart", "nothing"],
)
def test_what_was_not_added_by_hand(entry: dict[str, Any]) -> None:
    assert not paths(entry)


def test_what_is_no_object_of_a_cluster() -> None:
    assert by_hand.object_of("aws:s3/bucket:Bucket", {"metadata": {"uid": "u"}}) is None
    assert by_hand.object_of("kubernetes:yaml:ConfigFile", {}) is None
    assert by_hand.object_of(KIND, live()) == Object("apps/v1", "Deployment", "shop", "web", "u-1", PULUMI)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeApiServer]:
    with serve() as fake:
        (tmp_path / "kubeconfig").write_text(fake.kubeconfig)
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
        resources = [
            {"name": "deployments/scale", "kind": "Scale"},
            {"name": "deployments", "kind": "Deployment"},
        ]
        fake.put("/apis/apps/v1", {"resources": resources})
        yield fake


WEB = Object("apps/v1", "Deployment", "shop", "web", "u-1", PULUMI)


def patch(server: FakeApiServer) -> list[dict[str, Any]]:
    ((method, path, body),) = [call for call in server.seen if call[0] == "PATCH"]
    assert (method, path) == ("PATCH", PATH)
    return body


def test_handed_back_and_taken_away(server: FakeApiServer) -> None:
    pulumi = owner(PULUMI, {"f:metadata": {"f:labels": {"f:team": {}}}}, "Apply")
    other = owner("kube-controller-manager", {"f:status": {}}, subresource="status")
    server.put(PATH, live(other, pulumi, EDITED))
    server.before = lambda method, _: (200, {}) if method == "PATCH" else None
    by_hand.hand_back({WEB: by_hand.additions(INPUTS, live(EDITED))})
    test, *removed, handed = patch(server)
    assert test["op"] == "test"
    assert test["path"] == "/metadata/resourceVersion"
    containers = "/spec/template/spec/containers"
    assert [step["path"] for step in removed] == [
        "/spec/template/spec/hostNetwork",
        f"{containers}/1/ports/0/protocol",
        f"{containers}/1/env/0",
        f"{containers}/0",
        "/metadata/labels/debug",
        "/metadata/finalizers/0",
        "/metadata/annotations/a.example~1b",
    ]
    assert handed["path"] == "/metadata/managedFields"
    left, mine = handed["value"]
    assert left == other
    assert (mine["manager"], mine["operation"]) == (PULUMI, "Apply")
    assert mine["fieldsV1"]["f:metadata"]["f:labels"] == {"f:team": {}, "f:debug": {}, "f:gone": {}}
    assert [*mine["fieldsV1"]["f:spec"]] == ["f:template"], "replicas are an autoscaler's"
    assert "f:status" not in mine["fieldsV1"]


def test_a_restart_and_replicas_are_not_handed_over(server: FakeApiServer) -> None:
    """Pulumi's next update, which says neither, would have both taken away: pods fewer, and all of them new."""
    restarted = owner("kubectl-rollout", {"f:spec": {"f:template": {"f:metadata": {"f:annotations": {}}}}})
    scaled = owner("kubectl-edit", {"f:spec": {"f:replicas": {}}})
    server.put(PATH, live(restarted, scaled))
    server.before = lambda method, _: (200, {}) if method == "PATCH" else None
    by_hand.hand_back({WEB: []})
    _, handed = patch(server)
    assert handed["value"] == [restarted, owner(PULUMI, {}, "Apply", fieldsType="FieldsV1")]


def test_who_writes_meanwhile_is_read_again(server: FakeApiServer) -> None:
    server.put(PATH, live(EDITED))
    answers: list[tuple[int, dict[str, str]]] = [
        (422, {"message": "testing /resourceVersion failed"}),
        (409, {"message": "conflict"}),
        (200, {}),
    ]
    server.before = lambda method, _: answers.pop(0) if method == "PATCH" else None
    by_hand.hand_back({WEB: []})
    assert not answers
    server.before = lambda method, _: (409, {"message": "again"}) if method == "PATCH" else None
    with pytest.raises(OperatorError, match=r"could not be changed in 5 tries: .*again"):
        by_hand.hand_back({WEB: []})


def test_what_is_forbidden_is_not_tried_again(server: FakeApiServer) -> None:
    server.put(PATH, live(EDITED))
    server.before = lambda method, _: (403, {"message": "no"}) if method == "PATCH" else None
    with pytest.raises(OperatorError, match="no"):
        by_hand.hand_back({WEB: []})
    assert [call[0] for call in server.seen].count("PATCH") == 1


def test_pulumi_that_owned_nothing_more(server: FakeApiServer) -> None:
    server.put(PATH, live(EDITED))
    server.before = lambda method, _: (200, {}) if method == "PATCH" else None
    by_hand.hand_back({WEB: []})
    _, handed = patch(server)
    assert [entry["manager"] for entry in handed["value"]] == [PULUMI]


def test_what_changed_meanwhile_is_left(server: FakeApiServer) -> None:
    server.put(PATH, live(owner(PULUMI, {}, "Apply")))
    by_hand.hand_back(
        {WEB: [Addition(("metadata", "labels", "debug"), "no"), Addition(("metadata", "x"), 1)]}
    )
    assert not [call for call in server.seen if call[0] == "PATCH"]


def test_another_cluster(server: FakeApiServer) -> None:
    server.put(PATH, live() | {"metadata": {"uid": "u-2"}})
    with pytest.raises(
        OperatorError, match=r"^Deployment shop/web in .* is not the stack's; nothing was changed in it"
    ):
        by_hand.hand_back({WEB: []})
