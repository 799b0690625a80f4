"""The lock: renewed while its holder lives, lost when somebody takes it, free at the end."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from slipway_ops import lease as lock
from slipway_ops.api import Api
from slipway_ops.lease import Doing, HeldError, Lease, LostError
from tests.support.api_server import LEASE, FakeApiServer, answering, refusing, serve


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeApiServer]:
    with serve() as fake:
        (tmp_path / "kubeconfig").write_text(fake.kubeconfig)
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
        monkeypatch.setattr(lock, "RENEW_SECONDS", 0.02)
        yield fake


def taken(doing: Doing | None = None) -> Lease:
    lease = Lease(Api(), "dev", "chat")
    lease.look()
    lease.hold(doing or Doing("switch", "blue", "green"))
    return lease


def until(condition: object, seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.01)


def silent(_: str) -> None: ...


def test_it_says_who_and_what(cluster: FakeApiServer) -> None:
    doing = Doing("switch", "blue", "green", image="chat:2")
    taken(doing)
    held = cluster.objects[LEASE]
    assert held["spec"]["holderIdentity"] == f"{doing.who}@{doing.host} (process {os.getpid()})"
    assert held["spec"]["leaseDurationSeconds"] == 15
    assert held["spec"]["leaseTransitions"] == 1
    other = Lease(Api(), "dev", "chat")
    other.look()
    assert other.holder == doing
    assert other.is_fresh
    with pytest.raises(HeldError, match="nothing was changed"):
        other.refuse_if_held(silent)


def test_it_is_renewed_until_it_is_released(cluster: FakeApiServer) -> None:
    lease = taken()
    first = cluster.objects[LEASE]["spec"]["renewTime"]
    lease.keep()
    lease.keep()
    until(lambda: cluster.objects[LEASE]["spec"]["renewTime"] > first)
    lease.check()
    lease.release({"command": "switch", "target": "green"})
    assert cluster.objects[LEASE]["spec"] == {"leaseTransitions": 1}
    lease.look()
    assert lease.holder is None
    assert lease.done == {"command": "switch", "target": "green"}
    count = len(cluster.seen)
    time.sleep(0.1)
    assert len(cluster.seen) == count, "nobody renews it any more"


def test_what_was_done_last_stays_when_a_command_fails(cluster: FakeApiServer) -> None:
    lease = taken()
    lease.release({"target": "green"})
    lease = taken()
    lease.release(None)
    lease.look()
    assert lease.done == {"target": "green"}
    assert cluster.objects[LEASE]["spec"] == {"leaseTransitions": 2}


def test_a_lock_that_somebody_took_is_lost(cluster: FakeApiServer) -> None:
    lease = taken()
    lease.keep()
    other = Doing("rollback", "green", "blue", who="ann", host="desk")
    cluster.put(
        LEASE,
        {
            "metadata": {"name": "chat-release", "annotations": {"slipway/doing": json.dumps(asdict(other))}},
            "spec": {"holderIdentity": other.identity},
        },
    )

    def lost() -> bool:
        try:
            lease.check()
        except LostError as error:
            assert "ann@desk" in str(error)
            return True
        return False

    until(lost)
    lease.release({"target": "green"})
    assert cluster.objects[LEASE]["spec"]["holderIdentity"] == other.identity, "it is the other one's"


def test_a_lock_that_somebody_only_wrote_to_is_kept(cluster: FakeApiServer) -> None:
    lease = taken()
    lease.keep()
    for _ in range(3):
        cluster.put(LEASE, {**cluster.objects[LEASE]})
        first = cluster.objects[LEASE]["spec"]["renewTime"]
        until(lambda first=first: cluster.objects[LEASE]["spec"]["renewTime"] > first)
    lease.check()
    lease.release(None)


def test_a_lock_that_cannot_be_renewed_is_lost_when_its_time_is_over(
    cluster: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "DURATION_SECONDS", 0.2)
    lease = taken()
    cluster.before = refusing((500, {"message": "etcd is full"}))
    lease.keep()
    time.sleep(0.3)
    with pytest.raises(LostError, match="it could not be renewed"):
        lease.check()
    cluster.before = answering()
    lease.release(None)


def test_a_process_that_runs_is_not_gone() -> None:
    assert not Doing("switch", "blue", "green").is_gone
    assert Doing("switch", "blue", "green", pid=2**22 + 1).is_gone
    assert not Doing("switch", "blue", "green", pid=2**22 + 1, machine="another").is_gone
    assert not Doing("switch", "blue", "green", pid=1).is_gone
