"""The section `slipway:migration` of a stack's file."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.test_settings import mistakes, settings

IN_CLUSTER = {"kind": "in-cluster"}


def test_what_it_may_say() -> None:
    made = settings(
        database=IN_CLUSTER,
        migration={
            "command": ["npm", "run", "migrate"],
            "image": "registry.example.com/migrations:1",
            "timeoutSeconds": 86400,
            "lockSeconds": 1,
            "env": {"PGAPPNAME": "migration"},
            "backup": "copy",
            "addressVariable": "PG_URL",
        },
    )
    assert made.migration is not None
    assert made.migration.command == ["npm", "run", "migrate"]
    assert settings().migration is None
    settings(migration={"command": ["m"], "backup": "none"})
    settings(network={}, database={"kind": "rds"}, migration={"command": ["m"], "backup": "snapshot"})


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, ".command is missing"),
        ({"command": []}, ".command"),
        ({"command": "npm run migrate"}, ".command"),
        ({"command": [""]}, ".command.0"),
        (
            {"command": ["m"], "image": "build:v1"},
            ".image must be an image, as registry/path:tag, that is there already",
        ),
        ({"command": ["m"], "timeoutSeconds": 5}, ".timeoutSeconds must be 10-86400, got 5"),
        ({"command": ["m"], "lockSeconds": 0}, ".lockSeconds must be 1-600, got 0"),
        ({"command": ["m"], "env": {"a-b": "c"}}, ".env.a-b must be named by letters, digits and _"),
        (
            {"command": ["m"], "backup": "tape"},
            ".backup must be 'copy', 'snapshot' or 'none', got \"tape\"",
        ),
        ({"command": ["m"], "addressVariable": "1"}, ".addressVariable must be a variable's name"),
        (
            {"command": ["m"], "backup": "copy"},
            " must have another backup than copy, or leave it out, unless the kind of slipway:database is in-cluster",
        ),
        (
            {"command": ["m"], "backup": "snapshot"},
            " must have another backup than snapshot, or leave it out, unless the kind of slipway:database is rds",
        ),
        ({"command": ["m"], "lockTimeout": 3}, ".lockTimeout is not known; "),
    ],
)
def test_each_mistake_names_its_key(values: dict[str, Any], told: str) -> None:
    (found,) = mistakes(migration=values)
    assert f"slipway:migration{told}" in found, found


def test_under_rolling_it_has_no_effect() -> None:
    made = settings(strategy="rolling", migration={"command": ["m"]})
    assert [line for line in made.warnings() if "slipway:migration has no effect" in line]
    assert not [line for line in settings(migration={"command": ["m"]}).warnings() if "migration" in line]
