"""What every test may ask for."""

import os
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
LIVE = {"engine", "e2e"}


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
