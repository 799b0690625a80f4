"""What every test may ask for, and which tests may run side by side."""

import os
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
LIVE = {"engine", "e2e"}
# Begun first, or the last of them would run on with an idle core beside it.
LONGEST = ["e2e", "test_prod", "test_cluster", "test_monitoring"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Engine and e2e tests need the platform's environment: say so at once, not forty times."""
    live = [item for item in items if item.path.relative_to(TESTS).parts[0] in LIVE]
    if live and "PULUMI_BACKEND_URL" not in os.environ:
        raise pytest.UsageError(
            "engine and e2e tests run inside the local platform: make test, or .venv/bin/slipway local exec -- .venv/bin/pytest"
        )
    for item in live:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
    items.sort(key=lambda item: LONGEST.index(_group(item)) if _group(item) in LONGEST else len(LONGEST))


def _group(item: pytest.Item) -> str:
    """Tests of one group share what is up, so they run one after the other: e2e's, a file's, an example's."""
    folder = item.path.relative_to(TESTS).parts[0]
    example = getattr(item, "callspec", None) if item.path.stem == "test_examples" else None
    return example.id if example else item.path.stem if folder != "e2e" else folder
