"""The environment that the tests send traffic to, and what they break it with."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.account import Resources, resources
from tests.support.environment import Environment, bring_up
from tests.support.project import removed_at_end


@pytest.fixture(scope="package")
def before() -> Resources:
    """The account before the environment came up."""
    return resources()


@pytest.fixture(scope="package")
def environment(before: Resources, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """One environment for all tests of this folder; each leaves it on blue, healthy, and the last one destroys it."""
    up = bring_up(tmp_path_factory.mktemp("e2e"), "e2e", node_port=30081, max_replicas=2)
    with removed_at_end(up.project):
        yield up


@pytest.fixture(scope="package")
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
