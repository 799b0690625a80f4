"""A workflow's runs as GitHub's API tells them; what notifications and metrics are made of. Standard library alone."""

from __future__ import annotations

import json
import os
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

SECONDS = 20
BAD = {"failure", "timed_out", "startup_failure"}
"""Conclusions that somebody has to look at; who cancels a run knows it already."""


class RunError(Exception):
    """What the server or the event lacks."""


@dataclass(frozen=True)
class Job:
    """One job of a run that has ended."""

    name: str
    result: str
    seconds: float


@dataclass(frozen=True)
class Run:
    """One run that has ended."""

    workflow: str
    result: str
    branch: str
    commit: str
    url: str
    started: datetime
    ended: datetime
    number: int
    api: str
    """Its own address."""
    workflow_api: str
    earlier_attempt: str | None
    """The address of the attempt that this one is a re-run of."""

    @property
    def is_bad(self) -> bool:
        return self.result in BAD

    @property
    def seconds(self) -> float:
        return (self.ended - self.started).total_seconds()


def of_event(file: Path) -> Run:
    """The run that a `workflow_run` event tells of."""
    event = json.loads(file.read_text())
    if "workflow_run" not in event:
        raise RunError(f"{file} is no event of workflow_run: it has {', '.join(sorted(event))}")
    return _run(event["workflow_run"])


def before(run: Run) -> Run | None:
    """The run of the same workflow and branch that ended last before it, with a result that says something."""
    return next((found for found in _earlier(run) if found.is_bad or found.result == "success"), None)


def _earlier(run: Run) -> Iterator[Run]:
    """Its own earlier attempts, which have its number; then the runs before it."""
    attempt = run
    while attempt.earlier_attempt:
        attempt = _run(ask(attempt.earlier_attempt))
        yield attempt
    asked = urllib.parse.urlencode({"branch": run.branch, "status": "completed", "per_page": 20})
    for found in map(_run, ask(f"{run.workflow_api}/runs?{asked}")["workflow_runs"]):
        if found.number < run.number:
            yield found


def jobs(run: Run) -> list[Job]:
    """The jobs that ran; skipped ones did not."""
    return [
        Job(
            job["name"],
            job["conclusion"],
            (_time(job["completed_at"]) - _time(job["started_at"])).total_seconds(),
        )
        for job in ask(f"{run.api}/jobs?per_page=100")["jobs"]
        if job["conclusion"] and job["conclusion"] != "skipped"
    ]


def ask(url: str) -> Any:
    """What the API answers to the job's token."""
    headers = {"Accept": "application/json", "Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}"}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - the server's own address
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            return json.load(answer)
    except (OSError, ValueError) as error:
        raise RunError(f"{url} does not answer as it should: {error}") from None


def _run(said: dict[str, Any]) -> Run:
    return Run(
        workflow=said["name"],
        result=said["conclusion"],
        branch=said["head_branch"],
        commit=said["head_sha"],
        url=said["html_url"],
        started=_time(said["run_started_at"]),
        ended=_time(said["updated_at"]),
        number=said["run_number"],
        api=said["url"],
        workflow_api=said["workflow_url"],
        earlier_attempt=said.get("previous_attempt_url"),
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
