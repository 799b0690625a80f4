"""Where the tests may run, in which order, and which of them side by side."""

import os
from pathlib import Path

import pytest
from xdist.remote import Producer  # pyright: ignore[reportMissingTypeStubs]
from xdist.scheduler import LoadScopeScheduling  # pyright: ignore[reportMissingTypeStubs]

TESTS = Path(__file__).parent
LIVE = {"engine", "e2e"}
# Of e2e, what brings up an environment of its own.
OWN = {"test_gates.py"}
# Begun before the others, or the last of them would run on with an idle core beside it.
LONGEST = [
    "e2e",
    "test_alone.py",
    "test_prod.py",
    "test_cluster.py",
    "test_monitoring.py",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--release-state", metavar="FILE", help="keep the state of tests/engine/test_alone.py there"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Engine and e2e tests need the platform's environment: say so at once, not forty times."""
    live = [item for item in items if item.path.relative_to(TESTS).parts[0] in LIVE]
    if live and "PULUMI_BACKEND_URL" not in os.environ:
        raise pytest.UsageError(
            "engine and e2e tests run inside the local platform: make test, or .venv/bin/slipway local exec -- .venv/bin/pytest"
        )
    items.sort(key=lambda item: _turn(item.nodeid))


def _turn(nodeid: str) -> int:
    group = _group(nodeid)
    return LONGEST.index(group) if group in LONGEST else len(LONGEST)


def _group(nodeid: str) -> str:
    """Tests that share what is up: all of e2e but for what brings up its own, one example, a file."""
    file, _, test = nodeid.partition("::")
    _, folder, *names = Path(file).parts
    if folder == "e2e" and names[-1] not in OWN:
        return folder
    return test.partition("[")[2] if names == ["test_examples.py"] else names[-1]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """With --dist=loadgroup: the groups above, in this order. xdist's own groups do not work with pytest 9.2."""
    if config.getoption("dist") != "loadgroup":
        return None
    config.option.loadscopereorder = False
    return Groups(config, log)


class Groups(LoadScopeScheduling):
    """Each worker runs one group after the other."""

    def _split_scope(self, nodeid: str) -> str:
        return _group(nodeid)
