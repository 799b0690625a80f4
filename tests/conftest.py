"""What every test may ask for."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.environment import Environment, bring_up

LIVE = ("engine", "e2e")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Engine and e2e tests need the platform's environment: say so at once, not forty times."""
    live = [item for item in items if any(part in item.path.parts for part in LIVE)]
    if live and "PULUMI_BACKEND_URL" not in os.environ:
        raise pytest.UsageError(
            "engine and e2e tests run inside the local platform: make test, or .venv/bin/slipway local exec -- .venv/bin/pytest"
        )


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """One environment for all tests that send traffic; each test leaves it on blue, healthy."""
    up = bring_up(tmp_path_factory.mktemp("e2e"), "e2e", node_port=30081)
    yield up
    up.project.remove()


@pytest.fixture(scope="session")
def broken_images(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The application's image, broken in the ways images are: name -> reference in the local registry."""
    base = environment.image("blue")
    commands = {
        "crash": """["node", "-e", "console.error('cannot reach the database'); process.exit(3)"]""",
        "mute": """["node", "-e", "require('net').createServer(() => {}).listen(3000)"]""",
        "wrong-port": """["node", "-e", "require('http').createServer((_, a) => a.end('ok')).listen(4000)"]""",
    }
    folder: Path = tmp_path_factory.mktemp("broken")
    references: dict[str, str] = {}
    for name, command in commands.items():
        reference = f"127.0.0.1:5000/slipway/broken:{name}"
        (folder / "Dockerfile").write_text(f"FROM {base}\nENTRYPOINT []\nCMD {command}\n")
        subprocess.run(
            ["docker", "build", "--quiet", "--tag", reference, str(folder)], check=True, capture_output=True
        )
        subprocess.run(["docker", "push", "--quiet", reference], check=True, capture_output=True)
        references[name] = reference
    return references
