"""What many releases do: commands killed at any moment, two at once, and one after the other for hours.

    .venv/bin/slipway local exec -- .venv/bin/python -m bench.endurance.run [--kills N] [--races N] [--deploys N]

0 leaves a part out, and what bench/endurance/results.json says of it as it is.
In one environment like dev, each release under 100 requests a second. Kills: `slipway deploy` gets SIGKILL at a random moment, then
the same deploy or a rollback is asked for; it must end in a stated, consistent state. Races: two deploys are started at once.
Deploys: the colours take turns; objects, state and the gateway's memory are counted along the way. Writes
bench/endurance/results.json, with what was asked for and did not go well in full.
"""

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.support.command import slipway, start
from tests.support.environment import Environment, bring_up
from tests.support.load import Load, load

HERE = Path(__file__).parent
RATE, PORT, SEED = 100, 30090, 6


class Bench:
    """One environment, and what went wrong in it."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.images = [environment.image("blue"), environment.image("green")]
        self.turn = 0
        self.requests = 0
        self.failed = 0
        self.trouble: list[str] = []

    def next_image(self) -> str:
        self.turn += 1
        return self.images[self.turn % 2]

    def slipway(self, *arguments: str) -> tuple[int, str]:
        run = slipway(self.environment, *arguments)
        return run.code, run.output

    @contextmanager
    def loaded(self) -> Generator[Load]:
        with load(f"{self.environment.url}/version", rate=RATE) as traffic:
            yield traffic
        self.requests += len(traffic.answers)
        self.failed += len(traffic.failed)

    def agreed(self) -> list[str]:
        """What does not agree: status, file, record and state."""
        code, said = self.slipway("status", "--json")
        if code:
            return [said]
        status = json.loads(said)
        wrong = [*status["findings"]]
        if status["in_progress"]:
            wrong.append(f"in progress: {status['in_progress']}")
        preview = self.environment.project.pulumi("preview", "--expect-no-changes", check=False)
        if preview.code:
            wrong.append(preview.output[-1500:])
        return wrong

    def note(self, what: str, wrong: list[str]) -> bool:
        self.trouble += [f"{what}: {text}" for text in wrong]
        print(f"{what}: {wrong if wrong else 'well'}", file=sys.stderr)
        return not wrong


def kills(bench: Bench, count: int) -> dict[str, Any]:
    """SIGKILL of the command at random moments of a deploy; then the same again, or back."""
    chance = random.Random(SEED)  # noqa: S311  (a moment, not a secret)
    began = time.monotonic()
    assert_well(bench.slipway("deploy", bench.next_image()))
    whole = time.monotonic() - began
    well = 0
    for number in range(count):
        image, moment = bench.next_image(), chance.uniform(0, whole)
        after = ("deploy", image) if number % 2 else ("rollback",)
        with bench.loaded():
            process = start(bench.environment, "deploy", image)
            time.sleep(moment)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            code, said = bench.slipway(*after)
        wrong = [] if code == 0 else [said[-1500:]]
        well += bench.note(
            f"kill {number + 1} of {count} after {moment:.1f} s, then {after[0]}", wrong + bench.agreed()
        )
    return {"asked": count, "well": well, "deploy_seconds": round(whole, 1)}


def races(bench: Bench, count: int) -> dict[str, Any]:
    """Two deploys at once: one wins, the other is told who holds the lock."""
    well = 0
    for number in range(count):
        image = bench.next_image()
        with bench.loaded():
            both = [start(bench.environment, "deploy", image) for _ in range(2)]
            said = [process.communicate(timeout=300)[0] for process in both]
        wrong: list[str] = []
        if sorted(process.returncode for process in both) != [0, 1]:
            wrong.append("\n".join(said))
        loser = next((text for process, text in zip(both, said, strict=True) if process.returncode), "")
        if "the lock" not in loser:
            wrong.append(f"the loser is not told why: {loser}")
        well += bench.note(f"race {number + 1} of {count}", wrong + bench.agreed())
    return {"asked": count, "well": well}


def deploys(bench: Bench, count: int) -> dict[str, Any]:
    """One after the other; what grows is counted."""
    seconds: list[float] = []
    sizes = [size(bench.environment)]
    well = 0
    for number in range(count):
        began = time.monotonic()
        with bench.loaded():
            code, said = bench.slipway("deploy", bench.next_image())
        seconds.append(time.monotonic() - began)
        well += bench.note(f"deploy {number + 1} of {count}", [] if code == 0 else [said[-1500:]])
        if (number + 1) % 10 == 0:
            sizes.append(size(bench.environment))
    return {
        "asked": count,
        "well": well,
        "seconds_median": round(statistics.median(seconds), 1),
        "seconds_longest": round(max(seconds), 1),
        "sizes_every_10": sizes,
    }


def size(environment: Environment) -> dict[str, int]:
    """Objects of the application's namespace by kind, bytes of the state, memory of the gateway."""
    kinds = ("configmaps", "replicasets", "pods", "events", "leases")
    found = {kind: len(environment.objects(kind)) for kind in kinds}
    state = environment.project.pulumi("stack", "export").output
    pods = subprocess.run(
        ["kubectl", "top", "pods", f"--namespace={environment.namespace}-gateway", "--no-headers"],
        check=False,
        capture_output=True,
        text=True,
    ).stdout.split()
    memory = int(pods[2].removesuffix("Mi")) if len(pods) > 2 else 0
    return {**found, "state_bytes": len(state), "gateway_mib": memory}


def assert_well(done: tuple[int, str]) -> None:
    if done[0]:
        raise RuntimeError(done[1])


def main() -> None:
    """Runs, prints and writes the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--races", type=int, default=20)
    parser.add_argument("--deploys", type=int, default=200)
    asked = parser.parse_args()
    file = HERE / "results.json"
    with tempfile.TemporaryDirectory() as scratch:
        environment = bring_up(Path(scratch), "bench", node_port=PORT, max_replicas=2)
        try:
            for part, count in ((kills, asked.kills), (races, asked.races), (deploys, asked.deploys)):
                if not count:
                    continue
                bench = Bench(environment)
                found = {
                    "command": f"python -m bench.endurance.run --{part.__name__} {count}",
                    "date": datetime.now(UTC).date().isoformat(),
                    "rate": RATE,
                    **part(bench, count),
                    "requests": bench.requests,
                    "failed": bench.failed,
                    "trouble": bench.trouble,
                }
                written: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
                file.write_text(json.dumps(written | {part.__name__: found}, indent=2) + "\n")
                print(json.dumps(found, indent=2))
        finally:
            environment.project.remove()


if __name__ == "__main__":
    main()
