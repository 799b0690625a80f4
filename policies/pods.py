"""What runs in the cluster: from which image, and with which rights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from policies.rules import About, Resource, Rule
from slipway_rules.pods import Pod, is_pinned, pod_specs, unpinned_images, unrestricted
from slipway_rules.values import at, each, entries, parsed

_GROUPS = "kubernetes:yaml"
"""Groups of objects, each of which is a resource of its own."""
FUNCTION, TASK = "aws:lambda/function:Function", "aws:ecs/taskDefinition:TaskDefinition"
_RELEASE = "kubernetes:helm.sh/v3:Release"
_LEVEL = "pod-security.kubernetes.io/enforce"


def pods_of(resource: Resource) -> Iterator[Pod]:
    """The pods that an object makes."""
    if resource.type.startswith("kubernetes:") and not resource.type.startswith(_GROUPS):
        # Its type says what it is; not every language writes the kind into the properties.
        yield from pod_specs({"kind": resource.type.rsplit(":", 1)[-1], **resource.props})


def _in_pods(find: Callable[[Pod], Iterable[str]]) -> Callable[[Resource], Iterator[str]]:
    def found(resource: Resource) -> Iterator[str]:
        for pod in pods_of(resource):
            yield from find(pod)

    return found


def task_containers(resource: Resource) -> Iterator[tuple[str, Any]]:
    """The containers of a task of ECS, each with where it stands."""
    text = resource.at("containerDefinitions") if resource.type == TASK else None
    for container in each(parsed(text)):
        yield f"containerDefinitions.{at(container, 'name', '?')}", container


def _unpinned(resource: Resource) -> Iterator[str]:
    yield from _in_pods(unpinned_images)(resource)
    images = [(where, at(container, "image")) for where, container in task_containers(resource)]
    if resource.type == FUNCTION:
        images.append(("imageUri", resource.at("imageUri")))
    for where, image in images:
        if isinstance(image, str) and not is_pinned(image):
            yield f"{where}: {image!r} has no digest"


def _privileged(resource: Resource) -> Iterator[str]:
    yield from _in_pods(unrestricted)(resource)
    if resource.type == _RELEASE:
        yield "Helm makes its objects, and no rule sees them: use helm.v4.Chart, whose objects are resources"
    if resource.type == "kubernetes:core/v1:Namespace":
        labels = entries(resource.at("metadata.labels", {}))
        level = None if labels is None else labels.get(_LEVEL, "")
        if isinstance(level, str) and level != "restricted":
            yield f"its label {_LEVEL} must be restricted, is {level or 'left out'}"


PINNED = Rule(
    About(
        name="images-pinned",
        what="Images are named by their digest.",
        why="A tag can be moved: two pods of one rollout may run different code, and a rollback may not bring the old code back.",
        mend="write registry/path:tag@sha256:…; an Image component's `ref` is one.",
    ),
    _unpinned,
)

RESTRICTED = Rule(
    About(
        name="pods-restricted",
        what='Pods and namespaces keep to Pod Security\'s level "restricted": nothing privileged, no root, nothing of the host.',
        why="A broken application is then not a broken node: it cannot gain rights, mount the host or speak for it.",
        mend="use slipway.manifest.restricted_pod and restricted_container, and label the namespace.",
    ),
    _privileged,
)
