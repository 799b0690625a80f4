"""The stack's file: one value changes, every other character stays."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from slipway_ops import stack_file
from slipway_ops.errors import OperatorError

FILE = """\
# head
encryptionsalt: v1:abc=

config:
  # the colour
  slipway:active: blue   # where traffic goes
  slipway:greenImage: 'registry.example.com:5000/team/shop:v1'
  slipway:app: {name: chat, env: {A: "ä — ü"}}
  other:active: blue
  slipway:canaryWeight: "10"
"""


def written(tmp_path: Path, text: str, **values: str) -> str:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(text)
    stack_file.write(file, {f"slipway:{key}": value for key, value in values.items()})
    return file.read_text()


def test_one_value(tmp_path: Path) -> None:
    assert written(tmp_path, FILE, active="green") == FILE.replace("active: blue   #", "active: green   #")


def test_quoted_values_and_numbers(tmp_path: Path) -> None:
    text = written(tmp_path, FILE, canaryWeight="0", greenImage="registry.example.com:5000/team/shop:v2")
    assert 'slipway:canaryWeight: "0"\n' in text
    assert "slipway:greenImage: registry.example.com:5000/team/shop:v2\n" in text
    assert 'A: "ä — ü"' in text


def test_a_key_that_is_not_there_yet(tmp_path: Path) -> None:
    text = written(tmp_path, FILE, blueImage="shop:v1@sha256:" + "a" * 64)
    assert yaml.safe_load(text)["config"]["slipway:blueImage"] == "shop:v1@sha256:" + "a" * 64
    assert [line for line in text.splitlines(keepends=True) if "blueImage" not in line] == FILE.splitlines(
        keepends=True
    )


@pytest.mark.parametrize("rest", ["", " ", "\n", "\r\n", "  # none yet\n", "\n  other:active: blue\n"])
def test_a_key_without_a_value(tmp_path: Path, rest: str) -> None:
    """Given a key after which nothing stands, then it can be read, and gets a value."""
    file = tmp_path / "Pulumi.dev.yaml"
    before = "config:\n  slipway:active: blue\n  slipway:canaryWeight:"
    file.write_bytes((before + rest).encode())
    assert "slipway:canaryWeight" not in stack_file.read(file)
    stack_file.write(file, {"slipway:canaryWeight": "25"})
    assert file.read_bytes().decode() == f'{before} "25"{rest}'
    assert stack_file.read(file)["slipway:canaryWeight"] == "25"


@pytest.mark.parametrize(
    "text",
    [
        "config:\n  slipway:active: blue\nconfig:\n  slipway:active: green\n",
        "config:\nother: 1\nconfig:\n  slipway:active: green\n",
    ],
)
def test_two_sections_are_refused(tmp_path: Path, text: str) -> None:
    """Given two of them, then the one that is read is not the one that would be written."""
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(text)
    with pytest.raises(OperatorError, match="line 3: config stands in line 1 already"):
        stack_file.read(file)


def test_line_ends_and_mode_stay(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_bytes(FILE.replace("\n", "\r\n").encode())
    file.chmod(0o640)
    stack_file.write(file, {"slipway:active": "green"})
    assert (
        file.read_bytes()
        == FILE.replace("active: blue   #", "active: green   #").replace("\n", "\r\n").encode()
    )
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [file], "nothing is left beside it"


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_text(FILE)
    link = tmp_path / "Pulumi.dev.yaml"
    link.symlink_to("real.yaml")
    stack_file.write(link, {"slipway:active": "green"})
    assert link.is_symlink()
    assert "active: green" in (tmp_path / "real.yaml").read_text()


@settings(max_examples=40)
@example("true")
@example("12")
@example("a: b")
@given(
    st.text(
        st.characters(
            codec="utf-8",
            exclude_categories=("Cs", "Cc", "Zl", "Zp"),
            exclude_characters="\ufeff\ufffe\uffff",
        ),
        max_size=40,
    )
)
def test_any_text_comes_back(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("file")
    assert yaml.safe_load(written(folder, FILE, active=text))["config"]["slipway:active"] == text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("config: [", "cannot be read"),
        ("other: 1\n", "has no section `config:`"),
        ("- 1\n", "has no section `config:`"),
    ],
)
def test_no_stack_file(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(text)
    with pytest.raises(OperatorError, match=told):
        stack_file.read(file)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("config:\n  slipway:active: {secure: v1}\n", "slipway:active must be a plain value, it is a map"),
        ("config: {slipway:app: x}\n", "one key a line"),
    ],
)
def test_what_cannot_be_set(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(OperatorError, match=told):
        written(tmp_path, text, active="green")
    assert (tmp_path / "Pulumi.dev.yaml").read_text() == text
