"""A release's state, and what the present library would do to it.

`make state` keeps the stack of tests/engine/test_alone.py, which has every component, before a version is tagged. A team
that upgrades has its own program and its state; so are they kept here, and only the library is another one.
"""

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.support.project import REPOSITORY, Project

FOLDER = REPOSITORY / "tests" / "engine" / "released"
LOSES_NOTHING = {"same", "create", "update", "read", "refresh"}
_OF_THE_MACHINE = ("created", "modified", "sourcePosition", "stackTrace")
"""Pulumi's own notes of where and when a resource was made; no preview asks for them."""
_ANYWHERE = "~/.kube/config"
"""Stands for the path of this machine's kubeconfig: another path to the same cluster replaces nothing."""


@dataclass(frozen=True)
class Released:
    """One stack as a version left it."""

    files: dict[str, str]
    """The project's files, by their paths: the program, what it builds."""
    settings: dict[str, Any]
    state: dict[str, Any]

    def write(self, file: Path) -> None:
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(asdict(self), indent=1, sort_keys=True, ensure_ascii=False) + "\n")

    def with_program(self, change: Callable[[str], str]) -> "Released":
        """The same state under a changed program."""
        return Released(
            {**self.files, "__main__.py": change(self.files["__main__.py"])}, self.settings, self.state
        )


def read(file: Path) -> Released:
    return Released(**json.loads(file.read_text()))


def keep(project: Project) -> Released:
    """What is up now."""
    files = [file for file in project.folder.rglob("*") if file.is_file() and ".venv" not in file.parts]
    texts = {
        str(file.relative_to(project.folder)): file.read_text()
        for file in files
        if file != project.settings_file and file.suffix != ".pyc"
    }
    exported = project.pulumi("stack", "export").output
    state = json.loads(exported.replace(os.environ["KUBECONFIG"], _ANYWHERE))
    for resource in state["deployment"]["resources"]:
        for key in _OF_THE_MACHINE:
            resource.pop(key, None)
    return Released(texts, yaml.safe_load(project.settings_file.read_text()), state)


def losses(released: Released, stack: str, folder: Path) -> list[str]:
    """What a preview with the present library would delete or replace, as `delete-replaced urn:…`.

    The state is imported into a backend of its own, below `folder`; nothing is asked of the account, nothing is changed.
    """
    for path, text in released.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    (folder / ".venv").symlink_to(REPOSITORY / ".venv")
    (folder / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump(released.settings))
    (folder / "state").write_text(json.dumps(released.state))
    (folder / "backend").mkdir()

    def pulumi(*arguments: str) -> str:
        done = subprocess.run(
            ["pulumi", *arguments, "--stack", stack, "--non-interactive", "--color=never"],
            cwd=folder,
            env=os.environ | {"PULUMI_BACKEND_URL": f"file://{folder}/backend"},
            check=False,
            capture_output=True,
            text=True,
            timeout=180,
        )
        assert done.returncode == 0, f"pulumi {' '.join(arguments)}:\n{done.stdout}{done.stderr}"
        return done.stdout

    pulumi("stack", "init")
    pulumi("stack", "import", "--file", "state")
    steps = json.loads(pulumi("preview", "--json"))["steps"]
    return sorted(f"{step['op']} {step['urn']}" for step in steps if step["op"] not in LOSES_NOTHING)
