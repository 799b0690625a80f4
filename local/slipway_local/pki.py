"""The platform's own certificate authority: made once, kept until `down`, trusted by the platform alone."""

import base64
from dataclasses import dataclass
from pathlib import Path

import trustme

from slipway_local.paths import paths
from slipway_local.ports import API_SERVICE, NODE_ADDRESS
from slipway_local.private_file import write_private

SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)


@dataclass(frozen=True)
class Identity:
    """Who a certificate stands for: a user and group of Kubernetes, and the host names that it may serve."""

    name: str
    user: str
    group: str = "slipway"
    hosts: tuple[str, ...] = ()

    @property
    def certificate(self) -> Path:
        return paths().pki / f"{self.name}.crt"

    @property
    def key(self) -> Path:
        return paths().pki / f"{self.name}.key"


LOOPBACK = ("localhost", "127.0.0.1")
KUBERNETES_NAMES = (
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)

ADMIN = Identity("admin", "slipway-admin", "system:masters")
API_SERVER = Identity(
    "kube-apiserver", "kube-apiserver", hosts=(*LOOPBACK, *KUBERNETES_NAMES, API_SERVICE, NODE_ADDRESS)
)
API_CLIENT = Identity("kube-apiserver-client", "kube-apiserver-client", "system:masters")
FRONT_PROXY = Identity("front-proxy", "front-proxy-client")
SERVICE_ACCOUNTS = Identity("service-accounts", "service-accounts")
ETCD = Identity("etcd", "etcd", hosts=LOOPBACK)
CONTROLLER_MANAGER = Identity("kube-controller-manager", "system:kube-controller-manager", hosts=LOOPBACK)
SCHEDULER = Identity("kube-scheduler", "system:kube-scheduler", hosts=LOOPBACK)
KUBELET = Identity("kubelet", "system:node:slipway", "system:nodes", hosts=("slipway", NODE_ADDRESS))
# In the kubelet's place it would have to ask for its own node alone, and it lists all.
KWOK = Identity("kwok", "kwok", "system:masters")
LOAD_BALANCER = Identity(
    # Kubernetes has rights ready for who does this: it may read Services and write their status.
    "load-balancer",
    "system:serviceaccount:kube-system:service-controller",
)
PROXY = Identity("kube-proxy", "system:kube-proxy")
METRICS_SERVER = Identity("metrics-server", "metrics-server", hosts=("metrics-server.kube-system.svc",))
REGISTRY = Identity("registry", "registry", hosts=LOOPBACK)

IDENTITIES = (
    ADMIN,
    API_SERVER,
    API_CLIENT,
    FRONT_PROXY,
    SERVICE_ACCOUNTS,
    ETCD,
    CONTROLLER_MANAGER,
    SCHEDULER,
    KUBELET,
    KWOK,
    LOAD_BALANCER,
    PROXY,
    METRICS_SERVER,
    REGISTRY,
)


def ensure() -> None:
    """Makes what is missing of the authority, the certificates and the trust bundle."""
    folder = paths().pki
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    authority = _authority()
    for identity in IDENTITIES:
        if not identity.key.exists():
            # Go refuses a certificate that names no host at all, a client's too.
            hosts = identity.hosts or (f"{identity.name}.invalid",)
            issued = authority.issue_cert(*hosts, common_name=identity.user, organization_name=identity.group)
            write_private(identity.certificate, b"".join(blob.bytes() for blob in issued.cert_chain_pems))
            write_private(identity.key, issued.private_key_pem.bytes())
    system = next((Path(bundle) for bundle in SYSTEM_BUNDLES if Path(bundle).exists()), None)
    trusted = system.read_bytes() if system else b""
    write_private(paths().trust_bundle, trusted + b"\n" + paths().ca_certificate.read_bytes())


def _authority() -> trustme.CA:
    certificate, key = paths().ca_certificate, paths().pki / "ca.key"
    if key.exists():
        return trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())
    authority = trustme.CA(organization_name="Slipway local platform")
    write_private(certificate, authority.cert_pem.bytes())
    write_private(key, authority.private_key_pem.bytes())
    return authority


def encoded(path: Path) -> str:
    """A file as Kubernetes wants it inside its own documents."""
    return base64.b64encode(path.read_bytes()).decode()


def kubeconfig(identity: Identity) -> str:
    """Access to the platform's API server for one identity."""
    return f"""\
apiVersion: v1
kind: Config
current-context: slipway
clusters:
  - name: slipway
    cluster:
      server: https://127.0.0.1:16443
      certificate-authority-data: {encoded(paths().ca_certificate)}
users:
  - name: {identity.name}
    user:
      client-certificate-data: {encoded(identity.certificate)}
      client-key-data: {encoded(identity.key)}
contexts:
  - name: slipway
    context: {{ cluster: slipway, user: {identity.name} }}
"""
