"""Which stack is meant, and what the command itself is."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from slipway import App
from slipway.guard import app_colors
from slipway_ops import project
from slipway_ops.cli import main
from slipway_ops.errors import OperatorError
from tests.unit.mocks import Program, Run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PULUMI_STACK", raising=False)
    place = tmp_path / "project"
    (place / "below").mkdir(parents=True)
    (place / "Pulumi.yaml").write_text("name: slipway\n")
    for name in ("dev", "prod"):
        (place / f"Pulumi.{name}.yaml").write_text("config: {}\n")
    return place


def select(folder: Path, stack: str) -> None:
    """What `pulumi stack select` notes."""
    key = hashlib.sha1(str(folder / "Pulumi.yaml").encode(), usedforsecurity=False).hexdigest()
    note = Path(folder.parent / "home" / "workspaces" / f"slipway-{key}-workspace.json")
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps({"stack": stack}))


def test_the_one_that_is_asked_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    select(folder, "organization/slipway/dev")
    assert project.find(folder / "below", None) == project.Project(folder, "dev")
    monkeypatch.setenv("PULUMI_STACK", "prod")
    assert project.find(folder, None).stack == "prod"
    assert project.find(folder, "dev").file == folder / "Pulumi.dev.yaml"


def test_none(folder: Path) -> None:
    with pytest.raises(OperatorError, match=r"no stack is selected in .* --stack: dev, prod"):
        project.find(folder, None)
    with pytest.raises(OperatorError, match=r"no .*Pulumi.test.yaml; stacks with a file are dev, prod"):
        project.find(folder, "test")
    with pytest.raises(OperatorError, match=r"there is no Pulumi.yaml in"):
        project.find(folder.parent, None)


def test_colours_have_the_names_and_labels_that_app_gives_them(run: Run, program: Program) -> None:
    def build() -> None:
        App(
            "chat",
            {
                "blue_image": "a",
                "green_image": "b",
                "active": "blue",
                "gateway_name": "g",
                "gateway_namespace": "g",
                "namespace": "dev",
            },
        )

    run(build)
    for color, place in app_colors("chat", "dev").items():
        made = program.by_name("kubernetes:apps/v1:Deployment", f"chat-{color}-deployment").inputs
        assert made["metadata"]["name"] == place.deployment
        assert made["metadata"]["namespace"] == place.namespace
        assert made["spec"]["selector"]["matchLabels"] == place.selector


def test_the_command_lists_its_own_and_the_plugins() -> None:
    said = CliRunner().invoke(main, ["--help"]).output
    for word in ("switch", "rollback", "status", "history", "local", "doctor"):
        assert word in said, said
    assert "No such command 'nothing'" in CliRunner().invoke(main, ["nothing"]).output
    assert CliRunner().invoke(main, ["--version"]).output.startswith("slipway ")


@pytest.mark.parametrize("command", ["switch", "rollback", "status", "history"])
def test_each_has_a_help(command: str) -> None:
    done = CliRunner().invoke(main, [command, "--help"])
    assert done.exit_code == 0
    assert "--json" in done.output
    assert "--stack" in done.output
