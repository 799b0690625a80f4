"""The API calls of a release, over real HTTP to a server that records them."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from lightkube import ApiError

from slipway.kube import ApiServer

SEEN: list[tuple[str, str, Any]] = []
ITEM = {"metadata": {"name": "one"}}


class Handler(BaseHTTPRequestHandler):
    """Lists hold one item; what is called `gone` is not there, what is called `broken` answers 500."""

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        SEEN.append((self.command, self.path, json.loads(self.rfile.read(length)) if length else None))
        name = self.path.split("?")[0].rsplit("/", 1)[-1]
        code = {"gone": 404, "broken": 500}.get(name, 200)
        is_list = name in ("pods", "replicasets", "events", "horizontalpodautoscalers")
        body: dict[str, Any] = {"items": [ITEM], "metadata": {}} if is_list else ITEM
        answer = json.dumps({"code": code, "message": name} if code != 200 else body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_PATCH = _answer  # noqa: N815 (the server's names)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""


@pytest.fixture
def kubeconfig() -> Iterator[str]:
    SEEN.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
            "users": [{"name": "u", "user": {"token": "t"}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
    )
    server.shutdown()
    server.server_close()


def test_reads(kubeconfig: str) -> None:
    async def read() -> list[Any]:
        async with ApiServer(kubeconfig) as api:
            return [
                await api.deployment("dev", "chat-blue"),
                await api.deployment("dev", "gone"),
                await api.route("dev", "chat"),
                await api.replica_sets("dev", {"slipway/color": "blue"}),
                await api.pods("dev", {"slipway/color": "blue"}),
                await api.warnings("dev"),
            ]

    assert asyncio.run(read()) == [ITEM, None, ITEM, [ITEM], [ITEM], [ITEM]]
    assert [path for _, path, _ in SEEN] == [
        "/apis/apps/v1/namespaces/dev/deployments/chat-blue",
        "/apis/apps/v1/namespaces/dev/deployments/gone",
        "/apis/gateway.networking.k8s.io/v1/namespaces/dev/httproutes/chat",
        "/apis/apps/v1/namespaces/dev/replicasets?labelSelector=slipway%2Fcolor%3Dblue",
        "/api/v1/namespaces/dev/pods?labelSelector=slipway%2Fcolor%3Dblue",
        "/api/v1/namespaces/dev/events?fieldSelector=type%3DWarning",
    ]


def test_scale_writes_replicas_and_nothing_else(kubeconfig: str) -> None:
    async def scale() -> None:
        async with ApiServer(kubeconfig) as api:
            await api.scale("dev", "chat-green", 3)

    asyncio.run(scale())
    ((method, path, body),) = SEEN
    assert (method, path.split("?")[0]) == (
        "PATCH",
        "/apis/apps/v1/namespaces/dev/deployments/chat-green/scale",
    )
    assert body == {"spec": {"replicas": 3}}


def test_an_autoscaler_s_least_number_is_written_and_nothing_else(kubeconfig: str) -> None:
    async def write() -> Any:
        async with ApiServer(kubeconfig) as api:
            await api.set_least("dev", "chat-green-1", 3)
            return await api.autoscalers("dev", {"slipway/color": "green"})

    assert asyncio.run(write()) == [ITEM]
    (method, path, body), (_, read, _) = SEEN
    whole = "/apis/autoscaling/v2/namespaces/dev/horizontalpodautoscalers"
    assert (method, path.split("?")[0]) == ("PATCH", f"{whole}/chat-green-1")
    assert body == {"spec": {"minReplicas": 3}}
    assert read == f"{whole}?labelSelector=slipway%2Fcolor%3Dgreen"


def test_the_ambient_kubeconfig(kubeconfig: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").write_text(kubeconfig)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))

    async def read() -> Any:
        async with ApiServer("") as api:
            return await api.deployment("dev", "chat-blue")

    assert asyncio.run(read()) == ITEM


def test_any_other_failure_is_not_swallowed(kubeconfig: str) -> None:
    async def read() -> None:
        async with ApiServer(kubeconfig) as api:
            await api.deployment("dev", "broken")

    with pytest.raises(ApiError):
        asyncio.run(read())
