"""The components for other Pulumi languages: a schema in which everything is described."""

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import pulumi
import pytest
from pulumi.errors import InputPropertiesError
from pulumi.provider.experimental.analyzer import PropertyDefinition, PropertyType

from slipway.validation import ArgumentError, Checks
from tests.support.calls import COMPONENTS
from tests.unit.mocks import Run

HOST = Path(__file__).parents[2] / "components" / "__main__.py"


@pytest.fixture(scope="module")
def served() -> Any:
    """The program that serves the components, loaded and not run."""
    spec = importlib.util.spec_from_file_location("component_host", HOST)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def host(served: Any) -> Any:
    return served.host()


@pytest.fixture(scope="module")
def schema(served: Any, host: Any) -> Any:
    return host.analyzer.analyze(served.COMPONENTS)


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


def test_every_exported_component_is_served(schema: Any) -> None:
    assert sorted(schema["component_definitions"]) == sorted(COMPONENTS)


def test_numbers_arrive_as_the_component_reads_them(schema: Any, host: Any) -> None:
    """What another language sends is a float; a component asks for whole numbers, nested ones too."""
    given = {"active": "blue", "drainSeconds": 5.0, "scaling": {"minReplicas": 3.0}, "env": {"RATIO": "1.0"}}
    images = {"blueImage": "a", "greenImage": "b", "gatewayName": "g", "gatewayNamespace": "g"}
    args = host.map_inputs({**given, **images}, schema["component_definitions"]["App"])
    assert (args["drain_seconds"], args["scaling"], args["env"]) == (5, {"min_replicas": 3}, {"RATIO": "1.0"})
    assert [type(args["drain_seconds"]), type(args["scaling"]["min_replicas"])] == [int, int]


def test_whole_numbers_within_lists_maps_and_outputs(run: Run, served: Any) -> None:
    number = PropertyDefinition(type=PropertyType.INTEGER)
    numbers = PropertyDefinition(type=PropertyType.ARRAY, items=number)
    named = PropertyDefinition(type=PropertyType.OBJECT, additional_properties=number)
    assert [type(item) for item in served.whole([1.0, 2.0], numbers)] == [int, int]
    assert type(served.whole({"a": 1.0}, named)["a"]) is int
    assert served.whole(1.5, number) == 1.5, "what is no whole number is left for the component to refuse"
    assert type(run(lambda: served.whole(pulumi.Output.from_input(3.0), number))) is int


class _Inner(TypedDict):
    size: NotRequired[int]


class _Outer(TypedDict):
    one: _Inner
    many: NotRequired[Sequence[_Inner]]
    named: NotRequired[Mapping[str, _Inner]]


def test_shapes_within_lists_and_maps_are_read_too(served: Any) -> None:
    served.optional_as_none(_Outer)
    assert _Inner.__annotations__["size"] == int | None
    assert _Outer.__annotations__["many"] == Sequence[_Inner] | None


def test_what_is_checked_of_a_shape_stays_checked(served: Any) -> None:
    served.optional_as_none(_Outer)
    args: Any = {"one": {"siez": 1}, "many": 3}
    with pytest.raises(ArgumentError) as error, Checks("box", "b", args, _Outer):
        pass
    assert "there is no argument one.siez; did you mean one.size?" in str(error.value)
    assert "many must be a list, got int" in str(error.value)


def test_wrong_arguments_are_told_without_a_traceback(run: Run, host: Any) -> None:
    def construct() -> None:
        host.construct("backup", "slipway:index:BackupVault", {"retentionDays": 0.0})

    with pytest.raises(
        InputPropertiesError, match='backup vault "backup": retention_days must be 1-36500, got 0'
    ):
        run(construct)


def _properties(kind: str, definition: Any) -> list[tuple[str, Any]]:
    if kind == "type":
        return list(definition.properties.items())
    return [*definition.inputs.items(), *definition.outputs.items()]
