"""The order in which a merge is delivered, with everything that it calls replaced by a note that it was called."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
OLD, NEW = (f"registry.example.com/chat@sha256:{letter * 64}" for letter in "ab")
STATUS = {"colors": {"blue": {"image": OLD}, "green": {"image": OLD}}}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose commit asks for another image in green."""
    programs = ["scripts/ci/plan.sh", "scripts/ci/verify.sh", "scripts/ci/smoke.sh", "scripts/ci/keep.sh"]
    for name in (*programs, "scripts/held.sh", ".venv/bin/slipway"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(
            f'#!/usr/bin/env bash\necho "{file.name} $*" >>"$CALLS"\n'
            f'case "{file.name} $*" in *"status"*) cat status.json ;; *"slipway up"*) cp after.json status.json ;; esac\n'
            f'if [[ "{file.name} $*" == *"status"* ]]; then grep --quiet colors status.json; exit; fi\n'
            f'[[ " $FAILING " != *" {file.stem} "* && " $FAILING " != *" {file.stem}-$1 "* ]]\n'
        )
        file.chmod(0o755)
    (tmp_path / ".venv/bin/python").symlink_to(sys.executable)
    for name in ("deliver.sh", "release_of.py"):
        shutil.copy2(REPOSITORY / "scripts/ci" / name, tmp_path / "scripts/ci" / name)
    for name in ("status.json", "after.json"):
        (tmp_path / name).write_text(json.dumps(STATUS))
    said = {"slipway:active": "blue", "slipway:blueImage": OLD, "slipway:greenImage": NEW}
    (tmp_path / "Pulumi.prod.yaml").write_text(json.dumps({"config": said}))
    return tmp_path


def deliver(project: Path, failing: str = "", **environment: str) -> tuple[int, list[str]]:
    calls = project / "calls"
    done = subprocess.run(
        ["scripts/ci/deliver.sh", "prod"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": "", "CALLS": str(calls), "FAILING": failing, **environment},
        check=False,
    )
    return done.returncode, calls.read_text().splitlines()


LOOK = ["slipway status --stack prod --json"]
VERIFY = [f"verify.sh {NEW}"]
PLAN = [
    "plan.sh find prod",
    "slipway up --stack prod --plan reports/plan-prod.json",
    "slipway status --stack prod",
]
RELEASE = [f"verify.sh {NEW}", f"slipway deploy {NEW} --stack prod"]


def test_a_merge_is_delivered_in_this_order(project: Path) -> None:
    assert deliver(project) == (0, [*LOOK, *VERIFY, *PLAN, *RELEASE, "smoke.sh prod 5", "keep.sh prod"])


def test_a_merge_that_asks_for_no_release_is_only_tried_out(project: Path) -> None:
    (project / "status.json").write_text(
        json.dumps({"colors": {"blue": {"image": OLD}, "green": {"image": NEW}}})
    )
    assert deliver(project) == (0, [*LOOK, *PLAN, "smoke.sh prod"])


def test_an_environment_that_is_not_up_yet_comes_up(project: Path) -> None:
    (project / "status.json").write_text(json.dumps({"error": "there is no HTTPRoute", "absent": True}))
    both = [f"verify.sh {image}" for image in (OLD, NEW)]
    assert deliver(project) == (0, [*LOOK, *both, *PLAN, "smoke.sh prod"])


@pytest.mark.parametrize(
    "said", ["", '{"error": "the API server does not answer"}'], ids=["it died", "it cannot look"]
)
def test_where_nothing_is_known_nothing_is_changed(project: Path, said: str) -> None:
    (project / "status.json").write_text(said)
    code, calls = deliver(project)
    assert (code != 0, calls) == (True, LOOK)


def test_an_update_of_another_cluster_than_the_one_that_is_looked_at_is_told(project: Path) -> None:
    for name in ("status.json", "after.json"):
        (project / name).write_text(json.dumps({"error": "there is no HTTPRoute", "absent": True}))
    code, calls = deliver(project)
    assert (code, calls[-1]) == (1, PLAN[-1])


def test_a_stack_without_reviewed_plans_gets_a_held_update(project: Path) -> None:
    code, calls = deliver(project, REVIEWED="false")
    assert (code, calls[2]) == (0, "held.sh up prod --yes --skip-preview")


@pytest.mark.parametrize("failing", ["plan", "slipway-up"])
def test_without_the_reviewed_plan_nothing_is_released(project: Path, failing: str) -> None:
    code, calls = deliver(project, failing)
    assert code != 0
    assert not [call for call in calls if call.startswith(("slipway deploy", "keep.sh"))]


def test_an_image_that_is_not_signed_is_not_even_started(project: Path) -> None:
    assert deliver(project, failing="verify") == (1, [*LOOK, *VERIFY])


def test_a_release_that_undid_itself_is_kept_and_told(project: Path) -> None:
    assert deliver(project, failing="slipway-deploy") == (
        1,
        [*LOOK, *VERIFY, *PLAN, *RELEASE, "keep.sh prod"],
    )


def test_a_release_that_does_not_answer_is_rolled_back(project: Path) -> None:
    back = ["smoke.sh prod 5", "slipway rollback --stack prod", "keep.sh prod"]
    assert deliver(project, failing="smoke") == (1, [*LOOK, *VERIFY, *PLAN, *RELEASE, *back])


def test_a_release_that_cannot_even_be_rolled_back_is_a_failure(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code, calls = deliver(project, failing="smoke slipway-rollback")
    assert (code, calls[-1]) == (1, "keep.sh prod")
    assert "its traffic was not moved back: slipway rollback --stack prod --force" in capfd.readouterr().err
