"""What the environments put into a cluster, held against the API server's schemas and checkov; Dockerfiles against hadolint."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from slipway_local import runtime
from tests.support.declared import write_objects
from tests.support.project import REPOSITORY
from tests.support.schemas import write_schemas
from tests.unit.conftest import program, run_whole
from tests.unit.mocks import Program, Run
from tests.unit.test_environment import up

__all__ = ["program", "run_whole"]
STACKS = ["dev", "prod"]
Checkov = Callable[[str, Path], list[str]]


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the schemas of the cluster's own kinds lie."""
    return write_schemas(tmp_path_factory.mktemp("schemas"))


@pytest.fixture(params=STACKS)
def manifests(
    request: pytest.FixtureRequest,
    run_whole: Run,
    program: Program,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Path]:
    """A folder with every Kubernetes object of a stack, one a file."""
    monkeypatch.chdir(REPOSITORY)
    run_whole(lambda: up(request.param))
    write_objects(program, tmp_path)
    assert len(list(tmp_path.iterdir())) > 15, "the stack has objects"
    yield tmp_path


@pytest.fixture(scope="module")
def checkov() -> Checkov:
    """What checkov finds in a folder: check, object and what it says. It is installed when it is first asked."""
    runtime.CHECKOV.ensure()

    def find(framework: str, folder: Path) -> list[str]:
        options = ["--output", "json", "--quiet", "--skip-download"]
        done = subprocess.run(
            [runtime.CHECKOV.program("checkov"), "--framework", framework, "--directory", folder, *options],
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode in (0, 1), done.stdout + done.stderr
        report: Any = json.loads(done.stdout)
        assert report["summary"]["passed"] > 0, "it looked at something"
        return [
            f"{found['check_id']} {found['resource']}: {found['check_name']}"
            for found in report["results"]["failed_checks"]
        ]

    return find


def test_every_object_is_as_the_api_server_s_schemas_say(manifests: Path, schemas: str) -> None:
    """Given a stack's objects, then kubeconform finds no wrong, missing or unknown field."""
    done = subprocess.run(
        ["kubeconform", "-strict", "-summary", "-schema-location", schemas, str(manifests)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Errors: 0, Skipped: 0" in done.stdout, done.stdout


def test_an_unknown_field_is_found(tmp_path: Path, schemas: str) -> None:
    """Given a field that no API server knows, then kubeconform tells it: the schemas are strict."""
    body: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "labls": {}}}
    (tmp_path / "wrong.json").write_text(json.dumps(body))
    done = subprocess.run(
        ["kubeconform", "-strict", "-schema-location", schemas, str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "labls" in done.stdout, done.stdout


def test_checkov_finds_nothing_that_no_one_has_given_a_reason_for(manifests: Path, checkov: Checkov) -> None:
    """Given a stack's objects, then checkov finds nothing but what an annotation beside it excuses."""
    assert checkov("kubernetes", manifests) == []


def test_the_dockerfiles_are_clean(checkov: Checkov) -> None:
    """Given every Dockerfile of the repository, then hadolint and checkov find nothing."""
    listed = ["git", "ls-files", "*Dockerfile*"]
    files = subprocess.run(listed, cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout.split()
    assert files
    subprocess.run([REPOSITORY / ".venv/bin/hadolint", *files], cwd=REPOSITORY, check=True)
    folders = {(REPOSITORY / file).parent for file in files}
    assert [finding for folder in folders for finding in checkov("dockerfile", folder)] == []
