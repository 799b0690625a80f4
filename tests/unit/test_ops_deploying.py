"""`slipway deploy` against an API server in memory: what it does in which order, and that what fails is undone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway_ops import gates, lease, status, update
from slipway_ops.application import Application
from slipway_ops.gates import Gate, GateError, Gates, Measured, Verdict
from slipway_ops.lease import Doing
from slipway_ops.steering import Course
from tests.support.api_server import LEASE, Answer
from tests.support.stack import CANARY, FILE, SMOKE, WATCHED, Stack, measuring, ready


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    with ready(tmp_path, monkeypatch) as made:
        yield made


def test_into_the_idle_colour_then_the_traffic(stack: Stack) -> None:
    done = stack.run("deploy", "chat:2")
    assert done.exit_code == 0, done.output
    assert stack.happened == [
        "up: chat:2 in green, active blue, 100/0",
        "up: chat:2 in green, active green, 0/100",
    ]
    assert stack.file.read_text() == FILE.replace("active: blue", "active: green").replace("chat:0", "chat:2")
    (record,) = stack.cluster.records
    assert (record["command"], record["result"], record["image"]) == ("deploy", "succeeded", "chat:2")
    assert [step["share"] for step in record["steps"]] == [100]
    assert "smoke test passed: GET /healthz answers 200" in done.output
    assert "holderIdentity" not in stack.cluster.objects[LEASE]["spec"]


def test_again_goes_to_the_other_colour_and_can_be_rolled_back(stack: Stack) -> None:
    stack.cluster.put(SMOKE.replace("green", "blue"), {})
    for number in (2, 3):
        assert stack.run("deploy", f"chat:{number}").exit_code == 0
    assert (stack.image("blue"), stack.image("green"), stack.value("active")) == ("chat:3", "chat:2", "blue")
    assert stack.run("rollback").exit_code == 0
    assert (stack.value("active"), stack.shares) == ("green", "0/100")


def test_dry_run_changes_nothing(stack: Stack) -> None:
    done = stack.run("deploy", "chat:2", "--dry-run")
    assert done.exit_code == 0
    assert "would set slipway:greenImage chat:2" in done.output
    assert {method for method, _, _ in stack.cluster.seen} == {"GET"}
    assert stack.file.read_text() == FILE


def test_an_image_that_does_not_get_ready_is_taken_out_again(stack: Stack) -> None:
    stack.bad = {"chat:2"}
    done = stack.run("deploy", "chat:2")
    assert done.exit_code == 1
    assert "green is not ready with image chat:2: exit code 3" in done.output
    assert "undone: blue serves as before" in done.output
    assert stack.file.read_text() == FILE
    assert [line.split(" in ")[0] for line in stack.happened] == ["up: chat:2", "up: chat:0"]
    assert stack.shares == "100/0"
    assert stack.cluster.records[0]["result"] == "failed"


def test_a_smoke_test_that_fails(stack: Stack) -> None:
    broken: Answer = (500, {"error": "no database"})
    stack.cluster.before = lambda _, path: broken if path == SMOKE else None
    done = stack.run("deploy", "chat:2")
    assert done.exit_code == 1
    assert "green does not pass its smoke test: GET /healthz answers 500" in done.output
    assert stack.file.read_text() == FILE
    assert ("PATCH", "/apis/gateway.networking.k8s.io/v1/namespaces/dev/httproutes/chat") not in [
        (method, path) for method, path, _ in stack.cluster.seen
    ]


def test_no_smoke_test_when_none_is_wanted(stack: Stack) -> None:
    stack.file.write_text(
        FILE + "  slipway:monitoring: {}\n  slipway:gates: {smoke: none, seconds: 0, errorPercent: 100}\n"
    )
    del stack.cluster.objects[SMOKE]
    done = stack.run("deploy", "chat:2", "--dry-run")
    assert "/healthz" not in done.output


def test_a_canary_by_steps(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.file.write_text(CANARY + WATCHED)
    measuring(stack, monkeypatch, 0.0)
    done = stack.run("deploy", "chat:2", "--steps", "10,50,100")
    assert done.exit_code == 0, done.output
    measured = [line for line in stack.happened if line.startswith("measured")]
    assert list(dict.fromkeys(measured)) == ["measured at 90/10", "measured at 50/50", "measured at 0/100"]
    assert (stack.value("active"), stack.value("canaryWeight"), stack.shares) == ("green", "0", "0/100")
    assert [step["share"] for step in stack.cluster.records[0]["steps"]] == [10, 50, 100]
    assert "error_ratio passing: 0, at most 0.05" in done.output
    assert stack.scaled == [("chat-green", 6)], "at half the traffic each, all of it takes the pods of both"


def test_a_canary_whose_share_stands_there_without_a_value(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.file.write_text(CANARY.replace(': "0"', ":") + WATCHED)
    measuring(stack, monkeypatch, 0.0)
    done = stack.run("deploy", "chat:2", "--steps", "25,100")
    assert done.exit_code == 0, done.output
    assert stack.file.read_text() == (CANARY + WATCHED).replace("blue", "green", 1).replace(
        "chat:0", "chat:2"
    )


def test_copies_end_when_a_deployment_begins(stack: Stack) -> None:
    stack.file.write_text(FILE + "  slipway:mirrorPercent: 100\n")
    done = stack.run("deploy", "chat:2")
    assert done.exit_code == 0, done.output
    assert stack.value("mirrorPercent") == "0"


def test_a_canary_that_fails_gives_its_traffic_back(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.file.write_text(CANARY + WATCHED)
    measuring(stack, monkeypatch, 0.0, 0.0, 0.2)
    done = stack.run("deploy", "chat:2", "--steps", "10,100")
    assert done.exit_code == 1
    assert "error_ratio failing: 0.2, at most 0.05" in done.output
    assert "undone: blue serves as before" in done.output
    assert stack.file.read_text() == CANARY + WATCHED
    assert stack.shares == "100/0"
    assert "measured at 0/100" not in stack.happened
    assert stack.scaled == [], "nobody waits at a bad canary"
    assert stack.cluster.records[0]["result"] == "returned"


def test_nobody_is_on_a_colour_whose_image_changes(stack: Stack) -> None:
    stack.file.write_text(CANARY.replace('"0"', '"10"'))
    stack.cluster.route(blue=90, green=10)
    assert stack.run("deploy", "chat:2").exit_code == 0
    assert stack.happened[0] == "up: chat:2 in green, active blue, 100/0"
    assert stack.value("canaryWeight") == "0"


def test_what_came_up_is_noted_as_it_ran(stack: Stack) -> None:
    comes_up = stack.up

    def by_digest(*arguments: Any) -> int:
        changes = comes_up(*arguments)
        stack.cluster.deployment("green", 3, image="chat@sha256:2")
        return changes

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(update, "up", by_digest)
        assert stack.run("deploy", "build:v2").exit_code == 0
    assert [stack.cluster.records[0][key] for key in ("image", "runs")] == ["build:v2", "chat@sha256:2"]


def test_the_record_says_how_far_it_has_come(stack: Stack) -> None:
    stack.run("deploy", "chat:2")
    written = [
        body for method, path, body in stack.cluster.seen if method == "PUT" and "release-000001" in path
    ]
    records = [json.loads(body["data"]["record"]) for body in written]
    assert [(one["result"], [step["share"] for step in one["steps"]]) for one in records] == [
        ("running", [100]),
        ("succeeded", [100]),
    ]
    told = [text for _, text in records[-1]["happened"]]
    assert "traffic moved: blue 100 % → green 100 %" in told
    assert told[-1] == "done: green serves chat:2"


def test_missing_data_is_not_promoted(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.file.write_text(FILE + WATCHED)
    measuring(stack, monkeypatch, None)
    done = stack.run("deploy", "chat:2")
    assert done.exit_code == 1
    assert "error_ratio missing: nothing was measured, at most 0.05" in done.output
    assert stack.shares == "100/0"


@pytest.mark.parametrize(
    ("arguments", "strategy", "told"),
    [
        (("--steps", "10,100"), "blue-green", "--steps with shares needs slipway:strategy canary"),
        (("--steps", "10,5,100"), "canary", "must rise from 1 or more to 100, got 10,5,100"),
        (("--steps", "10"), "canary", "must rise from 1 or more to 100"),
        ((), "rolling", "under the strategy rolling a release is a new image in place"),
    ],
)
def test_what_is_refused(stack: Stack, arguments: tuple[str, ...], strategy: str, told: str) -> None:
    stack.file.write_text(FILE + f"  slipway:strategy: {strategy}\n")
    done = stack.run("deploy", "chat:2", *arguments)
    assert done.exit_code == 1
    assert told in done.output
    assert stack.cluster.seen == []


@pytest.mark.parametrize(
    ("gate", "told"),
    [
        ("{errorPercent: 5}", "slipway:gates.errorPercent must be beside slipway:monitoring"),
        ("{seconds: soon}", "slipway:gates.seconds must be a number"),
        ("{smoke: maybe}", "slipway:gates.smoke must be health or none"),
        ("x", "slipway:gates must be a section"),
    ],
)
def test_gates_that_are_wrong(stack: Stack, gate: str, told: str) -> None:
    stack.file.write_text(FILE + f"  slipway:gates: {gate}\n")
    assert told in stack.run("deploy", "chat:2").output
    assert stack.cluster.seen == []


def dead(stack: Stack, moved: bool) -> None:
    """A deployment of chat:2 that was killed, before or behind the move of traffic."""
    stack.file.write_text(FILE.replace("chat:0", "chat:2"))
    stack.cluster.deployment("green", 3, image="chat:2")
    stack.cluster.route(blue=0 if moved else 100, green=100 if moved else 0)
    doing = Doing("deploy", "blue", "green", "chat:2", earlier="chat:0", pid=2**22 + 1)
    noted = {"slipway/doing": json.dumps(doing.__dict__)}
    spec = {"holderIdentity": doing.identity, "renewTime": lease._micro(lease.now())}  # pyright: ignore[reportPrivateUsage]
    stack.cluster.put(LEASE, {"metadata": {"annotations": noted}, "spec": spec})


@pytest.mark.parametrize("moved", [False, True])
def test_a_deployment_that_died_is_taken_up_again(stack: Stack, moved: bool) -> None:
    dead(stack, moved)
    done = stack.run("deploy", "chat:2")
    assert done.exit_code == 0, done.output
    assert "found: slipway deploy of chat:2 to green by" in done.output
    assert (stack.shares, stack.value("active"), stack.image("green")) == ("0/100", "green", "chat:2")
    assert stack.image("blue") == "chat:1"


@pytest.mark.parametrize("moved", [False, True])
def test_a_deployment_that_died_is_undone_by_rollback(stack: Stack, moved: bool) -> None:
    dead(stack, moved)
    done = stack.run("rollback")
    assert done.exit_code == 0, done.output
    assert stack.shares == "100/0"
    assert stack.file.read_text() == FILE


def test_the_image_of_a_deployment_that_died_is_not_what_another_goes_back_to(stack: Stack) -> None:
    dead(stack, moved=False)
    stack.bad = {"chat:3"}
    assert "undone: blue serves as before" in stack.run("deploy", "chat:3").output
    assert stack.file.read_text() == FILE
    assert stack.happened[-1].startswith("up: chat:0 in green")


def test_a_file_without_canary_weight_gets_none_to_say_that_there_is_none(stack: Stack) -> None:
    file = FILE + "  slipway:strategy: canary\n"
    stack.file.write_text(file)
    stack.bad = {"chat:2"}
    assert stack.run("deploy", "chat:2").exit_code == 1
    assert stack.file.read_text() == file


def test_what_cannot_be_undone_is_told(stack: Stack) -> None:
    stack.bad = {"chat:2", "chat:0"}
    done = stack.run("deploy", "chat:2")
    assert "it was not wholly undone: green is not ready with image chat:0" in done.output
    assert stack.file.read_text() == FILE


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=8))
def test_only_two_good_measurements_in_a_row_pass(seen: list[float | None]) -> None:
    gate = Gate("error_ratio", 0.5, [(float(at), value) for at, value in enumerate(seen)])
    last = seen[-2:]
    if len(last) == 2 and all(value is not None and value <= 0.5 for value in last):
        assert gate.verdict is Verdict.PASSING
    elif len(last) == 2 and all(value is not None and value > 0.5 for value in last):
        assert gate.verdict is Verdict.FAILING
    elif all(value is None for value in last):
        assert gate.verdict is Verdict.MISSING
    else:
        assert gate.verdict is Verdict.INCONCLUSIVE


def test_one_bad_measurement_at_the_end_is_inconclusive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "PAUSE_SECONDS", 0.01)
    values = iter([0.0, 0.9])
    with pytest.raises(GateError, match=r"error_ratio inconclusive: 0\.9, at most 0\.01"):
        gates.watch(
            Gates().open(), 0, lambda: Measured({"error_ratio": next(values)}), lambda: Course.GO, lambda: 0.0
        )


def test_defaults() -> None:
    assert Gates() == Gates(seconds=60, error_percent=1.0, p99_seconds=None, smoke=True)
    assert Gates(p99_seconds=0.5).open() == [Gate("error_ratio", 0.01), Gate("p99_seconds", 0.5)]
    assert Gates(error_percent=None).open() == []


@pytest.mark.parametrize("silent", [True, False])
def test_who_loses_the_lock_leaves_what_it_was_at_to_the_next(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, silent: bool
) -> None:
    """In the middle of a canary: its share stays in the file and in the traffic, and the next command undoes both."""
    stack.file.write_text(CANARY + WATCHED)
    measuring(stack, monkeypatch, 0.0)
    measured = status.measured
    ann = Doing("rollback", "green", "blue", who="ann", host="desk", machine="another")

    def lose(app: Application) -> Any:
        if silent:
            app.lease._valid_until = 0.0  # pyright: ignore[reportPrivateUsage]
        else:
            noted = {"slipway/doing": json.dumps(ann.__dict__)}
            spec = {"holderIdentity": ann.identity, "renewTime": lease._micro(lease.now())}  # pyright: ignore[reportPrivateUsage]
            stack.cluster.put(LEASE, {"metadata": {"annotations": noted}, "spec": spec})
        return measured(app)

    monkeypatch.setattr(status, "measured", lose)
    done = stack.run("deploy", "chat:2", "--steps", "10,100")
    assert done.exit_code == 1
    assert "the lock of this application was lost (" in done.output
    assert (stack.shares, stack.value("canaryWeight"), stack.image("green")) == ("90/10", "10", "chat:2")
    left = json.loads(stack.cluster.objects[LEASE]["metadata"]["annotations"]["slipway/doing"])
    assert left["command"] == ("deploy" if silent else "rollback"), "whose it is stays noted"

    if not silent:  # ann has moved the traffic, and written her own file
        stack.cluster.route(blue=100, green=0)
        stack.cluster.put(LEASE, {"metadata": {}, "spec": {}})
        done = stack.run("rollback")
        assert "says slipway:canaryWeight 10, but the traffic is blue 100 %" in done.output
        assert (stack.shares, stack.value("canaryWeight")) == ("100/0", "0")
        return
    monkeypatch.setattr(Doing, "is_gone", True)
    found = json.loads(stack.run("status", "--json").stdout)["findings"]
    assert "ended without finishing, and left slipway:canaryWeight 10: " in found[0]
    done = stack.run("rollback")
    assert "found: slipway deploy of chat:2 to green by " in done.output
    assert (stack.shares, stack.file.read_text()) == ("100/0", CANARY + WATCHED)


def test_credentials_that_expire_in_the_middle(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the canary up: nothing can be undone, that is told; with a new login the same command goes on, a rollback undoes it."""
    stack.file.write_text(CANARY + WATCHED)
    measuring(stack, monkeypatch, 0.0)
    expired: Answer = (401, {"message": "Unauthorized"})

    def expire(_: Any, __: Any) -> Answer | None:
        return expired if stack.shares == "90/10" else None

    stack.cluster.before = expire
    done = stack.run("deploy", "chat:2", "--steps", "10,100")
    assert done.exit_code == 1
    assert "it was not wholly undone: " in done.output
    assert "to do: log in to the cluster anew" in done.output
    assert stack.shares == "90/10", "on colours that are ready"

    stack.cluster.before = lambda _, __: None
    monkeypatch.setattr(Doing, "is_gone", True)
    done = stack.run("rollback")
    assert done.exit_code == 0, done.output
    assert (stack.shares, stack.image("green"), stack.value("canaryWeight")) == ("100/0", "chat:0", "0")
