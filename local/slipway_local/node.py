"""The Kubernetes node: a control plane and one real node, each program a part of its own."""

import json
from pathlib import Path

from slipway_local import pki, toolchain
from slipway_local.api import UnansweredError, get_object, healthy
from slipway_local.parts import Part, connects
from slipway_local.paths import paths
from slipway_local.ports import (
    API_SERVER,
    BRIDGE,
    CONTROLLER_MANAGER,
    DNS_SERVICE,
    EMULATOR,
    ETCD,
    ETCD_HEALTH,
    ETCD_PEER,
    KUBELET_HEALTH,
    LAST_POD,
    NODE_ADDRESS,
    POD_NETWORK,
    PROXY_HEALTH,
    REGISTRY,
    SCHEDULER,
    SERVICE_NETWORK,
)
from slipway_local.templates import rendered

UPSTREAMS = {
    "docker.io": "https://registry-1.docker.io",
    "registry.k8s.io": "https://registry.k8s.io",
    f"127.0.0.1:{REGISTRY}": f"https://127.0.0.1:{REGISTRY}",
}
RESOLVERS = (Path("/run/systemd/resolve/resolv.conf"), Path("/etc/resolv.conf"))
CAP_SYS_RESOURCE = 24


def control_plane() -> list[Part]:
    """etcd, the API server, the controllers and the scheduler."""
    return [_etcd(), _api_server(), _controller_manager(), _scheduler()]


def node() -> list[Part]:
    """What makes this machine a node of the cluster."""
    return [_api_relay(), _containerd(), _kubelet(), _proxy()]


def _program(name: str, *flags: str) -> list[str]:
    return [str(toolchain.program("kubernetes") / "bin" / name), *flags]


def _etcd() -> Part:
    client, peer = f"https://127.0.0.1:{ETCD}", f"https://127.0.0.1:{ETCD_PEER}"
    secured = [
        f"--{prefix}{flag}={value}"
        for prefix in ("", "peer-")
        for flag, value in {
            "cert-file": pki.ETCD.certificate,
            "key-file": pki.ETCD.key,
            "trusted-ca-file": paths().ca_certificate,
            "client-cert-auth": "true",
        }.items()
    ]
    command = [
        str(toolchain.program("etcd") / "bin/etcd"),
        "--name=slipway",
        f"--data-dir={paths().etcd}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=slipway={peer}",
        f"--listen-metrics-urls=http://127.0.0.1:{ETCD_HEALTH}",
        "--auto-compaction-retention=1h",
        "--log-level=warn",
        *secured,
    ]
    return Part("etcd", command, lambda: healthy("/readyz", ETCD_HEALTH, plain=True), start_seconds=2)


def _api_server() -> Part:
    token_review = paths().configuration / "token-review.yaml"
    command = _program(
        "kube-apiserver",
        "--bind-address=127.0.0.1",
        f"--secure-port={API_SERVER}",
        f"--advertise-address={NODE_ADDRESS}",
        # Its endpoint would be a loopback address, which no pod can reach: see manifests/api-server.yaml.
        "--endpoint-reconciler-type=none",
        f"--service-cluster-ip-range={SERVICE_NETWORK}",
        f"--etcd-servers=https://127.0.0.1:{ETCD}",
        f"--etcd-cafile={paths().ca_certificate}",
        f"--etcd-certfile={pki.API_CLIENT.certificate}",
        f"--etcd-keyfile={pki.API_CLIENT.key}",
        f"--tls-cert-file={pki.API_SERVER.certificate}",
        f"--tls-private-key-file={pki.API_SERVER.key}",
        f"--client-ca-file={paths().ca_certificate}",
        # Who logs in with AWS credentials. It is asked about such tokens alone, so nothing else needs the emulator.
        f"--authentication-token-webhook-config-file={token_review}",
        "--authentication-token-webhook-version=v1",
        "--authentication-token-webhook-cache-ttl=10s",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={pki.SERVICE_ACCOUNTS.key}",
        f"--service-account-signing-key-file={pki.SERVICE_ACCOUNTS.key}",
        f"--kubelet-certificate-authority={paths().ca_certificate}",
        f"--kubelet-client-certificate={pki.API_CLIENT.certificate}",
        f"--kubelet-client-key={pki.API_CLIENT.key}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--requestheader-client-ca-file={paths().ca_certificate}",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={pki.FRONT_PROXY.certificate}",
        f"--proxy-client-key-file={pki.FRONT_PROXY.key}",
        "--profiling=false",
    )
    return Part(
        "kube-apiserver",
        command,
        lambda: healthy("/readyz", API_SERVER),
        start_seconds=5,
        files={token_review: rendered("token-review.yaml", emulator=EMULATOR)},
        after=("etcd",),
    )


def _controller_manager() -> Part:
    kubeconfig = paths().configuration / "kube-controller-manager.kubeconfig"
    command = _program(
        "kube-controller-manager",
        "--bind-address=127.0.0.1",
        f"--secure-port={CONTROLLER_MANAGER}",
        f"--tls-cert-file={pki.CONTROLLER_MANAGER.certificate}",
        f"--tls-private-key-file={pki.CONTROLLER_MANAGER.key}",
        *_access(kubeconfig),
        "--use-service-account-credentials=true",
        f"--service-account-private-key-file={pki.SERVICE_ACCOUNTS.key}",
        f"--root-ca-file={paths().ca_certificate}",
        "--leader-elect=false",
        # Metrics come every 10 s: with 15 s more, as upstream has it, autoscaling is slow to watch.
        "--horizontal-pod-autoscaler-sync-period=5s",
        f"--flex-volume-plugin-dir={_volume_plugins()}",
        "--profiling=false",
    )
    return Part(
        "kube-controller-manager",
        command,
        lambda: healthy("/healthz", CONTROLLER_MANAGER),
        start_seconds=2,
        files={kubeconfig: pki.kubeconfig(pki.CONTROLLER_MANAGER)},
        after=("kube-apiserver",),
    )


def _volume_plugins() -> Path:
    """There are none; the folder is made by whoever looks for them, and would be /usr/libexec/kubernetes."""
    return paths().kubelet / "volume-plugins"


def _scheduler() -> Part:
    kubeconfig = paths().configuration / "kube-scheduler.kubeconfig"
    command = _program(
        "kube-scheduler",
        "--bind-address=127.0.0.1",
        f"--secure-port={SCHEDULER}",
        f"--tls-cert-file={pki.SCHEDULER.certificate}",
        f"--tls-private-key-file={pki.SCHEDULER.key}",
        *_access(kubeconfig),
        "--leader-elect=false",
        "--profiling=false",
    )
    return Part(
        "kube-scheduler",
        command,
        lambda: healthy("/healthz", SCHEDULER),
        start_seconds=2,
        files={kubeconfig: pki.kubeconfig(pki.SCHEDULER)},
        after=("kube-apiserver",),
    )


def _access(kubeconfig: Path) -> list[str]:
    names = ("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig")
    return [f"--{name}={kubeconfig}" for name in names]


def _api_relay() -> Part:
    """The API server's second address: it listens on loopback, pods come to the bridge."""
    command = [
        str(toolchain.program("etcd") / "bin/etcd"),
        "gateway",
        "start",
        f"--endpoints=127.0.0.1:{API_SERVER}",
        f"--listen-addr={NODE_ADDRESS}:{API_SERVER}",
    ]
    return Part(
        "api-relay", command, lambda: connects((NODE_ADDRESS, API_SERVER)), 1, after=("kube-apiserver",)
    )


def _containerd() -> Part:
    registries = paths().configuration / "registries"
    networks = paths().configuration / "networks"
    configuration = paths().configuration / "containerd.toml"
    files = {
        configuration: rendered(
            "containerd.toml",
            root=paths().containerd,
            state=paths().run / "containerd",
            socket=paths().containerd_socket,
            restrict_oom_score=str(not _may_lower_oom_scores()).lower(),
            network_configuration=networks,
            registries=registries,
        ),
        networks / "10-slipway.conflist": rendered(
            "network.conflist",
            bridge=BRIDGE,
            leases=paths().leases,
            pod_network=POD_NETWORK,
            last_pod=LAST_POD,
            node_address=NODE_ADDRESS,
        ),
    } | {
        registries / name / "hosts.toml": rendered("hosts.toml", upstream=upstream, ca=paths().ca_certificate)
        for name, upstream in UPSTREAMS.items()
    }
    return Part(
        "containerd",
        ["/usr/bin/containerd", "--config", str(configuration)],
        lambda: connects(paths().containerd_socket),
        start_seconds=2,
        files=files,
    )


def _may_lower_oom_scores() -> bool:
    status = Path("/proc/self/status").read_text().splitlines()
    effective = next(line.split()[1] for line in status if line.startswith("CapEff:"))
    return bool(int(effective, 16) >> CAP_SYS_RESOURCE & 1)


def _kubelet() -> Part:
    kubeconfig = paths().configuration / "kubelet.kubeconfig"
    configuration = paths().configuration / "kubelet.yaml"
    resolver = paths().configuration / "resolv.conf"
    command = _program(
        "kubelet",
        f"--config={configuration}",
        f"--kubeconfig={kubeconfig}",
        f"--root-dir={paths().kubelet}",
        "--hostname-override=slipway",
        f"--node-ip={NODE_ADDRESS}",
    )
    files = {
        kubeconfig: pki.kubeconfig(pki.KUBELET),
        resolver: "".join(f"nameserver {server}\n" for server in nameservers()),
        configuration: rendered(
            "kubelet.yaml",
            node_address=NODE_ADDRESS,
            ca=paths().ca_certificate,
            certificate=pki.KUBELET.certificate,
            key=pki.KUBELET.key,
            socket=paths().containerd_socket,
            dns_service=DNS_SERVICE,
            resolver=resolver,
            pod_logs=paths().logs / "pods",
            volume_plugins=_volume_plugins(),
        ),
    }
    return Part("kubelet", command, _node_ready, 4, files=files, after=("kube-apiserver", "containerd"))


def nameservers() -> list[str]:
    """The machine's own name servers. One on loopback is left out: in a pod it would be the pod itself."""
    for file in RESOLVERS:
        if file.exists():
            lines = [line.split() for line in file.read_text().splitlines()]
            return [
                line[1]
                for line in lines
                if line[:1] == ["nameserver"] and not line[1].startswith(("127.", "::1"))
            ]
    return []


def _node_ready() -> str | None:
    unhealthy = healthy("/healthz", KUBELET_HEALTH, plain=True)
    if unhealthy:
        return unhealthy
    try:
        conditions = get_object("/api/v1/nodes/slipway")["status"].get("conditions", [])
    except UnansweredError as error:
        return str(error)
    ready = next((condition for condition in conditions if condition["type"] == "Ready"), None)
    if ready is None or ready["status"] != "True":
        return f"the node is not Ready: {ready['message'] if ready else 'it has not reported yet'}"
    return None


def _proxy() -> Part:
    kubeconfig = paths().configuration / "kube-proxy.kubeconfig"
    configuration = paths().configuration / "kube-proxy.yaml"
    files = {
        kubeconfig: pki.kubeconfig(pki.PROXY),
        configuration: rendered(
            "kube-proxy.yaml", kubeconfig=json.dumps(str(kubeconfig)), pod_network=POD_NETWORK
        ),
    }
    return Part(
        "kube-proxy",
        _program("kube-proxy", f"--config={configuration}"),
        lambda: healthy("/healthz", PROXY_HEALTH, plain=True),
        start_seconds=3,
        files=files,
        after=("kube-apiserver",),
    )
