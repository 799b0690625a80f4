"""How long a preview of an unchanged dev and prod takes, and how soon their program registers its first resource.

    .venv/bin/slipway local exec -- .venv/bin/python -m bench.unchanged.run [--times N]

Both environments are brought up from nothing for it and removed again: prod as tests/engine/test_prod.py fits it to one machine. Times are
in seconds. Writes bench/unchanged/results.json.
"""

import argparse
import json
import platform
import re
import statistics
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.engine import test_prod
from tests.support.environment import bring_up
from tests.support.project import Project, copy_of_program, removed_at_end

PORT = 30090
# Before the program: says when it makes its first resource.
FIRST = """\
import time
began = time.perf_counter()
import pulumi
made = pulumi.Resource.__init__
def first(*given, **named):
    pulumi.Resource.__init__ = made
    pulumi.log.info(f"first resource after {time.perf_counter() - began:.3f} s")
    made(*given, **named)
pulumi.Resource.__init__ = first
"""


def measure(project: Project, times: int) -> dict[str, Any]:
    """Previews an environment that is up."""
    previews = [_preview(project) for _ in range(times)]
    program = project.folder / "__main__.py"
    program.write_text(FIRST + program.read_text())
    starts = [_start(project) for _ in range(times)]
    return {
        "preview": _median(previews),
        "first resource": _median(starts),
        "previews": previews,
        "first resources": starts,
    }


def _preview(project: Project) -> float:
    return round(project.pulumi("preview", "--expect-no-changes").seconds, 2)


def _start(project: Project) -> float:
    """By the program itself: `__main__` to the first resource that it makes."""
    said = re.search(r"first resource after ([\d.]+) s", project.pulumi("preview").output)
    if said is None:
        raise RuntimeError("the program made no resource")
    return float(said.group(1))


def _median(seconds: list[float]) -> float:
    return round(statistics.median(seconds), 2)


def main() -> None:
    """Measures, prints and writes the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=5, help="previews of each kind (default 5)")
    times = parser.parse_args().times
    with tempfile.TemporaryDirectory() as scratch:
        dev = bring_up(Path(scratch), "bench", node_port=PORT, max_replicas=2).project
        with removed_at_end(dev):
            environments = {"dev": measure(dev, times)}
    with tempfile.TemporaryDirectory() as scratch:
        prod = copy_of_program(Path(scratch), "bench-prod", test_prod.settings())
        with removed_at_end(prod):
            came_up = prod.up().seconds
            environments["prod"] = {"up from nothing": round(came_up, 1), **measure(prod, times)}
    results = {
        "command": "python -m bench.unchanged.run",
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.system()} {platform.machine()}",
        "environments": environments,
    }
    (Path(__file__).parent / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
