"""The record of releases: numbered, bounded, never written over."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway_ops import records as module
from slipway_ops.api import Api, RefusedError
from slipway_ops.lease import Doing, now
from slipway_ops.records import Record, Records
from tests.support.api_server import CONFIG_MAPS, FakeApiServer, serve


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeApiServer]:
    with serve() as fake:
        (tmp_path / "kubeconfig").write_text(fake.kubeconfig)
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
        yield fake


def begin(records: Records, folder: Path) -> Record:
    return records.begin(Doing("switch", "blue", "green", who="ann", host="desk"), "chat:2", folder, now())


def test_what_stands_in_one(cluster: FakeApiServer, tmp_path: Path) -> None:
    records = Records(Api(), "dev", "chat")
    record = begin(records, tmp_path)
    (item,) = [item for path, item in cluster.objects.items() if path.startswith(CONFIG_MAPS)]
    assert item["metadata"]["name"] == "chat-release-000001"
    assert item["metadata"]["labels"] == {
        "app.kubernetes.io/name": "chat",
        "app.kubernetes.io/managed-by": "slipway",
        "slipway/record": "release",
    }
    assert cluster.records[0]["result"] == "running"
    records.write(record.end("succeeded", traffic_moved=0.2))
    (found,) = Records(Api(), "dev", "chat").all()
    assert (found.result, found.traffic_moved, found.who, found.host, found.commit) == (
        "succeeded",
        0.2,
        "ann",
        "desk",
        "",
    )
    assert found.ended >= found.began
    assert found.seconds >= 0


@pytest.mark.usefixtures("cluster")
def test_the_commit_and_whether_files_differ_from_it(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(
            ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.com", *arguments],
            check=True,
            capture_output=True,
        )

    git("init")
    (tmp_path / "file").write_text("1")
    git("add", ".")
    git("commit", "-m", "one")
    records = Records(Api(), "dev", "chat")
    clean = begin(records, tmp_path).commit
    (tmp_path / "file").write_text("2")
    assert len(clean) == 12
    assert begin(records, tmp_path).commit == f"{clean}+"


@pytest.mark.usefixtures("cluster")
def test_the_time_of_the_commit_is_utc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-03-01T12:00:00+02:00")
    for command in (["init"], ["commit", "--allow-empty", "-m", "one"]):
        git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.com", *command]
        subprocess.run(git, check=True, capture_output=True)
    assert begin(Records(Api(), "dev", "chat"), tmp_path).committed == "2026-03-01T10:00:00+00:00"


def test_a_long_story_keeps_its_beginning_and_its_end(cluster: FakeApiServer, tmp_path: Path) -> None:
    records = Records(Api(), "dev", "chat")
    lines = [{"seconds": float(number), "text": f"{number} " + "x" * 1000} for number in range(1000)]
    records.write(begin(records, tmp_path).telling(lines))
    happened = cluster.records[0]["happened"]
    assert len(happened) == 201
    assert (happened[49][0], happened[50], happened[51][0], happened[-1][0]) == (
        49.0,
        [50.0, "… 800 lines are left out …"],
        850.0,
        999.0,
    )
    assert max(len(text) for _, text in happened) == 300


@pytest.mark.parametrize("gates", [1, 7])
def test_a_record_of_days_stays_small(cluster: FakeApiServer, tmp_path: Path, gates: int) -> None:
    seen = [(float(at), 0.001234) for at in range(0, 100_000, 5)]
    steps = [
        {"share": 10, "at": 1.0},
        {"share": 50, "at": 2.0, "gates": [{"name": "error_ratio", "limit": 1, "seen": seen}] * gates},
    ]
    lines = [{"seconds": 1.5, "text": "x" * 1000}] * 1000
    records = Records(Api(), "dev", "chat")
    records.write(begin(records, tmp_path).telling(lines).end("failed", "y" * 100_000, steps=steps))
    (item,) = [item for path, item in cluster.objects.items() if path.startswith(CONFIG_MAPS)]
    assert len(item["data"]["record"]) < 250_000
    (kept,) = {len(gate["seen"]) for gate in cluster.records[0]["steps"][1]["gates"]}
    assert kept == {1: 4000, 7: 572}[gates]
    assert cluster.records[0]["steps"][1]["gates"][0]["seen"][-1] == [99995.0, 0.001234], (
        "the last one counts"
    )


def test_what_a_killed_command_left_as_running_is_closed(cluster: FakeApiServer, tmp_path: Path) -> None:
    begin(Records(Api(), "dev", "chat"), tmp_path)
    assert begin(Records(Api(), "dev", "chat"), tmp_path).number == 2
    assert [record["result"] for record in cluster.records] == ["interrupted", "running"]


def test_the_oldest_go(cluster: FakeApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 3)
    for _ in range(6):
        begin(Records(Api(), "dev", "chat"), tmp_path)
    assert [record["number"] for record in cluster.records] == [4, 5, 6]


@pytest.mark.usefixtures("cluster")
def test_two_never_write_the_same_one(tmp_path: Path) -> None:
    first, second = Records(Api(), "dev", "chat"), Records(Api(), "dev", "chat")
    record = begin(first, tmp_path)
    with pytest.raises(RefusedError):
        second.write(record)  # it would be a new one
    second.all()
    second.write(record.end("failed"))
    with pytest.raises(RefusedError):
        first.write(record.end("succeeded"))
