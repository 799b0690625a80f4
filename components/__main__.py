"""Serves the components to programs in every Pulumi language."""

from typing import NotRequired, get_args, get_origin, get_type_hints

from pulumi import ComponentResource
from pulumi.provider.experimental import component_provider_host

from slipway import App, BackupVault, Cluster, Gateway, Image, Network, WorkloadRole

COMPONENTS: list[type[ComponentResource]] = [App, BackupVault, Cluster, Gateway, Image, Network, WorkloadRole]


def optional_as_none(shape: type) -> None:
    """Say `X | None` where a TypedDict says NotRequired[X]: the host's analyzer knows the one, type checkers the other."""
    for key, annotation in shape.__annotations__.items():
        if get_origin(annotation) is NotRequired:
            (inner,) = get_args(annotation)
            shape.__annotations__[key] = inner | None
            for part in (inner, *get_args(inner)):
                if hasattr(part, "__required_keys__"):
                    optional_as_none(part)


def main() -> None:
    for component in COMPONENTS:
        optional_as_none(get_type_hints(component.__init__)["args"])
    component_provider_host(name="slipway", components=COMPONENTS)


if __name__ == "__main__":
    main()
