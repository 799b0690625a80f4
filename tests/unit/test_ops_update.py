"""`pulumi up` by the command: a pulumi made of a few lines says what the real one says."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from slipway_ops import update
from slipway_ops.project import Project
from slipway_ops.update import UpdateError

PULUMI = """#!/usr/bin/env python3
import json, pathlib, sys
if sys.argv[1] == "version":
    print("v3.220.0")
    sys.exit()
folder = pathlib.Path({folder!r})
calls = folder / "calls"
calls.write_text((calls.read_text() if calls.exists() else "") + json.dumps(sys.argv[1:]) + "\\n")
runs = json.loads((folder / "runs").read_text())
run = runs.pop(0)
(folder / "runs").write_text(json.dumps(runs))
for line in run.get("out", []):
    print(line if isinstance(line, str) else json.dumps(line), flush=True)
print(run.get("err", ""), file=sys.stderr)
sys.exit(run.get("code", 0))
"""
ROUTE = (
    "urn:pulumi:dev::slipway::slipway:index:App$kubernetes:gateway.networking.k8s.io/v1:HTTPRoute::chat-route"
)


def step(op: str) -> dict[str, Any]:
    return {
        "resOutputsEvent": {
            "metadata": {"op": op, "urn": ROUTE, "type": ROUTE.split("$")[1].rsplit("::", 1)[0]}
        }
    }


def diagnostic(severity: str, message: str, **more: Any) -> dict[str, Any]:
    return {"diagnosticEvent": {"severity": severity, "message": message, **more}}


class Pulumi:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        program = folder / "pulumi"
        program.write_text(PULUMI.format(folder=str(folder)))
        program.chmod(0o755)
        self.told: list[str] = []

    def up(self, *runs: dict[str, Any]) -> int:
        (self.folder / "runs").write_text(json.dumps(runs))
        return update.up(Project(self.folder, "dev"), self.told.append, "a message")

    @property
    def calls(self) -> list[list[str]]:
        return [json.loads(line) for line in (self.folder / "calls").read_text().splitlines()]


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pulumi:
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(update, "_PAUSE_SECONDS", 0.01)
    return Pulumi(tmp_path)


def locked(host: str, pid: int) -> dict[str, Any]:
    said = f"error: the stack is currently locked by 1 lock(s).\n  file: created by me@{host} (pid {pid}) at 2026-01-01"
    return {"code": 255, "err": said}


def test_what_changed_is_told_and_counted(pulumi: Pulumi) -> None:
    said: list[dict[str, Any]] = [
        step("same"),
        step("update"),
        diagnostic("info#err", "<{%reset%}>waiting<{%reset%}>\n"),
        {"summaryEvent": {}},
    ]
    assert pulumi.up({"out": said}) == 1
    assert pulumi.told == ["updated chat-route (HTTPRoute)", "waiting"]
    ((*arguments,),) = pulumi.calls
    assert arguments[:4] == ["up", "--yes", "--skip-preview", "--json"]
    assert arguments[arguments.index("--stack") + 1] == "dev"
    assert arguments[arguments.index("--message") + 1] == "a message"
    assert "--non-interactive" in arguments


def test_why_it_failed(pulumi: Pulumi) -> None:
    said = [
        diagnostic("warning", "old"),
        diagnostic("error", "<{%fg 1%}>green is not ready<{%reset%}>: no image"),
    ]
    with pytest.raises(UpdateError, match=r"^green is not ready: no image$"):
        pulumi.up({"out": said, "code": 1})


def test_why_it_failed_before_it_began(pulumi: Pulumi) -> None:
    with pytest.raises(UpdateError, match="no stack named 'dev' found\npulumi up failed"):
        pulumi.up({"code": 255, "err": "error: no stack named 'dev' found"})


def test_no_pulumi(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UpdateError, match="the program pulumi is not on PATH"):
        update.up(Project(tmp_path, "dev"), print, "")


def test_the_lock_of_a_pulumi_that_is_gone_is_removed(pulumi: Pulumi) -> None:
    pulumi.up(locked(socket.gethostname(), 2**22 + 1), {}, {})
    assert [call[0] for call in pulumi.calls] == ["up", "cancel", "up"]
    assert pulumi.told == ["a pulumi that was killed left its lock on the state: removed"]


def test_a_dead_one_s_lock_that_cannot_be_removed(pulumi: Pulumi) -> None:
    with pytest.raises(UpdateError, match="who holds that lock is dead, but pulumi cancel cannot remove it"):
        pulumi.up(locked(socket.gethostname(), 2**22 + 1), {"code": 1, "err": "permission denied"})
    assert [call[0] for call in pulumi.calls] == ["up", "cancel"]


def test_a_pulumi_that_works_elsewhere_is_asked_for_again(pulumi: Pulumi) -> None:
    pulumi.up(locked("elsewhere", 2**22 + 1), locked("elsewhere", 2**22 + 1), {})
    assert [call[0] for call in pulumi.calls] == ["up", "up", "up"]
    assert pulumi.told == ["another pulumi is at work on this stack: waiting for it"]


def test_a_pulumi_that_works_here_is_waited_for_as_long_as_it_lives(
    pulumi: Pulumi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(update, "_LOCK_SECONDS", 0)
    with subprocess.Popen(["sleep", "60"]) as other:

        def end() -> None:
            while not pulumi.told:
                time.sleep(0.01)
            other.terminate()
            other.wait()  # one that nobody waited for counts as alive

        threading.Thread(target=end, daemon=True).start()
        pulumi.up(locked(socket.gethostname(), other.pid), {})
    assert [call[0] for call in pulumi.calls] == ["up", "up"]
    assert pulumi.told == ["another pulumi is at work on this stack: waiting for it"]


@pytest.mark.parametrize(
    ("limit", "host", "pid"),
    [("_LOCK_SECONDS", "elsewhere", 1), ("_ALIVE_SECONDS", socket.gethostname(), os.getpid())],
    ids=["elsewhere", "here"],
)
def test_a_pulumi_that_works_for_too_long(
    pulumi: Pulumi, monkeypatch: pytest.MonkeyPatch, limit: str, host: str, pid: int
) -> None:
    monkeypatch.setattr(update, limit, 0)
    with pytest.raises(UpdateError, match="if no other pulumi is at work on this stack, run pulumi cancel"):
        pulumi.up(locked(host, pid))


def test_one_ctrl_c_waits_for_pulumi(pulumi: Pulumi, monkeypatch: pytest.MonkeyPatch) -> None:
    pressed: list[bool] = []

    class Interrupted(threading.Thread):
        def join(self, timeout: float | None = None) -> None:
            if threading.current_thread() is threading.main_thread() and not pressed:
                pressed.append(True)
                raise KeyboardInterrupt
            super().join(timeout)

    monkeypatch.setattr(update.threading, "Thread", Interrupted)
    assert pulumi.up({"out": [step("update")]}) == 1
    assert pulumi.told[0].startswith("stopping: pulumi ends the step")
