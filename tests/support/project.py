"""A copy of the program with a stack of its own, run by the real CLI. It never touches the checkout or the dev stack."""

import json
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
SLIPWAY = REPOSITORY / ".venv" / "bin" / "slipway"


@dataclass(frozen=True)
class Run:
    """What a command printed and how long it took, in seconds."""

    code: int
    output: str
    seconds: float
    started: float


@dataclass(frozen=True)
class Project:
    """A folder with Pulumi.yaml, the program and one stack's file."""

    folder: Path
    stack: str

    @property
    def settings_file(self) -> Path:
        return self.folder / f"Pulumi.{self.stack}.yaml"

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """The command running, for those who want to kill it."""
        return subprocess.Popen(
            [
                SLIPWAY,
                "local",
                "exec",
                "--",
                "pulumi",
                *arguments,
                "--stack",
                self.stack,
                "--non-interactive",
                "--color=never",
            ],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def pulumi(self, *arguments: str, check: bool = True, timeout: int = 480) -> Run:
        started = time.time()
        process = self.start(*arguments)
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
            raise AssertionError(
                f"pulumi {' '.join(arguments)} did not end within {timeout} s:\n{output}"
            ) from None
        run = Run(process.returncode, output, time.time() - started, started)
        assert not check or run.code == 0, f"pulumi {' '.join(arguments)} ended with {run.code}:\n{output}"
        return run

    def up(self, *, check: bool = True) -> Run:
        return self.pulumi("up", "--yes", "--skip-preview", check=check)

    def set(self, key: str, value: str) -> None:
        self.pulumi("config", "set", key, value)

    def remove(self) -> None:
        """Destroys every resource and the stack itself."""
        self.pulumi("destroy", "--yes", "--skip-preview")
        self.pulumi("stack", "rm", "--yes")

    def outputs(self) -> dict[str, Any]:
        return json.loads(self.pulumi("stack", "output", "--json").output)


def copy_of_program(folder: Path, stack: str, settings: dict[str, Any]) -> Project:
    """Copies the program into `folder` and gives it an empty stack with these settings.

    What an earlier run that was killed left of this stack is destroyed first.
    """
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy2(REPOSITORY / name, folder / name)
    for name in (".venv", "apps", "policies", "stacks"):
        (folder / name).symlink_to(REPOSITORY / name)
    project = Project(folder, stack)
    project.settings_file.write_text(yaml.safe_dump(settings, sort_keys=False))
    if project.pulumi("stack", "ls", "--json").output.find(f'"{stack}"') >= 0:
        project.remove()
        project.settings_file.write_text(yaml.safe_dump(settings, sort_keys=False))
    project.pulumi("stack", "init")
    return project


def dev_settings() -> dict[str, Any]:
    """Pulumi.dev.yaml as data: tests change what must not collide with the dev environment."""
    return yaml.safe_load((REPOSITORY / "Pulumi.dev.yaml").read_text())
