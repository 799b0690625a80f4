"""The section `slipway:gates` of a stack's file."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.test_settings import GOOD, mistakes, settings

MONITORED: dict[str, Any] = {"monitoring": {}}
LOOKED_AT = {"name": "chat", "preview": {"header": "X-Color", "hostnames": ["next.example.com"]}}


def test_what_it_may_say() -> None:
    made = settings(
        **MONITORED,
        app=LOOKED_AT,
        gates={
            "seconds": 120,
            "errorPercent": 0.5,
            "p99Seconds": 1,
            "burnRate": 14.4,
            "burnMinutes": 60,
            "cpuPercent": 150,
            "memoryPercent": 90,
            "restarts": 0,
            "smoke": "none",
            "http": {
                "version": {
                    "path": "/version",
                    "at": "https://chat.example.com",
                    "status": 200,
                    "json": {"color": "green", "ready": True},
                    "text": "v",
                    "of": 5,
                    "passes": 4,
                },
                "page": {"path": "/", "at": "http://next.example.com:8080/"},
            },
            "jobs": {
                "load": {"image": "registry.example.com/k6:1", "timeoutSeconds": 60, "env": {"VUS": "5"}},
                "smoke": {"command": ["node", "smoke.js"]},
            },
        },
    )
    assert made.gates is not None
    assert made.gates.http is not None
    assert made.gates.http["version"].fields == {"color": "green", "ready": True}
    assert made.gates.measured == ["errorPercent", "p99Seconds", "burnRate", "cpuPercent", "memoryPercent"]
    assert settings().gates is None


def test_what_needs_no_prometheus() -> None:
    settings(
        gates={"seconds": 5, "restarts": 0, "http": {"up": {"path": "/"}}, "jobs": {"a": {"command": ["b"]}}}
    )


@pytest.mark.parametrize(
    ("gates", "told"),
    [
        ({"burnRate": 0}, ".burnRate must be greater than 0, got 0"),
        ({"burnMinutes": 0}, ".burnMinutes must be 1-1440, got 0"),
        ({"cpuPercent": 1001}, ".cpuPercent"),
        ({"memoryPercent": 101}, ".memoryPercent"),
        ({"restarts": -1}, ".restarts must be 0-1000, got -1"),
        ({"http": {"A": {"path": "/"}}}, ".http.A must be lower-case letters, digits and -"),
        ({"http": {"a": {}}}, ".http.a.path is missing"),
        ({"http": {"a": {"path": "x"}}}, ".http.a.path must be a path that starts with /"),
        ({"http": {"a": {"path": "/", "at": "ftp://x"}}}, ".http.a.at must be an address without a path"),
        ({"http": {"a": {"path": "/", "at": "https://x/y"}}}, ".http.a.at must be an address without a path"),
        ({"http": {"a": {"path": "/", "status": 99}}}, ".http.a.status must be 100-599, got 99"),
        ({"http": {"a": {"path": "/", "of": 21}}}, ".http.a.of must be 1-20, got 21"),
        (
            {"http": {"a": {"path": "/", "of": 2, "passes": 3}}},
            ".http.a.passes must not be above of, 2, got 3",
        ),
        ({"http": {"a": {"path": "/", "passes": 2}}}, ".http.a.passes must not be above of, 1, got 2"),
        ({"http": {"a": {"path": "/", "text": ""}}}, ".http.a.text"),
        (
            {"http": {"a": {"path": "/", "json": {"b": []}}}},
            ".http.a.json.b must be text, a number, true or false, got []",
        ),
        (
            {"http": {"a": {"path": "/", "stats": 200}}},
            ".http.a.stats is not known; did you mean slipway:gates.http.a.status?",
        ),
        ({"jobs": {"a": {}}}, ".jobs.a.command must be there, or image"),
        ({"jobs": {"a": {"image": "build:v1"}}}, ".jobs.a.image must be an image"),
        ({"jobs": {"a": {"command": []}}}, ".jobs.a.command"),
        ({"jobs": {"a": {"command": ["b"], "timeoutSeconds": 0}}}, ".jobs.a.timeoutSeconds must be 1-3600"),
        (
            {"jobs": {"a": {"command": ["b"], "env": {"c-d": "e"}}}},
            ".jobs.a.env.c-d must be named by letters",
        ),
    ],
)
def test_each_mistake_names_its_key(gates: dict[str, Any], told: str) -> None:
    (found,) = mistakes(**MONITORED, gates=gates)
    assert f"slipway:gates{told}" in found, found


def test_what_measures_must_be_there() -> None:
    (found,) = mistakes(gates={"errorPercent": 1, "cpuPercent": 90, "restarts": 0})
    assert (
        "slipway:gates must have slipway:monitoring beside it, which measures errorPercent, cpuPercent"
        in found
    )


def test_a_preview_address_must_lead_to_the_colour() -> None:
    asked = {"http": {"a": {"path": "/", "at": "https://chat.example.com"}}}
    (found,) = mistakes(gates=asked)
    assert "http.a.at at one of slipway:app.preview.hostnames, or beside slipway:app.preview.header" in found
    hosts = {**GOOD["app"], "preview": {"hostnames": ["chat.example.com"]}}
    settings(gates=asked, app=hosts)


def test_all_at_once() -> None:
    found = mistakes(
        gates={"seconds": -1, "restarts": "no", "http": {"a": {"path": "x", "of": 0}}, "jobs": {"b": {}}}
    )
    keys = ("seconds", "restarts", "http.a.path", "http.a.of", "jobs.b.command")
    assert [line for key in keys for line in found if f"slipway:gates.{key} " in line] == found
