"""Tags: what is whose, and who pays."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from policies.rules import UNKNOWN, About, Resource, Rule
from slipway_rules.tags import REQUIRED
from slipway_rules.values import at, each, entries, is_known

PROVIDER = "pulumi:providers:aws"
GROUP_OF_MACHINES = "aws:autoscaling/group:Group"


def tags(resource: Resource) -> Mapping[str, Any] | None:
    """All tags that a resource will have, its provider's included; None while they are not known."""
    if resource.type == GROUP_OF_MACHINES:  # a list, which takes nothing from the provider
        return {at(tag, "key"): at(tag, "value") for tag in each(resource.at("tags"))}
    found: dict[str, Any] = {}
    for some in (default_tags(resource.provider), resource.at("tagsAll", {}), resource.at("tags", {})):
        known = entries(some)
        if known is None:
            return None
        found |= known
    return found


def default_tags(provider: Mapping[str, Any]) -> Any:
    """The tags that a provider gives to whatever takes some. Providers keep their nested properties as JSON."""
    said = provider.get("defaultTags", {})
    return at(json.loads(said) if isinstance(said, str) else said, "tags", {}) if is_known(said) else UNKNOWN


def _missing(found: Mapping[str, Any] | None) -> list[str]:
    return [] if found is None else [key for key in REQUIRED if found.get(key) in (None, "")]


def _takes_tags(resource: Resource) -> bool:
    said = {"tags", "tagsAll"} & resource.props.keys()
    return all(is_known(resource.at(key)) for key in said) and (
        bool(said) or resource.type == GROUP_OF_MACHINES
    )


def _untagged(resource: Resource) -> Iterator[str]:
    if resource.type == PROVIDER:
        missing, whose = _missing(entries(default_tags(resource.props))), "defaultTags"
    elif resource.type.startswith("aws:") and _takes_tags(resource):
        missing, whose = _missing(tags(resource)), "its tags"
    else:
        return
    if missing:
        yield f"{whose} lack {', '.join(missing)}"


TAGGED = Rule(
    About(
        name="tagged",
        what=f"Whatever takes tags in AWS has {', '.join(REQUIRED)}; every AWS provider gives them by default.",
        why="Without them nobody knows whom to ask before something is changed, nor who pays for it.",
        mend="give the AWS provider `default_tags` with all four, and set none of them to an empty text.",
    ),
    _untagged,
)
