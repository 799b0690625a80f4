"""A project's folder beside an API server in memory, with `pulumi up` taken out: what a deployment works on."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from slipway_ops import gates, status, steering, update
from slipway_ops.cli import main
from slipway_ops.update import UpdateError
from tests.support.api_server import FakeApiServer, serve

FILE = """\
config:
  slipway:active: blue
  slipway:blueImage: chat:1
  slipway:greenImage: chat:0  # the one before
  slipway:app: {name: chat, healthPath: /healthz}
"""
CANARY = FILE + '  slipway:strategy: canary\n  slipway:canaryWeight: "0"\n'
WATCHED = "  slipway:monitoring: {}\n  slipway:gates: {seconds: 1, errorPercent: 5}\n"
SMOKE = "/api/v1/namespaces/dev/services/chat-green:80/proxy/healthz"


class Stack:
    """A project's folder, a cluster, and a `pulumi up` that makes the colours run what the file says."""

    def __init__(self, folder: Path, cluster: FakeApiServer) -> None:
        self.folder, self.cluster, self.file = folder, cluster, folder / "Pulumi.dev.yaml"
        (folder / "Pulumi.yaml").write_text("name: slipway\n")
        self.file.write_text(FILE)
        self.happened: list[str] = []
        self.bad: set[str] = set()
        cluster.put(SMOKE, {"ok": True})
        cluster.on_scale = self.scale
        self.scaled: list[tuple[str, int]] = []

    def up(self, _: Any, __: Callable[[str], None], message: str) -> int:
        self.happened.append(
            f"up: {self.image('green')} in green, active {self.value('active')}, {self.shares}"
        )
        assert message.startswith("slipway ")
        for color in ("blue", "green"):
            if self.image(color) in self.bad:
                raise UpdateError(f"{color} is not ready with image {self.image(color)}: exit code 3")
            self.cluster.deployment(color, 3, image=self.image(color))
        return 1

    def scale(self, deployment: str, replicas: int) -> None:
        self.scaled.append((deployment, replicas))
        color = deployment.removeprefix("chat-")
        self.cluster.deployment(color, replicas, image=self.image(color))

    def value(self, key: str) -> str:
        line = next(line for line in self.file.read_text().splitlines() if f"slipway:{key}:" in line)
        return line.split(": ", 1)[1].split("  #")[0].strip('"')

    def image(self, color: str) -> str:
        return self.value(f"{color}Image")

    @property
    def shares(self) -> str:
        return "/".join(str(self.cluster.weights[color]) for color in ("blue", "green"))

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, [*arguments, "--cwd", str(self.folder), "--stack", "dev"])


@contextmanager
def ready(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Stack]:
    """Blue serves, green stands by; everything waits a fraction of its time."""
    with serve() as cluster:
        (folder / "kubeconfig").write_text(cluster.kubeconfig)
        monkeypatch.setenv("KUBECONFIG", str(folder / "kubeconfig"))
        monkeypatch.setattr(gates, "PAUSE_SECONDS", 0.3)
        monkeypatch.setattr(steering, "LOOK_SECONDS", 0.05)
        cluster.deployment("blue", 3, image="chat:1")
        cluster.deployment("green", 3, image="chat:0")
        cluster.route(blue=100, green=0)
        made = Stack(folder, cluster)
        monkeypatch.setattr(update, "up", made.up)
        yield made


def measuring(stack: Stack, monkeypatch: pytest.MonkeyPatch, *ratios: float | None) -> None:
    """What Prometheus says of green, one after the other, the last for ever."""
    left = list(ratios)

    def measured(_: Any) -> tuple[dict[str, dict[str, float]], list[str]]:
        ratio = left.pop(0) if len(left) > 1 else left[0]
        stack.happened.append(f"measured at {stack.shares}")
        return ({} if ratio is None else {"green": {"error_ratio": ratio}}), []

    monkeypatch.setattr(status, "measured", measured)
