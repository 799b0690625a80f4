"""What a command says: masked, harmless to terminal and log, for people and for programs."""

from __future__ import annotations

import base64
import json

import pytest
from release_of import release, starts

from slipway_ops import render
from slipway_ops.ink import Ink
from slipway_ops.masking import Masker
from slipway_ops.status import Color, Status
from slipway_ops.telling import Telling


def test_a_line_has_no_secret_and_no_escape(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DB_PASSWORD", "hunter-two")
    tell = Telling(as_json=False)
    tell("login \x1b[31mhunter\x1b[0m-two\n::error::x \u202e##[command]y")
    said = capsys.readouterr().out
    assert said.endswith("login [secret]\n\\u{3a}:error::x \\u{202e}#\\u{23}[command]y\n")


def test_a_report_has_none_anywhere(capsys: pytest.CaptureFixture[str]) -> None:
    tell = Telling(as_json=True)
    tell.ink = Ink(Masker(["hunter-two"]))
    tell("it is hunter-two")
    tell.result(
        {"hunter-two": [{"urn": "a::hunter-two"}, ("hunter-two",)], "count": 1, "none": None, "well": True}
    )
    said = json.loads(capsys.readouterr().out)
    assert "hunter-two" not in json.dumps(said)
    assert said["[secret]"] == [{"urn": "a::[secret]"}, ["[secret]"]]
    assert (said["count"], said["none"], said["well"]) == (1, None, True)


@pytest.mark.parametrize(
    "image",
    [
        f"ghcr.io/acme/my_app:main-{'0123456789abcdef' * 3:.40}",
        f"chat:build_{'0123456789abcdef' * 3:.40}",
        "chat:Rel2026Q4b7-Win32X64-Hotfix9a",
        "chat_token:v1",
        f"registry.example.com:5000/acme/chat:v1@sha256:{'a1' * 32}",
    ],
)
def test_an_image_of_a_report_is_what_it_was(capsys: pytest.CaptureFixture[str], image: str) -> None:
    """Given an image that was rolled back, whatever its tag looks like, then what reads the report knows it again."""
    color = Color(image=image, weight=0, pods_ready=1, pods_wanted=1)
    live = Color(image="chat:9", weight=100, pods_ready=1, pods_wanted=1)
    found = Status("dev", "chat", "canary", {"blue": live, "green": color}, None, None, [])
    Telling(as_json=True).result({**found.as_dict(), "written": {"slipway:greenImage": image}, "runs": image})
    said = json.loads(capsys.readouterr().out)
    assert said["written"] == {"slipway:greenImage": image}
    assert said["runs"] == image
    images = {name: color["image"] for name, color in said["colors"].items()}
    config = {"slipway:active": "blue", "slipway:blueImage": images["blue"], "slipway:greenImage": image}
    assert release(config, images, image) == ""
    assert starts(config, images) == []


def test_an_image_of_a_report_has_no_known_secret(capsys: pytest.CaptureFixture[str]) -> None:
    tell = Telling(as_json=True)
    tell.ink = Ink(Masker(["hunter-two", "four"]))
    coded = base64.b64encode(b"hunter-two").decode().rstrip("=")
    tell.result(
        {"a": {"image": "chat:hunter-two"}, "b": {"image": f"chat:{coded}"}, "c": {"image": "chat:four"}}
    )
    said = json.loads(capsys.readouterr().out)
    assert [said[key]["image"] for key in "abc"] == ["chat:[secret]"] * 3


def test_what_stands_for_an_image_and_is_none_is_masked_as_all(capsys: pytest.CaptureFixture[str]) -> None:
    Telling(as_json=True).result({"image": "postgres://chat:hunter2@db/x", "runs": "password=hunter2"})
    assert "hunter2" not in capsys.readouterr().out


def test_a_table_takes_what_others_wrote_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """Given text that means something to the library that draws tables, then it is shown, and no secret is."""
    color = Color(image="chat:[/red]", weight=100, pods_ready=1, pods_wanted=1)
    other = Color(image="chat:Rel2026Q4b7-Win32X64-Hotfix9a", weight=0, pods_ready=1, pods_wanted=1)
    colors = {"blue": color, "green": other}
    found = Status("dev", "chat", "canary", colors, None, None, ["[/nothing] password=hunter-two"])
    render.status(found, Telling(as_json=False).ink, again=False)
    said = capsys.readouterr().out
    assert "blue: chat:[/red]" in said
    assert "green: chat:Rel2026Q4b7-Win32X64-Hotfix9a" in said
    assert "! [/nothing] password=[secret]" in said
