"""An API server in memory, over real HTTP: enough of Kubernetes' rules for the command's own calls.

It keeps objects by path, gives each write a new resourceVersion, refuses a write to an older one with 409, and applies JSON patches
of `test` and `add`. What a Deployment's controller does is written by the test.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from slipway.shares import read
from slipway.traffic import COLORS
from tests.support.loopback import Asked, Reply, as_json, listening

Object = dict[str, Any]
Answer = tuple[int, Any]

ROUTE = "/apis/gateway.networking.k8s.io/v1/namespaces/dev/httproutes/chat"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/dev/leases/chat-release"
CONFIG_MAPS = "/api/v1/namespaces/dev/configmaps"
AUTOSCALERS = "/apis/autoscaling/v2/namespaces/dev/horizontalpodautoscalers"


def deployment_path(color: str) -> str:
    return f"/apis/apps/v1/namespaces/dev/deployments/chat-{color}"


def _nothing_else(*_: Any) -> None: ...


def answering(*answers: Answer) -> Callable[[str, str], Answer | None]:
    """Answers these, one call each, then as always."""
    left = list(answers)
    return lambda _method, _path: left.pop(0) if left else None


def refusing(answer: Answer) -> Callable[[str, str], Answer | None]:
    """Answers this to every call."""
    return lambda _method, _path: answer


@dataclass
class FakeApiServer:
    """What is there, what was asked, and what a test lets go wrong."""

    url: str = ""
    objects: dict[str, Object] = field(default_factory=dict)
    seen: list[tuple[str, str, Any]] = field(default_factory=list)
    before: Callable[[str, str], Answer | None] = _nothing_else
    """Asked first; what it answers is the answer."""
    on_scale: Callable[[str, int], None] = _nothing_else
    """What the controllers do when a Deployment is scaled."""
    _version: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, path: str, item: Object) -> Object:
        """Puts an object there as a controller would."""
        self._version += 1
        item = json.loads(json.dumps(item))
        item.setdefault("metadata", {})["resourceVersion"] = str(self._version)
        self.objects[path] = item
        return item

    def deployment(self, color: str, ready: int, replicas: int | None = None, image: str = "") -> None:
        wanted = ready if replicas is None else replicas
        self.put(
            deployment_path(color),
            {
                "metadata": {"uid": color, "generation": 1},
                "spec": {
                    "replicas": wanted,
                    "template": {"spec": {"containers": [{"image": image or f"chat:{color}"}]}},
                },
                "status": {
                    "observedGeneration": 1,
                    "replicas": wanted,
                    "updatedReplicas": wanted,
                    "availableReplicas": ready,
                },
            },
        )

    def autoscaler(self, color: str, least: int, has: int = 0, /, **notes: str) -> None:
        own = {"app.kubernetes.io/name": "chat", "app.kubernetes.io/instance": "chat", "slipway/color": color}
        metadata = {"name": f"chat-{color}-1", "labels": own, "annotations": notes}
        self.put(
            f"{AUTOSCALERS}/chat-{color}-1",
            {"metadata": metadata, "spec": {"minReplicas": least}, "status": {"currentReplicas": has}},
        )

    @property
    def leasts(self) -> dict[str, int]:
        """By colour, how many pods its autoscaler leaves."""
        found = {path: item for path, item in self.objects.items() if path.startswith(AUTOSCALERS)}
        return {
            item["metadata"]["labels"]["slipway/color"]: item["spec"]["minReplicas"]
            for item in found.values()
        }

    def route(self, **weights: int) -> None:
        refs = [{"name": f"chat-{color}", "weight": weight} for color, weight in weights.items()]
        self.put(ROUTE, {"metadata": {"name": "chat"}, "spec": {"rules": [{"backendRefs": refs}]}})

    @property
    def weights(self) -> dict[str, int]:
        return read({color: f"chat-{color}" for color in COLORS}, self.objects[ROUTE]["spec"]["rules"])

    @property
    def records(self) -> list[Object]:
        """The records of releases, oldest first."""
        paths = sorted(path for path in self.objects if path.startswith(f"{CONFIG_MAPS}/chat-release-"))
        return [json.loads(self.objects[path]["data"]["record"]) for path in paths]

    @property
    def kubeconfig(self) -> str:
        return json.dumps(
            {
                "clusters": [{"name": "c", "cluster": {"server": self.url}}],
                "users": [{"name": "u", "user": {"token": "t"}}],
                "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
                "current-context": "x",
            }
        )

    def answer(self, method: str, target: str, body: Any) -> Answer:
        path = urlsplit(target).path
        with self._lock:
            self.seen.append((method, path, body))
            if wrong := self.before(method, path):
                return wrong
            return getattr(self, f"_{method.lower()}")(path, target, body)

    def _get(self, path: str, target: str, _: Any) -> Answer:
        if path in self.objects:
            return 200, self.objects[path]
        query = parse_qs(urlsplit(target).query)
        if not query:
            return 404, {"message": "not found"}
        selector = query.get("labelSelector")
        if selector is None:
            return 200, {"items": []}
        wanted = dict(part.split("=") for part in selector[0].split(","))
        items = [
            item
            for key, item in self.objects.items()
            if key.rsplit("/", 1)[0] == path and wanted.items() <= item["metadata"].get("labels", {}).items()
        ]
        return 200, {"items": items}

    def _post(self, path: str, _: str, body: Any) -> Answer:
        key = f"{path}/{body['metadata']['name']}"
        return (409, {"message": "already exists"}) if key in self.objects else (201, self.put(key, body))

    def _put(self, path: str, _: str, body: Any) -> Answer:
        there = self.objects.get(path)
        if there is None:
            return 404, {"message": "not found"}
        if body["metadata"].get("resourceVersion") != there["metadata"]["resourceVersion"]:
            return 409, {"message": "the object has been modified"}
        return 200, self.put(path, body)

    def _delete(self, path: str, _: str, __: Any) -> Answer:
        return 200, self.objects.pop(path)

    def _patch(self, path: str, _: str, body: Any) -> Answer:
        if path.endswith("/scale"):
            self.on_scale(path.split("/")[-2], body["spec"]["replicas"])
            return 200, {}
        item = json.loads(json.dumps(self.objects[path]))
        if isinstance(body, dict):  # a merge patch, of one section's scalars
            item["spec"] |= body["spec"]
            return 200, self.put(path, item)
        for step in body:
            *parents, last = step["path"].strip("/").split("/")
            place: Any = item
            for part in parents:
                place = place[int(part) if isinstance(place, list) else part]
            if step["op"] == "test" and place[last] != step["value"]:
                return 422, {"message": "the server rejected our request due to an error in our request"}
            if step["op"] == "add":
                place[last] = step["value"]
        return 200, self.put(path, item)


@contextmanager
def serve() -> Generator[FakeApiServer]:
    """Serves on loopback until the block ends."""
    fake = FakeApiServer()

    def reply(asked: Asked) -> Reply:
        status, said = fake.answer(asked.method, asked.path, json.loads(asked.body) if asked.body else None)
        return status, as_json(said), {"Content-Type": "application/json"}

    with listening(reply) as fake.url:
        yield fake
