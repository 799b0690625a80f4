"""A simulated node, where no real one can be: kwok stands in for the kubelet, and says of every pod at once that it is ready.

https://kwok.sigs.k8s.io/docs/design/architecture/
"""

from slipway_local import pki, toolchain
from slipway_local.api import UnansweredError, get_object, healthy
from slipway_local.parts import Part
from slipway_local.paths import paths
from slipway_local.ports import KUBELET_HEALTH, POD_NETWORK

NODE = "slipway"
LEASE_SECONDS = 40  # the kubelet's own


def kwok() -> Part:
    """Keeps the node's lease, and plays the life of the pods that the scheduler gives it."""
    kubeconfig = paths().configuration / "kwok.kubeconfig"
    command = [
        str(toolchain.program("kwok") / "bin/kwok"),
        f"--kubeconfig={kubeconfig}",
        f"--manage-single-node={NODE}",
        "--node-ip=127.0.0.1",
        f"--node-name={NODE}",
        f"--cidr={POD_NETWORK}",
        f"--node-lease-duration-seconds={LEASE_SECONDS}",
        f"--server-address=127.0.0.1:{KUBELET_HEALTH}",
    ]
    return Part(
        "kwok",
        command,
        lambda: healthy("/healthz", KUBELET_HEALTH, plain=True),
        start_seconds=2,
        files={kubeconfig: pki.kubeconfig(pki.KWOK)},
        after=("kube-apiserver",),
    )


def node_ready() -> str | None:
    """None when the scheduler may give the node pods, else what it lacks."""
    try:
        status = get_object(f"/api/v1/nodes/{NODE}").get("status", {})
    except UnansweredError as error:
        return str(error)
    ready = {one["type"]: one["status"] for one in status.get("conditions", [])}.get("Ready")
    return None if ready == "True" else "the node is not Ready"
