"""What the command meets that nobody meant: files, logins, answers, notes and terminals that are not as they should be."""

from __future__ import annotations

import getpass
import json
import os
import signal
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from slipway_ops import api as connection
from slipway_ops import kubeconfig, lease, stack_file, switching, update
from slipway_ops.api import Api, UnreachableError
from slipway_ops.cli import main
from slipway_ops.errors import OperatorError
from slipway_ops.github import host
from slipway_ops.lease import Doing, now
from slipway_ops.project import Project
from tests.support.api_server import CONFIG_MAPS, LEASE, FakeApiServer, refusing
from tests.support.stack import FILE, Stack, ready

POD = "/api/v1/namespaces/dev/pods/a"
REMOTE = {"who": "ann", "host": "elsewhere", "pid": 7, "machine": "another"}


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    monkeypatch.setattr(lease, "RENEW_SECONDS", 0.05)
    with ready(tmp_path, monkeypatch) as made:
        yield made


def held(stack: Stack, doing: Any, renewed: str = "2026-01-01T00:00:00.000000Z", **notes: str) -> None:
    noted = {"slipway/doing": doing if isinstance(doing, str) else json.dumps(doing), **notes}
    spec = {"holderIdentity": "ann@elsewhere (process 7)", "renewTime": renewed}
    stack.cluster.put(LEASE, {"metadata": {"name": "chat-release", "annotations": noted}, "spec": spec})


def test_a_terminal_that_is_gone_stops_no_release(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: Any, **__: Any) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(click, "echo", gone)
    assert stack.run("deploy", "chat:2").exit_code == 0
    assert (stack.shares, stack.value("active")) == ("0/100", "green")
    assert stack.cluster.records[-1]["result"] == "succeeded"


def test_the_end_of_the_terminal_is_a_ctrl_c_but_under_nohup(stack: Stack) -> None:
    before = signal.getsignal(signal.SIGHUP)
    try:
        stack.run("status")
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGHUP)  # the shell's own does not end what is undone
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN, "as under nohup"
        stack.run("status")
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(
    ("error", "told"),
    [(KeyError("x"), "a defect of slipway, in broken"), (KeyboardInterrupt(), "stopped by Ctrl-C")],
)
def test_programs_get_json_however_it_ends(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, error: BaseException, told: str
) -> None:
    def broken(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(switching, "run", broken)
    done = stack.run("switch", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["error"].startswith(told)
    assert "Traceback" not in done.output


def test_a_user_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert Doing("switch", "blue", "green").who == f"user {os.getuid()}"


def test_without_pulumi_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    told: list[str] = []
    events = update.Events(told.append)
    said = update.run(Project(tmp_path, "dev"), ["up"], events, told.append)
    assert said is not None
    assert said.startswith("the program pulumi is not on PATH")


def pulumi(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Another program of that name."""
    (folder / "pulumi").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "pulumi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_a_pulumi_that_does_not_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pulumi(tmp_path, monkeypatch, "exit 3")
    told: list[str] = []
    said = update.run(Project(tmp_path, "dev"), ["up"], update.Events(told.append), told.append)
    assert said is not None
    assert said.startswith("pulumi version ended with exit code 3")


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo '<html>hush'", "answers no JSON, or no such JSON; nothing was changed"),
        ("echo '[]'", "answers no JSON, or no such JSON; nothing was changed"),
        ("kill -9 $$", "failed; nothing was changed: exit code -9"),
        ("echo 'unknown flag: --json' >&2; exit 255", "failed; nothing was changed: unknown flag: --json"),
    ],
)
def test_a_pulumi_that_answers_nonsense(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, script: str, told: str
) -> None:
    pulumi(stack.folder, monkeypatch, script)
    for command in ("preview", "drift"):
        error = json.loads(stack.run(command, "--json").stdout)["error"]
        assert error.startswith(f"pulumi stack export {told}")
        assert "hush" not in error


def test_a_summary_that_cannot_be_written_hides_no_preview(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulumi(stack.folder, monkeypatch, "exit 0")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "/nowhere/summary")
    done = stack.run("preview")
    assert done.exit_code == 0
    assert "GITHUB_STEP_SUMMARY, cannot be written" in done.output
    assert "## Preview of `dev`" in done.output


def test_a_stack_whose_name_no_file_can_have(stack: Stack) -> None:
    done = CliRunner().invoke(main, ["status", "--cwd", str(stack.folder), "--stack", "x" * 300])
    assert "stacks with a file are dev" in done.output


@pytest.mark.parametrize("image", ["", "Not An Image", "a\nb", "chat:", "https://a/b"])
def test_an_image_that_is_none(stack: Stack, image: str) -> None:
    done = stack.run("deploy", image)
    assert done.exit_code == 1
    assert f"IMAGE must be an image, as registry/path:tag, got {image!r}; nothing was changed" in done.output
    assert {method for method, _, _ in stack.cluster.seen} <= {"GET"}
    assert stack.file.read_text() == FILE


# The lock and the records, as other versions and hands leave them.


def test_a_lock_that_a_newer_version_wrote_is_understood(stack: Stack) -> None:
    held(stack, {"command": "deploy", "source": "blue", "target": "green", **REMOTE, "more": 1})
    done = stack.run("switch", "--dry-run")
    assert "found: slipway deploy to green by ann@elsewhere (process 7)" in done.output


@pytest.mark.parametrize("noted", ["{", "[1]", '"x"', '{"command": "deploy"}'])
def test_a_lock_that_cannot_be_read(stack: Stack, noted: str) -> None:
    held(stack, noted)
    done = stack.run("deploy", "chat:2")
    assert done.exit_code == 1
    assert "the lock of this application, Lease dev/chat-release, cannot be read" in done.output
    assert "kubectl -n dev delete lease chat-release" in done.output
    assert stack.shares == "100/0"
    assert stack.run("rollback", "--force").exit_code == 0
    assert stack.shares == "0/100"


def test_what_is_asked_of_a_deployment_in_words_of_another_version(stack: Stack) -> None:
    fresh = now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    doing = {"command": "deploy", "source": "blue", "target": "green", **REMOTE}
    held(stack, doing, fresh, **{"slipway/asked": json.dumps({"course": "dance", "who": "a", "at": "b"})})
    done = stack.run("pause")
    assert (done.exit_code, "cannot be read" in done.output) == (1, True)


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_dead_command_whose_clock_was_wrong_is_not_waited_for(stack: Stack, hours: int) -> None:
    renewed = (now() + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    held(stack, {"command": "switch", "source": "blue", "target": "green", **REMOTE}, renewed)
    assert stack.run("switch", "green").exit_code == 0


@pytest.mark.parametrize(
    "data",
    [
        {"record": "{"},
        {},
        {"record": "[]"},
        {"record": '{"number": "x"}'},
        {"record": '{"number": 7, "began": "then"}'},
    ],
)
def test_a_record_that_cannot_be_read_keeps_nobody_from_releasing(stack: Stack, data: dict[str, str]) -> None:
    assert stack.run("deploy", "chat:2").exit_code == 0
    labels = stack.cluster.objects[f"{CONFIG_MAPS}/chat-release-000001"]["metadata"]["labels"]
    metadata = {"name": "chat-release-000007", "labels": labels, "creationTimestamp": "2026-11-01T00:00:00Z"}
    stack.cluster.put(f"{CONFIG_MAPS}/chat-release-000007", {"metadata": metadata, "data": data})
    (broken, good) = json.loads(stack.run("history", "--json").stdout)["releases"]
    assert (broken["number"], broken["result"], good["result"]) == (7, "unreadable", "succeeded")
    assert "ConfigMap chat-release-000007 holds no record" in broken["text"]
    assert "unreadable" in stack.run("history").output
    stack.cluster.put("/api/v1/namespaces/dev/services/chat-blue:80/proxy/healthz", {})
    assert stack.run("deploy", "chat:3").exit_code == 0
    assert stack.cluster.objects[f"{CONFIG_MAPS}/chat-release-000007"]["data"] == data
    assert f"{CONFIG_MAPS}/chat-release-000008" in stack.cluster.objects


# The stack's file.


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "config:\n  slipway:active: blue\n  slipway:active: green\n",
            "line 3: slipway:active stands in line 2 already",
        ),
        (
            "config:\n  slipway:blueImage: &it chat:1\n  slipway:greenImage: *it\n",
            "line 3: slipway:greenImage shares its value by & or *",
        ),
        ("config:\n  slipway:a: 2026-02-30\n", "day is out of range for month"),
        ("config:\n  slipway:a: 0x_\n", "invalid literal"),
        ("config:\n\tslipway:a: 1\n", "found character"),
        ("config: " + "[" * 5000, "cannot be read"),
        ("", "has no section `config:`"),
        ("config:\n", "has no section `config:`"),
    ],
)
def test_a_stack_file_that_cannot_be_used(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(text)
    with pytest.raises(OperatorError, match=told.replace("*", r"\*")):
        stack_file.read(file)


def test_a_stack_file_in_another_coding(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_bytes("config:\n  slipway:app: größe\n".encode("latin-1"))
    with pytest.raises(OperatorError, match="cannot be read: 'utf-8' codec"):
        stack_file.read(file)


def test_an_editor_s_mark_before_a_stack_file_stays(tmp_path: Path) -> None:
    file = tmp_path / "Ordner mit Größe" / "Pulumi.dev.yaml"
    file.parent.mkdir()
    file.write_bytes(b"\xef\xbb\xbf" + FILE.encode())
    stack_file.write(file, {"slipway:active": "green"})
    assert file.read_bytes() == b"\xef\xbb\xbf" + FILE.replace("active: blue", "active: green").encode()
    assert stack_file.read(file)["slipway:active"] == "green"


def test_a_key_after_which_nothing_stands_is_left_out(stack: Stack) -> None:
    stack.file.write_text(
        FILE.replace("healthPath: /healthz", "healthPath: , scaling: {minReplicas: }")
        + "  slipway:canaryWeight:\n  slipway:gates:\n  slipway:monitoring:\n  slipway:migration:\n"
    )
    done = stack.run("deploy", "chat:2", "--dry-run")
    assert done.exit_code == 0, done.output
    assert "would ask green for /\n" in done.output


@pytest.mark.parametrize("content", ["", "- 1\n", "name:\n"])
def test_a_project_that_says_nothing(stack: Stack, content: str) -> None:
    (stack.folder / "Pulumi.yaml").write_text(content)
    assert stack.run("status").exit_code == 0


# The login and the API server.


def access(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **said: Any) -> Api:
    content = json.loads(FakeApiServer("https://127.0.0.1:1").kubeconfig)
    content["clusters"][0]["cluster"] |= said.pop("cluster", {})
    content["users"][0]["user"] = said or {"token": "t"}
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(content))
    monkeypatch.setenv("KUBECONFIG", str(file))
    return Api()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"token": "a\nb"}, "the token of .* is none: it has other than printable ASCII\n  to do: log in"),
        ({"tokenFile": "none"}, "the token of .* cannot be read: .*No such file"),
        (
            {"client-certificate-data": "%%%", "client-key-data": "a"},
            "the client-key of .* cannot be read",
        ),
        (
            {"client-certificate-data": "YQ==", "client-key-data": "YQ=="},
            "the client certificate of .* is none",
        ),
        ({"client-certificate": "none", "client-key": "none"}, "the client-certificate of .* cannot be read"),
        (
            {"cluster": {"certificate-authority-data": "YQ=="}},
            "the certificate-authority of .* is no certificate",
        ),
        (
            {"exec": {"command": "a"}},
            "the login program of .* is not described whole: KeyError\\('apiVersion'\\)",
        ),
        (
            {"exec": {"command": "nowhere", "apiVersion": "v1"}},
            "'nowhere' gives no login for .*: it is not on PATH",
        ),
        *(
            (
                {"exec": {"command": "echo", "args": [answer], "apiVersion": "v1"}},
                "'echo' gives no login for .*: its answer is none",
            )
            for answer in ("hush", "null", '{"status": null}', '{"status": {}}')
        ),
    ],
)
def test_a_login_that_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: dict[str, Any], told: str
) -> None:
    with pytest.raises(OperatorError, match=told) as error:
        access(tmp_path, monkeypatch, **said).get(POD)
    assert "hush" not in str(error.value)


@pytest.mark.parametrize(
    "server", [None, "", "127.0.0.1:6443", "https://", "https://a:b", "https://[::1", "https://a:0"]
)
def test_a_server_that_is_no_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: str | None
) -> None:
    with pytest.raises(OperatorError, match="must be an address, as https"):
        access(tmp_path, monkeypatch, cluster={"server": server})


def test_a_kubeconfig_that_is_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/nowhere")
    with pytest.raises(OperatorError, match="/nowhere is not there; set KUBECONFIG"):
        kubeconfig.read()


@pytest.mark.parametrize("status", [200, 302])
@pytest.mark.parametrize("text", ["<html>Log in</html>", "", "[]", '{"kind": "Pod"'])
def test_somebody_else_answers_for_the_api_server(stack: Stack, status: int, text: str) -> None:
    stack.cluster.before = refusing((status, text))
    done = stack.run("switch")
    assert done.exit_code == 1
    assert "with what is no object of Kubernetes" in done.output
    assert "no proxy answers in its place" in done.output


def test_an_answer_with_odd_bytes_and_a_date_to_come_back_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection.time, "sleep", list[float]().append)
    answer = (
        b"HTTP/1.1 429 Later\r\nRetry-After: Wed, 21 Oct 2026 07:28:00 GMT\r\nContent-Length: 1\r\n\r\n\xff"
    )
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            client, _ = server.accept()
            with client:
                for _ in range(3):
                    client.recv(65536)
                    client.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(OperatorError, match=r"refuses GET .*: � \(429\)"):
            access(tmp_path, monkeypatch, cluster={"server": url}).get(POD)


def test_an_answer_that_is_cut_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            client, _ = server.accept()
            with client:
                client.recv(65536)
                client.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"kind"')

        threading.Thread(target=serve, daemon=True).start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(UnreachableError, match="IncompleteRead"):
            access(tmp_path, monkeypatch, cluster={"server": url}).get(POD)


# The Git host.


def test_a_token_with_the_line_break_of_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_REPOSITORY", "team/shop\n")
    monkeypatch.setenv("GITHUB_TOKEN", "hush\n")
    assert (host().token, host().repository) == ("hush", "team/shop")
    monkeypatch.setenv("GITHUB_TOKEN", "hush\nhush")
    with pytest.raises(OperatorError, match="GITHUB_TOKEN is no token") as error:
        host()
    assert "hush" not in str(error.value)
