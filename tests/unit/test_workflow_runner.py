"""What the pipeline's test makes of a Git server's events and of what `act` says; the runs are tests/e2e/test_pipeline.py."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.support.project import REPOSITORY
from tests.support.workflows import event_of, job_seconds, third_party

WORKFLOWS = REPOSITORY / ".github/workflows"


def pull(action: str) -> dict[str, Any]:
    return {"action": action, "number": 1, "pull_request": {"head": {"sha": "a"}}}


def push(ref: str = "refs/heads/main", message: str = "merged") -> dict[str, Any]:
    return {"ref": ref, "after": "b", "head_commit": {"message": message}}


@pytest.mark.parametrize(
    ("kind", "said", "commit"),
    [
        ("pull_request", pull("opened"), "a"),
        ("pull_request", pull("synchronized"), "a"),
        ("pull_request", pull("closed"), None),
        ("push", push(), "b"),
        ("push", push("refs/heads/other"), None),
        ("push", push(message="dev serves what Pulumi.dev.yaml says [skip ci]\n"), None),
        ("issues", {}, None),
    ],
    ids=["opened", "pushed to", "closed", "merged", "another branch", "a workflow's own commit", "no event of ours"],
)  # fmt: skip
def test_what_is_run_for_what_a_server_tells(kind: str, said: dict[str, Any], commit: str | None) -> None:
    event = event_of(kind, said)
    assert (event and event.commit) == commit


def line(job: str, second: int, **more: Any) -> dict[str, Any]:
    return {"jobID": job, "time": f"2026-01-01T00:00:{second:02}Z", **more}


def test_a_job_is_as_long_as_its_steps() -> None:
    told = [
        {"time": "2026-01-01T00:00:00Z", "msg": "no job's"},
        line("image", 1, stepID=["0"]),
        line("image", 31, stepID=["1", "0"]),
        line("skipped", 32),
        line("run", 33, stepID=["--setup-job"]),
        line("run", 53, stepID=["--complete-job"]),
    ]
    assert job_seconds(told) == {"image": 30, "run": 20}


def test_everything_from_elsewhere_has_a_stand_in() -> None:
    """Those that only say that GitHub is needed must not be reached elsewhere: their conditions see to that."""
    found = third_party(WORKFLOWS)
    for file in WORKFLOWS.glob("*.yml"):
        for job in yaml.safe_load(file.read_text())["jobs"].values():
            for step in job.get("steps", ()):
                uses = step.get("uses", "./")
                if not uses.startswith("./"):
                    stand_in = found[uses]
                    assert (stand_in / "action.yml").exists()
                    assert (
                        stand_in.name == "checkout"
                        or "github.server_url == 'https://github.com'" in step["if"]
                    )
