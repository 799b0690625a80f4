"""A run of a workflow as metrics for Prometheus: `metrics.py` in a job that a `workflow_run` event started.

They go to PUSHGATEWAY_URL, or as a file into TEXTFILE_DIR, which a node exporter reads; else to standard output.
The dashboard is monitoring/pipeline/dashboard.json.
"""

from __future__ import annotations

import os
import sys
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from runs import SECONDS, Job, Run, RunError, jobs, of_event

_HELP = {
    "pipeline_run_success": "Whether the last run of the workflow on the branch succeeded.",
    "pipeline_run_duration_seconds": "How long the last run took, waiting for runners and approvals included.",
    "pipeline_run_ended_timestamp_seconds": "When the last run ended.",
    "pipeline_job_success": "Whether the job succeeded in the last run.",
    "pipeline_job_duration_seconds": "How long the job took in the last run.",
}


def exposition(run: Run, of_jobs: Sequence[Job]) -> str:
    """Prometheus's text format: https://prometheus.io/docs/instrumenting/exposition_formats/"""
    own = {"workflow": run.workflow, "branch": run.branch}
    samples: dict[str, list[tuple[dict[str, str], float]]] = {
        "pipeline_run_success": [(own, float(run.result == "success"))],
        "pipeline_run_duration_seconds": [(own, run.seconds)],
        "pipeline_run_ended_timestamp_seconds": [(own, run.ended.timestamp())],
        "pipeline_job_success": [
            ({**own, "job": job.name}, float(job.result == "success")) for job in of_jobs
        ],
        "pipeline_job_duration_seconds": [({**own, "job": job.name}, job.seconds) for job in of_jobs],
    }
    lines: list[str] = []
    for name, values in samples.items():
        lines += [f"# HELP {name} {_HELP[name]}", f"# TYPE {name} gauge"]
        lines += [f"{name}{{{_labels(labels)}}} {value:.12g}" for labels, value in values]
    return "\n".join(lines) + "\n"


def _labels(labels: dict[str, str]) -> str:
    def quoted(text: str) -> str:
        return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")

    return ",".join(f'{name}="{quoted(value)}"' for name, value in labels.items())


def push(url: str, run: Run, text: str) -> None:
    """Replaces what the gateway has of this workflow."""
    address = f"{url.rstrip('/')}/metrics/job/pipeline/workflow/{urllib.parse.quote(run.workflow, safe='')}"
    request = urllib.request.Request(address, text.encode(), method="PUT")  # noqa: S310 - the operator's own
    try:
        with urllib.request.urlopen(request, timeout=SECONDS):  # noqa: S310
            pass
    except OSError as error:
        raise RunError(f"{url} does not take the metrics: {error}") from None


def main() -> None:
    run = of_event(Path(os.environ["GITHUB_EVENT_PATH"]))
    text = exposition(run, jobs(run))
    if url := os.environ.get("PUSHGATEWAY_URL"):
        push(url, run, text)
    elif folder := os.environ.get("TEXTFILE_DIR"):
        # A reader must never see half a file.
        file = Path(folder) / f"pipeline_{run.workflow}.prom"
        file.with_suffix(".tmp").write_text(text)
        file.with_suffix(".tmp").rename(file)
    else:
        print(text, end="")


if __name__ == "__main__":
    try:
        main()
    except RunError as error:
        sys.exit(f"metrics: {error}")
