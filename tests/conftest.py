"""Where the tests may run, in which order, and which of them side by side."""

import os
from pathlib import Path

import pytest
from xdist.remote import Producer  # pyright: ignore[reportMissingTypeStubs]
from xdist.scheduler import LoadScopeScheduling  # pyright: ignore[reportMissingTypeStubs]
from xdist.workermanage import WorkerController  # pyright: ignore[reportMissingTypeStubs]

TESTS = Path(__file__).parent
LIVE = {"engine", "e2e"}
# They measure traffic, or kill the platform's programs: they come first, and nothing runs beside them.
ALONE = {"test_killed.py", "test_ops_switch.py", "test_release.py", "test_survives.py"}
# Begun before the others, or the last of them would run on with an idle core beside it.
LONGEST = ["e2e", "test_alone.py", "test_prod.py", "test_cluster.py", "test_monitoring.py"]


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


def _turn(nodeid: str) -> tuple[int, bool]:
    group = _group(nodeid)
    return LONGEST.index(group) if group in LONGEST else len(LONGEST), not _is_alone(nodeid)


def _group(nodeid: str) -> str:
    """Tests that share what is up: all of e2e, one example, a file."""
    file, _, test = nodeid.partition("::")
    _, folder, *names = Path(file).parts
    if folder == "e2e":
        return folder
    return test.partition("[")[2] if names == ["test_examples.py"] else names[-1]


def _is_alone(nodeid: str) -> bool:
    return _group(nodeid) == "e2e" and Path(nodeid.partition("::")[0]).name in ALONE


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """With --dist=loadgroup: the groups above, in this order. xdist's own groups do not work with pytest 9.2."""
    if config.getoption("dist") != "loadgroup":
        return None
    config.option.loadscopereorder = False
    return Groups(config, log)


class Groups(LoadScopeScheduling):
    """Each worker runs one group after the other; while there are tests of ALONE to come, only their worker has any."""

    def _split_scope(self, nodeid: str) -> str:
        return _group(nodeid)

    def _assign_work_unit(self, node: WorkerController) -> None:
        others = (work for other, work in self.assigned_work.items() if other is not node)
        if not (self._alone_to_come() and any("e2e" in work for work in others)):
            super()._assign_work_unit(node)

    def mark_test_complete(self, node: WorkerController, item_index: int, duration: float = 0) -> None:
        super().mark_test_complete(node, item_index, duration)
        if self._alone_to_come():
            return
        for other in self.nodes:
            if not self._pending_of(self.assigned_work[other]):
                for _ in range(2):  # a worker begins a test when it knows the one after it
                    self._reschedule(other)

    def _alone_to_come(self) -> bool:
        assigned = (unit for work in self.assigned_work.values() for unit in work.values())
        units = [*self.workqueue.values(), *assigned]
        return any(_is_alone(nodeid) and not done for unit in units for nodeid, done in unit.items())
