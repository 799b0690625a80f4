"""The switch of traffic and the way back, beside Argo Rollouts in the same run.

    .venv/bin/slipway local exec -- .venv/bin/python -m bench.releases.run [--rounds N] [--others N …]

Both run the same image, two pods of each colour, behind the same gateway on the same node, each change under 1,000 requests a
second. `slipway switch` beside `kubectl argo rollouts promote`, `slipway rollback` beside `kubectl argo rollouts undo`. With
--others, slipway's are measured again with so many other resources in the stack. Argo Rollouts is built from its Go module first.
Times are in seconds after the start of the command. Writes bench/releases/results.json, and README.md there, which draws them.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.change import Change, measured, summary
from bench.releases.argo import HOST, Argo
from tests.support.command import slipway
from tests.support.environment import bring_up
from tests.support.load import load
from tests.support.project import Run

HERE = Path(__file__).parent
RATE, PORT = 1000, 30090
OTHERS = """
import pulumi_kubernetes as k8s
for number in range({count}):
    k8s.core.v1.ConfigMap(f"other-{{number}}", metadata={{"namespace": "default"}}, data={{"number": str(number)}})
"""


def measure(color: str, command: Callable[[], Run], host: str = "") -> Change:
    """Runs the command while the load goes on; a quiet second before it, as after it."""
    with load(f"http://127.0.0.1:{PORT}/version", rate=RATE, host=host) as traffic:
        time.sleep(1)
        run = command()
        time.sleep(2)
    if run.code:
        raise RuntimeError(run.output)
    return measured(traffic, color, run)


def drawn(results: dict[str, Any]) -> str:
    """The medians as charts that the code's host draws."""
    medians: dict[str, dict[str, float]] = results["summary"]
    beside = [name for name in medians if "others" not in name]
    growing = [name for name in medians if "others" in name]
    return "\n".join(
        [
            "# Releases beside Argo Rollouts",
            "",
            f"Written by `{results['command']}` on {results['date']}, from [results.json](results.json): {RATE:,} requests a second, "
            f"medians; {sum(each['failed'] for each in medians.values()):.0f} of "
            f"{sum(each['requests'] for each in medians.values()):,.0f} requests failed.",
            "",
            *_bars("All traffic moved, seconds after the command's start", medians, beside, "moved"),
            *_bars("The same, with other resources in the stack", medians, growing, "moved"),
            *_bars("The command back, seconds", medians, beside + growing, "back"),
        ]
    )


def _bars(title: str, medians: dict[str, dict[str, float]], names: list[str], figure: str) -> list[str]:
    if not names:
        return []
    values = [medians[name][figure] for name in names]
    rows = (f"| {name} | {value:.2f} |" for name, value in zip(names, values, strict=True))
    return [
        "```mermaid",
        "xychart-beta horizontal",
        f'    title "{title}"',
        f"    x-axis {json.dumps(names)}",
        f"    bar {json.dumps(values)}",
        "```",
        "",
        f"| {title} | s |",
        "| --- | --- |",
        *rows,
        "",
    ]


def main() -> None:
    """Measures, prints and writes the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5, help="there and back, of each kind (default 5)")
    parser.add_argument("--others", type=int, nargs="*", default=[10, 50, 200], help="(default 10 50 200)")
    asked = parser.parse_args()
    changes: dict[str, list[Change]] = {}

    def keep(name: str, change: Change) -> None:
        changes.setdefault(name, []).append(change)
        print(f"{name}: {change}", file=sys.stderr)

    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        (root / "slipway").mkdir()
        (root / "argo").mkdir()
        environment = bring_up(root / "slipway", "bench", node_port=PORT, max_replicas=2)
        argo = Argo(environment.image("blue"), f"{environment.namespace}-gateway", root / "argo")
        try:
            argo.install()
            for number in range(1, asked.rounds + 1):
                keep("slipway switch", measure("green", lambda: slipway(environment, "switch", "green")))
                keep("slipway rollback", measure("blue", lambda: slipway(environment, "rollback")))
                argo.prepare("green", number)
                keep("argo promote", measure("green", argo.promote, HOST))
                argo.settle()
                keep("argo undo", measure("blue", argo.undo, HOST))
                argo.settle()
            for count in asked.others:
                program = environment.project.folder / "__main__.py"
                before = program.read_text()
                program.write_text(before + OTHERS.format(count=count))
                environment.project.up()
                for _ in range(2):
                    keep(
                        f"slipway switch, {count} others",
                        measure("green", lambda: slipway(environment, "switch", "green")),
                    )
                    keep(
                        f"slipway rollback, {count} others",
                        measure("blue", lambda: slipway(environment, "rollback")),
                    )
                program.write_text(before)
        finally:
            try:
                argo.remove()
            finally:
                environment.project.remove()
    written: dict[str, Any] = {
        "command": "python -m bench.releases.run",
        "date": datetime.now(UTC).date().isoformat(),
        "rate": RATE,
        "summary": {name: summary(each) for name, each in changes.items()},
        "changes": {name: [asdict(change) for change in each] for name, each in changes.items()},
    }
    (HERE / "results.json").write_text(json.dumps(written, indent=2) + "\n")
    (HERE / "README.md").write_text(drawn(written))
    print(json.dumps(written["summary"], indent=2))


if __name__ == "__main__":
    main()
