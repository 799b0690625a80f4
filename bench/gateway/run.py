"""How many requests a second the dev environment's application answers through the gateway, and how fast.

    .venv/bin/slipway local exec -- .venv/bin/python -m bench.gateway.run

Needs dev up (`make up`). One load of 1,200 requests a second for 30 seconds on /version, and the time from the start of a new
pod to its readiness. Writes bench/gateway/results.json.
"""

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.support.load import load

RATE, SECONDS = 1200, 30


def output(name: str) -> str:
    """One of dev's stack outputs."""
    command = ["pulumi", "stack", "output", name, "--stack", "dev"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def seconds_to_ready() -> list[float]:
    """For each pod of the application: from its container's start to its readiness."""
    command = ["kubectl", "--namespace", "dev", "get", "pods", "--output", "json"]
    pods: list[dict[str, Any]] = json.loads(
        subprocess.run(command, check=True, capture_output=True, text=True).stdout
    )["items"]
    taken: list[float] = []
    for pod in pods:
        ready = next(condition for condition in pod["status"]["conditions"] if condition["type"] == "Ready")
        running = pod["status"]["containerStatuses"][0]["state"].get("running")
        if ready["status"] == "True" and running:
            since, started = (
                datetime.fromisoformat(at) for at in (ready["lastTransitionTime"], running["startedAt"])
            )
            taken.append((since - started).total_seconds())
    return taken


def main() -> None:
    """Measures, prints and writes the results."""
    with load(f"{output('url')}/version", rate=RATE, seconds=SECONDS) as traffic:
        pass
    first = min(answer.sent for answer in traffic.answers)
    last = max(answer.sent + answer.latency for answer in traffic.answers)
    results = {
        "command": "python -m bench.gateway.run",
        "date": datetime.now(UTC).date().isoformat(),
        "asked_per_second": RATE,
        "answered_per_second": round((len(traffic.answers) - len(traffic.failed)) / (last - first)),
        "requests": len(traffic.answers),
        "failed": len(traffic.failed),
        "p50_ms": round(traffic.percentile(0.50) * 1000, 1),
        "p99_ms": round(traffic.percentile(0.99) * 1000, 1),
        "seconds_to_ready": seconds_to_ready(),
    }
    (Path(__file__).parent / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
