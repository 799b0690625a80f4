"""The part that gives Services of type LoadBalancer their addresses, where no cloud does."""

from slipway_local import pki, runtime
from slipway_local.parts import Part
from slipway_local.paths import paths, repository
from slipway_local.ports import API_SERVER, LOAD_BALANCERS


def load_balancer() -> Part:
    """local/load_balancer says how it works."""
    program = paths().configuration / "load_balancer.py"
    return Part(
        "load-balancer",
        [str(runtime.RUNTIME.program("python")), str(program)],
        lambda: None,  # it has no port, and nobody waits for it but a Service
        start_seconds=1,
        environment={
            "API_SERVER": f"127.0.0.1:{API_SERVER}",
            "AUTHORITY": str(paths().ca_certificate),
            "CERTIFICATE": str(pki.LOAD_BALANCER.certificate),
            "KEY": str(pki.LOAD_BALANCER.key),
            "ADDRESSES": LOAD_BALANCERS,
        },
        files={program: (repository() / "local/load_balancer/load_balancer.py").read_text()},
        after=("kube-apiserver",),
    )
