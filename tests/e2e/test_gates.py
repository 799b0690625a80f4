"""A release that is bad in a way that no probe sees is sent back by what was measured of it, and few users ever met it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.command import ended, start
from tests.support.environment import Environment, bring_up, wait_for
from tests.support.load import load
from tests.support.project import removed_at_end

CANARY, WITHIN_SECONDS = 10, 60
MONITORING = {
    "replicas": 1,
    "storage": {"kind": "ephemeral"},
    "removal": "destroy",
    "grafana": "none",
    "scrapeSeconds": 5,
    "cpu": "50m",
    "memory": "256Mi",
}
# Healthy for its probes; what it does to everybody else stands in `bad`.
SERVER = """
const kept = [];
let count = 0;
require("http").createServer((request, answer) => {
  const say = (status) => { answer.statusCode = status; answer.end(JSON.stringify({ color: process.env.COLOR })); };
  if (request.url === "/healthz") return say(200);
  count += 1;
  BAD
}).listen(3000);
"""
BAD = {
    "errors": "say(count % 5 ? 200 : 500);",
    "slow": "setTimeout(() => say(200), 500);",
    "leak": "kept.push(Buffer.alloc(8 << 20, 1)); say(200);",
}
WHY = {"errors": "error_ratio failing", "slow": "p99_seconds failing", "leak": "failing"}
"""Which gate it does not pass; a leak may show in any first."""


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """An environment under the strategy canary, with Prometheus and gates."""
    settings = {
        "slipway:strategy": "canary",
        "slipway:monitoring": MONITORING,
        "slipway:gates": {"seconds": 45, "errorPercent": 2, "p99Seconds": 0.4},
    }
    up = bring_up(tmp_path_factory.mktemp("gated"), "gated", node_port=30082, max_replicas=2, said=settings)
    with removed_at_end(up.project):
        yield up


@pytest.fixture(scope="module")
def images(gated: Environment, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The bad releases, in the local registry."""
    folder: Path = tmp_path_factory.mktemp("bad")
    base = gated.image("blue")
    (folder / "Dockerfile").write_text(
        f'FROM {base}\nCOPY server.js /\nENTRYPOINT []\nCMD ["node", "/server.js"]\n'
    )
    for name, bad in BAD.items():
        (folder / "server.js").write_text(SERVER.replace("BAD", bad))
        reference = f"127.0.0.1:5000/slipway/bad:{name}"
        for command in (
            ["build", "--quiet", "--tag", reference, str(folder)],
            ["push", "--quiet", reference],
        ):
            subprocess.run(["docker", *command], check=True, capture_output=True)
    return {name: f"127.0.0.1:5000/slipway/bad:{name}" for name in BAD}


EVERY_GATE = {
    "seconds": 20,
    "errorPercent": 2,
    "p99Seconds": 1,
    "burnRate": 14.4,
    "burnMinutes": 1,
    "cpuPercent": 900,
    "memoryPercent": 99,
    "restarts": 0,
    "http": {
        "service": {"path": "/version", "json": {"color": "green"}, "of": 3, "passes": 2},
        "address": {"path": "/version", "text": '"green"', "at": "http://127.0.0.1:30082"},
    },
    "jobs": {
        "smoke": {"command": ["node", "-e", "TEST"], "timeoutSeconds": 60},
    },
}
SMOKE = """
fetch(`${process.env.COLOR_URL}/version`).then((answer) => answer.json()).then(({ color }) => {
  console.log(`${color} answers, ${process.env.RELEASE_IMAGE} is tested`);
  process.exit(color === process.env.COLOR ? CODE : 1);
});
"""


def say(environment: Environment, gates: dict[str, Any], code: int = 0) -> None:
    """Writes the section into the stack's file; its Job ends with this code."""
    file = environment.project.settings_file
    settings = yaml.safe_load(file.read_text())
    smoke = json.dumps(gates).replace("TEST", json.dumps(SMOKE.replace("CODE", str(code)))[1:-1])
    settings["config"]["slipway:gates"] = json.loads(smoke)
    settings["config"]["slipway:app"]["preview"] = {"header": "X-Slipway-Color"}
    file.write_text(yaml.safe_dump(settings, sort_keys=False))


def said(environment: Environment) -> dict[str, Any]:
    """The stack's file; without a canaryWeight it means 0."""
    config: dict[str, Any] = yaml.safe_load(environment.project.settings_file.read_text())["config"]
    return {"slipway:canaryWeight": "0", **config}


def is_quiet(environment: Environment) -> bool:
    """Whether nothing of the release before is in the last minute's measurements of green."""
    colors = json.loads(ended(environment, "status", "--json").stdout)["colors"]
    return not colors["green"]["requests_per_second"]


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_release_is_sent_back(gated: Environment, images: dict[str, str], kind: str) -> None:
    """Given load, when a bad release gets a tenth of it, then it has lost it within a minute, and nobody else noticed."""
    before = said(gated)
    wait_for(lambda: is_quiet(gated), 120, "green's last minute to be without requests")
    with load(f"{gated.url}/version", rate=100) as traffic:
        done = ended(gated, "deploy", images[kind], "--steps", f"{CANARY},100")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "undone: blue serves as before" in done.stderr
    newest = json.loads(ended(gated, "history", "--json").stdout)["releases"][0]
    assert (newest["command"], newest["result"]) == ("deploy", "returned")
    assert WHY[kind] in newest["text"]
    assert said(gated) == before

    first = min(answer.sent for answer in traffic.answers if answer.color == "green")
    last = max(answer.sent for answer in traffic.answers if answer.color == "green")
    assert last - first < WITHIN_SECONDS, done.stdout
    during = [answer for answer in traffic.answers if first <= answer.sent <= last]
    blue = [answer for answer in during if answer.color == "blue"]
    assert len(blue) / len(during) > 1 - (CANARY + 2) / 100
    assert {answer.status for answer in traffic.answers if answer.color == "blue"} == {200}
    lost = [answer for answer in traffic.failed if answer.color != "green"]
    assert kind == "leak" or not lost, lost[:5]
    assert len(lost) <= len(during) - len(blue)
    gated.project.pulumi("preview", "--expect-no-changes")


def verdicts(environment: Environment) -> dict[int, dict[str, str]]:
    """Of the newest release: by share, then by gate."""
    newest = json.loads(ended(environment, "history", "--json").stdout)["releases"][0]
    return {
        step["share"]: {gate["name"]: gate["verdict"] for gate in step["gates"]}
        for step in newest["steps"]
        if "gates" in step
    }


def test_every_gate(gated: Environment) -> None:
    """Given load and every kind of gate, when its Job fails, a release gets no traffic; when all is well, each gate passes."""
    before = gated.project.settings_file.read_text()
    image = gated.image("green")
    with load(f"{gated.url}/version", rate=100) as traffic:
        say(gated, EVERY_GATE, code=3)
        refused = ended(gated, "deploy", image)
        assert refused.returncode == 1, refused.stdout
        assert "job smoke failing: failed: exit code 3" in refused.stderr, refused.stderr
        assert f"green answers, {image} is tested" in refused.stderr
        assert gated.weights() == {"chat-blue": 100, "chat-green": 0}

        say(gated, EVERY_GATE)
        done = ended(gated, "deploy", image)
    assert done.returncode == 0, done.stdout + done.stderr
    http = ("http service", "http address")
    measured = ("error_ratio", "p99_seconds", "burn_rate", "cpu_ratio", "memory_ratio", "restarts")
    assert verdicts(gated) == {
        0: dict.fromkeys((*http, "job smoke"), "passing"),
        100: dict.fromkeys((*measured, *http), "passing"),
    }
    assert not traffic.failed, traffic.failed[:5]
    assert ended(gated, "rollback").returncode == 0
    gated.project.settings_file.write_text(before)
    gated.project.up()


def test_prometheus_down_during_a_gate(gated: Environment) -> None:
    """Given a canary that is watched, when Prometheus goes away, then it is not promoted but sent back, and nobody notices."""
    before = gated.project.settings_file.read_text()
    say(gated, {"seconds": 20, "errorPercent": 2})
    wait_for(lambda: is_quiet(gated), 120, "green's last minute to be without requests")
    scale = ["kubectl", "--namespace=gated-monitoring", "scale", "statefulset/prometheus"]
    with load(f"{gated.url}/version", rate=100) as traffic:
        process = start(gated, "deploy", gated.image("green"), "--steps", f"{CANARY},100")
        wait_for(lambda: gated.weights()["chat-green"] == CANARY, 60, "the canary")
        subprocess.run([*scale, "--replicas=0"], check=True, capture_output=True)
        output, _ = process.communicate(timeout=120)
    subprocess.run([*scale, "--replicas=1"], check=True, capture_output=True)
    assert process.returncode == 1, output
    assert "error_ratio missing: " in output, output
    assert "(Prometheus in gated-monitoring does not answer (status 503))" in output
    assert "undone: blue serves as before" in output
    assert gated.weights() == {"chat-blue": 100, "chat-green": 0}
    assert not traffic.failed, traffic.failed[:5]
    gated.project.settings_file.write_text(before)
    gated.project.up()
