"""Shows the rules to Pulumi: https://www.pulumi.com/docs/insights/policy/policy-packs/authoring/

A stack rule is asked at the end, when Pulumi hands out what each resource came out as. In a preview that is nothing at all
for an object in a cluster that is not there yet, so what every resource was asked to be is kept from its own turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyResource,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from policies.rules import UNKNOWN, About, Resource, Rule, Stack, StackRule
from policies.settings import Settings
from slipway_rules.values import is_known

Report = Callable[..., None]
"""pulumi_policy's own type for it does not say that the URN may be left out."""


def level(settings: Settings) -> EnforcementLevel:
    """How strict the stack wants the pack to be."""
    return EnforcementLevel(settings.level)


def policies(rules: Sequence[Rule], stack_rules: Sequence[StackRule], settings: Settings) -> list[Policy]:
    """One policy a rule, and one that tells what is excused in vain."""
    seen = _Seen()
    return [
        *(_of_resources(rule, seen, settings) for rule in rules),
        *(_of_the_stack(rule, seen, settings) for rule in stack_rules),
        _of_exceptions(seen, settings),
    ]


class _Seen:
    """Every resource as it was asked for, by URN."""

    def __init__(self) -> None:
        self._resources: dict[str, Resource] = {}

    def resource(self, args: ResourceValidationArgs) -> Resource:
        if args.urn not in self._resources:
            self._resources[args.urn] = Resource(
                type=args.resource_type,
                name=args.name,
                props=plain(args.props),
                urn=args.urn,
                protect=args.opts.protect,
                provider=plain(args.provider.props) if args.provider else {},
            )
        return self._resources[args.urn]

    def stack(self, args: StackValidationArgs) -> Stack:
        return Stack([self._whole(resource) for resource in args.resources])

    def not_known_yet(self) -> set[str]:
        """Names and URNs of resources whose values only the update will tell in full: what excuses them may be needed then."""
        found = [resource for resource in self._resources.values() if not _is_known_whole(resource.props)]
        return {name for resource in found for name in (resource.name, resource.urn)}

    def _whole(self, resource: PolicyResource) -> Resource:
        asked = self._resources.get(resource.urn)
        return Resource(
            type=resource.resource_type,
            name=resource.name,
            props={**plain(resource.props), **(asked.props if asked else {})},
            urn=resource.urn,
            protect=resource.opts.protect,
            provider=plain(resource.provider.props) if resource.provider else {},
            uses={
                prop: frozenset(used.urn for used in uses)
                for prop, uses in resource.property_dependencies.items()
            },
        )


def plain(value: Any) -> Any:
    """Plain data out of what Pulumi hands out, whose unknown values raise when they are looked at."""
    if isinstance(value, Mapping):
        mapping = cast(Mapping[str, Any], value)
        return {key: _known(mapping.__getitem__, key) for key in mapping}
    if isinstance(value, Sequence) and not isinstance(value, str):
        items = cast(Sequence[Any], value)
        return [_known(items.__getitem__, index) for index in range(len(items))]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _known(get: Callable[[Any], Any], key: Any) -> Any:
    try:
        return plain(get(key))
    except UnknownValueError:
        return UNKNOWN


def _is_known_whole(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(map(_is_known_whole, cast(Mapping[str, Any], value).values()))
    if isinstance(value, list):
        return all(map(_is_known_whole, cast(list[Any], value)))
    return is_known(value)


def _message(about: About, found: str) -> str:
    return f"  found: {found}\n  why:   {about.why}\n  mend:  {about.mend}"


def _of_resources(rule: Rule, seen: _Seen, settings: Settings) -> ResourceValidationPolicy:
    def validate(args: ResourceValidationArgs, report: Report) -> None:
        resource = seen.resource(args)
        for found in rule.find(resource):
            if not settings.excuses(rule.name, resource):
                report(_message(rule.about, found))

    return ResourceValidationPolicy(rule.name, rule.about.what, validate)


def _of_the_stack(rule: StackRule, seen: _Seen, settings: Settings) -> StackValidationPolicy:
    def validate(args: StackValidationArgs, report: Report) -> None:
        for resource, found in rule.find(seen.stack(args)):
            if not settings.excuses(rule.name, resource):
                report(_message(rule.about, f"{resource.name}: {found}"), resource.urn)

    return StackValidationPolicy(rule.name, rule.about.what, validate)


def _of_exceptions(seen: _Seen, settings: Settings) -> StackValidationPolicy:
    def validate(_: StackValidationArgs, report: Report) -> None:
        not_known_yet = seen.not_known_yet()
        for rule, name in settings.unused():
            if name not in not_known_yet:
                report(
                    f"slipway:policyExceptions.{rule}.{name} excuses nothing: take it out of the stack file"
                )

    # Never mandatory: an update of some targets alone does not see every resource.
    return StackValidationPolicy(
        "exceptions-needed",
        "An exception goes when its reason is gone.",
        validate,
        enforcement_level=EnforcementLevel.ADVISORY,
    )
