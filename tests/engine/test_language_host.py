"""The project's own Python language host under the real engine: how programs run, fail and end.

It does not prove anything of the providers: no program here makes a resource of one.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAM_YAML = f"name: language-host\nruntime:\n  name: python\n  options:\n    virtualenv: {sys.prefix}\n"
SLEEPER = """
import os, subprocess, time
child = subprocess.Popen(["sleep", "600"])
with open("pids", "w") as file:
    file.write(f"{os.getpid()} {child.pid}")
time.sleep(600)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a stack of its own in a backend of its own."""
    (tmp_path / "state").mkdir()
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "Pulumi.yaml").write_text(PROGRAM_YAML)
    assert _pulumi(tmp_path / "project", "stack", "init", "test").returncode == 0
    return tmp_path / "project"


def _environment(project: Path) -> dict[str, str]:
    return os.environ | {"PULUMI_BACKEND_URL": f"file://{project.parent / 'state'}"}


def _pulumi(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["pulumi", *arguments, "--non-interactive"]
    return subprocess.run(
        command,
        cwd=project,
        env=_environment(project),
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )


def _alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}").exists() and "Z" not in _state(pid)]


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return "Z"


def _started(project: Path) -> list[int]:
    """The processes of a running SLEEPER."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if (project / "pids").exists() and (pids := (project / "pids").read_text().split()):
            return [int(pid) for pid in pids]
        time.sleep(0.1)
    raise AssertionError("the program did not start")


def test_a_failing_program_ends_at_once_with_its_traceback_alone(project: Path) -> None:
    (project / "__main__.py").write_text(
        "def inner():\n    raise ValueError('the thing is wrong')\n\ninner()\n"
    )
    started = time.monotonic()
    result = _pulumi(project, "preview", "--suppress-progress")
    assert time.monotonic() - started < 5
    assert result.returncode != 0
    diagnostics = result.stdout.partition("Diagnostics:")[2]
    assert diagnostics.count("ValueError: the thing is wrong") == 1
    assert "inner()" in diagnostics
    assert "KeyboardInterrupt" not in result.stdout + result.stderr


def test_a_program_runs_in_the_environment_that_its_options_name(project: Path) -> None:
    (project / "__main__.py").write_text("import pulumi, sys\npulumi.export('prefix', sys.prefix)\n")
    assert _pulumi(project, "up", "--yes", "--skip-preview").returncode == 0
    assert _pulumi(project, "stack", "output", "prefix").stdout.strip() == sys.prefix


def test_an_environment_that_is_not_there_is_named(project: Path) -> None:
    (project / "Pulumi.yaml").write_text(PROGRAM_YAML.replace(sys.prefix, "nowhere"))
    (project / "__main__.py").write_text("")
    result = _pulumi(project, "preview")
    assert result.returncode != 0
    assert "'virtualenv' option in Pulumi.yaml is set to \"nowhere\"" in result.stdout + result.stderr


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_program_does_not_outlive_its_engine(project: Path, how: signal.Signals) -> None:
    (project / "__main__.py").write_text(SLEEPER)
    command = ["pulumi", "preview", "--non-interactive"]
    engine = subprocess.Popen(
        command,
        cwd=project,
        env=_environment(project),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    pids = _started(project)
    engine.send_signal(how)
    output, _ = engine.communicate(timeout=10)
    end = time.monotonic() + 5
    while (left := _alive(pids)) and time.monotonic() < end:
        time.sleep(0.1)
    assert not left
    assert "Traceback" not in output


def test_a_component_package_tells_its_schema(tmp_path: Path) -> None:
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "PulumiPlugin.yaml").write_text(PROGRAM_YAML.partition("\n")[2])
    (folder / "thing.py").write_text(
        "import typing, pulumi\n\n"
        "class ThingArgs(typing.TypedDict):\n    size: pulumi.Input[int]\n    '''How large.'''\n\n"
        "class Thing(pulumi.ComponentResource):\n"
        "    def __init__(self, name: str, args: ThingArgs, opts: pulumi.ResourceOptions | None = None):\n"
        "        super().__init__('toy:index:Thing', name, {}, opts)\n"
    )
    (folder / "__main__.py").write_text(
        "from pulumi.provider.experimental import component_provider_host\nfrom thing import Thing\n"
        "component_provider_host(name='toy', components=[Thing])\n"
    )
    result = subprocess.run(
        ["pulumi", "package", "get-schema", str(folder)],
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    schema = json.loads(result.stdout)
    assert schema["resources"]["toy:index:Thing"]["inputProperties"]["size"]["description"] == "How large."
    assert sorted(path.name for path in folder.iterdir() if path.name != "__pycache__") == [
        "PulumiPlugin.yaml",
        "__main__.py",
        "thing.py",
    ], "nothing was installed into the package's folder"
