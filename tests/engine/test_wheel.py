"""The wheel that other teams install: what it holds, and that it is enough."""

import json
import subprocess
import tomllib
from email.parser import HeaderParser
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.engine.conftest import without_checkout
from tests.support.project import REPOSITORY

SETUPTOOLS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["setuptools"]
TOLD = """
import importlib, json, pkgutil, slipway
modules = [importlib.import_module(f"slipway.{found.name}") for found in pkgutil.iter_modules(slipway.__path__)]
from slipway import *
print(json.dumps({"file": slipway.__file__, "missing": [name for name in slipway.__all__ if name not in globals()]}))
"""


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    return set(ZipFile(wheel).namelist())


def test_it_holds_the_library_and_the_command_and_nothing_else(names: set[str]) -> None:
    folders = {package: REPOSITORY / folder for package, folder in SETUPTOOLS["package-dir"].items()}
    expected = {
        f"{package}/{file.relative_to(folder)}"
        for package, folder in folders.items()
        for file in folder.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    # The monitoring data lie behind a link, which rglob does not follow.
    expected |= {
        f"slipway/{file.relative_to(folders['slipway'])}"
        for pattern in SETUPTOOLS["package-data"]["slipway"]
        for file in folders["slipway"].glob(pattern)
    }
    assert {name for name in names if ".dist-info/" not in name} == expected
    assert {"slipway/py.typed", "slipway/gateway_api.json", "slipway_ops/cli.py"} <= expected
    homes = {folder.parent.name for folder in folders.values()}
    assert homes == {"components", "ops"}, "stacks, tests and the local platform are no part of the wheel"


def test_its_metadata_is_a_librarys(wheel: Path, names: set[str]) -> None:
    """The local platform's commands are not among its entry points: they are of a checkout alone."""

    def read(file: str) -> str:
        (name,) = [name for name in names if name.endswith(f".dist-info/{file}")]
        return ZipFile(wheel).read(name).decode()

    metadata = HeaderParser().parsestr(read("METADATA"))
    assert metadata["Name"] == "slipway"
    assert metadata["License-Expression"] == "Apache-2.0"
    needs = {line.split("==")[0] for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line}
    assert {"pulumi", "pulumi-aws", "pulumi-kubernetes", "pulumi-docker"} <= needs
    assert "slipway_local" not in read("entry_points.txt")


def test_every_public_name_is_imported_from_it(installed: Path, tmp_path: Path) -> None:
    """Given a fresh environment with the wheel, then every module of the library loads from there."""
    done = subprocess.run(
        [installed / "bin" / "python", "-c", TOLD],
        cwd=tmp_path,
        env=without_checkout(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["missing"] == []
    assert Path(told["file"]).is_relative_to(installed)


def test_the_command_comes_with_it(installed: Path) -> None:
    version = subprocess.run(
        [installed / "bin" / "slipway", "--version"],
        env=without_checkout(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert version.startswith("slipway ")
