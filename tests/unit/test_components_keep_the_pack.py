"""Every component's own calls under the policy pack: who uses a component as it is has no exception to write."""

from __future__ import annotations

import pytest

from policies import pack
from policies.rules import Resource, Stack
from policies.settings import Settings
from slipway_rules.exceptions import ANNOTATION, excepted
from tests.support.calls import Call, calls
from tests.unit.mocks import Program, record

CALLS = [(component, call) for component, found in calls().items() for call in found]
IN_THE_CLUSTER = {
    "images-pinned",
    "pods-restricted",
    "replicated",
    "disruption-budget",
    "secrets-by-reference",
}
RULES = {rule.name: rule for rule in pack.RULES}
STACK_RULES = {rule.name: rule for rule in pack.STACK_RULES}
OF_THE_CALLER = {("App", "images-pinned")}
"""What a component takes as it is given."""


def resources(program: Program) -> list[Resource]:
    return [Resource(made.type, made.name, made.inputs, made.urn, made.protect) for made in program.resources]


def broken(asked: list[Resource], component: str) -> list[tuple[str, str, str]]:
    """Rule, resource and what is wrong, but for what an annotation beside it excuses."""
    by_itself = [
        (name, resource, problem)
        for name, rule in RULES.items()
        for resource in asked
        for problem in rule.find(resource)
    ]
    together = [
        (name, resource, problem)
        for name, rule in STACK_RULES.items()
        for resource, problem in rule.find(Stack(asked))
    ]
    return [
        (name, resource.name, problem)
        for name, resource, problem in (*by_itself, *together)
        if name in IN_THE_CLUSTER
        and (component, name) not in OF_THE_CALLER
        and not Settings().excuses(name, resource)
    ]


@pytest.mark.parametrize(("component", "call"), CALLS, ids=[call.key for _, call in CALLS])
def test_what_a_component_puts_into_a_cluster_keeps_to_the_pack(component: str, call: Call) -> None:
    assert broken(resources(record(call.build)), component) == []


def test_exceptions_name_rules_of_the_pack_and_give_a_reason() -> None:
    found = {
        (key.removeprefix(ANNOTATION), reason)
        for _, call in CALLS
        for made in record(call.build).resources
        if made.type.startswith("kubernetes:")
        for key, reason in made.inputs["metadata"].get("annotations", {}).items()
        if key.startswith(ANNOTATION)
    }
    assert {rule for rule, _ in found} <= {*RULES, *STACK_RULES}
    assert len(found) > 3
    assert all(len(reason.split()) > 3 for _, reason in found)


def test_an_exception_is_an_annotation_of_rule_and_reason() -> None:
    assert excepted(pods_restricted="it reads the node's files") == {
        "slipway/exception-pods-restricted": "it reads the node's files"
    }
