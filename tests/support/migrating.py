"""A stack whose release migrates, against an API server in memory whose Jobs do what a test says."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from slipway_ops import jobs, update
from tests.support.api_server import CONFIG_MAPS, LEASE, Answer, FakeApiServer, Object, deployment_path, serve
from tests.support.stack import FILE, Stack

JOBS, PODS = "/apis/batch/v1/namespaces/dev/jobs", "/api/v1/namespaces/dev/pods"
SECTION = "  slipway:migration: {command: [npm, run, migrate], timeoutSeconds: 60}\n"
GOOD = "before 0001\nafter 0002_sender\n"
SERVING: Object = {
    "serviceAccountName": "chat",
    "automountServiceAccountToken": False,
    "restartPolicy": "Always",
    "securityContext": {"runAsUser": 1000},
    "imagePullSecrets": [{"name": "login"}],
    "topologySpreadConstraints": [{"maxSkew": 1}],
    "terminationGracePeriodSeconds": 40,
    "volumes": [{"name": "cache", "emptyDir": {}}],
    "containers": [
        {
            "name": "chat",
            "image": "chat:1",
            "command": ["node", "server.ts"],
            "args": ["--verbose"],
            "env": [{"name": "COLOR", "value": "blue"}, {"name": "PGOPTIONS", "value": "-c work_mem=8MB"}],
            "envFrom": [{"secretRef": {"name": "chat-secrets-1"}}],
            "ports": [{"containerPort": 3000}],
            "readinessProbe": {"httpGet": {"path": "/healthz"}},
            "lifecycle": {"preStop": {"sleep": {"seconds": 10}}},
            "resources": {"limits": {"memory": "256Mi"}},
            "securityContext": {"readOnlyRootFilesystem": True},
            "terminationMessagePolicy": "FallbackToLogsOnError",
            "volumeMounts": [{"name": "cache", "mountPath": "/cache"}],
        },
        {"name": "sidecar", "image": "proxy:1"},
    ],
}


@dataclass
class Controllers:
    """What becomes of a Job: it is seen running, then it ends like this."""

    cluster: FakeApiServer
    exit: int = 0
    message: str = GOOD
    log: str = "> 0002_sender\nALTER TABLE\n"
    looks: int = 2
    """How often it is seen under way."""
    pod: Object = field(default_factory=dict[str, Any])
    """In place of the pod's whole status."""
    on_look: Any = None
    seen: int = 0

    def __call__(self, method: str, path: str) -> Answer | None:
        if method == "GET" and path.startswith(f"{JOBS}/"):
            return self.look(path.rsplit("/", 1)[1])
        if path.endswith("/log"):
            return 200, self.log
        return None

    def look(self, name: str) -> Answer | None:
        self.seen += 1
        if self.on_look:
            self.on_look()
        if f"{JOBS}/{name}" not in self.cluster.objects:
            return None
        job = self.cluster.objects[f"{JOBS}/{name}"]
        over = self.seen > self.looks
        if over and self.exit >= 0:
            job["status"] = {
                "conditions": [{"type": "Failed" if self.exit else "Complete", "status": "True"}]
            }
        ended = {"terminated": {"exitCode": self.exit, "message": self.message}}
        state: Object = ended if over else {"running": {}}
        status = self.pod or {"containerStatuses": [{"name": "migrate", "state": state}]}
        labels = {"batch.kubernetes.io/job-name": name}
        self.cluster.put(
            f"{PODS}/{name}-x",
            {"metadata": {"name": f"{name}-x", "uid": "p", "labels": labels}, "status": status},
        )
        return None


def made_jobs(stack: Stack) -> list[Object]:
    return [body for method, path, body in stack.cluster.seen if (method, path) == ("POST", JOBS)]


def changed(stack: Stack) -> list[tuple[str, str]]:
    """What was written, beside the lock and the record."""
    mine = (LEASE.rsplit("/", 1)[0], CONFIG_MAPS)
    return [
        (method, path)
        for method, path, _ in stack.cluster.seen
        if method != "GET" and not path.startswith(mine)
    ]


def released(stack: Stack, number: int, image: str, result: str = "succeeded", **schema: str) -> None:
    """A release of before."""
    record = {
        "number": number,
        "command": "deploy",
        "source": "blue",
        "target": "green",
        "image": image,
        "who": "ann",
        "host": "desk",
        "began": "2026-01-01T00:00:00+00:00",
        "result": result,
        "schema": schema,
    }
    labels = {"app.kubernetes.io/name": "chat", "slipway/record": "release"}
    path = f"{CONFIG_MAPS}/chat-release-{number:06d}"
    stack.cluster.put(path, {"metadata": {"labels": labels}, "data": {"record": json.dumps(record)}})


def left_job(stack: Stack, number: int, image: str, end: str = "") -> str:
    name = f"chat-migrate-{number}"
    metadata = {
        "name": name,
        "labels": {"app.kubernetes.io/name": "chat", "app.kubernetes.io/component": "migration"},
        "annotations": {"slipway/release": str(number), "slipway/image": image},
    }
    status = {"conditions": [{"type": end, "status": "True"}]} if end else {}
    stack.cluster.put(f"{JOBS}/{name}", {"metadata": metadata, "status": status})
    return name


@contextmanager
def ready_to_migrate(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Stack]:
    """Blue serves with what a pod has; the stack's file has a migration."""
    with serve() as cluster:
        (folder / "kubeconfig").write_text(cluster.kubeconfig)
        monkeypatch.setenv("KUBECONFIG", str(folder / "kubeconfig"))
        monkeypatch.setattr(jobs, "PAUSE_SECONDS", 0.01)
        made = Stack(folder, cluster)
        made.file.write_text(FILE + SECTION)
        cluster.deployment("blue", 3, image="chat:1")
        cluster.objects[deployment_path("blue")]["spec"]["template"]["spec"] = json.loads(json.dumps(SERVING))
        cluster.deployment("green", 3, image="chat:0")
        cluster.route(blue=100, green=0)
        monkeypatch.setattr(update, "up", made.up)
        yield made
