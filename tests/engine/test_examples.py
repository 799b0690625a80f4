"""Every example, copied to a folder of its own: up, unchanged at the second preview, destroyed.

It does not prove that they fit an account: AWS is the emulator.
"""

import shutil
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.environment import wait_for
from tests.support.project import REPOSITORY, Project, begin, dev_settings, removed_at_end

EXAMPLES = sorted(file.parent.name for file in (REPOSITORY / "examples").glob("*/Pulumi.yaml"))
STACK = "examples"
FIRST_NODE_PORT = 30083


@dataclass(frozen=True)
class Example:
    """One that is up."""

    project: Project
    outputs: dict[str, Any]

    def answers(self, host: str | None) -> bool:
        """Whether the application answers, asked by a host name or by none."""
        request = urllib.request.Request(self.outputs["url"], headers={"Host": host} if host else {})
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False


@pytest.fixture(scope="module", params=EXAMPLES)
def example(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:
    name: str = request.param
    root: Path = tmp_path_factory.mktemp("examples")
    for shared in (".venv", "components"):
        (root / shared).symlink_to(REPOSITORY / shared)
    shutil.copytree(REPOSITORY / "examples" / name, root / "examples" / name)
    project = Project(root / "examples" / name, STACK)
    described = yaml.safe_load((project.folder / "Pulumi.yaml").read_text())
    if (project.folder / "requirements.txt").exists():
        (project.folder / ".venv").symlink_to(request.getfixturevalue("installed"))
    asked = described.get("config", {})
    given: dict[str, Any] = {"nodePort": FIRST_NODE_PORT + EXAMPLES.index(name)}
    if "image" in asked:
        given["image"] = request.getfixturevalue("image")
    dev = dev_settings()
    settings = {
        "encryptionsalt": dev["encryptionsalt"],
        "config": {
            **{key: value for key, value in dev["config"].items() if key.startswith("aws:")},
            **{f"{described['name']}:{key}": given[key] for key in asked if key in given},
        },
    }
    begin(project, yaml.safe_dump(settings))
    with removed_at_end(project):
        project.up()
        yield Example(project, project.outputs())


def test_second_preview_finds_nothing_to_do(example: Example) -> None:
    """Given an example that is up, then a preview shows no change."""
    example.project.pulumi("preview", "--expect-no-changes", "--diff")


def test_what_tells_an_address_answers_there(example: Example) -> None:
    """Given an example with an application here, then it answers, by each of its host names. CloudFront's address is nobody's here."""
    if "127.0.0.1" not in example.outputs.get("url", ""):
        return
    for host in example.outputs.get("hosts", [None]):
        wait_for(lambda host=host: example.answers(host), 20, f"{example.outputs['url']} to answer {host}")


def test_it_has_an_explanation(example: Example) -> None:
    """Given an example, then it says what it shows, and the list of examples names it."""
    name = example.project.folder.name
    assert (example.project.folder / "README.md").exists()
    assert f"[{name}]({name})" in (REPOSITORY / "examples" / "README.md").read_text()
