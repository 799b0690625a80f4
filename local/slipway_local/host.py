"""What the platform changes on the machine itself, and how each of these changes is undone."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from slipway_local import cgroups, firewall
from slipway_local.paths import paths
from slipway_local.ports import BRIDGE, NODE_ADDRESS, POD_NETWORK

# Folders that the kubelet, containerd and the network plugins make at fixed places.
FIXED_PLACES = (
    "/etc/docker/key.json",
    "/opt/containerd",
    "/var/lib/kubelet",
    "/var/lib/cni",
    "/var/log/containers",
    "/run/containerd",
    "/run/docker",
    "/run/xtables.lock",
)
# Settings that the kubelet, kube-proxy and the network plugins turn on.
SYSCTLS = (
    "kernel/panic",
    "kernel/panic_on_oops",
    "net/ipv4/ip_forward",
    "net/ipv4/conf/all/route_localnet",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
)
BOOT = Path("/proc/sys/kernel/random/boot_id")


def prepare() -> None:
    """Readies the machine for the node; says nothing and does nothing where it is ready."""
    cgroups.prepare()  # refuses where another cache's platform is up: nothing is remembered or touched then
    _remember()
    _forget_last_boot()
    link = Path("/sys/class/net") / BRIDGE
    if not link.exists():
        _run("ip", "link", "add", BRIDGE, "type", "bridge")
    prefix = POD_NETWORK.split("/")[1]
    _run("ip", "address", "replace", f"{NODE_ADDRESS}/{prefix}", "dev", BRIDGE)
    _run("ip", "link", "set", BRIDGE, "up")


def restore() -> None:
    """Leaves the machine as it was before the first start. Every process of the platform must have ended.

    Where another cache's platform is up, all but our own mounts is that one's.
    """
    before = _remembered()
    for mount in _mounts_below(paths().platform):
        _run("umount", "--lazy", mount)
    if not cgroups.is_ours():
        return
    if (Path("/sys/class/net") / BRIDGE).exists():
        _run("ip", "link", "delete", BRIDGE)
    firewall.remove_ours(before["firewall"])
    for name, value in before["sysctls"].items():
        if _sysctl(name).read_text() != value:
            _sysctl(name).write_text(value)
    for place in FIXED_PLACES:
        if place not in before["places"]:
            _remove(Path(place))
    cgroups.remove()


def _remember() -> None:
    if paths().before.exists():
        return
    before = {
        "places": [place for place in FIXED_PLACES if Path(place).exists()],
        "sysctls": {name: _sysctl(name).read_text() for name in SYSCTLS if _sysctl(name).exists()},
        "firewall": firewall.snapshot(),
    }
    paths().platform.mkdir(parents=True, exist_ok=True)
    unfinished = paths().before.with_suffix(".new")
    unfinished.write_text(json.dumps(before, indent=2))
    unfinished.rename(paths().before)


def _remembered() -> dict[str, Any]:
    if paths().before.exists():
        return json.loads(paths().before.read_text())
    return {"places": list(FIXED_PLACES), "sysctls": {}, "firewall": {}}


def _forget_last_boot() -> None:
    """Sockets, containers' state and address leases of before the machine's restart only mislead."""
    mark = paths().run / "boot_id"
    boot = BOOT.read_text()
    if mark.exists() and mark.read_text() != boot:
        shutil.rmtree(paths().run)
    paths().run.mkdir(parents=True, exist_ok=True)
    mark.write_text(boot)


def _sysctl(name: str) -> Path:
    return Path("/proc/sys") / name


def _mounts_below(folder: Path) -> list[str]:
    """Mount points, the innermost first; a folder may carry several."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    points = [line.split()[4].encode().decode("unicode_escape") for line in lines]
    return [point for point in reversed(points) if Path(point).is_relative_to(folder)]


def _remove(place: Path) -> None:
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"`{' '.join(command)}` failed: {done.stderr.strip()}")
