"""The few calls to the Kubernetes API that a release makes itself: objects in and out as plain dicts.

lightkube is loaded when the first call is made, not with the program: most runs release nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, Self

Object = dict[str, Any]


class Cluster(Protocol):
    """What waiting for a release needs of a cluster."""

    async def deployment(self, namespace: str, name: str) -> Object | None: ...
    async def replica_sets(self, namespace: str, labels: Mapping[str, str]) -> list[Object]: ...
    async def pods(self, namespace: str, labels: Mapping[str, str]) -> list[Object]: ...
    async def warnings(self, namespace: str) -> list[Object]: ...
    async def route(self, namespace: str, name: str) -> Object | None: ...
    async def scale(self, namespace: str, deployment: str, replicas: int) -> None: ...


class ApiServer:
    """A cluster behind its API server; `kubeconfig` is a kubeconfig's content, empty for the ambient one."""

    def __init__(self, kubeconfig: str) -> None:
        import yaml
        from lightkube import AsyncClient, KubeConfig, generic_resource

        kind: Any = generic_resource.create_namespaced_resource
        configs: Any = KubeConfig
        config = configs.from_dict(yaml.safe_load(kubeconfig)) if kubeconfig else configs.from_env()
        self._client: Any = AsyncClient(config=config.get(), field_manager="slipway-release")
        self._deployments = kind("apps", "v1", "Deployment", "deployments")
        self._replica_sets = kind("apps", "v1", "ReplicaSet", "replicasets")
        self._pods = kind("", "v1", "Pod", "pods")
        self._events = kind("", "v1", "Event", "events")
        self._routes = kind("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    async def deployment(self, namespace: str, name: str) -> Object | None:
        return await self._get(self._deployments, namespace, name)

    async def route(self, namespace: str, name: str) -> Object | None:
        return await self._get(self._routes, namespace, name)

    async def replica_sets(self, namespace: str, labels: Mapping[str, str]) -> list[Object]:
        return await self._list(self._replica_sets, namespace, labels=labels)

    async def pods(self, namespace: str, labels: Mapping[str, str]) -> list[Object]:
        return await self._list(self._pods, namespace, labels=labels)

    async def warnings(self, namespace: str) -> list[Object]:
        return await self._list(self._events, namespace, fields={"type": "Warning"})

    async def scale(self, namespace: str, deployment: str, replicas: int) -> None:
        change = {"spec": {"replicas": replicas}}
        await self._client.patch(self._deployments.Scale, deployment, change, namespace=namespace)

    async def _get(self, kind: Any, namespace: str, name: str) -> Object | None:
        from lightkube import ApiError

        try:
            return (await self._client.get(kind, name, namespace=namespace)).to_dict()
        except ApiError as error:
            if error.status.code == 404:  # noqa: PLR2004 (HTTP: not found)
                return None
            raise

    async def _list(self, kind: Any, namespace: str, **selectors: Any) -> list[Object]:
        return [item.to_dict() async for item in self._client.list(kind, namespace=namespace, **selectors)]
