"""What share of the traffic the other colour gets, beside what was asked for: 20,000 requests at each step of a canary.

    .venv/bin/slipway local exec -- .venv/bin/python -m bench.canary.run

In one environment like dev. Each step is `pulumi config set slipway:canaryWeight` and `pulumi up`, then 1,000 requests a second for 20
seconds. Writes bench/canary/results.json.
"""

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.support.environment import Environment, bring_up
from tests.support.load import load

STEPS = (5, 25, 50, 100)
RATE, SECONDS, PORT = 1000, 20, 30090


def share(environment: Environment, asked: int) -> dict[str, Any]:
    """One step: what the traffic was when it had been set."""
    environment.project.set("slipway:canaryWeight", str(asked))
    environment.project.up()
    with load(f"{environment.url}/version", rate=RATE, seconds=SECONDS) as traffic:
        pass
    measured = 100 * sum(answer.color == "green" for answer in traffic.answers) / len(traffic.answers)
    return {
        "asked_percent": asked,
        "measured_percent": round(measured, 2),
        "requests": len(traffic.answers),
        "failed": len(traffic.failed),
    }


def main() -> None:
    """Measures, prints and writes the results."""
    with tempfile.TemporaryDirectory() as scratch:
        said = {"slipway:strategy": "canary"}
        environment = bring_up(Path(scratch), "bench", node_port=PORT, max_replicas=2, said=said)
        try:
            steps = [share(environment, asked) for asked in STEPS]
        finally:
            environment.project.remove()
    results = {
        "command": "python -m bench.canary.run",
        "date": datetime.now(UTC).date().isoformat(),
        "steps": steps,
    }
    (Path(__file__).parent / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
