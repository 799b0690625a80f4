"""What every cluster has and nobody deploys: DNS, resource metrics, the Gateway API's types."""

import hashlib
import json
import subprocess
from pathlib import Path

from slipway_local import pki, toolchain
from slipway_local.api import UnansweredError, get_object, unavailable_deployments
from slipway_local.node import nameservers
from slipway_local.paths import paths
from slipway_local.ports import DNS_SERVICE, NODE_ADDRESS
from slipway_local.templates import rendered

ADDONS = ["coredns", "metrics-server"]
RECORD = "/api/v1/namespaces/kube-system/configmaps/slipway-addons"


def apply_addons() -> None:
    """Applies all of it, unless the cluster already has exactly this."""
    if are_applied():
        return
    record = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "slipway-addons", "namespace": "kube-system"},
        "data": {"digest": _digest()},
    }
    _kubectl_apply("\n---\n".join(_documents()))
    _kubectl_apply(json.dumps(record))


def are_applied() -> bool:
    """Whether the cluster says that it was given exactly what there is now."""
    try:
        return get_object(RECORD)["data"]["digest"] == _digest()
    except UnansweredError:
        return False


def missing_addons() -> dict[str, str]:
    """Name → what it still lacks."""
    try:
        return unavailable_deployments("kube-system", ADDONS)
    except UnansweredError as error:
        return dict.fromkeys(ADDONS, str(error))


def _documents() -> list[str]:
    return [_api_server(), _coredns(), _metrics_server(), *_gateway_api()]


def _digest() -> str:
    return hashlib.sha256("\n".join(_documents()).encode()).hexdigest()


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
