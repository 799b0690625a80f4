"""What the platform's cluster has and nobody deploys: the Gateway API's types; on a real node DNS and resource metrics, else the node."""

import hashlib
import json
import subprocess
from pathlib import Path

from slipway_local import pki, simulation, toolchain
from slipway_local.api import UnansweredError, get_object, unavailable_deployments
from slipway_local.cluster import Kind
from slipway_local.node import nameservers
from slipway_local.paths import paths
from slipway_local.ports import DNS_SERVICE, NODE_ADDRESS
from slipway_local.templates import rendered

DEPLOYMENTS = ["coredns", "metrics-server"]
SIMULATED_NODE = "simulated-node"
NAMES: dict[Kind, list[str]] = {Kind.NAMED: [], Kind.NODE: DEPLOYMENTS, Kind.SIMULATED: [SIMULATED_NODE]}
RECORD = "/api/v1/namespaces/kube-system/configmaps/slipway-addons"


def apply_addons(kind: Kind) -> None:
    """Applies all of it, unless the cluster already has exactly this."""
    if are_applied(kind):
        return
    record = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "slipway-addons", "namespace": "kube-system"},
        "data": {"digest": _digest(kind)},
    }
    _kubectl_apply("\n---\n".join(_documents(kind)))
    _kubectl_apply(json.dumps(record))


def are_applied(kind: Kind) -> bool:
    """Whether the cluster says that it was given exactly what there is now."""
    try:
        return get_object(RECORD)["data"]["digest"] == _digest(kind)
    except UnansweredError:
        return False


def missing_addons(kind: Kind) -> dict[str, str]:
    """Name → what it still lacks."""
    if kind is Kind.SIMULATED:
        lacks = simulation.node_ready()
        return {SIMULATED_NODE: lacks} if lacks else {}
    try:
        return unavailable_deployments("kube-system", DEPLOYMENTS)
    except UnansweredError as error:
        return dict.fromkeys(DEPLOYMENTS, str(error))


def _documents(kind: Kind) -> list[str]:
    if kind is Kind.SIMULATED:
        return [rendered("manifests/simulated-node.yaml", name=simulation.NODE), *_gateway_api()]
    return [_api_server(), _coredns(), _metrics_server(), *_gateway_api()]


def _digest(kind: Kind) -> str:
    return hashlib.sha256("\n".join(_documents(kind)).encode()).hexdigest()


def _api_server() -> str:
    return rendered("manifests/api-server.yaml", node_address=NODE_ADDRESS)


def _coredns() -> str:
    servers = nameservers()
    # Without a name server, every other name does not exist: an answer, where silence would cost seconds.
    outside = (
        f"forward . {' '.join(servers)}" if servers else "template ANY ANY {\n        rcode NXDOMAIN\n    }"
    )
    corefile = rendered("Corefile", outside=outside)
    return rendered(
        "manifests/coredns.yaml",
        corefile=json.dumps(corefile),
        corefile_digest=hashlib.sha256(corefile.encode()).hexdigest()[:16],
        dns_service=DNS_SERVICE,
    )


def _metrics_server() -> str:
    return rendered(
        "manifests/metrics-server.yaml",
        metrics_certificate=pki.encoded(pki.METRICS_SERVER.certificate),
        metrics_key=pki.encoded(pki.METRICS_SERVER.key),
        ca_bundle=pki.encoded(paths().ca_certificate),
    )


def _gateway_api() -> list[str]:
    return [file.read_text() for file in sorted((toolchain.program("gateway-api") / "bin").glob("*.yaml"))]


def _kubectl_apply(documents: str) -> None:
    kubectl = Path(toolchain.program("kubernetes")) / "bin/kubectl"
    done = subprocess.run(
        [
            kubectl,
            f"--kubeconfig={paths().kubeconfig}",
            f"--cache-dir={paths().kubectl_cache}",
            "apply",
            "--server-side",
            "--force-conflicts",
            "--filename=-",
        ],
        check=False,
        capture_output=True,
        text=True,
        input=documents,
    )
    if done.returncode != 0:
        raise RuntimeError(f"the cluster's add-ons cannot be applied:\n{done.stderr.strip()}")
