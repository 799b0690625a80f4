"""What a rule is, and what it looks at. Rules know nothing of Pulumi: they are functions of plain data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slipway_rules.types import present
from slipway_rules.values import at, is_known


class Unknown:
    """A value that only the update will tell. No rule is broken by it."""

    def __repr__(self) -> str:
        return "(not known yet)"


UNKNOWN = Unknown()


@dataclass(frozen=True)
class Resource:
    """One resource as its program asks for it."""

    type: str
    name: str
    props: Mapping[str, Any] = field(default_factory=dict[str, Any])
    urn: str = ""
    protect: bool = False
    provider: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The properties of its provider."""
    uses: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """By property: the URNs of the resources that its value was made of. Known in stack rules alone."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "type", present(self.type))

    def at(self, path: str, default: Any = None) -> Any:
        """The property at `a.b.c`."""
        return at(self.props, path, default)

    @property
    def where(self) -> tuple[Any, Any]:
        """Namespace and name of a Kubernetes object."""
        return self.at("metadata.namespace", "default"), self.at("metadata.name")


@dataclass(frozen=True)
class Stack:
    """All resources of a stack."""

    resources: Sequence[Resource]

    def of(self, *types: str) -> list[Resource]:
        return [resource for resource in self.resources if resource.type in types]

    def users(self, used: Resource, type_: str, prop: str) -> list[Resource]:
        """The resources of a type that are given `used` in one of their properties, or its physical name, which it has there too."""
        name = used.at(prop)
        return [
            user
            for user in self.of(type_)
            if used.urn in user.uses.get(prop, ()) or (isinstance(name, str) and user.at(prop) == name)
        ]


@dataclass(frozen=True)
class About:
    """What a person is told of a rule."""

    name: str
    what: str
    why: str
    mend: str


@dataclass(frozen=True)
class Rule:
    """A rule that one resource keeps or breaks by itself; `find` yields what is wrong with it."""

    about: About
    find: Callable[[Resource], Iterable[str]]

    @property
    def name(self) -> str:
        return self.about.name


@dataclass(frozen=True)
class StackRule:
    """A rule between resources; `find` yields which one is wrong, and what is."""

    about: About
    find: Callable[[Stack], Iterable[tuple[Resource, str]]]

    @property
    def name(self) -> str:
        return self.about.name


@dataclass(frozen=True)
class Want:
    """What a property must be; `absent` is what AWS takes it for when it is left out."""

    path: str
    right: Callable[[Any], bool]
    says: str
    absent: Any = None

    def unmet(self, resource: Resource) -> Iterator[str]:
        value = resource.at(self.path, self.absent)
        if is_known(value) and not self.right(value):
            yield f"{self.path} must be {self.says}, is {'left out' if value is None else repr(value)}"


def on(path: str) -> Want:
    """A switch that must be on."""
    return Want(path, lambda value: value in (True, "true"), "true", absent=False)


def off(path: str) -> Want:
    """A switch that must be off, as it is when it is left out."""
    return Want(path, lambda value: value in (False, "false"), "false", absent=False)


def at_least(path: str, least: int, says: str, absent: int) -> Want:
    """A number, which some languages write as a text."""
    return Want(path, lambda value: str(value).isdecimal() and int(value) >= least, says, absent)


def given(path: str, what: str) -> Want:
    """Something that must be there."""
    return Want(path, bool, what)


Wants = Mapping[str, Sequence[Want]]
"""Resource type to what its properties must be."""


def unmet(wants: Wants, resource: Resource) -> Iterator[str]:
    """What a resource is, other than a table wants it."""
    for want in wants.get(resource.type, ()):
        yield from want.unmet(resource)
