"""Which cluster serves: one that the user names, else a real node on this machine, and where that cannot be a simulated one."""

import json
import os
import platform
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from slipway_local.paths import paths

NO_TRAFFIC = "the node is simulated: pods are ready in name alone, no container runs and no traffic flows"


class Kind(StrEnum):
    """What is behind the kubeconfig."""

    NAMED = "named"
    NODE = "node"
    SIMULATED = "simulated"


@dataclass(frozen=True)
class Cluster:
    """The choice, as it stands in cluster.json."""

    kind: Kind
    kubeconfig: str

    @property
    def described(self) -> str:
        """What a person calls it."""
        match self.kind:
            case Kind.NAMED:
                return f"the cluster that {self.kubeconfig} names"
            case Kind.NODE:
                return "a node here"
            case Kind.SIMULATED:
                return "a simulated node, to which no traffic flows"


def choose() -> Cluster:
    """What `up` is to bring up; what is up already cannot turn into the other kind."""
    chosen, up = _chosen(), recorded()
    if up is not None and up.kind is not chosen.kind:
        raise RuntimeError(
            f"the platform was brought up with {up.described}, and KUBECONFIG, or who runs this, now asks for "
            f"{chosen.described}: run `slipway local down` first, or run this as before"
        )
    return chosen


def _chosen() -> Cluster:
    named = os.environ.get("KUBECONFIG", "")
    if named and Path(named) != paths().kubeconfig:
        if not all(Path(file).exists() for file in named.split(os.pathsep)):
            raise RuntimeError(
                f"KUBECONFIG names {named}, which does not exist; correct it, or unset it for a node here"
            )
        return Cluster(Kind.NAMED, named)
    return Cluster(_own(), str(paths().kubeconfig))


def _own() -> Kind:
    """A real node makes namespaces, mounts and network rules of Linux, which is root's to do."""
    return Kind.NODE if platform.system() == "Linux" and os.geteuid() == 0 else Kind.SIMULATED


def is_simulated() -> bool:
    """Whether the node of the platform that is up is simulated; where none is up, whether a node would be."""
    up = recorded()
    return (up.kind if up else _own()) is Kind.SIMULATED


def record(cluster: Cluster) -> None:
    """Remembers the choice for `status`, `exec` and `down`."""
    paths().cluster.write_text(json.dumps(asdict(cluster)))


def recorded() -> Cluster | None:
    """What runs, or None when nothing was brought up."""
    if not paths().cluster.exists():
        return None
    return Cluster(**{**(known := json.loads(paths().cluster.read_text())), "kind": Kind(known["kind"])})
