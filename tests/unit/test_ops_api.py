"""Kubeconfig and connection of the command: logins, closed connections, throttling, silence."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slipway_ops import api as connection
from slipway_ops import kubeconfig
from slipway_ops.api import Api, RefusedError, UnreachableError
from slipway_ops.errors import OperatorError
from tests.support.api_server import FakeApiServer, answering, refusing, serve

POD = "/api/v1/namespaces/dev/pods/a"


@pytest.fixture
def cluster() -> Iterator[FakeApiServer]:
    with serve() as fake:
        yield fake


@pytest.fixture
def config(cluster: FakeApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "kubeconfig"
    file.write_text(cluster.kubeconfig)
    monkeypatch.setenv("KUBECONFIG", str(file))
    return file


def user(file: Path, **said: Any) -> None:
    """Writes another login into the kubeconfig."""
    content = json.loads(file.read_text())
    content["users"][0]["user"] = said
    file.write_text(json.dumps(content))


def test_the_first_of_several_files_wins(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = tmp_path / "second"
    second.write_text(config.read_text().replace('"t"', '"u"').replace('"x"', '"y"'))
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'none'}:{config}:{second}")
    access = kubeconfig.read()
    assert (access.context, access.credential()) == ("x", {"token": "t"})


def test_no_kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(OperatorError, match="kube/config is not there; set KUBECONFIG"):
        Api()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "cannot be read"),
        ("[]", "names no current context"),
        ("- 1", "is no kubeconfig"),
        (
            '{"current-context": "x", "contexts": [{"name": "x", "context": {"cluster": "c"}}]}',
            "'c', which is not there",
        ),
    ],
)
def test_a_kubeconfig_that_is_wrong(config: Path, text: str, told: str) -> None:
    config.write_text(text)
    with pytest.raises(OperatorError, match=told):
        Api()


def test_a_token_in_a_file_beside_the_kubeconfig(config: Path) -> None:
    (config.parent / "token").write_text("s\n")
    user(config, tokenFile="token")
    assert kubeconfig.read().credential() == {"token": "s"}


def test_a_user_without_a_login(config: Path) -> None:
    user(config, username="u", password="p")
    with pytest.raises(OperatorError, match="neither token, client certificate nor exec"):
        Api().get(POD)


def program(tmp_path: Path, code: str) -> dict[str, Any]:
    file = tmp_path / "login.py"
    file.write_text(code)
    return {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": sys.executable,
        "args": [str(file)],
        "env": [{"name": "WHO", "value": "me"}],
    }


def test_a_login_by_a_program_is_asked_anew_when_it_has_expired(
    config: Path, cluster: FakeApiServer, tmp_path: Path
) -> None:
    code = (
        "import json, os, pathlib\n"
        "asked = json.loads(os.environ['KUBERNETES_EXEC_INFO'])\n"
        f"count = pathlib.Path({str(tmp_path / 'count')!r})\n"
        "count.write_text((count.read_text() if count.exists() else '') + 'x')\n"
        "assert asked['kind'] == 'ExecCredential' and os.environ['WHO'] == 'me'\n"
        "print(json.dumps({'status': {'token': 'n' + str(len(count.read_text()))}}))\n"
    )
    user(config, exec=program(tmp_path, code))
    cluster.before = answering((401, {"message": "expired"}))
    cluster.put(POD, {"kind": "Pod"})
    found = Api().get(POD)
    assert found is not None
    assert found["kind"] == "Pod"
    assert (tmp_path / "count").read_text() == "xx"


def test_a_login_program_that_fails(config: Path, tmp_path: Path) -> None:
    user(config, exec=program(tmp_path, "import sys; sys.exit('the session is over')"))
    with pytest.raises(OperatorError, match=r"gives no login for .*: the session is over"):
        Api().get(POD)


def test_a_login_program_that_is_not_there(config: Path) -> None:
    user(config, exec={"apiVersion": "v1", "command": "there-is-no-such-program"})
    with pytest.raises(OperatorError, match="there-is-no-such-program"):
        Api().get(POD)


@pytest.mark.usefixtures("config")
def test_what_is_not_there_is_none(cluster: FakeApiServer) -> None:
    assert Api().get(POD) is None
    cluster.put(POD, {"kind": "Pod"})
    found = Api().get(POD)
    assert found is not None
    assert found["kind"] == "Pod"


@pytest.mark.parametrize(
    ("path", "sent"),
    [("/größe?a=b&c=%20", "/gr%C3%B6%C3%9Fe?a=b&c=%20"), ("/a b", "/a%20b"), (POD, POD)],
)
def test_a_path_is_sent_in_ascii(path: str, sent: str) -> None:
    assert connection.encoded(path) == sent


@pytest.mark.usefixtures("config")
def test_throttled_calls_are_tried_again(cluster: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(connection.time, "sleep", slept.append)
    cluster.put(POD, {})
    later = (429, {"message": "later"})
    cluster.before = answering(later, later)
    assert Api().get(POD) is not None
    assert slept == [1, 1]
    cluster.before = refusing(later)
    with pytest.raises(RefusedError, match="later"):
        Api().get(POD)


@pytest.mark.usefixtures("config")
@pytest.mark.parametrize(("status", "told"), [(401, "log in"), (403, "administrator"), (500, "broken")])
def test_refusals(cluster: FakeApiServer, status: int, told: str) -> None:
    cluster.before = refusing((status, {"message": "broken"}))
    with pytest.raises(RefusedError, match=told) as refused:
        Api().get(POD)
    assert not refused.value.is_conflict


@pytest.mark.usefixtures("config")
def test_an_answer_that_is_no_status(cluster: FakeApiServer) -> None:
    cluster.before = refusing((502, "bad gateway"))
    with pytest.raises(RefusedError, match="bad gateway"):
        Api().get(POD)


def test_a_connection_that_was_closed_is_opened_again(config: Path) -> None:
    answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"] * 3
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer_once_and_hang_up() -> None:
            for answer in answers:
                client, _ = server.accept()
                with client:
                    client.recv(65536)
                    client.sendall(answer)

        threading.Thread(target=answer_once_and_hang_up, daemon=True).start()
        content = json.loads(config.read_text())
        content["clusters"][0]["cluster"]["server"] = f"http://127.0.0.1:{server.getsockname()[1]}"
        config.write_text(json.dumps(content))
        api = Api()
        assert [api.get(POD) for _ in answers] == [{}, {}, {}]


@pytest.mark.usefixtures("config")
def test_silence(cluster: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_TIMEOUT", 0.2)
    halt = threading.Event()

    def silent(_method: str, _path: str) -> None:
        halt.wait(2)

    cluster.before = silent
    with pytest.raises(UnreachableError, match="does not answer: timed out\n  to do: see that KUBECONFIG"):
        Api().get(POD)
    halt.set()


def test_a_client_certificate_over_tls(config: Path, tmp_path: Path) -> None:
    import ssl

    import trustme

    authority: Any = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    own = authority.issue_cert("me@example.com")
    (tmp_path / "ca.pem").write_bytes(authority.cert_pem.bytes())
    (tmp_path / "cert.pem").write_bytes(own.cert_chain_pems[0].bytes())
    (tmp_path / "key.pem").write_bytes(own.private_key_pem.bytes())
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            client, _ = server.accept()
            with context.wrap_socket(client, server_side=True) as secure:
                secure.recv(65536)
                secure.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"a": 1 }')

        threading.Thread(target=answer, daemon=True).start()
        content = json.loads(config.read_text())
        content["clusters"][0]["cluster"] = {
            "server": f"https://127.0.0.1:{server.getsockname()[1]}",
            "certificate-authority": "ca.pem",
        }
        config.write_text(json.dumps(content))
        user(config, **{"client-certificate": "cert.pem", "client-key": "key.pem"})
        assert Api().get(POD) == {"a": 1}


def test_nothing_heavy_is_loaded_before_the_traffic_moves() -> None:
    """The imports of the hot path, in an interpreter of its own."""
    code = (
        "import sys, slipway_ops.commands, slipway_ops.switching, slipway_ops.telling, yaml\n"
        "heavy = {'pulumi', 'lightkube', 'httpx2', 'pydantic', 'rich', 'asyncio', 'requests'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
