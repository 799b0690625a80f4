"""Every argument of every component, given what is of another kind: an ArgumentError that names it, or it is taken; never a trace."""

from __future__ import annotations

import copy
import typing
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from slipway.validation import ArgumentError
from tests.support.calls import Call, calls
from tests.support.reference import ROOT
from tests.unit.mocks import Program, Registered, record

OPS = "arn:aws:iam::123456789012:role/ops"
HERE = {"kind": "in-cluster", "namespace": "data"}
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "app": (
        "AppArgs",
        {
            "blue_image": "a",
            "green_image": "b",
            "active": "blue",
            "gateway_name": "g",
            "gateway_namespace": "g",
        },
    ),
    "audit": ("AuditArgs", {}),
    "backup": ("BackupVaultArgs", {}),
    "cache": ("CacheArgs", HERE),
    "cdn": ("CdnArgs", {"origin": "https://a.example.com"}),
    "cluster": ("ClusterArgs", {"kind": "existing"}),
    "database": ("DatabaseArgs", HERE),
    "delivery": ("DeliveryArgs", {"repository": "team/shop"}),
    "gateway": ("GatewayArgs", {}),
    "image": ("ImageArgs", {"repository": "registry.example.com/shop", "context": "docker"}),
    "monitoring": ("MonitoringStackArgs", {}),
    "network": ("NetworkArgs", {"zones": ["eu-central-1a", "eu-central-1b"]}),
    "registry": ("RegistryArgs", {}),
    "secrets": ("SecretsArgs", {"values": {"A": "hush"}}),
    "workload_role": (
        "WorkloadRoleArgs",
        {"cluster_name": "a", "namespace": "b", "service_account": "c", "policy": "{}"},
    ),
}
ODD: list[Any] = [
    *(None, True, 0, -1, 1.5, float("nan"), 10**30, object()),
    *("", "x" * 300, "a b", "ü"),
    *([], [None], [1], [[]], ["a", "a"], ("a",)),
    *({}, {"a": 1}, {1: 2}, {"a": None}, {"a": {"b": []}}),
]


def places(component: str) -> Iterator[tuple[str, ...]]:
    """The arguments, and those inside of arguments."""
    module = import_module(f"slipway.{component}")
    shape = getattr(module, CALLS[component][0])
    for key, said in shape.__annotations__.items():
        yield (key,)
        for name in dir(module):
            inner = getattr(module, name)
            if typing.is_typeddict(inner) and f".{name}]" in str(said):
                yield from ((key, below) for below in inner.__annotations__)


@pytest.mark.usefixtures("program")
@pytest.mark.parametrize("component", CALLS)
def test_each_is_taken_or_named(component: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pulumi.get_stack", lambda: "test")
    resolve = import_module(f"slipway.{component}")._resolve
    for place in places(component):
        for odd in ODD:
            args = copy.deepcopy(CALLS[component][1])
            args[place[0]] = {place[1]: odd} if place[1:] else odd
            try:
                resolve("shop", args)
            except ArgumentError as error:
                assert place[0] in str(error) or "kind" in str(error), (place, odd)


@pytest.mark.usefixtures("program")
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"command": "npm start"}, "command must be a list, got str"),
        ({"hostnames": "shop.example.com"}, "hostnames must be a list, got str"),
        ({"env": {"PORT": 3000}}, "env.PORT must be text, got int"),
        ({"secrets": "hush"}, "secrets must be a dictionary whose keys are text, got str"),
        ({"secrets": {"A": 4711}}, "secrets.A must be text, got int"),
        ({"scaling": 3}, "scaling must be a dictionary whose keys are text, got int"),
        ({"preview": {"hostnames": "a.example.com"}}, "preview.hostnames must be a list, got str"),
        ({"preview": {"host": "a"}}, "there is no argument preview.host; did you mean preview.hostnames?"),
        ({"active": None}, "active is missing"),
    ],
)
def test_what_is_told(change: dict[str, Any], told: str) -> None:
    resolve = import_module("slipway.app")._resolve
    with pytest.raises(ArgumentError) as error:
        resolve("shop", {**CALLS["app"][1], **change})
    assert told in str(error.value)
    assert "hush" not in str(error.value)
    assert "4711" not in str(error.value)


def by_urn(program: Program) -> dict[str, Registered]:
    return {resource.urn: resource for resource in program.resources}


@pytest.mark.parametrize("call", [one for of in calls().values() for one in of], ids=lambda call: call.key)
def test_none_builds_what_left_out_builds(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("secrets.token_urlsafe", "x".ljust)
    component: Any = typing.get_type_hints(call.build)["return"]
    shape = typing.get_type_hints(component.__init__)["args"]
    nothing = dict.fromkeys(shape.__optional_keys__)
    left_out, build = by_urn(record(call.build)), component.__init__

    def with_nothing(self: Any, name: str, args: dict[str, Any]) -> None:
        build(self, name, {**nothing, **args})

    monkeypatch.setattr(component, "__init__", with_nothing)
    assert by_urn(record(call.build)) == left_out


@pytest.mark.parametrize(
    ("component", "args", "inside"),
    [
        ("audit", {"budget": {"monthly_usd": 9, "addresses": ["a@example.com"]}}, "actual_percent"),
        ("audit", {"budget": {"monthly_usd": 9, "addresses": ["a@example.com"]}}, "forecast_percent"),
        ("cluster", {"access": {"ops": {"principal_arn": OPS}}}, "level"),
        ("cluster", {"access": {"ops": {"principal_arn": OPS}}}, "namespaces"),
    ],
)
@pytest.mark.usefixtures("program")
def test_what_is_none_inside_is_left_out(
    component: str, args: dict[str, Any], inside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pulumi.get_stack", lambda: "test")
    resolve = import_module(f"slipway.{component}")._resolve
    args |= {"kind": "eks", "subnet_ids": ["subnet-a", "subnet-b"]} if component == "cluster" else {}
    said = copy.deepcopy(args)
    said.get("budget", said.get("access", {}).get("ops"))[inside] = None
    assert resolve("shop", said) == resolve("shop", args)


def test_what_is_none_is_left_out() -> None:
    resolve = import_module("slipway.app")._resolve
    given = CALLS["app"][1]
    nothing = {"scaling": None, "port": None, "env": None, "hostnames": None, "probes": {"live_path": None}}
    assert resolve("shop", {**given, **nothing}) == resolve("shop", given)
