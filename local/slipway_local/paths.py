"""Every path that the local platform uses: all below one cache folder, so removing it removes Slipway."""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Paths:
    """The layout of the cache; nothing here touches the disk."""

    cache: Path

    @property
    def toolchain(self) -> Path:
        """Installed programs: <program>/<version>-<key>/…"""
        return self.cache / "toolchain"

    @property
    def go_modules(self) -> Path:
        """GOMODCACHE."""
        return self.cache / "go" / "mod"

    @property
    def go_build(self) -> Path:
        """GOCACHE."""
        return self.cache / "go" / "build"

    @property
    def pulumi(self) -> Path:
        """PULUMI_HOME."""
        return self.cache / "pulumi"

    @property
    def platform(self) -> Path:
        """Everything that the running platform keeps; `slipway local down` removes it."""
        return self.cache / "platform"

    @property
    def lock(self) -> Path:
        """Held while a platform starts or stops. Outside `platform`, because `down` removes that folder."""
        return self.cache / "platform.lock"

    @property
    def etcd(self) -> Path:
        return self.platform / "etcd"

    @property
    def containerd(self) -> Path:
        return self.platform / "containerd"

    @property
    def kubelet(self) -> Path:
        return self.platform / "kubelet"

    @property
    def docker(self) -> Path:
        return self.platform / "docker"

    @property
    def registry(self) -> Path:
        return self.platform / "registry"

    @property
    def emulator(self) -> Path:
        return self.platform / "emulator"

    @property
    def pki(self) -> Path:
        """Keys and certificates of the local CA."""
        return self.platform / "pki"

    @property
    def ca_certificate(self) -> Path:
        return self.pki / "ca.crt"

    @property
    def trust_bundle(self) -> Path:
        """The system's certificates and the local CA: what SSL_CERT_FILE names."""
        return self.pki / "bundle.crt"

    @property
    def logs(self) -> Path:
        return self.platform / "logs"

    @property
    def run(self) -> Path:
        """What does not outlive the machine's restart: sockets, process ids, address leases."""
        return self.platform / "run"

    @property
    def configuration(self) -> Path:
        """Configuration files rendered from local/node for the programs of the platform."""
        return self.platform / "configuration"

    @property
    def leases(self) -> Path:
        """Which pod has which address."""
        return self.run / "leases"

    @property
    def containerd_socket(self) -> Path:
        return self.run / "containerd.sock"

    @property
    def supervisor_socket(self) -> Path:
        return self.run / "supervisor.sock"

    @property
    def docker_socket(self) -> Path:
        return self.run / "docker.sock"

    @property
    def kubeconfig(self) -> Path:
        """Administrator's access to the platform's cluster."""
        return self.platform / "kubeconfig"

    @property
    def kubectl_cache(self) -> Path:
        return self.platform / "kubectl"

    @property
    def before(self) -> Path:
        """How the machine was before the first start, so that `down` can leave it so."""
        return self.platform / "before.json"

    @property
    def cluster(self) -> Path:
        """Which cluster serves: the node here, or one that the user names."""
        return self.platform / "cluster.json"

    @property
    def state(self) -> Path:
        """Pulumi's file backend."""
        return self.platform / "state"


@cache
def paths() -> Paths:
    """The layout below $XDG_CACHE_HOME/slipway, or ~/.cache/slipway."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Paths(Path(base) / "slipway")


def repository() -> Path:
    """The checkout that this package is run from: it holds the platform's data files."""
    return Path(__file__).resolve().parents[2]
