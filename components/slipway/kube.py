"""The few calls to the Kubernetes API that a release makes itself: objects in and out as plain dicts.

lightkube is loaded when the first call is made, not with the program: most runs release nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Any, Protocol, Self

Object = dict[str, Any]
Kind = tuple[str, str, str, str]
"""Group, version, kind and plural."""

_GATEWAY_API = "gateway.networking.k8s.io"
_AUTOSCALER = ("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")


class Cluster(Protocol):
    """What waiting for a release needs of a cluster."""

    async def deployment(self, namespace: str, name: str) -> Object | None: ...
    async def replica_sets(self, namespace: str, labels: Mapping[str, str]) -> list[Object]: ...
    async def pods(self, namespace: str, labels: Mapping[str, str]) -> list[Object]: ...
    async def warnings(self, namespace: str) -> list[Object]: ...
    async def route(self, namespace: str, name: str) -> Object | None: ...
    async def scale(self, namespace: str, deployment: str, replicas: int) -> None: ...
    async def autoscalers(self, namespace: str, labels: Mapping[str, str]) -> list[Object]: ...
    async def set_least(self, namespace: str, autoscaler: str, replicas: int) -> None: ...


class ApiServer:
    """A cluster behind its API server; `kubeconfig` is a kubeconfig's content, empty for the ambient one."""

    def __init__(self, kubeconfig: str) -> None:
        import yaml
        from lightkube import AsyncClient, KubeConfig

        configs: Any = KubeConfig
        config = configs.from_dict(yaml.safe_load(kubeconfig)) if kubeconfig else configs.from_env()
        self._client: Any = AsyncClient(config=config.get(), field_manager="slipway-release")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    async def deployment(self, namespace: str, name: str) -> Object | None:
        return await self._get(("apps", "v1", "Deployment", "deployments"), namespace, name)

    async def route(self, namespace: str, name: str) -> Object | None:
        return await self._get((_GATEWAY_API, "v1", "HTTPRoute", "httproutes"), namespace, name)

    async def replica_sets(self, namespace: str, labels: Mapping[str, str]) -> list[Object]:
        return await self._list(("apps", "v1", "ReplicaSet", "replicasets"), namespace, labels=labels)

    async def pods(self, namespace: str, labels: Mapping[str, str]) -> list[Object]:
        return await self._list(("", "v1", "Pod", "pods"), namespace, labels=labels)

    async def warnings(self, namespace: str) -> list[Object]:
        return await self._list(("", "v1", "Event", "events"), namespace, fields={"type": "Warning"})

    async def scale(self, namespace: str, deployment: str, replicas: int) -> None:
        from lightkube.resources.apps_v1 import Deployment

        change = {"spec": {"replicas": replicas}}
        await self._client.patch(Deployment.Scale, deployment, change, namespace=namespace)

    async def autoscalers(self, namespace: str, labels: Mapping[str, str]) -> list[Object]:
        return await self._list(_AUTOSCALER, namespace, labels=labels)

    async def set_least(self, namespace: str, autoscaler: str, replicas: int) -> None:
        from lightkube.types import PatchType

        change = {"spec": {"minReplicas": replicas}}
        await self._client.patch(
            _plain(*_AUTOSCALER), autoscaler, change, namespace=namespace, patch_type=PatchType.MERGE
        )

    async def _get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        from lightkube import ApiError

        try:
            return (await self._client.get(_plain(*kind), name, namespace=namespace)).to_dict()
        except ApiError as error:
            if error.status.code == HTTPStatus.NOT_FOUND:
                return None
            raise

    async def _list(self, kind: Kind, namespace: str, **selectors: Any) -> list[Object]:
        found = self._client.list(_plain(*kind), namespace=namespace, **selectors)
        return [item.to_dict() async for item in found]


@cache
def _plain(group: str, version: str, kind: str, plural: str) -> Any:
    """A kind whose objects are dicts. lightkube's own classes for it would take as long to load as the whole client."""
    from lightkube import generic_resource

    generic: Any = generic_resource
    info = generic.create_api_info(group, version, kind, plural)
    return type(kind, (generic.GenericNamespacedResource,), {"_api_info": info})
