"""docker/: the chat application's image runs without any right, and Compose's own library reads the compose files."""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.project import REPOSITORY

IMAGE = "slipway/docker-test"
DOCKER = REPOSITORY / "docker"
GIVEN = {
    "ACME_EMAIL": "operations@example.com",
    "CODE": "open",
    "DOMAIN": "chat.example.com",
    "NEXTCHAT_IMAGE": f"docker.io/yidadaa/chatgpt-next-web@sha256:{'0' * 64}",
}


# Debian's docker has BuildKit built in, which a newer one on PATH may lack.
def run(
    *command: str, check: bool = True, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PATH": f"/usr/bin:{os.environ['PATH']}"} | (environment or {}),
        cwd=REPOSITORY,
    )
    assert not check or done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}{done.stderr}"
    return done


@pytest.fixture(scope="module")
def image() -> str:
    """The chat application by docker/Dockerfile, as dev builds it: what dev has built is not built again."""
    arguments = {"NODE_IMAGE": "node:24-bookworm-slim", "SERVER": "server.ts", "HEALTH_PATH": "/healthz"}
    flags = [word for name, value in arguments.items() for word in ("--build-arg", f"{name}={value}")]
    run("scripts/build.sh", "apps/chat", IMAGE, "--quiet", "--network", "host", *flags)
    return IMAGE


@pytest.fixture(scope="module")
def container(image: str) -> Iterator[tuple[str, str]]:
    """A container of it that may do nothing, and its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    limits = "--read-only --cap-drop ALL --security-opt no-new-privileges --pids-limit 200 --memory 512m --network host"
    where = ["--env", f"PORT={port}", "--env", "HOSTNAME=127.0.0.1"]
    name = run(
        "docker", "run", "--detach", "--health-interval", "1s", *limits.split(), *where, image
    ).stdout.strip()
    try:
        yield name, f"http://127.0.0.1:{port}"
    finally:
        run("docker", "rm", "--force", name)


def inspected(name: str) -> dict[str, Any]:
    return json.loads(run("docker", "inspect", name).stdout)[0]


def test_it_serves_without_any_right(container: tuple[str, str]) -> None:
    """Given a read-only root, no capability and no privilege, then it answers and counts as healthy."""
    name, url = container
    deadline = time.monotonic() + 60
    while inspected(name)["State"]["Health"]["Status"] != "healthy":
        assert time.monotonic() < deadline, run("docker", "logs", name).stdout
        time.sleep(0.5)
    with urllib.request.urlopen(f"{url}/", timeout=10) as page:
        assert page.status == 200
    assert run("docker", "exec", name, "id", "-u").stdout.strip() == "1000"
    wrote = run(
        "docker", "exec", name, "node", "-e", "require('fs').writeFileSync('/app/x', '')", check=False
    )
    assert "EROFS" in wrote.stderr


def test_it_leaves_at_once_when_it_is_told_to(container: tuple[str, str]) -> None:
    """Given SIGTERM, then the server itself gets it: no shell stands before it."""
    name, url = container
    begun = time.monotonic()
    run("docker", "stop", "--time", "20", name)
    assert time.monotonic() - begun < 15
    assert inspected(name)["State"]["ExitCode"] == 0
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url, timeout=2)


def test_a_file_of_secrets_is_not_built_in(tmp_path: Path) -> None:
    """Given a .env.local in the context, then the build says so and ends."""
    (tmp_path / "package.json").write_text('{"name": "a", "version": "1.0.0"}')
    lock = {
        "name": "a",
        "version": "1.0.0",
        "lockfileVersion": 3,
        "packages": {"": {"name": "a", "version": "1.0.0"}},
    }
    (tmp_path / "package-lock.json").write_text(json.dumps(lock))
    (tmp_path / ".env.local").write_text("TOKEN=hush\n")
    flags = ["--progress=plain", "--network=host", "--build-arg=NODE_IMAGE=node:24-bookworm-slim"]
    built = run("scripts/build.sh", str(tmp_path), IMAGE, *flags, check=False)
    assert built.returncode != 0
    assert ".env.local holds secrets and must not be built in" in built.stderr


@pytest.fixture
def server(tmp_path: Path) -> Path:
    """docker/ as it is on a server."""
    shutil.copytree(DOCKER, tmp_path / "docker")
    for name in ("monitoring", "apps"):
        (tmp_path / name).symlink_to(REPOSITORY / name)
    (tmp_path / "docker/nextchat.env").write_text("OPENAI_API_KEY=key\n")
    return tmp_path / "docker"


@pytest.mark.parametrize("file", ["docker-compose.yml", "docker-compose.prod.yml"])
def test_compose_reads_the_files(server: Path, file: str) -> None:
    """Given what example.env asks for, then the project has the application, its gateway and its monitoring."""
    services = json.loads(run("compose-config", str(server / file), environment=GIVEN).stdout)["services"]
    assert {"app", "traefik", "prometheus", "alertmanager", "node-exporter", "grafana"} <= services.keys()


def test_a_server_without_its_settings_is_refused(server: Path) -> None:
    """Given nothing of example.env, then Compose names what is missing before it starts anything."""
    done = run("compose-config", str(server / "docker-compose.prod.yml"), check=False)
    assert done.returncode == 1
    assert "is missing a value" in done.stderr
