"""`slipway switch` and `slipway rollback` against an API server in memory, with `pulumi up` taken out."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from slipway_ops import lease, project, telling, update
from slipway_ops.cli import main
from slipway_ops.ink import Ink
from slipway_ops.lease import Doing
from slipway_ops.masking import Masker
from slipway_ops.update import UpdateError
from tests.support.api_server import (
    AUTOSCALERS,
    LEASE,
    ROUTE,
    FakeApiServer,
    answering,
    deployment_path,
    serve,
)

FILE = """\
# the environment of tests
config:
  slipway:active: blue  # where traffic goes
  slipway:blueImage: chat:blue
  slipway:greenImage: chat:green
  slipway:app:
    name: chat
    scaling: {minReplicas: 2, maxReplicas: 4}
"""


class Stack:
    """A project's folder, a cluster, and how often `pulumi up` ran."""

    def __init__(self, folder: Path, cluster: FakeApiServer) -> None:
        self.folder, self.cluster = folder, cluster
        self.ups: list[str] = []
        self.fail: Exception | None = None
        (folder / "Pulumi.yaml").write_text("name: slipway\n")
        self.file = folder / "Pulumi.dev.yaml"
        self.file.write_text(FILE)

    def up(self, _: Any, __: Callable[[str], None], message: str) -> int:
        self.ups.append(message)
        assert f"slipway:active: {self.carrier}" in self.file.read_text(), (
            "the file must agree before pulumi up"
        )
        if self.fail:
            raise self.fail
        return 1

    @property
    def carrier(self) -> str:
        (color,) = [color for color, weight in self.cluster.weights.items() if weight == 100]
        return color

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, [*arguments, "--cwd", str(self.folder), "--stack", "dev"])

    def json(self, *arguments: str) -> dict[str, Any]:
        return json.loads(self.run(*arguments, "--json").stdout)

    @property
    def writes(self) -> list[str]:
        return [path for method, path, _ in self.cluster.seen if method != "GET"]

    def hold(self, doing: Doing, renewed: str = "2026-01-01T00:00:00.000000Z") -> None:
        noted = {"slipway/doing": json.dumps(doing.__dict__)}
        spec = {"holderIdentity": doing.identity, "renewTime": renewed, "leaseTransitions": 3}
        self.cluster.put(LEASE, {"metadata": {"name": "chat-release", "annotations": noted}, "spec": spec})


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    with serve() as cluster:
        (tmp_path / "kubeconfig").write_text(cluster.kubeconfig)
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
        monkeypatch.setattr(lease, "RENEW_SECONDS", 0.05)
        cluster.deployment("blue", 3)
        cluster.deployment("green", 3)
        cluster.route(blue=100, green=0)
        made = Stack(tmp_path, cluster)
        monkeypatch.setattr(update, "up", made.up)
        yield made


def dead(command: str, source: str, target: str) -> Doing:
    """What a command was at whose process here is gone."""
    return Doing(command, source, target, pid=2**22 + 1)


def test_traffic_then_file_then_state(stack: Stack) -> None:
    done = stack.run("switch", "green")
    assert done.exit_code == 0, done.output
    assert stack.cluster.weights == {"blue": 0, "green": 100}
    assert stack.file.read_text() == FILE.replace("active: blue", "active: green")
    assert stack.ups == ["slipway switch to green"]
    (record,) = stack.cluster.records
    assert (record["command"], record["source"], record["target"]) == ("switch", "blue", "green")
    assert (record["result"], record["image"], record["number"]) == ("succeeded", "chat:green", 1)
    assert record["traffic_moved"] is not None
    assert "traffic moved: blue 100 % → green 100 %" in done.output
    held = stack.cluster.objects[LEASE]
    assert "holderIdentity" not in held["spec"]
    assert json.loads(held["metadata"]["annotations"]["slipway/done"])["target"] == "green"


def test_nothing_is_asked_or_written_between_the_look_and_the_move(stack: Stack) -> None:
    stack.run("switch", "green")
    methods = [(method, path) for method, path, _ in stack.cluster.seen]
    first = methods.index(("PATCH", ROUTE))
    assert methods[:first].count(("POST", LEASE.rsplit("/", 1)[0])) == 1, "the lock comes first"
    assert first <= 9, methods[: first + 1]


def test_the_traffic_does_not_wait_for_the_masks(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """To load them takes as long as a few requests do."""
    seen: list[str] = []

    def ink() -> Ink:
        seen.append(stack.carrier)
        return Ink(Masker())

    monkeypatch.setattr(telling, "ink", ink)
    assert stack.run("switch", "green").exit_code == 0
    assert set(seen) == {"green"}
    program = "import sys, slipway_ops.switching; sys.exit('slipway_ops.masking' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_failed_update_tells_no_secret(stack: Stack) -> None:
    stack.fail = UpdateError("error: login postgres://chat:hunter2@db failed")
    done = stack.run("switch", "green")
    assert "postgres://chat:[secret]@db failed" in done.output
    assert "hunter2" not in done.output
    assert "hunter2" not in json.dumps(stack.cluster.records)


def test_the_other_colour_by_default_and_there_and_back(stack: Stack) -> None:
    assert stack.json("switch")["target"] == "green"
    assert stack.json("switch")["target"] == "blue"
    assert stack.file.read_text() == FILE
    assert [record["number"] for record in stack.cluster.records] == [1, 2]


def test_dry_run_changes_nothing(stack: Stack) -> None:
    done = stack.run("switch", "--dry-run")
    assert done.exit_code == 0
    assert stack.writes == []
    assert stack.ups == []
    assert stack.file.read_text() == FILE
    assert "would move the traffic: blue 100 % → green 100 %" in done.output
    assert "would set slipway:active green in Pulumi.dev.yaml" in done.output


def test_dry_run_says_what_it_would_wait_for(stack: Stack) -> None:
    stack.cluster.deployment("green", 1)
    assert (
        "would first wait until green has 3 ready pods: it has 1" in stack.run("switch", "--dry-run").output
    )


def test_a_switch_to_where_the_traffic_is_makes_file_and_state_agree(stack: Stack) -> None:
    stack.cluster.route(blue=0, green=100)
    report = stack.json("switch", "green")
    assert report["traffic_moved"] is None
    assert report["written"] == {"slipway:active": "green"}
    assert len(stack.ups) == 1
    assert ROUTE not in stack.writes


def test_a_colour_that_is_not_ready_is_scaled_and_waited_for(stack: Stack) -> None:
    stack.cluster.deployment("green", 1)
    scaled: list[tuple[str, int]] = []

    def scale(deployment: str, replicas: int) -> None:
        scaled.append((deployment, replicas))
        assert stack.carrier == "blue"
        stack.cluster.deployment("green", replicas)

    stack.cluster.on_scale = scale
    done = stack.run("switch")
    assert done.exit_code == 0, done.output
    assert scaled == [("chat-green", 3)]
    assert "green needs 3 ready pods before it gets this traffic" in done.output
    assert stack.carrier == "green"


IDLE = {"slipway/replicas": "2", "slipway/idle-replicas": "1"}


def test_autoscalers_leave_what_the_traffic_takes_until_pulumi_makes_others(stack: Stack) -> None:
    """One write moves the traffic; what it goes to is kept, and what it has left is Pulumi's to make smaller."""
    stack.cluster.autoscaler("blue", 2)
    stack.cluster.autoscaler("green", 1, **IDLE)
    assert stack.run("switch", "green").exit_code == 0
    assert stack.cluster.leasts == {"blue": 2, "green": 2}
    assert stack.writes.index(ROUTE) < stack.writes.index(f"{AUTOSCALERS}/chat-green-1")


def test_a_warm_colour_keeps_the_pods_that_it_has(stack: Stack) -> None:
    """Its warm time may end before Pulumi has made another autoscaler."""
    stack.cluster.autoscaler("green", 1, 4, **IDLE)
    assert stack.run("switch", "green").exit_code == 0
    assert stack.cluster.leasts == {"green": 4}


def test_an_autoscaler_that_was_raised_for_traffic_that_went_back_is_lowered(stack: Stack) -> None:
    stack.cluster.autoscaler("green", 4, **IDLE)
    stack.cluster.route(blue=0, green=100)
    assert stack.run("switch", "blue").exit_code == 0
    assert stack.cluster.leasts == {"green": 1}


def test_it_is_raised_before_pods_are_waited_for(stack: Stack) -> None:
    stack.cluster.autoscaler("green", 1, **IDLE)
    stack.cluster.deployment("green", 1)

    def scale(_: str, replicas: int) -> None:
        assert stack.cluster.leasts == {"green": replicas}
        stack.cluster.deployment("green", replicas)

    stack.cluster.on_scale = scale
    assert stack.run("switch", "green").exit_code == 0
    assert stack.cluster.leasts == {"green": 3}


def test_autoscalers_that_cannot_be_written_hold_nothing_up(stack: Stack) -> None:
    stack.cluster.autoscaler("green", 1, **IDLE)
    refused = (403, {"message": "forbidden"})
    stack.cluster.before = lambda method, path: (
        refused if (method, AUTOSCALERS in path) == ("PATCH", True) else None
    )
    done = stack.run("switch", "green")
    assert done.exit_code == 0, done.output
    assert "the autoscalers could not be told of the traffic" in done.output
    assert stack.carrier == "green"


def test_kept_users_and_copies_go_with_the_same_write(stack: Stack) -> None:
    """A canary of 25 % with users who keep their colour, and a second colour that gets copies: all of it ends at once."""
    first = {
        "chat-blue": 40,
        "chat-green": 0,
        "chat-blue-kept": 35,
        "chat-green-kept": 25,
        "chat-blue-mirrored": 0,
    }
    kept = [{"chat-blue": 1, "chat-green": 0}, {"chat-green": 1, "chat-blue": 0}]
    rules = [
        {"backendRefs": [{"name": name, "weight": weight} for name, weight in rule.items()]}
        for rule in (first, *kept)
    ]
    stack.cluster.put(ROUTE, {"metadata": {"name": "chat"}, "spec": {"rules": rules}})
    stack.cluster.deployment("green", 4)
    done = stack.run("switch", "green", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["before"] == {"blue": 75, "green": 25}
    assert stack.writes.count(ROUTE) == 1
    found = [
        {backend["name"]: backend["weight"] for backend in rule["backendRefs"]}
        for rule in stack.cluster.objects[ROUTE]["spec"]["rules"]
    ]
    everyone = {"chat-blue": 0, "chat-green": 1}
    assert found[0]["chat-green"] == sum(found[0].values()) == 100
    assert found[1:] == [everyone, everyone]


def test_a_switch_ends_the_copies_in_the_file_too(stack: Stack) -> None:
    stack.file.write_text(FILE + "  slipway:mirrorPercent: 50\n")
    assert stack.json("switch", "green")["written"] == {
        "slipway:active": "green",
        "slipway:mirrorPercent": "0",
    }


def test_a_colour_that_does_not_get_ready_gets_nothing(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.cluster.deployment("green", 0, 3)
    monkeypatch.setattr(project, "ROLLOUT_SECONDS", 0.1)
    done = stack.run("rollback")
    assert done.exit_code == 1
    assert 'app "chat", green is not ready with image chat:green (0 of 3 pods)' in done.output
    assert "no traffic was moved" in done.output
    assert stack.carrier == "blue"
    assert stack.file.read_text() == FILE
    assert stack.ups == []
    assert "holderIdentity" not in stack.cluster.objects[LEASE]["spec"], "the lock is free again"


def test_rollback_goes_back_and_a_second_one_does_not_go_forth_again(stack: Stack) -> None:
    stack.run("switch", "green")
    assert stack.json("rollback")["target"] == "blue"
    again = stack.run("rollback")
    assert again.exit_code == 0
    assert "rolled back to blue at" in again.output
    assert stack.carrier == "blue"
    assert stack.json("switch")["target"] == "green"
    assert stack.json("rollback")["target"] == "blue", (
        "after a new switch there is something to roll back again"
    )


def test_rollback_of_a_canary_gives_all_to_the_active_colour(stack: Stack) -> None:
    stack.file.write_text(FILE + '  slipway:strategy: canary\n  slipway:canaryWeight: "25"  # a quarter\n')
    stack.cluster.route(blue=75, green=25)
    assert stack.json("rollback")["target"] == "blue"
    assert stack.cluster.weights == {"blue": 100, "green": 0}
    assert 'slipway:canaryWeight: "0"  # a quarter\n' in stack.file.read_text()


def test_rollback_under_rolling_is_refused(stack: Stack) -> None:
    stack.file.write_text(FILE + "  slipway:strategy: rolling\n")
    done = stack.run("rollback")
    assert done.exit_code == 1
    assert "set slipway:blueImage to the earlier image" in done.output
    assert stack.writes == []


def test_a_failed_update_is_told_and_recorded_and_leaves_the_traffic(stack: Stack) -> None:
    stack.fail = UpdateError("the provider said no")
    done = stack.run("switch")
    assert done.exit_code == 1
    assert "the provider said no" in done.output
    assert (
        "the traffic is on green, and the stack's file says so; Pulumi's state does not agree yet"
        in done.output
    )
    assert stack.carrier == "green"
    assert stack.cluster.records[0]["result"] == "failed"
    stack.fail = None
    healed = stack.run("switch", "green")
    assert healed.exit_code == 0
    assert [record["result"] for record in stack.cluster.records] == ["failed", "succeeded"]


def test_a_file_that_cannot_be_written_is_told(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("slipway_ops.stack_file._replace", full)
    done = stack.run("switch")
    assert done.exit_code == 1
    assert "Pulumi.dev.yaml cannot be written: No space left on device" in done.output
    assert "the traffic is on green; Pulumi's state does not agree yet" in done.output
    assert stack.ups == []


def test_someone_who_works_is_left_to_it(stack: Stack) -> None:
    other = Doing("deploy", "blue", "green", who="ann", host="desk", pid=os.getpid())
    stack.hold(other, lease._micro(lease.now()))  # pyright: ignore[reportPrivateUsage]
    for command in ("switch", "rollback"):
        done = stack.run(command)
        assert done.exit_code == 1
        assert f"ann@desk (process {os.getpid()})" in done.output
        assert "holds the lock of this application; nothing was changed" in done.output
    assert stack.writes == []


def test_rollback_by_force(stack: Stack) -> None:
    stack.cluster.route(blue=0, green=100)
    other = Doing("deploy", "blue", "green", who="ann", host="desk", pid=os.getpid())
    stack.hold(other, lease._micro(lease.now()))  # pyright: ignore[reportPrivateUsage]
    done = stack.run("rollback", "--force")
    assert done.exit_code == 0, done.output
    assert "is pushed aside" in done.output
    assert stack.carrier == "blue"


@pytest.mark.parametrize("note", ["slipway/doing", "slipway/done", "slipway/asked"])
@pytest.mark.parametrize("said", ["{", "[1]", '{"command": '])
def test_rollback_by_force_whatever_stands_on_the_lock(stack: Stack, note: str, said: str) -> None:
    """Given a lock that cannot be read, whichever of its notes that is, then the traffic can go back all the same."""
    stack.cluster.route(blue=0, green=100)
    spec = {"holderIdentity": "ann@desk", "renewTime": lease._micro(lease.now())}  # pyright: ignore[reportPrivateUsage]
    metadata = {"name": "chat-release", "annotations": {note: said}}
    stack.cluster.put(LEASE, {"metadata": metadata, "spec": spec})
    done = stack.run("rollback", "--force")
    assert done.exit_code == 0, done.output
    assert stack.carrier == "blue"


@pytest.mark.parametrize(
    ("command", "was", "carrier", "target"),
    [
        ("switch", dead("switch", "blue", "green"), "blue", "green"),  # finish it
        ("switch", dead("switch", "blue", "green"), "green", "green"),
        ("rollback", dead("switch", "blue", "green"), "green", "blue"),  # undo it
        ("rollback", dead("switch", "blue", "green"), "blue", "blue"),  # it had not moved anything yet
        ("rollback", dead("rollback", "green", "blue"), "blue", "blue"),  # finish it
        ("rollback", dead("rollback", "green", "blue"), "green", "blue"),
        ("rollback", dead("deploy", "blue", "green"), "green", "blue"),
    ],
)
def test_what_a_dead_command_was_at_is_told_and_finished_or_undone(
    stack: Stack, command: str, was: Doing, carrier: str, target: str
) -> None:
    stack.cluster.route(**{"blue": 0, "green": 0, carrier: 100})
    stack.hold(was, lease._micro(lease.now()))  # pyright: ignore[reportPrivateUsage]  (fresh: its process is known to be gone)
    done = stack.run(command)
    assert done.exit_code == 0, done.output
    assert f"found: slipway {was.command} to {was.target} by {was.identity}" in done.output
    assert stack.carrier == target
    assert f"slipway:active: {target}" in stack.file.read_text()
    assert stack.ups == [f"slipway {command} to {target}"]


def test_a_lock_from_elsewhere_that_looks_old_is_watched_first(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.hold(Doing("switch", "blue", "green", host="desk", machine="another"))
    slept: list[float] = []

    def renewed(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 1:  # it lives: its clock is behind
            stack.hold(
                Doing("switch", "blue", "green", host="desk", machine="another"),
                "2026-01-01T00:00:05.000000Z",
            )

    monkeypatch.setattr(lease.time, "sleep", renewed)
    assert stack.run("switch").exit_code == 1
    done = stack.run("switch")
    assert done.exit_code == 0, done.output
    assert "the lock looks left behind" in done.output


def test_two_at_the_same_moment(stack: Stack) -> None:
    def faster(method: str, path: str) -> Any:
        if method == "POST" and path.endswith("/leases"):
            stack.cluster.before = answering()
            stack.hold(Doing("switch", "blue", "green", who="ann", host="desk"))
        return None

    stack.cluster.before = faster
    done = stack.run("switch")
    assert done.exit_code == 1
    assert "ann@desk" in done.output
    assert "took the lock at the same moment; nothing was changed" in done.output
    assert ROUTE not in stack.writes


def test_a_route_that_somebody_writes_meanwhile_is_read_again(stack: Stack) -> None:
    def between(method: str, path: str) -> Any:
        if (method, path) == ("PATCH", ROUTE):
            stack.cluster.before = answering()
            stack.cluster.route(blue=100, green=0)
        return None

    stack.cluster.before = between
    done = stack.run("switch", "green")
    assert done.exit_code == 0, done.output
    assert stack.cluster.weights == {"blue": 0, "green": 100}
    assert [path for path in stack.writes if path == ROUTE] == [ROUTE, ROUTE]


def test_a_rule_for_a_preview_keeps_its_weight(stack: Stack) -> None:
    route = stack.cluster.objects[ROUTE]
    preview: dict[str, Any] = {
        "backendRefs": [{"name": "chat-green", "weight": 1}],
        "matches": [{"headers": []}],
    }
    route["spec"]["rules"].insert(0, preview)
    stack.cluster.put(ROUTE, route)
    assert stack.run("switch", "green", "--json").exit_code == 0
    rules = stack.cluster.objects[ROUTE]["spec"]["rules"]
    assert rules[0] == preview
    assert [ref["weight"] for ref in rules[1]["backendRefs"]] == [0, 100]


def test_no_such_application(stack: Stack) -> None:
    del stack.cluster.objects[ROUTE]
    done = stack.run("switch")
    assert done.exit_code == 1
    assert "there is no HTTPRoute dev/chat in http://127.0.0.1" in done.output
    assert "nothing was changed" in done.output
    assert stack.writes == []


def test_a_dead_api_server(stack: Stack, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "kubeconfig").write_text(
        stack.cluster.kubeconfig.replace(stack.cluster.url, f"http://127.0.0.1:{port}")
    )
    done = stack.run("rollback")
    assert done.exit_code == 1
    assert "does not answer" in done.output
    assert "Connection refused" in done.output
    assert stack.file.read_text() == FILE


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("slipway:active: purple", "slipway:active must be one of blue, green, got 'purple'"),
        ("slipway:canaryWeight: 200", "slipway:canaryWeight must be 0-100, got 200"),
        ("slipway:strategy: hope", "slipway:strategy must be one of blue-green, canary, rolling, got 'hope'"),
    ],
)
def test_a_stack_file_that_is_wrong(stack: Stack, wrong: str, told: str) -> None:
    key = wrong.split(": ", maxsplit=1)[0]
    kept = "".join(line for line in FILE.splitlines(keepends=True) if not line.strip().startswith(key))
    stack.file.write_text(kept + f"  {wrong}\n")
    done = stack.run("switch")
    assert done.exit_code == 1
    assert told in done.output
    assert stack.cluster.seen == []


def test_every_mistake_of_a_stack_file_at_once(stack: Stack) -> None:
    stack.file.write_text(
        "config:\n  slipway:active: purple\n  slipway:app: {scaling: {minReplicas: 0, maxReplicas: yes}}\n"
    )
    said = stack.run("switch").output
    for key in (
        "app.name",
        "blueImage",
        "greenImage",
        "active",
        "scaling.minReplicas",
        "scaling.maxReplicas",
    ):
        assert f"slipway:{key}" in said or f"slipway:app.{key}" in said, said


def test_errors_for_programs(stack: Stack) -> None:
    del stack.cluster.objects[deployment_path("green")]
    stack.cluster.before = lambda _, path: (403, {"message": "forbidden"}) if path == ROUTE else None
    done = stack.run("switch", "--json")
    assert done.exit_code == 1
    assert "forbidden" in json.loads(done.stdout)["error"]
    assert "have the cluster's administrator give you this right" in done.output


LEFT = FILE + '  slipway:strategy: canary\n  slipway:canaryWeight: "10"\n'


@pytest.mark.parametrize("carrier", ["blue", "green"])
@pytest.mark.parametrize("arguments", [("rollback",), ("switch", "blue")])
def test_a_canary_s_share_that_was_left_is_told_and_taken_out(
    stack: Stack, carrier: str, arguments: tuple[str, ...]
) -> None:
    """Somebody has moved the traffic by hand, or from another checkout: rollback must not go forth to the canary."""
    stack.file.write_text(LEFT)
    stack.cluster.route(**{"blue": 0, "green": 0, carrier: 100})
    done = stack.run(*arguments)
    assert done.exit_code == 0, done.output
    told = f"Pulumi.dev.yaml says slipway:canaryWeight 10, but the traffic is {carrier} 100 %: something that ended left it"
    assert f"found: {told}" in done.output
    assert stack.carrier == "blue"
    assert stack.file.read_text() == LEFT.replace('"10"', '"0"')
    assert "found: " not in stack.run("switch", "blue").output


def test_a_canary_that_is_as_the_file_says_is_no_leftover(stack: Stack) -> None:
    stack.file.write_text(LEFT)
    stack.cluster.route(blue=90, green=10)
    done = stack.run("rollback")
    assert "found: " not in done.output
    assert (stack.carrier, stack.file.read_text()) == ("blue", LEFT.replace('"10"', '"0"'))


def test_a_share_of_another_strategy_is_taken_out_too(stack: Stack) -> None:
    stack.file.write_text(LEFT.replace("strategy: canary", "strategy: blue-green"))
    assert stack.run("switch", "green").exit_code == 0
    assert 'slipway:canaryWeight: "0"' in stack.file.read_text()
