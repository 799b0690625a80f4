"""Six bad things in a copy of the repository, each in two forms: it is stopped by the stage that is meant for it, and by no other.

The copy has all of them at once, and each stage is asked once: it finds its own and names none of the others. The servers of advisories are
one of the test's own, which speaks OSV's protocol and npm's: the real ones are not reached everywhere. That the repository
itself is clean is asked stage by stage too.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.support.loopback import Asked, Loopback, serving
from tests.support.project import REPOSITORY

VULNERABLE = "leftpadded"
ADVISORY = "PYSEC-2026-1"
# Made up for this test, in the form that GitHub gives its tokens.
LEAKED = "ghp_" + "R4nd0mL00k1ngT0kenF0rTh1sTestAl0ne42"[:36]

BUCKET = """
        aws.s3.BucketAcl("planted-bucket", bucket="planted", acl="public-read")
"""
BARE_BUCKET = """
        aws.s3.Bucket("planted-bare")
"""
POD = """
        kubernetes.core.v1.Pod(
            "planted-pod",
            spec={"containers": [{"name": "root", "image": "x@sha256:" + "a" * 64, "securityContext": {"privileged": True}}]},
        )
"""
ACTION = """
name: planted
on: push
permissions: {}
concurrency: {group: planted, cancel-in-progress: true}
jobs:
  planted:
    name: Planted
    runs-on: ubuntu-24.04
    permissions: {}
    steps:
      - uses: somebody/planted-action@v1
"""
COMPOSITE = """
name: planted
description: planted
runs:
  using: composite
  steps:
    - uses: somebody/planted-step@main
"""
STAGED = """
FROM debian:12.5 AS build
USER 1000
FROM debian:12.5
HEALTHCHECK NONE
CMD ["true"]
"""
MANIFEST = """
apiVersion: batch/v1
kind: CronJob
metadata: {name: planted-job}
spec:
  jobTemplate: {spec: {template: {spec: {containers: [{name: root, image: x}], hostPID: true}}}}
"""
PLANTED = {
    "dependencies": (ADVISORY, "planted-range>=1"),
    "secrets": ("planted.env", "uncommitted.env"),
    "workflows": ("somebody/planted-action@v1", "somebody/planted-step@main"),
    "images": ("planted.Dockerfile", "staged.containerfile: image-user"),
    "infrastructure": ("planted-bucket", "buckets-closed: aws:s3/bucket:Bucket planted-bare"),
    "manifests": ("planted-pod", "CronJob planted-job: hostPID"),
}
"""By stage: what its report names when it has found what is meant for it."""


def copy_of_repository(folder: Path) -> Path:
    """What git knows and what is new, with a history of one commit, as a clone has it."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout.split(
        "\n"
    )
    for name in filter(None, names):
        if (source := REPOSITORY / name).exists() or source.is_symlink():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder / name, follow_symlinks=False)
    (folder / ".venv").symlink_to(REPOSITORY / ".venv")
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "add", "--all"], cwd=folder, check=True)
    subprocess.run(["git", *who, "commit", "--quiet", "--message", "x"], cwd=folder, check=True)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_of_repository(tmp_path_factory.mktemp("clean"))


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copy_of_repository(tmp_path_factory.mktemp("planted"))
    with (folder / "requirements.txt").open("a") as file:
        file.write(f"{VULNERABLE}==0.1.0\n")
    (folder / "planted.env").write_text(f"GITHUB_TOKEN={LEAKED}\n")
    commit(folder)
    (folder / "planted.env").unlink()  # it stays in the history
    (folder / ".github/workflows/planted.yml").write_text(ACTION.lstrip())
    (folder / "apps/planted.Dockerfile").write_text(
        'FROM debian:12.5\nUSER root\nHEALTHCHECK NONE\nCMD ["true"]\n'
    )
    elsewhere = folder / "examples/planted"
    elsewhere.mkdir()
    (elsewhere / "requirements.txt").write_text("planted-range>=1\n")
    (elsewhere / "action.yml").write_text(COMPOSITE.lstrip())
    (elsewhere / "staged.containerfile").write_text(STAGED.lstrip())
    (elsewhere / "job.yaml").write_text(MANIFEST.lstrip())
    environment = folder / "stacks/environment.py"
    anchor = "    def __init__(self, settings: Settings) -> None:\n"
    text = environment.read_text()
    assert anchor in text
    imports = "        import pulumi_aws as aws\n        import pulumi_kubernetes as kubernetes\n"
    environment.write_text(text.replace(anchor, anchor + imports + BUCKET + BARE_BUCKET + POD))
    commit(folder)
    (folder / "uncommitted.env").write_text(f"GITHUB_TOKEN={LEAKED}\n")
    return folder


@pytest.fixture(scope="module")
def advisories() -> Generator[Loopback]:
    """A server that knows one advisory, of a Python package."""

    def answer(asked: Asked) -> Any:
        if asked.path != "/v1/query" or json.loads(asked.body)["package"]["name"] != VULNERABLE:
            return {}  # npm's question too: it has no advisory
        affected = [
            {"package": {"name": VULNERABLE, "ecosystem": "PyPI"}, "ranges": [], "versions": ["0.1.0"]}
        ]
        return {"vulns": [{"id": ADVISORY, "summary": "it is planted", "aliases": [], "affected": affected}]}

    with serving(answer) as server:
        yield server


def scan(folder: Path, stage: str, advisories: Loopback) -> tuple[int, str]:
    # npm asks its registry for advisories.
    environment = os.environ | {
        "OSV_URL": f"{advisories.url}/v1/query",
        "npm_config_registry": advisories.url,
    }
    done = subprocess.run(
        ["scripts/scan.sh", stage], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("stage", PLANTED)
def test_what_is_planted_is_stopped_by_its_stage(stage: str, planted: Path, advisories: Loopback) -> None:
    """Given all of them, then the stage blocks, names what is meant for it and nothing of the others."""
    code, said = scan(planted, stage, advisories)
    assert code == 1, said
    assert [marker for marker in PLANTED[stage] if marker not in said] == [], said
    assert f"scan: {stage}" in said
    assert "BLOCKED" in said
    of_others = [marker for other, markers in PLANTED.items() if other != stage for marker in markers]
    assert [marker for marker in of_others if marker in said] == []


def test_a_secret_is_not_shown_where_it_is_reported(planted: Path, advisories: Loopback) -> None:
    assert LEAKED not in scan(planted, "secrets", advisories)[1]


@pytest.mark.parametrize("stage", [*PLANTED, "code"])
def test_the_repository_passes(stage: str, clean: Path, advisories: Loopback) -> None:
    """Given the repository as it is, then no stage blocks."""
    code, said = scan(clean, stage, advisories)
    assert code == 0, said
    assert "clean" in said


def test_advisories_that_cannot_be_asked_for_block(clean: Path) -> None:
    """Given no server of advisories, then the stage blocks: what was not asked is not clean."""
    with serving(lambda _: 503) as silent:
        code, said = scan(clean, "dependencies", silent)
    assert code == 1, said
