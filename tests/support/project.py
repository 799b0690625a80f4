"""A copy of the program with a stack of its own, run by the real CLI. It never touches the checkout or the dev stack.

The tests themselves run in `slipway local exec`, so what they start has its environment already.
"""

import json
import shutil
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from slipway_local.pulumi_locks import clear_stale_locks

REPOSITORY = Path(__file__).resolve().parents[2]
SLIPWAY = REPOSITORY / ".venv" / "bin" / "slipway"
AS_A_PERSON = (str(SLIPWAY), "local", "exec", "--", "pulumi")


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
    command: tuple[str, ...] = ("pulumi",)
    """`AS_A_PERSON` goes by way of the platform's command, which clears the locks of a pulumi that was killed."""

    @property
    def settings_file(self) -> Path:
        return self.folder / f"Pulumi.{self.stack}.yaml"

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """The command running, for those who want to kill it."""
        return subprocess.Popen(
            [*self.command, *arguments, "--stack", self.stack, "--non-interactive", "--color=never"],
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
            clear_stale_locks()
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

    def set_all(self, **values: str) -> None:
        """Many at once; a name with dots is a path into a nested value."""
        pairs = [word for key, value in values.items() for word in ("--plaintext", f"{key}={value}")]
        self.pulumi("config", "set-all", "--path", *pairs)

    def exists(self) -> bool:
        return self.pulumi("stack", check=False).code == 0

    def remove(self) -> None:
        """Destroys every resource and the stack itself."""
        self.pulumi("destroy", "--yes", "--skip-preview")
        self.pulumi("stack", "rm", "--yes")

    def outputs(self) -> dict[str, Any]:
        return json.loads(self.pulumi("stack", "output", "--json").output)


def copy_of_program(folder: Path, stack: str, settings: dict[str, Any]) -> Project:
    """Copies the program into `folder` and gives it an empty stack with these settings."""
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy2(REPOSITORY / name, folder / name)
    for name in (".venv", "apps", "docker", "policies", "stacks"):
        (folder / name).symlink_to(REPOSITORY / name)
    project = Project(folder, stack)
    begin(project, yaml.safe_dump(settings, sort_keys=False))
    return project


def begin(project: Project, settings: str) -> None:
    """Gives it an empty stack with these settings. What an earlier run that was killed left of it is destroyed first."""
    project.settings_file.write_text(settings)
    if project.exists():
        project.remove()
        project.settings_file.write_text(settings)
    project.pulumi("stack", "init")


@contextmanager
def removed_at_end(project: Project) -> Generator[None]:
    """Also when it fails to come up: what is left would take the node's cpu from others."""
    try:
        yield
    finally:
        if project.exists():
            project.remove()


def dev_settings() -> dict[str, Any]:
    """Pulumi.dev.yaml as data: tests change what must not collide with the dev environment."""
    return yaml.safe_load((REPOSITORY / "Pulumi.dev.yaml").read_text())
