"""Serves the components to programs in every Pulumi language: every component that the library exports."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NotRequired, cast, get_args, get_origin, get_type_hints

from pulumi import ComponentResource, Output, ResourceOptions
from pulumi.errors import InputPropertiesError
from pulumi.provider import main
from pulumi.provider.experimental.analyzer import PropertyDefinition, PropertyType
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.provider import ConstructResult
from pulumi.provider.server import ComponentInitError

import slipway

COMPONENTS: list[type[ComponentResource]] = [
    exported
    for exported in (getattr(slipway, name) for name in slipway.__all__)
    if isinstance(exported, type) and issubclass(exported, ComponentResource)
]


class Host(ComponentProvider):
    """The SDK's own host, with arguments as a Python program would give them and errors as it would show them."""

    def map_input_properties(
        self,
        inputs: Any,
        properties: dict[str, PropertyDefinition],
        mapping: dict[str, str],
        component_name: str,
        property_path: str,
    ) -> Any:
        mapped = super().map_input_properties(inputs, properties, mapping, component_name, property_path)
        return {
            python_name: whole(mapped[python_name], properties[name])
            for name, python_name in mapping.items()
            if python_name in mapped
        }

    def construct(
        self, name: str, resource_type: str, inputs: Any, options: ResourceOptions | None = None
    ) -> ConstructResult:
        try:
            return super().construct(name, resource_type, inputs, options)
        except ComponentInitError as error:
            if isinstance(error.inner, slipway.ArgumentError):
                raise InputPropertiesError(str(error), []) from error  # shown without a traceback
            raise


def whole(value: Any, described: PropertyDefinition) -> Any:
    """Whole numbers where the schema says so: what crosses from one language to another knows floats alone."""
    if isinstance(value, Output):
        return cast(Output[Any], value).apply(lambda known: whole(known, described))
    if described.type == PropertyType.INTEGER and isinstance(value, float) and value.is_integer():
        return int(value)
    if described.items and isinstance(value, list):
        items = cast(Sequence[Any], value)
        return [whole(item, described.items) for item in items]
    if described.additional_properties and isinstance(value, dict):
        entries = cast(Mapping[str, Any], value)
        return {key: whole(item, described.additional_properties) for key, item in entries.items()}
    return value


def optional_as_none(shape: type) -> None:
    """Say `X | None` where a TypedDict says NotRequired[X]: the host's analyzer knows the one, type checkers the other."""
    for key, annotation in shape.__annotations__.items():
        if get_origin(annotation) is NotRequired:
            (inner,) = get_args(annotation)
            shape.__annotations__[key] = inner | None
        for nested in shapes_in(annotation):
            optional_as_none(nested)


def shapes_in(annotation: Any) -> Iterator[type]:
    """The TypedDicts that an annotation names: itself, its items, its entries."""
    if hasattr(annotation, "__required_keys__"):
        yield annotation
    for part in get_args(annotation):
        yield from shapes_in(part)


def host() -> Host:
    for component in COMPONENTS:
        optional_as_none(get_type_hints(component.__init__)["args"])
    return Host(COMPONENTS, "slipway")


if __name__ == "__main__":
    main(host(), sys.argv[1:])
