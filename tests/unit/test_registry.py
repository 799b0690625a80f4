"""Registry: a repository as safe as its defaults say, and a login that Image takes as it is."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, cast

import pulumi
import pytest

from slipway import ArgumentError, Image, Registry
from tests.unit.mocks import Mocks, Program, Run

REPOSITORY, KEY = "aws:ecr/repository:Repository", "aws:kms/key:Key"
URL = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/chat"


@pytest.fixture(autouse=True)
def _made(monkeypatch: pytest.MonkeyPatch) -> None:
    made = {"repositoryUrl": URL, "registryId": "123456789012"}
    monkeypatch.setitem(Mocks.made, "chat-repository", made)
    token = base64.b64encode(b"AWS:hush:hush").decode()

    def call(_: Mocks, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        assert args.token == "aws:ecr/getAuthorizationToken:getAuthorizationToken"
        asked = cast(dict[str, Any], args.args)
        assert asked == {"registryId": "123456789012"}
        return {"authorizationToken": token}, []

    monkeypatch.setattr(Mocks, "call", call)


def make(run: Run, **args: Any) -> Any:
    given: Any = args

    def outputs() -> Any:
        made = Registry("chat", given)
        return {"url": made.repository_url, "arn": made.repository_arn, "login": made.login}

    return run(outputs)


def test_children_and_outputs(run: Run, program: Program) -> None:
    outputs = make(run)
    assert program.children() == [
        "aws:ecr/lifecyclePolicy:LifecyclePolicy chat-lifecycle",
        "aws:ecr/repository:Repository chat-repository",
        "aws:kms/key:Key chat-key",
    ]
    assert outputs == {
        "url": URL,
        "arn": "arn:chat-repository",
        "login": {"username": "AWS", "password": "hush:hush"},
    }


def test_the_login_is_a_secret(run: Run) -> None:
    given: Any = {}

    def secret() -> Any:
        return pulumi.Output.from_input(Registry("chat", given).login).is_secret()

    assert run(secret) is True


def test_defaults(run: Run, program: Program) -> None:
    make(run)
    repository = program.by_name(REPOSITORY, "chat-repository")
    assert repository.inputs == {
        "imageTagMutability": "IMMUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": "arn:chat-key"}],
        "forceDelete": False,
    }
    assert (repository.protect, program.by_name(KEY, "chat-key").protect) == (True, True)
    lifecycle = program.by_name("aws:ecr/lifecyclePolicy:LifecyclePolicy", "chat-lifecycle").inputs
    assert lifecycle["repository"] == "chat-repository"
    assert json.loads(lifecycle["policy"])["rules"] == [
        {
            "rulePriority": 1,
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 14,
            },
            "action": {"type": "expire"},
        },
        {
            "rulePriority": 2,
            "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 100},
            "action": {"type": "expire"},
        },
    ]


def test_everything_said(run: Run, program: Program) -> None:
    make(
        run,
        repository="team/chat",
        tags="mutable",
        keep_images=7,
        keep_untagged_days=1,
        removal="destroy",
    )
    repository = program.by_name(REPOSITORY, "chat-repository")
    assert repository.inputs["name"] == "team/chat"
    assert repository.inputs["imageTagMutability"] == "MUTABLE"
    assert repository.inputs["forceDelete"] is True
    assert (repository.protect, program.by_name(KEY, "chat-key").protect) == (False, False)
    policy = program.by_name("aws:ecr/lifecyclePolicy:LifecyclePolicy", "chat-lifecycle").inputs["policy"]
    numbers = [rule["selection"]["countNumber"] for rule in json.loads(policy)["rules"]]
    assert numbers == [1, 7]


def test_image_takes_what_registry_gives(run: Run, program: Program, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    given: Any = {}

    def build() -> Any:
        registry = Registry("chat", given)
        args: Any = {
            "repository": registry.repository_url,
            "login": registry.login,
            "context": str(tmp_path),
        }
        return Image("chat", args).ref

    assert run(build) == f"{URL}@sha256:abcd"
    push = program.by_name("docker:index/registryImage:RegistryImage", "chat-push")
    assert push.inputs["authConfig"] == {
        "address": "123456789012.dkr.ecr.eu-central-1.amazonaws.com",
        "username": "AWS",
        "password": "hush:hush",
    }
    assert "authConfig" in push.secrets
    assert push.ignore_changes == ("authConfig",)


NAMES = "repository must be 2-256 lower-case letters, digits and single . _ - / between them"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"repository": "Chat"}, f"{NAMES}, got 'Chat'"),
        ({"repository": "a"}, NAMES),
        ({"repository": "team//chat"}, NAMES),
        ({"repository": 1}, NAMES),
        ({"tags": "moving"}, "tags must be one of immutable, mutable, got 'moving'"),
        ({"keep_images": 0}, "keep_images must be 1-100000, got 0"),
        ({"keep_images": "9"}, "keep_images must be 1-100000, got '9'"),
        ({"keep_untagged_days": 0}, "keep_untagged_days must be 1-36500, got 0"),
        ({"removal": "no"}, "removal must be one of protect, destroy, got 'no'"),
        ({"keep_image": 1}, "did you mean keep_images?"),
    ],
)
def test_wrong_arguments(run: Run, program: Program, args: Any, message: str) -> None:
    with pytest.raises(ArgumentError) as error:
        make(run, **args)
    assert message in str(error.value)
    assert program.resources == []
