"""A whole environment like dev, with names and a port of its own, so that it can stand beside dev on the same platform."""

import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.project import Project, copy_of_program, dev_settings


@dataclass(frozen=True)
class Environment:
    """A stack that is up."""

    project: Project
    url: str

    @property
    def namespace(self) -> str:
        return self.project.stack

    def image(self, color: str) -> str:
        """The image that a colour runs, by digest."""
        return self.project.outputs()["colors"][color]["image"]

    def kubectl(self, *arguments: str) -> str:
        return subprocess.run(
            ["kubectl", "--namespace", self.namespace, *arguments], check=True, capture_output=True, text=True
        ).stdout

    def objects(self, kind: str) -> list[dict[str, Any]]:
        return json.loads(self.kubectl("get", kind, "--output", "json"))["items"]

    def pods(self, color: str) -> int:
        """How many pods a colour has, ready or not."""
        return sum(pod["metadata"]["labels"].get("slipway/color") == color for pod in self.objects("pods"))

    def weights(self) -> dict[str, int]:
        """What the live route says: backend -> weight."""
        route = json.loads(self.kubectl("get", "httproutes.gateway.networking.k8s.io/chat", "--output=json"))
        return {backend["name"]: backend["weight"] for backend in route["spec"]["rules"][0]["backendRefs"]}

    def version(self) -> dict[str, str]:
        """What /version answers, or {} when it does not answer 200."""
        try:
            with urllib.request.urlopen(f"{self.url}/version", timeout=5) as answer:
                return json.load(answer)
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            return {}

    def release(self, color: str) -> None:
        """Makes `color` the active one, the way a person does."""
        self.project.set("slipway:active", color)
        self.project.up()
        assert self.version()["color"] == color


def bring_up(
    folder: Path, stack: str, node_port: int, max_replicas: int, said: Mapping[str, Any] | None = None
) -> Environment:
    """Copies dev under another name, with what else its file is to say, and brings it up; the traffic starts on blue.

    It asks for little cpu, because it stands beside dev on a node that may have two cores.
    """
    settings = dev_settings()
    url = f"http://127.0.0.1:{node_port}"
    settings["config"]["slipway:gateway"]["nodePort"] = node_port
    settings["config"]["slipway:app"]["resources"]["cpu"] = "50m"
    settings["config"]["slipway:app"]["scaling"]["maxReplicas"] = max_replicas
    settings["config"] |= said or {}
    project = copy_of_program(folder, stack, settings)
    environment = Environment(project, url)
    try:
        project.up()
        wait_for(lambda: environment.version().get("color") == "blue", 30, f"{url}/version to answer in blue")
    except BaseException:
        project.remove()  # what it has begun would take the node's cpu from others
        raise
    return environment


def wait_for(condition: Any, seconds: float, what: str) -> None:
    """Polls until the condition holds; fails the test after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what}"
        time.sleep(0.1)
