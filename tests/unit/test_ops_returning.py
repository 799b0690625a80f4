"""`slipway rollback --to RELEASE`: the image of an earlier release, by what is quickest."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from slipway_ops.api import Api
from slipway_ops.lease import Doing, now
from slipway_ops.records import Records
from tests.support.stack import FILE, SMOKE, WATCHED, Stack, measuring, ready


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """Five releases: the first is gone with its colour, the second failed, the third is idle, and the fifth was asked for by a tag."""
    with ready(tmp_path, monkeypatch) as made:
        made.cluster.put(SMOKE.replace("green", "blue"), {})
        records = Records(Api(), "dev", "chat")
        for image, result, runs in (
            ("chat:7", "succeeded", ""),
            ("chat:8", "returned", ""),
            ("chat:0", "succeeded", ""),
            ("chat:1", "succeeded", ""),
            ("build:v5", "succeeded", "chat@sha256:5"),
        ):
            record = records.begin(Doing("deploy", "blue", "green"), image, tmp_path, now())
            records.write(replace(record, runs=runs).end(result))
        yield made


def test_to_what_the_idle_colour_runs_it_is_a_switch(stack: Stack) -> None:
    done = stack.run("rollback", "--to", "3")
    assert done.exit_code == 0, done.output
    assert "green still runs release 3: a switch is enough" in done.output
    assert stack.shares == "0/100"
    assert stack.file.read_text() == FILE.replace("active: blue", "active: green")
    assert stack.happened == ["up: chat:0 in green, active green, 0/100"]
    assert [stack.cluster.records[-1][key] for key in ("command", "image", "result")] == [
        "rollback",
        "chat:0",
        "succeeded",
    ]


def test_to_what_is_gone_it_is_a_deployment_without_gates(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.file.write_text(FILE + WATCHED.replace("seconds: 1", "seconds: 60"))
    measuring(stack, monkeypatch, 1.0)
    done = stack.run("rollback", "--to", "1")
    assert done.exit_code == 0, done.output
    assert (
        "green runs another image, or Pulumi.dev.yaml says another: release 1 is deployed again"
        in done.output
    )
    assert "smoke test passed" in done.output
    assert stack.happened == [
        "up: chat:7 in green, active blue, 100/0",
        "up: chat:7 in green, active green, 0/100",
    ]
    assert stack.cluster.records[-1]["command"] == "rollback"
    again = stack.run("rollback")
    assert "rolled back to green at" in again.output, "it does not go forth again"


def test_it_does_not_wait_for_the_sdk(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given that it cannot even be loaded, then a release is deployed again as far as `pulumi up` goes."""
    for name in ("pulumi", "slipway.validation"):
        monkeypatch.setitem(sys.modules, name, None)
    done = stack.run("rollback", "--to", "1")
    assert done.exit_code == 0, done.output
    assert stack.shares == "0/100"


@pytest.mark.parametrize(("live", "said"), [("chat:8", "chat:0"), ("chat:0", "chat:8")])
def test_a_switch_is_not_enough_unless_the_colour_and_the_file_agree(
    stack: Stack, live: str, said: str
) -> None:
    stack.cluster.deployment("green", 3, image=live)
    stack.file.write_text(FILE.replace("chat:0", said))
    done = stack.run("rollback", "--to", "3")
    assert done.exit_code == 0, done.output
    assert "smoke test passed" in done.output
    assert stack.happened[0] == "up: chat:0 in green, active blue, 100/0", "it runs before it gets traffic"
    assert stack.shares == "0/100"


def test_what_is_served_is_what_runs(stack: Stack) -> None:
    stack.file.write_text(FILE.replace("chat:1", "chat:7"))
    stack.cluster.put(SMOKE.replace("green", "blue"), {})
    done = stack.run("rollback", "--to", "1")
    assert (done.exit_code, stack.shares) == (0, "0/100"), done.output


def test_a_name_in_the_file_is_what_it_last_ran_as(stack: Stack) -> None:
    stack.cluster.deployment("green", 3, image="chat@sha256:5")
    stack.file.write_text(FILE.replace("chat:0", "build:v5"))
    assert "a switch is enough" in stack.run("rollback", "--to", "5").output
    assert stack.value("greenImage") == "build:v5"


def test_it_brings_back_what_really_ran(stack: Stack) -> None:
    assert stack.run("rollback", "--to", "5").exit_code == 0
    assert stack.image("green") == "chat@sha256:5"


def test_one_that_cannot_get_ready_is_undone(stack: Stack) -> None:
    stack.bad = {"chat:7"}
    done = stack.run("rollback", "--to", "1")
    assert done.exit_code == 1
    assert "undone: blue serves as before" in done.output
    assert stack.file.read_text() == FILE


@pytest.mark.parametrize(
    ("number", "told"),
    [
        ("0", "there is no release 0 any more; nothing was changed"),
        ("9", "there is no release 9; nothing was changed"),
        ("2", "release 2 (chat:8) served nobody for long, it is noted as returned"),
        ("4", "release 4 is chat:1, which is served now"),
    ],
)
def test_what_cannot_be_gone_back_to(stack: Stack, number: str, told: str) -> None:
    stack.cluster.seen.clear()
    done = stack.run("rollback", "--to", number)
    assert done.exit_code == 1
    assert told in done.output
    assert "choose 1 (chat:7), 3 (chat:0), 5 (chat@sha256:5); `slipway history` has them all" in done.output
    assert {method for method, _, _ in stack.cluster.seen} == {"GET"}


def test_without_any_other_release(stack: Stack) -> None:
    for path in [path for path in stack.cluster.objects if "chat-release-" in path]:
        del stack.cluster.objects[path]
    assert "no other image has served yet" in stack.run("rollback", "--to", "1").output


@pytest.mark.parametrize(
    ("number", "told"), [("1", "would set slipway:greenImage chat:7"), ("3", "would move the traffic")]
)
def test_dry_run_changes_nothing(stack: Stack, number: str, told: str) -> None:
    stack.cluster.seen.clear()
    done = stack.run("rollback", "--to", number, "--dry-run", "--json")
    assert told in " ".join(line["text"] for line in json.loads(done.stdout)["told"])
    assert {method for method, _, _ in stack.cluster.seen} == {"GET"}
    assert stack.file.read_text() == FILE


def test_no_colour_to_go_back_to(stack: Stack) -> None:
    stack.file.write_text(FILE + "  slipway:strategy: rolling\n")
    assert "under the strategy rolling" in stack.run("rollback", "--to", "1").output
