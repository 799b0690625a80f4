"""The whole way of a change, from nothing, several times in a row: how long its parts take, and whether it is green each time.

    .venv/bin/slipway local exec -- .venv/bin/python -m bench.pipeline.run [TIMES]

Each time a new Git server, a new runner without packages, and a new environment: tests/e2e/test_pipeline.py, whose figures these are.
Writes bench/pipeline/results.json.
"""

import json
import platform
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.support.project import REPOSITORY

TEST = "tests/e2e/test_pipeline.py"
TIMES = 3


def once() -> dict[str, Any]:
    """One pass, and what its tests have recorded."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        began = time.monotonic()
        command = [sys.executable, "-m", "pytest", "-x", TEST, f"--junitxml={report}"]
        code = subprocess.run(command, cwd=REPOSITORY, check=False).returncode
        seconds = time.monotonic() - began
        found = ET.parse(report).getroot().iter("property")  # noqa: S314 - pytest wrote it
        figures = {str(one.get("name")): float(one.get("value", 0)) for one in found}
    return {"green": code == 0, "seconds": round(seconds, 1), **figures}


def main(times: int = TIMES) -> None:
    """Measures, prints and writes the results."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=REPOSITORY, check=True, capture_output=True, text=True
    ).stdout.strip()
    results = {
        "command": f"python -m bench.pipeline.run {times}",
        "commit": commit,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.system()} {platform.machine()}",
        "runs": [once() for _ in range(times)],
    }
    (Path(__file__).parent / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
