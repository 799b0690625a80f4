"""From the state of each released version to the present library: nothing is replaced and nothing is deleted."""

import re
from pathlib import Path

import pytest

from tests.engine.test_alone import STACK
from tests.support import released
from tests.support.project import REPOSITORY

KEPT = {file.stem: file for file in released.FOLDER.glob("*.json")}


def test_every_release_left_its_state() -> None:
    """Given the versions that CHANGELOG.md tells of, then each has its state: `make state` before the tag."""
    versions = re.findall(r"^## \[?(\d+\.\d+\.\d+)", (REPOSITORY / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert sorted(versions) == sorted(KEPT)


@pytest.mark.parametrize("version", sorted(KEPT))
def test_a_state_tells_nothing_of_the_machine(version: str) -> None:
    """Given the state that a version left, then it has no path of a person's, and no note of where its program ran."""
    told = re.findall(
        r'"(?:/root|/home|/Users)/[^"]*"|"(?:sourcePosition|stackTrace)"', KEPT[version].read_text()
    )
    assert told == []


@pytest.mark.parametrize("version", sorted(KEPT))
def test_an_upgrade_loses_nothing(version: str, tmp_path: Path) -> None:
    """Given a stack of that version, when the present library previews it, then it keeps every resource."""
    assert released.losses(released.read(KEPT[version]), STACK, tmp_path) == []
