"""The Docker daemon that builds images: the platform's own, with no network but the machine's."""

import subprocess

from slipway_local.parts import Part
from slipway_local.paths import paths
from slipway_local.ports import REGISTRY
from slipway_local.templates import rendered


def docker() -> Part:
    """dockerd with BuildKit and a containerd of its own; it pulls through the local registry first."""
    configuration = paths().configuration / "docker.json"
    state = paths().run / "docker"
    files = {
        configuration: rendered(
            "docker.json",
            socket=paths().docker_socket,
            root=paths().docker,
            state=state,
            registry=REGISTRY,
        )
    }
    return Part(
        "docker",
        ["/usr/sbin/dockerd", f"--config-file={configuration}"],
        _ready,
        start_seconds=4,
        environment={"SSL_CERT_FILE": str(paths().trust_bundle)},
        files=files,
        after=("registry",),
        pid_files=(state / "docker.pid", state / "containerd/containerd.pid"),
    )


def image_id(name: str) -> str | None:
    """The id of an image that the daemon has, which is its configuration's digest."""
    found = _docker("image", "inspect", "--format={{.Id}}", name)
    return found.stdout.strip() if found.returncode == 0 else None


def pull(name: str) -> None:
    """Brings an image into the daemon, from the mirror if that has it."""
    done = _docker("pull", "--quiet", name)
    if done.returncode != 0:
        raise RuntimeError(f"the Docker daemon cannot pull {name}: {done.stderr.strip()}")


def _ready() -> str | None:
    # Its socket is there before the daemon serves: it is asked for an answer.
    try:
        asked = _docker("version", "--format={{.Server.Version}}", seconds=1)
    except subprocess.TimeoutExpired:
        return "the daemon does not answer"
    return None if asked.returncode == 0 else asked.stderr.strip()


def _docker(*arguments: str, seconds: float = 120) -> subprocess.CompletedProcess[str]:
    command = ["/usr/bin/docker", f"--host=unix://{paths().docker_socket}", *arguments]
    try:
        return subprocess.run(command, check=False, capture_output=True, text=True, timeout=seconds)
    except FileNotFoundError:
        return subprocess.CompletedProcess(command, 127, "", "Debian's package docker.io is not installed")
