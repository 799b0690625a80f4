"""What runs in the cluster: from which image, and with which rights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from policies.rules import About, Resource, Rule
from slipway_rules.pods import Pod, pod_spec, unpinned_images, unrestricted
from slipway_rules.values import entries

_LEVEL = "pod-security.kubernetes.io/enforce"


def _in_pods(find: Callable[[Pod], Iterable[str]]) -> Callable[[Resource], Iterator[str]]:
    def found(resource: Resource) -> Iterator[str]:
        if resource.type.startswith("kubernetes:") and (pod := pod_spec(resource.props)) is not None:
            yield from find(pod)

    return found


def _privileged(resource: Resource) -> Iterator[str]:
    yield from _in_pods(unrestricted)(resource)
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
    _in_pods(unpinned_images),
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
