"""Which cluster serves: one that the user names, else a node on this machine."""

import json
import os
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

    @property
    def described(self) -> str:
        """What a person calls it."""
        return "a node here" if self.kind is Kind.NODE else f"the cluster that {self.kubeconfig} names"


def choose() -> Cluster:
    """What `up` is to bring up; what is up already cannot turn into the other kind."""
    chosen, up = _chosen(), recorded()
    if up is not None and up.kind is not chosen.kind:
        raise RuntimeError(
            f"the platform was brought up with {up.described}, and KUBECONFIG now asks for {chosen.described}: "
            "run `slipway local down` first, or set KUBECONFIG as it was"
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
    return Cluster(Kind.NODE, str(paths().kubeconfig))


def record(cluster: Cluster) -> None:
    """Remembers the choice for `status`, `exec` and `down`."""
    paths().cluster.write_text(json.dumps(asdict(cluster)))


def recorded() -> Cluster | None:
    """What runs, or None when nothing was brought up."""
    if not paths().cluster.exists():
        return None
    return Cluster(**{**(known := json.loads(paths().cluster.read_text())), "kind": Kind(known["kind"])})
