"""What a command says: masked, harmless to terminal and log, for people and for programs."""

from __future__ import annotations

import json

import pytest

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


def test_a_table_takes_what_others_wrote_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """Given text that means something to the library that draws tables, then it is shown, and no secret is."""
    color = Color(image="chat:[/red]", weight=100, pods_ready=1, pods_wanted=1)
    found = Status("dev", "chat", "canary", {"blue": color}, None, None, ["[/nothing] password=hunter-two"])
    render.status(found, Telling(as_json=False).masked, again=False)
    said = capsys.readouterr().out
    assert "blue: chat:[/red]" in said
    assert "! [/nothing] password=[secret]" in said
