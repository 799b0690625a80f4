"""Pods: which fields break Pod Security's "restricted" level, and which images are not pinned.

https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from slipway_rules.values import at, each, entries, is_known

_DIGEST = re.compile(r"[^@\s]+@sha256:[0-9a-f]{64}")
_VOLUMES = frozenset(
    {
        "name",
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
)
_SYSCTLS = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ping_group_range",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.tcp_wmem",
    }
)
_CONFINED = ("RuntimeDefault", "Localhost")
_SELINUX = ("container_t", "container_init_t", "container_kvm_t", "container_engine_t", "")
_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")

Pod = Mapping[str, Any]
Container = Mapping[str, Any]


def pod_spec(body: Mapping[str, Any]) -> Pod | None:
    """The pod spec inside an object of any of the workload kinds."""
    path = {
        "Pod": "spec",
        "CronJob": "spec.jobTemplate.spec.template.spec",
        **dict.fromkeys(
            ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"), "spec.template.spec"
        ),
    }.get(str(at(body, "kind")))
    return entries(at(body, path)) if path else None


def pod_specs(body: Any) -> Iterator[Pod]:
    """Every pod spec in an object, of a kind that it knows or by its shape: in a list, in a custom resource such as a Rollout."""
    found = entries(body)
    if found is not None and (known := pod_spec(found)) is not None:
        yield known
    elif found is not None and any(isinstance(found.get(kind), list) for kind in _CONTAINERS):
        yield found
    else:
        for item in found.values() if found is not None else each(body):
            yield from pod_specs(item)


def containers(pod: Pod) -> Iterator[tuple[str, Container]]:
    """Every container with where it stands: `containers.chat`."""
    for kind in _CONTAINERS:
        for container in each(pod.get(kind)):
            yield f"{kind}.{at(container, 'name', '?')}", container


def unpinned_images(pod: Pod) -> Iterator[str]:
    """Images whose content may change under the same name."""
    for where, container in containers(pod):
        image = at(container, "image", "")
        if is_known(image) and not is_pinned(image):
            yield f"{where}: {image!r} has no digest"


def is_pinned(image: str) -> bool:
    """Whether an image is named by its digest: `registry/path:tag@sha256:…`."""
    return _DIGEST.fullmatch(image) is not None


def unrestricted(pod: Pod) -> Iterator[str]:
    """What "restricted" forbids, each with where it stands, what came and what would be right."""
    yield from _of_the_pod(pod)
    for where, container in containers(pod):
        yield from _of_a_container(where, container, pod)


def _of_the_pod(pod: Pod) -> Iterator[str]:
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        yield from _unless(pod, field, lambda value: value is False, "false", absent=False)
    for volume in each(pod.get("volumes")):
        if strange := sorted(set(volume) - _VOLUMES):
            yield f"volumes.{at(volume, 'name', '?')} must not be {', '.join(strange)}"
    for sysctl in each(at(pod, "securityContext.sysctls")):
        if at(sysctl, "name") not in _SYSCTLS:
            yield f"securityContext.sysctls must not have {at(sysctl, 'name')!r}"
    yield from _of_a_context(pod)


def _of_a_context(held: Mapping[str, Any]) -> Iterator[str]:
    """What a pod's and a container's security context forbid alike, each for itself."""

    def own(field: str, right: Callable[[Any], bool], says: str, absent: Any = None) -> Iterator[str]:
        yield from _unless(held, f"securityContext.{field}", right, says, absent)

    yield from own("windowsOptions.hostProcess", lambda value: value is False, "false", absent=False)
    yield from own(
        "appArmorProfile.type", lambda value: value in _CONFINED, " or ".join(_CONFINED), absent=_CONFINED[0]
    )
    yield from own("seLinuxOptions.type", lambda value: value in _SELINUX, "one of a container's", absent="")
    for field in ("user", "role"):
        yield from own(f"seLinuxOptions.{field}", lambda value: value == "", "left out", absent="")


def _of_a_container(where: str, container: Container, pod: Pod) -> Iterator[str]:
    def own(field: str, right: Callable[[Any], bool], says: str, absent: Any = None) -> Iterator[str]:
        for problem in _unless(container, f"securityContext.{field}", right, says, absent):
            yield f"{where}.{problem}"

    def inherited(field: str, right: Callable[[Any], bool], says: str, absent: Any = None) -> Iterator[str]:
        yield from own(field, right, says, at(pod, f"securityContext.{field}", absent))

    yield from own("privileged", lambda value: value is False, "false", absent=False)
    yield from own("allowPrivilegeEscalation", lambda value: value is False, "false")
    yield from own("capabilities.drop", lambda value: "ALL" in value, 'a list with "ALL"', absent=())
    yield from own(
        "capabilities.add",
        lambda value: set(value) <= {"NET_BIND_SERVICE"},
        "none but NET_BIND_SERVICE",
        absent=(),
    )
    yield from own("procMount", lambda value: value == "Default", "Default", absent="Default")
    yield from inherited("runAsNonRoot", lambda value: value is True, "true")
    yield from inherited("runAsUser", lambda value: value != 0, "another user than 0", absent=-1)
    yield from inherited("seccompProfile.type", lambda value: value in _CONFINED, " or ".join(_CONFINED))
    for problem in _of_a_context(container):
        yield f"{where}.{problem}"
    for port in each(container.get("ports")):
        for problem in _unless(port, "hostPort", lambda value: value == 0, "left out", absent=0):
            yield f"{where}.ports.{problem}"


def _unless(
    value: Mapping[str, Any], path: str, right: Callable[[Any], bool], says: str, absent: Any = None
) -> Iterator[str]:
    found = at(value, path, absent)
    if is_known(found) and not right(found):
        yield f"{path} must be {says}, got {'nothing' if found in (None, ()) else repr(found)}"
