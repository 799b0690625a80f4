"""The environment that the tests send traffic to, and what they break it with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.account import Resources, resources
from tests.support.environment import Environment, bring_up
from tests.support.images import with_program
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
    programs = {
        "crash": "console.error('cannot reach the database'); process.exit(3)",
        "mute": "require('net').createServer(() => {}).listen(3000)",
        "wrong-port": "require('http').createServer((_, answer) => answer.end('ok')).listen(4000)",
    }
    folder: Path = tmp_path_factory.mktemp("broken")
    return {name: with_program(folder, base, name, program) for name, program in programs.items()}
