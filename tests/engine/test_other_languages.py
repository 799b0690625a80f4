"""The component package through the real CLI, as a program in another language meets it.

The YAML program itself is examples/yaml. What this does not prove: SDKs for TypeScript, Go, C# and Java; their language hosts
cannot be had where only package registries are reached. They are made from the schema that is held here.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.calls import COMPONENTS
from tests.support.project import REPOSITORY

PACKAGE = REPOSITORY / "components"


def pulumi(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PULUMI_BACKEND_URL": f"file://{folder}"}
    command = ["pulumi", *arguments, "--non-interactive", "--color=never"]
    return subprocess.run(
        command, cwd=folder, env=environment, text=True, capture_output=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `pulumi package get-schema ./components` prints: made once, it takes seconds."""
    done = pulumi(tmp_path_factory.mktemp("schema"), "package", "get-schema", str(PACKAGE))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty YAML project that has added the package as a person does."""
    (tmp_path / "Pulumi.yaml").write_text("name: other-language\nruntime: yaml\n")
    (tmp_path / "components").symlink_to(
        PACKAGE
    )  # Pulumi caches the schema beside the folder: not in the checkout
    added = pulumi(tmp_path, "package", "add", "./components")
    assert added.returncode == 0, added.stdout + added.stderr
    return tmp_path


def test_the_schema_has_every_exported_component(schema: dict[str, Any]) -> None:
    assert sorted(schema["resources"]) == sorted(f"slipway:index:{name}" for name in COMPONENTS)
    assert all(resource["isComponent"] for resource in schema["resources"].values())


def test_every_class_argument_and_output_has_a_description(schema: dict[str, Any]) -> None:
    resources, types = schema["resources"], schema["types"]
    properties = {
        f"{name}.{key}": described
        for name, resource in resources.items()
        for key, described in (*resource["inputProperties"].items(), *resource["properties"].items())
    } | {
        f"{name}.{key}": described
        for name, type_ in types.items()
        for key, described in type_["properties"].items()
    }
    silent = [
        name for name, one in {**resources, **types, **properties}.items() if not one.get("description")
    ]
    assert silent == []


def test_adding_the_package_is_one_line_of_the_project(project: Path) -> None:
    """Given `pulumi package add`, then Pulumi.yaml names the package."""
    file = project / "Pulumi.yaml"
    described = yaml.safe_load(file.read_text())
    assert (project / described["packages"]["slipway"]).resolve() == PACKAGE


def test_a_wrong_argument_is_told_in_one_line(project: Path) -> None:
    """Given an argument out of range, when a YAML program is previewed, then the error names it, without a traceback."""
    described = yaml.safe_load((project / "Pulumi.yaml").read_text())
    backup = {"type": "slipway:BackupVault", "properties": {"retentionDays": 0}}
    (project / "Pulumi.yaml").write_text(yaml.safe_dump({**described, "resources": {"backup": backup}}))
    assert pulumi(project, "stack", "init", "test").returncode == 0
    done = pulumi(project, "preview")
    assert done.returncode != 0
    assert 'backup vault "backup": retention_days must be 1-36500, got 0' in done.stdout
    assert "__init__" not in done.stdout
