"""Every AWS and Docker resource that the library makes, and every property that it sets, nested ones too, is one of the pinned SDK.

Python itself refuses only what is unknown at the first level: nested sections are plain dicts. That the provider knows them
is in tests/engine/test_sdk_and_provider.py.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, cast, get_args

import pytest
from pulumi._types import input_type_types

from tests.support.reference import programs
from tests.unit.mocks import Registered
from tests.unit.test_aws_tokens import TABLE

SDKS = {"aws": "pulumi_aws", "docker": "pulumi_docker"}
_types = cache(input_type_types)
"""What an argument class takes: the name that the engine gets -> its type."""


def made() -> Iterator[Registered]:
    for program in programs().values():
        for resource in program.resources:
            if resource.type.split(":")[0] in SDKS:
                yield resource


def arguments(token: str) -> type:
    """`aws:ec2/vpc:Vpc` takes pulumi_aws.ec2.vpc.VpcArgs."""
    package, path, name = token.split(":")
    module, _, file = path.partition("/")
    below = f"{module}." if module != "index" else ""
    # The SDK calls the file of `remoteImage` remote_image, and that of `vpc` vpc.
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in file)
    found = importlib.import_module(f"{SDKS[package]}.{below}{snake}")
    # Where a section of that name is there as well, the resource's own arguments are called InitArgs.
    return getattr(found, f"{name}InitArgs", None) or getattr(found, f"{name}Args")


def unknown(of: type, given: Mapping[str, Any], at: str) -> Iterator[str]:
    """Every property, with its path, that the SDK's class does not have."""
    known = _types(of)
    for key, value in given.items():
        if key not in known:
            yield f"{at}.{key}"
        elif below := section(known[key]):
            for one in cast("Sequence[Any]", value if isinstance(value, list) else [value]):
                if isinstance(one, Mapping):
                    yield from unknown(below, cast("Mapping[str, Any]", one), f"{at}.{key}")


def section(kind: Any) -> type | None:
    """The argument class that a property's type names, however it is wrapped."""
    if hasattr(kind, "_pulumi_input_type"):
        return kind
    return next((found for inner in get_args(kind) if (found := section(inner))), None)


def test_every_type_is_one_of_the_provider() -> None:
    types = {resource.type for resource in made() if resource.type.startswith("aws:")}
    assert types - {entry["token"] for entry in TABLE["resources"].values()} == set()
    assert len(types) > 50, "they are all looked at"


def test_every_property_is_one_of_the_sdk() -> None:
    strange = {
        problem
        for resource in made()
        for problem in unknown(arguments(resource.type), resource.inputs, resource.type)
    }
    assert strange == set()


@pytest.mark.parametrize(
    ("given", "strange"),
    [
        ({"cidrBlok": "10.0.0.0/16"}, ["vpc.cidrBlok"]),
        ({"cidrBlock": "10.0.0.0/16"}, []),
    ],
)
def test_an_unknown_property_is_found(given: dict[str, Any], strange: list[str]) -> None:
    assert [*unknown(arguments("aws:ec2/vpc:Vpc"), given, "vpc")] == strange


def test_an_unknown_nested_property_is_found() -> None:
    rule = {"ruleName": "daily", "lifecycle": {"deleteAfter": 7, "deleteBefore": 7}}
    found = [*unknown(arguments("aws:backup/plan:Plan"), {"rules": [rule]}, "plan")]
    assert found == ["plan.rules.lifecycle.deleteBefore"]
