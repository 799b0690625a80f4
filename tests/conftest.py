"""Where the tests may run, and which of them side by side."""

import os
from pathlib import Path

import pytest
from xdist.remote import Producer  # pyright: ignore[reportMissingTypeStubs]
from xdist.scheduler import LoadScopeScheduling  # pyright: ignore[reportMissingTypeStubs]

TESTS = Path(__file__).parent
LIVE = {"engine", "e2e"}
# Begun first, or the last of them would run on with an idle core beside it.
LONGEST = ["e2e", "test_prod.py", "test_cluster.py", "test_monitoring.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Engine and e2e tests need the platform's environment: say so at once, not forty times."""
    live = [item for item in items if item.path.relative_to(TESTS).parts[0] in LIVE]
    if live and "PULUMI_BACKEND_URL" not in os.environ:
        raise pytest.UsageError(
            "engine and e2e tests run inside the local platform: make test, or .venv/bin/slipway local exec -- .venv/bin/pytest"
        )
    names = [*LONGEST, None]
    items.sort(key=lambda item: names.index(group if (group := _group(item.nodeid)) in names else None))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """With --dist=loadgroup: whole groups, in the order above. xdist's own groups do not work with pytest 9.2."""
    return Groups(config, log) if config.getoption("dist") == "loadgroup" else None


class Groups(LoadScopeScheduling):
    """Tests that share what is up are one group: each worker runs one after the other."""

    def _split_scope(self, nodeid: str) -> str:
        return _group(nodeid)


def _group(nodeid: str) -> str:
    """All of e2e, one example, or a file of its own."""
    file, _, test = nodeid.partition("::")
    _, folder, *names = Path(file).parts
    if folder == "e2e":
        return folder
    return test.partition("[")[2] if names == ["test_examples.py"] else names[-1]
