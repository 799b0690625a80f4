"""Image: built from a folder, pushed, used by digest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from slipway import ArgumentError, Image
from tests.unit.mocks import Program, Run

BUILD, PUSH = "docker:index/remoteImage:RemoteImage", "docker:index/registryImage:RegistryImage"
REPOSITORY = "registry.example.com:5000/team/chat"


@pytest.fixture
def context(tmp_path: Path) -> str:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    return str(tmp_path)


def test_build_and_push(run: Run, program: Program, context: str) -> None:
    args: Any = {"repository": REPOSITORY, "context": context, "tag": "v1", "build_args": {"VERSION": "v1"}}

    def build() -> dict[str, Any]:
        image = Image("chat", args)
        return {"ref": image.ref, "content": image.content, "attestations": image.attestations}

    outputs = run(build)
    assert outputs["ref"] == f"{REPOSITORY}@sha256:abcd"
    assert outputs["attestations"] == f"{REPOSITORY}:sha256-abcd.att"
    assert program.by_name(BUILD, "chat-build").inputs == {
        "name": f"{REPOSITORY}:v1",
        "build": {"context": context, "dockerfile": "Dockerfile", "buildArgs": {"VERSION": "v1"}},
        "keepLocally": True,
        "triggers": {"content": outputs["content"]},
    }
    assert program.by_name(PUSH, "chat-push").inputs == {
        "name": f"{REPOSITORY}:v1",
        "keepRemotely": True,
        "triggers": {"image": "sha256:1234"},
    }


def test_content_decides_whether_it_is_built_again(run: Run, context: str) -> None:
    args: Any = {"repository": REPOSITORY, "context": context}
    before = run(lambda: Image("chat", args).content)
    (Path(context) / "new").write_text("file")
    assert run(lambda: Image("chat", args).content) != before


def test_login(run: Run, program: Program, context: str) -> None:
    login: Any = {"username": "ci", "password": "hush"}
    run(lambda: Image("chat", {"repository": REPOSITORY, "context": context, "login": login}))
    assert program.by_name(PUSH, "chat-push").inputs["authConfig"] == {
        "address": "registry.example.com:5000",
        "username": "ci",
        "password": "hush",
    }


def test_a_tag_that_is_left_out_is_the_content_s(run: Run, program: Program, context: str) -> None:
    """So it moves no tag of a registry that lets none move."""
    args: Any = {"repository": REPOSITORY, "context": context}
    content = run(lambda: Image("chat", args).content)
    assert program.by_name(BUILD, "chat-build").inputs["name"] == f"{REPOSITORY}:{content[:12]}"


def test_a_new_token_alone_pushes_nothing(run: Run, program: Program, context: str) -> None:
    login: Any = {"username": "ci", "password": "hush"}
    run(lambda: Image("chat", {"repository": REPOSITORY, "context": context, "login": login}))
    push = program.by_name(PUSH, "chat-push")
    assert push.ignore_changes == ("authConfig",)
    assert push.secrets == {"authConfig"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"repository": "chat"}, "repository must be registry/path without a tag, got 'chat'"),
        ({"repository": f"{REPOSITORY}:v1"}, "repository must be"),
        ({"tag": "a b"}, "tag must be a tag, as v1.2.3, got 'a b'"),
        ({"dockerfile": "None"}, "dockerfile must be a file in the context, got 'None'"),
        ({"context": "/nowhere"}, "dockerfile must be a file in the context"),
        ({"buildargs": {}}, "did you mean build_args?"),
        ({"login": {"user": "x"}}, "login.password is missing"),
        ({"login": "x"}, "login must be a dictionary whose keys are text, got str"),
    ],
)
def test_wrong_arguments(run: Run, program: Program, context: str, change: Any, message: str) -> None:
    args: Any = {"repository": REPOSITORY, "context": context, **change}
    with pytest.raises(ArgumentError) as error:
        run(lambda: Image("chat", args))
    assert message in str(error.value)
    assert program.resources == []
