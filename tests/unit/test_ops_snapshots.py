"""The snapshot before a migration, against an `aws` and a `pulumi` that note what they are asked."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slipway_ops import snapshots
from tests.support.api_server import Object
from tests.support.migrating import JOBS, Controllers, left_job, made_jobs, ready_to_migrate, released
from tests.support.stack import FILE, Stack

RDS = "  aws:region: eu-west-1\n  aws:profile: ops\n  slipway:database: {kind: rds}\n"
MIGRATED = RDS + "  slipway:migration: {command: [m]}\n"
STATE = {
    "deployment": {
        "resources": [
            {"type": "slipway:index:Database"},
            {"type": "aws:rds/instance:Instance", "outputs": {"identifier": "old"}, "delete": True},
            {"type": "aws:rds/instance:Instance", "outputs": {"identifier": "database-1"}},
        ]
    }
}
AWS = """\
#!/usr/bin/env python3
import json, os, pathlib, sys
folder = pathlib.Path(os.environ["NOTES"])
with (folder / "asked").open("a") as asked:
    print(json.dumps([os.environ.get("AWS_PAGER"), *sys.argv[1:]]), file=asked)
words, call = sys.argv[1:], sys.argv[2]
if (folder / f"refuse-{call}").exists():
    sys.exit("An error occurred (AccessDenied): you may not")
looks = json.loads((folder / "looks").read_text())
if call == "describe-db-snapshots" and "--db-snapshot-identifier" in words:
    print(json.dumps({"DBSnapshots": [looks.pop(0) if len(looks) > 1 else looks[0]]}))
    (folder / "looks").write_text(json.dumps(looks))
elif call == "describe-db-snapshots":
    print((folder / "snapshots").read_text())
"""


class Account:
    """What AWS has, and what was asked of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.say("looks", [{"Status": "available", "PercentProgress": 100}])
        self.say("snapshots", {"DBSnapshots": []})
        self.say("state", STATE)

    def say(self, name: str, what: Any) -> None:
        (self.folder / name).write_text(json.dumps(what))

    def refuse(self, call: str) -> None:
        (self.folder / f"refuse-{call}").touch()

    @property
    def asked(self) -> list[list[str]]:
        file = self.folder / "asked"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    @property
    def calls(self) -> list[str]:
        return [words[2] for words in self.asked]


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    with ready_to_migrate(tmp_path, monkeypatch) as made:
        made.file.write_text(FILE + MIGRATED)
        yield made


@pytest.fixture
def controllers(stack: Stack) -> Controllers:
    made = Controllers(stack.cluster)
    stack.cluster.before = made
    return made


@pytest.fixture
def account(
    tmp_path_factory: pytest.TempPathFactory, controllers: Controllers, monkeypatch: pytest.MonkeyPatch
) -> Account:
    folder = tmp_path_factory.mktemp("account")
    programs = {"aws": AWS, "pulumi": '#!/bin/sh\ncat "$NOTES/state"\n'}
    for name, text in programs.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("NOTES", str(folder))
    monkeypatch.setattr(snapshots, "PAUSE_SECONDS", 0.01)
    return Account(folder)


def test_it_is_made_and_waited_for_before_the_migration_begins(account: Account, stack: Stack) -> None:
    account.say(
        "looks",
        [
            {"Status": "creating", "PercentProgress": 0},
            {"Status": "creating", "PercentProgress": 3},
            {"Status": "creating", "PercentProgress": 42},
            {"Status": "available", "PercentProgress": 100},
        ],
    )
    moments: list[int] = []
    before = stack.cluster.before

    def note(method: str, path: str) -> Any:
        if (method, path) == ("POST", JOBS):
            moments.append(len(account.asked))
        return before(method, path)

    stack.cluster.before = note
    done = stack.run("deploy", "chat:2")
    assert done.exit_code == 0, done.output
    made, *looks, listed = account.asked
    name = made[6]
    assert re.fullmatch(r"database-1-before-release-1-\d{14}", name)
    assert made == [
        *("", "rds", "create-db-snapshot", "--db-instance-identifier", "database-1"),
        *("--db-snapshot-identifier", name, "--tags", "Key=slipway:release,Value=1"),
        *("--region", "eu-west-1", "--profile", "ops", "--output", "json"),
    ]
    assert [look[2:5] for look in looks] == [["describe-db-snapshots", "--db-snapshot-identifier", name]] * 4
    assert listed[2:7] == [
        *("describe-db-snapshots", "--db-instance-identifier", "database-1", "--snapshot-type", "manual")
    ]
    assert moments == [5], "the Job comes when it is there, and before older ones go"
    assert re.findall(r"snapshot \S+: (\d+) %", done.output) == ["0", "42"]
    assert f"snapshot {name} holds what was there before" in done.output
    (job,) = made_jobs(stack)
    assert job["metadata"]["annotations"]["slipway/saved"] == name
    assert "initContainers" not in job["spec"]["template"]["spec"]
    assert stack.cluster.records[0]["schema"]["saved"] == name


def test_five_are_kept(account: Account, stack: Stack) -> None:
    every = [
        {
            "DBSnapshotIdentifier": f"database-1-before-release-{number}-x",
            "SnapshotCreateTime": f"2026-01-{32 - number:02}",
        }
        for number in range(1, 8)
    ]
    others: list[Object] = [
        {"DBSnapshotIdentifier": "database-1-final", "SnapshotCreateTime": "2020-01-01"},
        {"DBSnapshotIdentifier": "database-1-before-release-9-x", "Status": "creating"},
    ]
    account.say("snapshots", {"DBSnapshots": [*every, *others]})
    done = stack.run("deploy", "chat:2")
    assert done.exit_code == 0, done.output
    removed = [words[4] for words in account.asked if words[2] == "delete-db-snapshot"]
    assert removed == [f"database-1-before-release-{number}-x" for number in (7, 6, 5)], (
        "the oldest by their time"
    )


@pytest.mark.parametrize("count", range(7))
def test_none_goes_before_there_are_more(account: Account, stack: Stack, count: int) -> None:
    every = [
        {"DBSnapshotIdentifier": f"database-1-before-release-{number}-x", "SnapshotCreateTime": str(number)}
        for number in range(count)
    ]
    account.say("snapshots", {"DBSnapshots": every})
    assert stack.run("deploy", "chat:2").exit_code == 0
    assert account.calls.count("delete-db-snapshot") == max(0, count - 4)


def test_what_cannot_be_removed_is_told_and_stays(account: Account, stack: Stack) -> None:
    every = [
        {"DBSnapshotIdentifier": f"database-1-before-release-{number}-x", "SnapshotCreateTime": str(number)}
        for number in range(1, 8)
    ]
    account.say("snapshots", {"DBSnapshots": every})
    account.refuse("delete-db-snapshot")
    done = stack.run("deploy", "chat:2")
    assert done.exit_code == 0, done.output
    assert "older snapshots stay: aws rds delete-db-snapshot: An error occurred (AccessDenied)" in done.output
    assert account.calls.count("delete-db-snapshot") == 1


@pytest.mark.parametrize(
    ("looks", "told"),
    [
        ([{"Status": "failed"}], "is failed"),
        ([{"Status": "creating"}, {"Status": "failed", "PercentProgress": 7}], "is failed"),
    ],
)
def test_without_it_the_migration_does_not_begin(
    account: Account,
    stack: Stack,
    looks: list[Object],
    told: str,
) -> None:
    account.say("looks", looks)
    refused(stack, told)


def refused(stack: Stack, told: str) -> None:
    file = stack.file.read_text()
    done = stack.run("deploy", "chat:2")
    assert done.exit_code == 1
    assert "the database could not be saved before the migration: " in done.output
    assert told in done.output, done.output
    assert "slipway:migration.backup none" in done.output
    assert "nothing else was changed: blue serves chat:1 as before" in done.output
    assert (made_jobs(stack), stack.happened, stack.file.read_text()) == ([], [], file)
    assert stack.cluster.records[0]["result"] == "failed"


def test_one_that_takes_too_long(
    account: Account,
    stack: Stack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(snapshots, "_LONGEST_SECONDS", 0)
    account.say("looks", [{"Status": "creating", "PercentProgress": 12}])
    refused(stack, "is not done after 0 s, but 12 %")


def test_a_right_that_is_missing(account: Account, stack: Stack) -> None:
    account.refuse("create-db-snapshot")
    refused(stack, "aws rds create-db-snapshot: An error occurred (AccessDenied): you may not")


@pytest.mark.parametrize("count", [0, 2])
def test_a_database_that_is_not_there(account: Account, stack: Stack, count: int) -> None:
    one = {"type": "aws:rds/instance:Instance", "outputs": {"identifier": "database-1"}}
    account.say("state", {"deployment": {"resources": [one] * count}})
    refused(stack, f"the stack dev has {count or 'no'} RDS databases by its state")
    assert account.asked == []


def test_no_aws(account: Account, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    (account.folder / "aws").unlink()
    monkeypatch.setenv("PATH", f"{account.folder}:/usr/bin:/bin")
    refused(stack, "the program `aws`, AWS's command line, is not on PATH")


def test_an_aws_that_does_not_end(
    account: Account,
    stack: Stack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(snapshots, "_CALL_SECONDS", 0.2)
    (account.folder / "aws").write_text("#!/bin/sh\nexec sleep 5\n")
    refused(stack, "aws rds create-db-snapshot did not end within 0.2 s")


def test_a_migration_that_fails_says_what_was_saved(
    account: Account,
    stack: Stack,
    controllers: Controllers,
) -> None:
    """And keeps it, with those before it: the next try must not remove the last one from before the damage."""
    every = [
        {"DBSnapshotIdentifier": f"database-1-before-release-{number}-x", "SnapshotCreateTime": str(number)}
        for number in range(1, 8)
    ]
    account.say("snapshots", {"DBSnapshots": every})
    controllers.exit = 1
    done = stack.run("deploy", "chat:2")
    found = re.search(r"what was there before: snapshot (database-1-before-release-1-\d+)", done.output)
    assert found, done.output
    assert stack.cluster.records[0]["schema"]["saved"] == found[1]
    assert "delete-db-snapshot" not in account.calls


def test_it_is_not_made_again_for_a_migration_that_a_dead_command_left(
    account: Account,
    stack: Stack,
) -> None:
    released(stack, 1, "chat:2", "running")
    name = left_job(stack, 1, "chat:2")
    stack.cluster.objects[f"{JOBS}/{name}"]["metadata"]["annotations"]["slipway/saved"] = (
        "database-1-before-release-1-x"
    )
    done = stack.run("deploy", "chat:2")
    assert done.exit_code == 0, done.output
    assert account.asked == []
    assert stack.cluster.records[1]["schema"]["saved"] == "database-1-before-release-1-x"


def test_none_when_none_is_wanted(account: Account, stack: Stack) -> None:
    stack.file.write_text(FILE + MIGRATED.replace("[m]", "[m], backup: none"))
    assert stack.run("deploy", "chat:2").exit_code == 0
    assert account.asked == []


def test_dry_run(account: Account, stack: Stack) -> None:
    done = stack.run("deploy", "chat:2", "--dry-run")
    assert "would make a snapshot of the database, then run m in a Job with chat:2" in done.output
    assert account.asked == []
