"""What the gates of a release ask Prometheus, held against series of which it is known what comes out."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from slipway.guard import Guard, app_colors
from slipway_local import toolchain
from slipway_ops import measuring
from slipway_ops.gates import Gates

NEW, OLD = 'namespace="dev",pod="chat-green-{}"', 'namespace="dev",pod="chat-blue-5d-abcde"'
FIRST, SECOND = NEW.format("7b9c-x1z2y"), NEW.format("7b9c-v3w4u")
REQUESTS, FAILED = (
    f'traefik_service_requests_total{{application="dev-chat",color="green",code="{code}",pod="t"}}'
    for code in (200, 500)
)
ANSWERED = {REQUESTS: "0+90x40", 'slipway:objective:error_ratio{rule="x"}': "0.001x40"}
OTHERS = {
    'traefik_service_requests_total{application="dev-chat",color="blue",code="500"}': "0+900x40",
    f"container_cpu_usage_seconds_total{{{OLD}}}": "0+15x40",
    f"container_memory_working_set_bytes{{{OLD}}}": "800x40",
}
"""The other colour: it must not count."""
PODS = {
    f"container_cpu_usage_seconds_total{{{FIRST}}}": "0+3.75x40",  # a quarter of a processor
    f"container_cpu_usage_seconds_total{{{SECOND}}}": "0+7.5x40",  # half of one
    f'kube_pod_container_resource_requests{{{FIRST},container="chat",resource="cpu"}}': "1x40",
    f'kube_pod_container_resource_requests{{{SECOND},container="chat",resource="cpu"}}': "1x40",
    f"container_memory_working_set_bytes{{{FIRST}}}": "100x40",
    f"container_memory_working_set_bytes{{{SECOND}}}": "300x40",
    f'kube_pod_container_resource_limits{{{FIRST},container="chat",resource="memory"}}': "400x40",
    f'kube_pod_container_resource_limits{{{SECOND},container="chat",resource="memory"}}': "400x40",
}
LIMIT = {f'kube_pod_container_resource_limits{{{SECOND},container="chat",resource="cpu"}}': "4x40"}

CASES: dict[str, tuple[str, Mapping[str, str], float | None]] = {
    "a tenth fails": ("burn_rate", {**ANSWERED, FAILED: "0+10x40"}, 100),
    "none fails": ("burn_rate", ANSWERED, 0),
    "nobody asks": ("burn_rate", {**ANSWERED, REQUESTS: "90x40"}, None),
    "no objective": ("burn_rate", {REQUESTS: "0+90x40"}, None),
    "without a limit, of what is requested": ("cpu_ratio", PODS, 0.5),
    "with one, of that": ("cpu_ratio", {**PODS, **LIMIT}, 0.25),
    "memory, the fullest": ("memory_ratio", PODS, 0.75),
    "no pods": ("memory_ratio", {}, None),
}


@pytest.mark.parametrize("case", CASES)
def test_what_comes_out(tmp_path: Path, case: str) -> None:
    """Given these series beside another colour's, when Prometheus is asked as a gate asks, then this comes out."""
    name, series, value = CASES[case]
    guard = Guard(
        colors=app_colors("chat", "dev"),
        route="chat",
        min_replicas=1,
        max_replicas=1,
        timeout=1,
        say=lambda _: None,
    )
    query = measuring.queries(guard, "green", Gates(burn_rate=1, cpu_percent=1, memory_percent=1))[name]
    expected = {
        "expr": f"round({query}, 0.001) >= 0",
        "eval_time": "9m",
        "exp_samples": [{"labels": "{}", "value": value}],
    }
    if value is None:
        expected["exp_samples"] = []
    inputs = [{"series": one, "values": values} for one, values in {**OTHERS, **series}.items()]
    test = {"interval": "15s", "input_series": inputs, "promql_expr_test": [expected]}
    file = tmp_path / "gates.test.yaml"
    file.write_text(yaml.safe_dump({"evaluation_interval": "15s", "tests": [test]}))
    promtool = toolchain.program("prometheus") / "bin" / "promtool"
    done = subprocess.run([promtool, "test", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
