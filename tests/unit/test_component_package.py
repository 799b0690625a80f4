"""The components for other Pulumi languages: a schema in which everything is described."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from pulumi.provider.experimental.analyzer import Analyzer

HOST = Path(__file__).parents[2] / "components" / "__main__.py"


@pytest.fixture(scope="module")
def schema() -> Any:
    spec = importlib.util.spec_from_file_location("component_host", HOST)
    assert spec is not None
    assert spec.loader is not None
    host = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(host)
    for component in host.COMPONENTS:
        host.optional_as_none(get_type_hints(component.__init__)["args"])
    return Analyzer("slipway").analyze(host.COMPONENTS)


def test_every_component_argument_and_output_is_described(schema: Any) -> None:
    silent = [
        f"{kind}.{name}.{key}"
        for kind, part in (("component", "component_definitions"), ("type", "type_definitions"))
        for name, definition in schema[part].items()
        for key, described in _properties(kind, definition)
        if not described.description
    ]
    assert silent == []
    assert all(definition.description for definition in schema["component_definitions"].values())


def test_what_must_be_given_and_what_may_be(schema: Any) -> None:
    app = schema["component_definitions"]["App"].inputs
    required = sorted(name for name, argument in app.items() if not argument.optional)
    assert required == ["active", "blueImage", "gatewayName", "gatewayNamespace", "greenImage"]


def _properties(kind: str, definition: Any) -> list[tuple[str, Any]]:
    if kind == "type":
        return list(definition.properties.items())
    return [*definition.inputs.items(), *definition.outputs.items()]
