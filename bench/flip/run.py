"""The switch under load, beside the plain way in the same run.

    .venv/bin/slipway local exec -- .venv/bin/python -m bench.flip.run [--flips N]

Both environments run the same image on the same node and are flipped by `pulumi config set` and `pulumi up`, each flip under
1,000 requests a second for 30 seconds. Times are in seconds after the start of `pulumi up`. Writes bench/flip/results.json.
"""

import argparse
import json
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from bench.change import Change, measured, summary
from tests.support.environment import Environment, bring_up
from tests.support.load import load
from tests.support.project import Project, Run

HERE = Path(__file__).parent
RATE, SECONDS = 1000, 30
SELECTOR_HOST = "selector.test"


def measure(
    url: str, color: str, set_active: Callable[[str], None], up: Callable[[], Run], host: str = ""
) -> Change:
    """Flips to `color` in the middle of the load."""
    set_active(color)
    with load(f"{url}/version", rate=RATE, seconds=SECONDS, host=host) as traffic:
        run = up()
    return measured(traffic, color, run)


def plain_selector(folder: Path, environment: Environment) -> Project:
    """The same image behind the same gateway, and a Service whose selector is flipped."""
    shutil.copytree(HERE / "selector", folder, dirs_exist_ok=True)
    project = Project(folder, "bench-selector")
    project.pulumi("stack", "init")
    for key, value in {
        "image": environment.image("blue"),
        "active": "blue",
        "host": SELECTOR_HOST,
        "gateway": "gateway",
        "gatewayNamespace": f"{environment.namespace}-gateway",
    }.items():
        project.set(key, value)
    project.up()
    return project


def main() -> None:
    """Measures, prints and writes the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--flips", type=int, default=4, help="flips of each kind, alternating (default 4)")
    flips: int = parser.parse_args().flips
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        (root / "slipway").mkdir()
        environment = bring_up(root / "slipway", "bench", node_port=30090, max_replicas=2)
        selector = plain_selector(root / "selector", environment)
        results: dict[str, list[Change]] = {"slipway": [], "selector": []}
        try:
            for number in range(flips):
                color = ("green", "blue")[number % 2]
                results["slipway"].append(
                    measure(
                        environment.url,
                        color,
                        lambda to: environment.project.set("slipway:active", to),
                        environment.project.up,
                    )
                )
                results["selector"].append(
                    measure(
                        environment.url,
                        color,
                        lambda to: selector.set("active", to),
                        selector.up,
                        SELECTOR_HOST,
                    )
                )
                for name, flips_of in results.items():
                    print(f"flip {number + 1} of {flips}, {name}: {flips_of[-1]}", file=sys.stderr)
        finally:
            selector.remove()
            environment.project.remove()
    written = {
        "command": "python -m bench.flip.run",
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.system()} {platform.machine()}, load generator on the same cores",
        "rate": RATE,
        "summary": {name: summary(flips_of) for name, flips_of in results.items()},
        "flips": {name: [asdict(flip) for flip in flips_of] for name, flips_of in results.items()},
    }
    (HERE / "results.json").write_text(json.dumps(written, indent=2) + "\n")
    print(json.dumps(written["summary"], indent=2))


if __name__ == "__main__":
    main()
