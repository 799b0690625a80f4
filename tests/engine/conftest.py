"""What engine tests share: a small image to run, the wheel, and an environment that has it installed."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zlib
from collections.abc import Iterator
from pathlib import Path

import boto3  # pyright: ignore[reportMissingTypeStubs]
import pytest

from tests.support.project import REPOSITORY

ANSWER = "require('http').createServer((_, answer) => answer.end('ok')).listen(process.env.PORT)"
IMAGE = "127.0.0.1:5000/slipway/example"


@pytest.fixture(scope="module", autouse=True)
def account(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each file has an AWS account of its own, so that it can run beside others and still tell what it has left there."""
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("AWS_ACCESS_KEY_ID", f"{zlib.crc32(request.path.name.encode()):012}")
        changed.setattr(
            boto3, "DEFAULT_SESSION", None
        )  # it keeps the first credentials that it was asked with
        yield


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An application that answers every request with 200, in the platform's registry, by digest."""
    folder: Path = tmp_path_factory.mktemp("image")
    (folder / "Dockerfile").write_text(
        f'FROM node:24-bookworm-slim\nUSER 1000:1000\nENTRYPOINT []\nCMD ["node", "-e", "{ANSWER}"]\n'
    )
    _run("docker", "build", "--quiet", "--tag", IMAGE, str(folder))
    _run("docker", "push", "--quiet", IMAGE)
    return _run("docker", "inspect", "--format", "{{index .RepoDigests 0}}", IMAGE)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy: a build leaves files beside its sources, and takes in those of an earlier one."""
    sources, built = tmp_path_factory.mktemp("sources"), tmp_path_factory.mktemp("wheel")
    leftovers = shutil.ignore_patterns("__pycache__", "*.egg-info", "build")
    for name in ("components", "ops"):
        shutil.copytree(REPOSITORY / name, sources / name, ignore=leftovers)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy2(REPOSITORY / name, sources / name)
    _run(
        sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(built), str(sources)
    )
    (file,) = built.iterdir()
    return file


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh virtual environment with the wheel. What the wheel depends on comes from the environment of the tests."""
    folder = tmp_path_factory.mktemp("installed") / ".venv"
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps")
    _run(*pip, "--disable-pip-version-check", str(wheel))
    # A folder on the path, not a site: the editable install of this checkout does not come with it.
    site = folder / Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return folder


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=without_checkout())
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}{done.stderr}"
    return done.stdout.strip()


def without_checkout() -> dict[str, str]:
    """The environment of a command that must not find this checkout's packages."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
