"""What a stack file says to the pack: how strict it is, what may go, and what is excused for which reason."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pulumi

from policies.data import GUARDED, KEPT
from policies.rules import Resource
from slipway_rules.exceptions import ANNOTATION
from slipway_rules.values import entries

LEVELS = ("mandatory", "advisory")


@dataclass(frozen=True)
class Settings:
    """The stack's own words; `used` fills with the exceptions that something asked for."""

    level: str = "mandatory"
    allow_replacement: frozenset[str] = frozenset()
    exceptions: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    used: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def excuses(self, rule: str, resource: Resource) -> bool:
        """Whether someone has written down why this resource may break this rule."""
        names = {resource.name, resource.urn}
        if rule in (KEPT.name, GUARDED.name) and names & self.allow_replacement:
            return True
        reason = (entries(resource.at("metadata.annotations")) or {}).get(f"{ANNOTATION}{rule}")
        if isinstance(reason, str) and reason.strip():
            return True
        found = names & self.exceptions.get(rule, {}).keys()
        self.used.update((rule, name) for name in found)
        return bool(found)

    def unused(self) -> list[tuple[str, str]]:
        """Exceptions that nothing needs any more."""
        said = {(rule, name) for rule, names in self.exceptions.items() for name in names}
        return sorted(said - self.used)


def load(rules: Collection[str]) -> Settings:
    """The present stack's settings; ValueError tells what is wrong with them."""
    config = pulumi.Config("slipway")
    level = config.get("policies") or "mandatory"
    if level not in LEVELS:
        raise ValueError(f"slipway:policies must be {' or '.join(LEVELS)}, got {level!r}")
    allowed: Any = config.get_object("allowReplacement") or []
    if not _are_texts(allowed):
        raise ValueError(f"slipway:allowReplacement must be a list of names or URNs, got {allowed!r}")
    exceptions: Any = config.get_object("policyExceptions") or {}
    said = entries(exceptions)
    if said is None:
        raise ValueError(f"slipway:policyExceptions must be rule, resource and reason, got {exceptions!r}")
    for rule, reasons in said.items():
        if rule not in rules:
            raise ValueError(
                f"slipway:policyExceptions names no rule {rule!r}; the rules are {', '.join(sorted(rules))}"
            )
        if not (isinstance(reasons, dict) and _are_texts(list(cast(dict[str, Any], reasons).values()))):
            raise ValueError(
                f"slipway:policyExceptions.{rule} must give a reason for each resource, got {reasons!r}"
            )
    return Settings(level, frozenset(allowed), said)


def _are_texts(values: Any) -> bool:
    return isinstance(values, list) and all(
        isinstance(value, str) and value.strip() for value in cast(list[Any], values)
    )
