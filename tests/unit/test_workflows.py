"""What every workflow keeps to, beside what actionlint and zizmor hold (scripts/check.sh)."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

GITHUB = Path(__file__).parents[2] / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
PINNED = re.compile(r"uses: ([\w-]+/[\w./-]+)@([0-9a-f]{40}) # v\d+\.\d+\.\d+$", re.MULTILINE)
THIRD_PARTY = {"actions/cache", "actions/checkout", "actions/upload-artifact"}
CALLED = {"slipway.yml", "stack.yml"}


def read(file: Path) -> dict[Any, Any]:
    return yaml.safe_load(file.read_text())


def steps(file: Path) -> Iterator[Mapping[str, Any]]:
    for job in read(file)["jobs"].values():
        yield from job.get("steps", ())


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_actions_of_others_are_few_and_named_by_their_commit(file: Path) -> None:
    text = file.read_text()
    others = [line for line in re.findall(r"uses: \S+", text) if not line.startswith("uses: ./")]
    assert len(PINNED.findall(text)) == len(others)
    assert {name for name, _ in PINNED.findall(text)} <= THIRD_PARTY


def test_an_action_has_one_version_everywhere() -> None:
    found = {pin for file in WORKFLOWS for pin in PINNED.findall(file.read_text())}
    assert len({name for name, _ in found}) == len(found), found


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_job_has_no_right_that_it_does_not_name(file: Path) -> None:
    if file.name != "slipway.yml":  # its callers' are its own
        workflow = read(file)
        assert workflow["permissions"] == {}
        assert all("permissions" in job for job in workflow["jobs"].values())


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_job_ends_by_itself(file: Path) -> None:
    assert all("timeout-minutes" in job for job in read(file)["jobs"].values() if "uses" not in job)


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_no_checkout_leaves_its_token_on_the_disk(file: Path) -> None:
    for step in steps(file):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_what_a_fork_writes_never_runs_with_rights(file: Path) -> None:
    """A fork's pull request runs by `pull_request` alone, which gives it a token that reads and no secret."""
    assert "pull_request_target" not in file.read_text()
    triggers = read(file)[True]  # YAML takes `on` for true
    if "pull_request" in triggers:
        assert "{{ secrets." not in file.read_text()
    if "workflow_run" in triggers:
        assert all("ref" not in step.get("with", {}) for step in steps(file)), "the default branch's code"


def test_only_the_preview_of_the_repositorys_own_branches_gets_credentials() -> None:
    job = read(GITHUB / "workflows/preview.yml")["jobs"]
    own = "github.event.pull_request.head.repo.full_name == github.repository"
    assert job["preview"]["if"].endswith(f" && {own}")
    assert job["fork"]["permissions"] == {"contents": "read"}


def test_each_job_takes_the_weakest_role_that_does_for_it() -> None:
    roles = {
        file.name: [said["role"] for step in steps(file) if "role" in (said := step.get("with", {}))]
        for file in WORKFLOWS
    }
    assert {name: found for name, found in roles.items() if found} == {
        "drift.yml": ["${{ vars.AWS_DRIFT_ROLE }}"],
        "preview.yml": ["${{ vars.AWS_PREVIEW_ROLE }}"],
        "slipway.yml": ["${{ inputs.role }}", "${{ inputs.role }}"],
        "stack.yml": ["${{ vars.AWS_DEPLOY_ROLE }}"],
    }


def test_a_preview_has_an_environment_only_when_one_is_named() -> None:
    """Its reviewers let it read secrets; and what else looks, as drift, waits for nobody."""
    named = read(GITHUB / "workflows/preview.yml")["jobs"]["preview"]["environment"]
    assert named == "${{ vars.SLIPWAY_PREVIEW_ENVIRONMENT }}"
    assert "environment" not in read(GITHUB / "workflows/drift.yml")["jobs"]["drift"]
    called = read(GITHUB / "workflows/slipway.yml")
    assert called[True]["workflow_call"]["inputs"]["preview-environment"]["default"] == ""
    by_event = "inputs.command == '' && github.event_name == 'pull_request'"
    asked = f"(inputs.command == 'preview' || {by_event}) && inputs.preview-environment || ''"
    assert called["jobs"]["read"]["environment"] == f"${{{{ {asked} }}}}"


def test_whoever_changes_a_stack_waits_for_the_others() -> None:
    """Merges, starts by hand and other repositories' calls: one run per environment, and none of them is cut short.

    A rollback has a queue of its own: of those that wait in one, GitHub ends all but the newest.
    """
    for file, job in (("stack.yml", "run"), ("slipway.yml", "write")):
        found = read(GITHUB / "workflows" / file)["jobs"][job]
        queue = "${{ inputs.command == 'rollback' && 'rollback' || 'stack' }}-${{ inputs.stack }}"
        assert found["concurrency"] == {"group": queue, "cancel-in-progress": False}
        assert found["environment"] == "${{ inputs.stack }}"


def test_a_rollback_pushes_aside_what_is_under_way() -> None:
    text = (GITHUB / "actions/slipway/run.sh").read_text()
    assert '"$slipway" rollback --stack "$STACK" --force' in text


@pytest.mark.parametrize(("version", "code"), [("1.4.0", 0), ("1.4", 1), ("1.4.0;id", 1), ("$(shell id)", 1)])
def test_a_version_is_looked_at_before_make_reads_it(version: str, code: int) -> None:
    found = [
        step["run"] for step in steps(GITHUB / "workflows/release.yml") if "VERSION" in step.get("env", {})
    ]
    done = subprocess.run(
        ["bash", "-c", found[0]], env={"VERSION": version}, capture_output=True, check=False
    )
    assert done.returncode == code


@pytest.mark.parametrize("target", ["state", "release"])
def test_make_gives_the_shell_no_version_to_run(tmp_path: Path, target: str) -> None:
    shutil.copy(GITHUB.parent / "Makefile", tmp_path)
    for name in (".venv/bin/slipway", ".venv/bin/python"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text('#!/bin/bash\necho "got $*"\n')
        file.chmod(0o755)
    command = ["make", "--assume-old=.venv/.ready", target, "VERSION=1.4.0; touch planted; #"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert not (tmp_path / "planted").exists()


def test_what_watches_images_looks_where_they_are() -> None:
    updates = yaml.safe_load((GITHUB / "dependabot.yml").read_text())["updates"]
    watched = {one["package-ecosystem"]: one.get("directory") for one in updates}
    assert (watched["docker"], watched["docker-compose"]) == ("/docker", "/docker")
    assert (GITHUB.parent / "docker/Dockerfile").exists()


def test_production_comes_after_dev() -> None:
    jobs = read(GITHUB / "workflows/cd.yml")["jobs"]
    assert (jobs["dev"]["needs"], jobs["prod"]["needs"]) == ("image", ["image", "dev"])


def test_what_is_told_of_is_what_there_is() -> None:
    told = read(GITHUB / "workflows/tell.yml")[True]["workflow_run"]["workflows"]
    others = CALLED | {"tell.yml", "preview.yml"}
    assert sorted(told) == sorted(read(file)["name"] for file in WORKFLOWS if file.name not in others)


def test_what_a_pull_request_has_to_pass_always_answers() -> None:
    """A workflow that a filter of paths keeps from running is a required check that never ends."""
    for file in WORKFLOWS:
        on = read(file)[True]
        if "pull_request" in on:
            assert on["pull_request"] is None, file.name


def test_every_program_that_a_step_starts_is_there() -> None:
    """A step calls a target of the Makefile or a script of the repository."""
    targets = set(re.findall(r"^([a-z-]+):", (GITHUB.parent / "Makefile").read_text(), re.MULTILINE))
    for file in WORKFLOWS:
        for step in steps(file):
            said = step.get("run", "")
            assert set(re.findall(r"\bmake ([a-z]+)", said)) <= targets
            assert all((GITHUB.parent / script).exists() for script in re.findall(r"scripts/[\w./-]+", said))
