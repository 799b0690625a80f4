"""Pause, promote and abort: what is asked of a deployment under way, and that it keeps to it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway_ops import asking, lease, project, status, update
from slipway_ops.api import Api, UnreachableError
from slipway_ops.errors import OperatorError
from slipway_ops.lease import Doing, Lease
from slipway_ops.steering import AbortedError, Course, Steering
from slipway_ops.steps import Step, parse
from slipway_ops.telling import Telling
from tests.support.api_server import LEASE, FakeApiServer
from tests.support.stack import CANARY, FILE, WATCHED, Stack, measuring, ready

Act = tuple[Callable[[], bool], Course]


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    with ready(tmp_path, monkeypatch) as made:
        made.file.write_text(CANARY)
        yield made


def noted(stack: Stack) -> dict[str, str]:
    """What is asked, by the environment."""
    found = stack.cluster.objects.get(LEASE, {}).get("metadata", {}).get("annotations", {})
    return json.loads(found.get("slipway/asked") or "{}")


def at(stack: Stack, shares: str) -> Callable[[], bool]:
    return lambda: stack.shares == shares


def paused(stack: Stack) -> Callable[[], bool]:
    """For a while: nothing moves meanwhile."""
    since: list[tuple[float, str]] = []

    def condition() -> bool:
        if noted(stack).get("course") != "pause":
            return False
        since.append((time.monotonic(), stack.shares))
        assert {shares for _, shares in since} == {stack.shares}
        return time.monotonic() > since[0][0] + 0.4

    return condition


@contextmanager
def others(stack: Stack, *acts: Act) -> Generator[list[dict[str, Any]]]:
    """Somebody at another terminal, who asks each as soon as its condition holds."""
    reports: list[dict[str, Any]] = []
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for condition, course in acts:
                deadline = time.monotonic() + 10
                while not condition():
                    assert time.monotonic() < deadline, course
                    time.sleep(0.02)
                found = project.find(stack.folder, "dev")
                reports.append(asking.run(found, course, False, Telling(as_json=True)))
        except BaseException as failure:  # a thread has nobody else to tell
            failures.append(failure)
            asking.run(project.find(stack.folder, "dev"), Course.ABORT, False, Telling(as_json=True))

    worker = threading.Thread(target=work)
    worker.start()
    yield reports
    worker.join()
    assert not failures, failures


def record(stack: Stack) -> dict[str, Any]:
    return stack.cluster.records[-1]


def test_paused_and_promoted(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.file.write_text(CANARY + WATCHED)
    measuring(stack, monkeypatch, 0.0)
    acts: list[Act] = [(at(stack, "90/10"), Course.PAUSE), (paused(stack), Course.GO)]
    with others(stack, *acts) as asked:
        done = stack.run("deploy", "chat:2", "--steps", "10,100")
    assert done.exit_code == 0, done.output
    assert [(report["asked"], report["before"]) for report in asked] == [("pause", "go"), ("go", "pause")]
    assert stack.shares == "0/100"
    who = asking._who()  # pyright: ignore[reportPrivateUsage]
    assert f"paused by {who}: `slipway promote` goes on, `slipway abort` undoes it" in done.output
    assert f"promoted by {who}" in done.output
    seen = record(stack)["steps"][0]["gates"][0]["seen"]
    assert len(seen) >= 4, "it was watched on"
    assert noted(stack) == {}, "nothing stays asked of the next one"


def test_a_gate_that_fails_ends_a_pause(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.file.write_text(CANARY + WATCHED)
    measuring(stack, monkeypatch, *[0.0] * 5, 0.2)
    with others(stack, (at(stack, "90/10"), Course.PAUSE)):
        done = stack.run("deploy", "chat:2", "--steps", "10,100")
    assert done.exit_code == 1
    assert "error_ratio failing: 0.2, at most 0.05" in done.output
    assert (stack.shares, record(stack)["result"]) == ("100/0", "returned")


def test_a_pause_among_the_steps(stack: Stack) -> None:
    with others(stack, (paused(stack), Course.GO), (paused(stack), Course.GO)):
        done = stack.run("deploy", "chat:2", "--steps", "10,pause,50,pause,100")
    assert done.exit_code == 0, done.output
    assert done.output.count("paused by its own steps") == 2
    assert [step["share"] for step in record(stack)["steps"]] == [10, 50, 100]


def test_a_pause_before_any_traffic_needs_no_canary(stack: Stack) -> None:
    stack.file.write_text(FILE)
    with others(stack, (paused(stack), Course.GO)):
        done = stack.run("deploy", "chat:2", "--steps", "pause,100")
    assert done.exit_code == 0, done.output
    assert [step["share"] for step in record(stack)["steps"]] == [0, 100]


def test_a_pause_while_it_comes_up_holds_it_before_its_first_step(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    comes_up = stack.up

    def up(*arguments: Any) -> int:
        deadline = time.monotonic() + 5
        while not noted(stack) and time.monotonic() < deadline:
            time.sleep(0.02)
        return comes_up(*arguments)

    monkeypatch.setattr(update, "up", up)
    with others(stack, (lambda: LEASE in stack.cluster.objects, Course.PAUSE), (paused(stack), Course.GO)):
        done = stack.run("deploy", "chat:2", "--steps", "10,100")
    assert done.exit_code == 0, done.output
    assert [step["share"] for step in record(stack)["steps"]] == [10, 100]


def test_promoted_in_full_skips_steps_and_gates(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.file.write_text(CANARY + WATCHED.replace("seconds: 1", "seconds: 60"))
    measuring(stack, monkeypatch, None)
    with others(stack, (at(stack, "90/10"), Course.FULL)):
        done = stack.run("deploy", "chat:2", "--steps", "10,pause,50,100")
    assert done.exit_code == 0, done.output
    assert [step["share"] for step in record(stack)["steps"]] == [10, 100]
    assert ": what is left of steps and gates is skipped" in done.output
    assert done.output.count("watching green") <= 1, "none when it is asked before the first watch"
    assert stack.scaled == [("chat-green", 4)], "its pods are waited for all the same"


@pytest.mark.parametrize("steps", ["10,100", "10,pause,100"])
def test_aborted_is_undone(stack: Stack, monkeypatch: pytest.MonkeyPatch, steps: str) -> None:
    before = CANARY + WATCHED.replace("seconds: 1", "seconds: 60")
    stack.file.write_text(before)
    measuring(stack, monkeypatch, 0.0)
    with others(stack, (at(stack, "90/10"), Course.ABORT)):
        done = stack.run("deploy", "chat:2", "--steps", steps)
    assert done.exit_code == 1
    who = asking._who()  # pyright: ignore[reportPrivateUsage]
    assert f"Error: aborted by {who}\n  undone: blue serves as before" in done.output
    assert (stack.shares, stack.file.read_text()) == ("100/0", before)
    assert (record(stack)["result"], record(stack)["text"]) == ("aborted", f"aborted by {who}")
    assert [step["share"] for step in record(stack)["steps"]] == [10, 0]
    assert stack.happened[-1] == "up: chat:0 in green, active blue, 100/0"


def test_aborted_before_any_traffic(stack: Stack) -> None:
    with others(stack, (paused(stack), Course.ABORT)):
        done = stack.run("deploy", "chat:2", "--steps", "pause,100")
    assert done.exit_code == 1
    assert stack.file.read_text() == CANARY
    assert record(stack)["traffic_moved"] is None


def hold(stack: Stack, doing: Doing, **asked: str) -> None:
    """Somebody holds the lock, and this is asked of them."""
    annotations = {"slipway/doing": json.dumps(doing.__dict__)}
    if asked:
        annotations["slipway/asked"] = json.dumps({"who": "ann@desk", "at": "12:00", **asked})
    spec = {"holderIdentity": doing.identity, "renewTime": lease._micro(lease.now())}  # pyright: ignore[reportPrivateUsage]
    stack.cluster.put(LEASE, {"metadata": {"annotations": annotations}, "spec": spec})


DEPLOY = Doing("deploy", "blue", "green", "chat:2", earlier="chat:0")


@pytest.mark.parametrize("command", ["pause", "promote", "abort"])
def test_nothing_in_progress(stack: Stack, command: str) -> None:
    assert "nothing is in progress" in stack.run(command).output
    hold(stack, Doing("deploy", "blue", "green", "chat:2", earlier="chat:0", pid=2**22 + 1))
    said = stack.run(command).output
    assert "slipway deploy of chat:2 to green" in said
    assert "ended without finishing\n  to do: `slipway rollback` undoes it" in said
    hold(stack, Doing("switch", "blue", "green"))
    assert "only a deployment can be paused, promoted or aborted" in stack.run(command).output
    assert {method for method, _, _ in stack.cluster.seen} == {"GET"}


@pytest.mark.parametrize(
    ("course", "command", "told"),
    [
        ("", "promote", "it is not paused, it goes on by itself\n  to do: `slipway promote --full`"),
        ("go", "promote", "it is not paused, it goes on by itself"),
        ("full", "pause", "it was promoted in full by ann@desk at 12:00\n  to do: `slipway abort`"),
        ("full", "promote", "it was promoted in full by ann@desk"),
        ("abort", "pause", "it was aborted by ann@desk at 12:00; the traffic is on its way back"),
        ("abort", "promote --full", "it was aborted by ann@desk"),
        ("ending", "abort", "it is just ending\n  to do: `slipway rollback` takes the traffic back"),
        ("ending", "pause", "it is just ending"),
    ],
)
def test_what_cannot_follow(stack: Stack, course: str, command: str, told: str) -> None:
    hold(stack, DEPLOY, **({"course": course} if course else {}))
    done = stack.run(*command.split())
    assert done.exit_code == 1
    assert told in done.output
    assert {method for method, _, _ in stack.cluster.seen} == {"GET"}


@pytest.mark.parametrize(
    ("course", "command"), [("pause", "pause"), ("full", "promote --full"), ("abort", "abort")]
)
def test_asked_already(stack: Stack, course: str, command: str) -> None:
    hold(stack, DEPLOY, course=course)
    done = stack.run(*command.split())
    assert done.exit_code == 0
    assert "by ann@desk at 12:00 already" in done.output


@pytest.mark.parametrize("command", ["pause", "promote --full", "abort"])
def test_dry_run_asks_nothing(stack: Stack, command: str) -> None:
    hold(stack, DEPLOY)
    done = stack.run(*command.split(), "--dry-run", "--json")
    assert done.exit_code == 0, done.output
    assert "would ask slipway deploy of chat:2 to green" in json.loads(done.stdout)["told"][0]["text"]
    assert {method for method, _, _ in stack.cluster.seen} == {"GET"}


def test_one_that_ends_at_that_moment_is_asked_nothing(stack: Stack) -> None:
    hold(stack, DEPLOY)
    looks: list[str] = []

    def before(_: str, path: str) -> None:
        looks.extend([path] if path == LEASE else [])
        if len(looks) == 2:
            hold(stack, Doing("switch", "blue", "green"))

    stack.cluster.before = before
    assert "has just ended; nothing was asked" in stack.run("abort").output
    assert noted(stack) == {}


def test_status_says_what_is_asked(stack: Stack) -> None:
    hold(stack, DEPLOY, course="pause")
    assert "paused by ann@desk at 12:00" in stack.run("status").output.replace("\n", "")
    found = json.loads(stack.run("status", "--json").stdout)
    assert found["asked"] == {"course": "pause", "who": "ann@desk", "at": "12:00"}
    hold(stack, DEPLOY)
    assert json.loads(stack.run("status", "--json").stdout)["asked"] is None


def held(cluster: FakeApiServer) -> Lease:
    assert cluster
    mine = Lease(Api(), "dev", "chat")
    mine.look()
    mine.hold(DEPLOY)
    return mine


def test_its_end_is_taken_unless_it_is_paused_or_aborted(stack: Stack) -> None:
    steering = Steering(held(stack.cluster), Telling(as_json=True))
    for course, ends in (("pause", False), ("go", True), ("full", True)):
        hold(stack, DEPLOY, course=course)
        assert steering.end() is ends
        assert noted(stack)["course"] == ("ending" if ends else "pause")
    hold(stack, DEPLOY, course="abort")
    with pytest.raises(AbortedError, match="aborted by ann@desk"):
        steering.end()
    assert noted(stack)["course"] == "abort"


def test_a_write_between_is_read_and_judged_again(stack: Stack) -> None:
    mine = held(stack.cluster)
    seen: list[dict[str, str]] = []

    def decide(found: Lease) -> dict[str, str]:
        seen.append(found.asked)
        if len(seen) == 1:
            hold(stack, DEPLOY, course="abort")
        return {"course": "go"}

    mine.ask(decide)
    assert [asked.get("course") for asked in seen] == [None, "abort"]
    assert noted(stack) == {"course": "go"}


def test_what_is_written_to_all_the_time_is_told(stack: Stack) -> None:
    mine = held(stack.cluster)

    def decide(_: Lease) -> dict[str, str]:
        hold(stack, DEPLOY)
        return {"course": "go"}

    with pytest.raises(OperatorError, match="nothing was asked"):
        mine.ask(decide)


def test_what_is_asked_of_another_holder_is_not_heard(stack: Stack) -> None:
    mine = held(stack.cluster)
    hold(stack, Doing("deploy", "blue", "green", pid=1, who="ann", host="desk"), course="abort")
    with pytest.raises(lease.LostError, match="ann@desk"):
        mine.heard()
    with pytest.raises(lease.LostError):
        mine.ask(lambda _: {"course": "ending"})
    assert noted(stack)["course"] == "abort"


def test_a_lock_that_was_asked_something_is_freed_all_the_same(stack: Stack) -> None:
    mine = held(stack.cluster)
    Lease(Api(), "dev", "chat").ask(lambda _: {"course": "pause"})
    mine.release({"command": "deploy"})
    assert "holderIdentity" not in stack.cluster.objects[LEASE]["spec"]
    assert noted(stack) == {}


def test_a_silence_of_the_api_server_does_not_end_a_pause(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard, silent = Lease.heard, [UnreachableError("no route")] * 4

    def hears(self: Lease) -> dict[str, str]:
        if noted(stack).get("course") == "pause" and silent:
            raise silent.pop()
        return heard(self)

    monkeypatch.setattr(Lease, "heard", hears)
    with others(stack, (lambda: not silent, Course.GO)):
        done = stack.run("deploy", "chat:2", "--steps", "10,pause,100")
    assert done.exit_code == 0, done.output


def test_a_silence_is_nothing_measured(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.file.write_text(FILE + WATCHED)

    def silent(_: Any) -> Any:
        raise UnreachableError("no route")

    monkeypatch.setattr(status, "measured", silent)
    done = stack.run("deploy", "chat:2")
    assert "error_ratio missing: nothing was measured" in done.output
    assert record(stack)["result"] == "returned"


def test_steps() -> None:
    assert parse("100") == (Step(100),)
    assert parse("pause, 10, pause,100") == (Step(0, pauses=True), Step(10, pauses=True), Step(100))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b", "'a,b' is not a list as 5,25,50,100 or 10,pause,100"),
        ("", "is not a list"),
        ("10,,100", "is not a list"),
        ("-5,100", "is not a list"),
        ("10,5,100", "must rise from 1 or more to 100, got 10,5,100"),
        ("10", "must rise from 1 or more to 100, got 10"),
        ("0,100", "must rise from 1 or more to 100, got 0,100"),
        ("pause", "must rise from 1 or more to 100, got pause"),
        ("10,pause,pause,100", "after a pause comes a share"),
    ],
)
def test_steps_that_are_wrong(stack: Stack, text: str, told: str) -> None:
    done = stack.run("deploy", "chat:2", "--steps", text)
    assert done.exit_code == 1
    assert told in done.output
    assert stack.cluster.seen == []


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(1, 99)), st.booleans(), st.data())
def test_any_rising_list_with_pauses_is_read(shares: set[int], first: bool, data: st.DataObject) -> None:
    wanted = [Step(share, data.draw(st.booleans())) for share in [*sorted(shares), 100]]
    words = ["pause"] if first else []
    for step in wanted:
        words += [str(step.share), *(["pause"] if step.pauses else [])]
    assert parse(",".join(words)) == (*([Step(0, pauses=True)] if first else []), *wanted)
