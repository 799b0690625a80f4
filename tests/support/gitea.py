"""A Git server: Gitea of the toolchain, on loopback, as a user without rights, gone when the block ends."""

from __future__ import annotations

import json
import os
import pwd
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slipway_local import toolchain
from tests.support.environment import wait_for

USER = "nobody"
MEMORY = "/dev/shm"  # noqa: S108 - a database that waits for a disk at each step takes a minute to begin
SETTINGS = """\
RUN_USER = {user}
WORK_PATH = {folder}
[server]
HTTP_ADDR = 127.0.0.1
HTTP_PORT = {port}
ROOT_URL = http://127.0.0.1:{port}/
DISABLE_SSH = true
OFFLINE_MODE = true
[database]
DB_TYPE = sqlite3
[security]
INSTALL_LOCK = true
[service]
DISABLE_REGISTRATION = true
[repository]
DEFAULT_BRANCH = main
[webhook]
ALLOWED_HOST_LIST = loopback
[actions]
ENABLED = false
[indexer]
ISSUE_INDEXER_TYPE = db
[cron.update_checker]
ENABLED = false
[log]
LEVEL = Warn
"""
"""It asks nobody outside of this machine."""


class GiteaError(Exception):
    """The server refuses; `status` says how."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True)
class Gitea:
    """A server, and somebody's access to it."""

    url: str
    token: str

    @property
    def api(self) -> str:
        return f"{self.url}/api/v1"

    def call(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"{self.api}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise GiteaError(
                f"{method} {path}: {error.code} {error.read().decode()[:500]}", error.code
            ) from None
        return json.loads(text) if text else None

    def address(self, repository: str) -> str:
        """Where a person who has this access pushes to."""
        return f"{self.url.replace('://', f'://token:{self.token}@')}/{repository}.git"


@contextmanager
def serving(*users: str) -> Generator[list[Gitea]]:
    """The server, as each of these users; the first is its administrator."""
    owner = pwd.getpwnam(USER)
    with tempfile.TemporaryDirectory(prefix="slipway-gitea-", dir=MEMORY) as name:
        folder = Path(name)
        program = folder / "gitea"
        # The cache may be in a home folder, which nobody else may enter.
        shutil.copy2(toolchain.program("gitea") / "bin" / "gitea", program)
        port = _free_port()
        settings = folder / "app.ini"
        settings.write_text(SETTINGS.format(user=USER, folder=folder, port=port))
        for path in (folder, settings):
            os.chown(path, owner.pw_uid, owner.pw_gid)
        running: dict[str, Any] = {
            "user": owner.pw_uid,
            "group": owner.pw_gid,
            "extra_groups": [],
            "cwd": folder,
            "env": {"PATH": os.environ["PATH"], "HOME": name, "USER": USER},
            "stderr": subprocess.STDOUT,
            "text": True,
        }

        def run(*arguments: str) -> str:
            command = [program, "--config", settings, *arguments]
            with subprocess.Popen(command, stdout=subprocess.PIPE, **running) as process:
                said: str = process.communicate()[0]
            assert process.returncode == 0, f"gitea {arguments[0]}: {said}"
            return said

        run("migrate")
        url = f"http://127.0.0.1:{port}"
        access = [Gitea(url, _user(run, user, *(["--admin"] if user == users[0] else []))) for user in users]
        log = folder / "web.log"
        with log.open("w") as file:
            server = subprocess.Popen([program, "--config", settings, "web"], stdout=file, **running)
        try:
            wait_for(lambda: _answers(url), 60, f"Gitea to answer:\n{log.read_text()[-3000:]}")
            yield access
        finally:
            server.terminate()
            server.wait(timeout=60)


def _user(run: Any, name: str, *more: str) -> str:
    """Makes a user; their access token."""
    said = run(
        "admin",
        "user",
        "create",
        f"--username={name}",
        f"--email={name}@example.com",
        f"--password={secrets.token_urlsafe(24)}",
        "--must-change-password=false",
        "--access-token",
        *more,
    )
    found = re.search(r"token was successfully created\.* (\w+)", said)
    assert found, said
    return found[1]


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/api/v1/version", timeout=5):
            return True
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return asked.getsockname()[1]
