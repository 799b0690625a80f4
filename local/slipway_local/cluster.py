"""Which cluster serves: one that the user names, else a node on this machine."""

import json
import os
import sys
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from slipway_local.paths import paths


class Kind(StrEnum):
    """What is behind the kubeconfig."""

    NAMED = "named"
    NODE = "node"


@dataclass(frozen=True)
class Cluster:
    """The choice, as it stands in cluster.json."""

    kind: Kind
    kubeconfig: str


def choose() -> Cluster:
    """What `up` is to bring up."""
    named = os.environ.get("KUBECONFIG", "")
    if named and Path(named) != paths().kubeconfig:
        if not all(Path(file).exists() for file in named.split(os.pathsep)):
            raise RuntimeError(
                f"KUBECONFIG names {named}, which does not exist; correct it, or unset it for a node here"
            )
        return Cluster(Kind.NAMED, named)
    if sys.platform != "linux" or os.geteuid() != 0:
        raise RuntimeError(
            "a Kubernetes node needs Linux and root: become root, or name a cluster in KUBECONFIG"
        )
    return Cluster(Kind.NODE, str(paths().kubeconfig))


def record(cluster: Cluster) -> None:
    """Remembers the choice for `status`, `exec` and `down`."""
    paths().cluster.write_text(json.dumps(asdict(cluster)))


def recorded() -> Cluster | None:
    """What runs, or None when nothing was brought up."""
    if not paths().cluster.exists():
        return None
    return Cluster(**{**(known := json.loads(paths().cluster.read_text())), "kind": Kind(known["kind"])})
