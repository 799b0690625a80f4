"""What a stack calls secret: in its file, in its state, in the environment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from slipway_ops import stack_secrets
from slipway_ops.errors import OperatorError
from slipway_ops.project import Project

SEAL = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path, "prod")


def say(monkeypatch: pytest.MonkeyPatch, said: Any) -> list[tuple[str, ...]]:
    """What pulumi answers; what it was asked."""
    asked: list[tuple[str, ...]] = []

    def pulumi(_: Project, *arguments: str) -> str:
        asked.append(arguments)
        return json.dumps(said)

    monkeypatch.setattr(stack_secrets, "_pulumi", pulumi)
    return asked


def test_the_secrets_of_a_file_wherever_they_stand(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.file.write_text(
        "config:\n  a:plain: shown\n  a:word: {secure: v1:x}\n  a:section:\n    shown: yes\n    CODE: {secure: v1:y}\n"
        "    list: [{secure: v1:z}, plain]\n"
    )
    section = {"shown": "yes", "CODE": "code-1", "list": ["listed-1", "plain"]}
    asked = say(
        monkeypatch,
        {
            "a:plain": {"value": "shown"},
            "a:word": {"value": "word-1", "secret": True},
            "a:section": {"value": json.dumps(section), "objectValue": section, "secret": True},
        },
    )
    assert stack_secrets.of_config(project) == {"word-1", "code-1", "listed-1"}
    assert asked == [("config", "--show-secrets", "--json")]


def test_a_file_without_secrets_asks_nobody(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.file.write_text("config:\n  a:plain: shown\n")
    assert say(monkeypatch, {}) == []
    assert stack_secrets.of_config(project) == set()


def test_the_secrets_of_a_state(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def sealed(value: Any) -> dict[str, Any]:
        return {**SEAL, "plaintext": json.dumps(value)}

    resource = {"outputs": {"a": sealed("one"), "b": [sealed({"c": ["two", 3, True]})], "d": "plain"}}
    say(monkeypatch, {"deployment": {"manifest": {"time": "2026-01-01T00:00:00Z"}, "resources": [resource]}})
    state = stack_secrets.of_state(project)
    assert state.secrets == {"one", "two", "3"}
    assert state.time == "2026-01-01T00:00:00Z"


def test_a_stack_that_was_never_up(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    say(monkeypatch, {"version": 3, "deployment": None})
    assert stack_secrets.of_state(project).secrets == frozenset()


def test_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "SHOP_TOKEN": "token-value",
        "AWS_SECRET_ACCESS_KEY": "secret-value",
        "AWS_ACCESS_KEY_ID": "000000000001",
        "TOKEN_FILE": "/run/a-token-file",
        "SHORT_PASSWORD": "abc",
        "PLAIN": "plain-value",
    }.items():
        monkeypatch.setenv(name, value)
    found = stack_secrets.of_environment()
    assert {"token-value", "secret-value"} <= found
    assert not found & {"000000000001", "/run/a-token-file", "abc", "plain-value"}


def test_no_pulumi(project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OperatorError, match="the program pulumi is not on PATH"):
        stack_secrets.of_state(project)
