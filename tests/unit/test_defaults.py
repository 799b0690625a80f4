"""Defaults are contract: one that changes is told in CHANGELOG.md, with what a preview will show."""

import json
from typing import Any

import pytest

from tests.support.calls import COMPONENTS, calls
from tests.support.defaults import resolved
from tests.support.reference import DEFAULTS, ROOT

KNOWN: dict[str, Any] = json.loads(DEFAULTS.read_text()) if DEFAULTS.exists() else {}
CALLS = [(component, call.key) for component, of in calls().items() for call in of]


@pytest.mark.parametrize(("component", "key"), CALLS, ids=[f"{component}-{key}" for component, key in CALLS])
def test_no_default_changes_unseen(component: str, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (call,) = [call for call in calls()[component] if call.key == key]
    assert resolved(COMPONENTS[component], call) == KNOWN.get(key), (
        "these are other defaults than tests/unit/defaults.json has: if they are meant, run `make docs` and tell of them in CHANGELOG.md"
    )
