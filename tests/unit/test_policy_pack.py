"""The pack around its rules: what a stack file says to it, what Pulumi is shown, and what it costs to start."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime import config as runtime_config
from pulumi_policy import (
    EnforcementLevel,
    PolicyProviderResource,
    PolicyResource,
    PolicyResourceOptions,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.policy import PolicyCustomTimeouts
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from policies import coverage, data, documents, encryption, exposure, pack, reference
from policies.crossguard import level, plain, policies
from policies.rules import UNKNOWN, About, Resource, Rule, Stack, StackRule
from policies.settings import Settings, load
from slipway import BackupVault
from slipway_rules.stateful import HOLDERS
from slipway_rules.tags import BACKUP, REQUIRED
from tests.unit.mocks import Program, Run
from tests.unit.test_environment import up

ROOT = Path(__file__).parents[2]
NAMES = ["images-pinned", "replicated"]


@pytest.fixture(autouse=True)
def _no_config() -> Iterator[None]:
    yield
    runtime_config.set_all_config({}, [])


def config(**values: Any) -> None:
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}
    runtime_config.set_all_config({f"slipway:{key}": text for key, text in texts.items()}, [])


# --- what a stack file says ---


def test_the_pack_is_mandatory_unless_the_stack_file_says_otherwise() -> None:
    config()
    assert level(load(NAMES)) == EnforcementLevel.MANDATORY
    config(policies="advisory")
    assert level(load(NAMES)) == EnforcementLevel.ADVISORY


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"policies": "off"}, "slipway:policies must be mandatory or advisory, got 'off'"),
        ({"allowReplacement": "db"}, "slipway:allowReplacement must be a list of names or URNs"),
        ({"allowReplacement": {"db": "yes"}}, "slipway:allowReplacement must be a list"),
        ({"policyExceptions": ["replicated"]}, "must be rule, resource and reason, got ['replicated']"),
        (
            {"policyExceptions": {"twins": {"a": "b"}}},
            "names no rule 'twins'; the rules are images-pinned, replicated",
        ),
        (
            {"policyExceptions": {"replicated": ["web"]}},
            "slipway:policyExceptions.replicated must give a reason",
        ),
        ({"policyExceptions": {"replicated": {"web": " "}}}, "must give a reason for each resource"),
    ],
)
def test_wrong_settings_are_refused(values: dict[str, Any], message: str) -> None:
    if isinstance(values.get("allowReplacement"), str):
        values = {"allowReplacement": json.dumps("db")}
    config(**values)
    with pytest.raises(ValueError, match=re.escape(message)):
        load(NAMES)


def test_an_exception_excuses_one_resource_of_one_rule() -> None:
    config(policyExceptions={"replicated": {"web": "it may be down"}, "images-pinned": {"web": "old"}})
    settings = load(NAMES)
    assert settings.excuses("replicated", Resource("t", "web"))
    assert not settings.excuses("replicated", Resource("t", "other"))
    assert settings.unused() == [("images-pinned", "web")]


def test_an_annotation_excuses_the_object_that_carries_it() -> None:
    notes = {"slipway/exception-replicated": "it keeps its own store"}
    noted = Resource("t", "web", {"metadata": {"annotations": notes}})
    assert Settings().excuses("replicated", noted)
    assert not Settings().excuses("images-pinned", noted)
    assert not Settings().excuses("replicated", Resource("t", "web", {"metadata": UNKNOWN}))
    for no_reason in ("", " ", UNKNOWN):
        unfounded = {"metadata": {"annotations": {"slipway/exception-replicated": no_reason}}}
        assert not Settings().excuses("replicated", Resource("t", "web", unfounded))


@pytest.mark.parametrize("said", ["db", "urn:db"])
@pytest.mark.parametrize("rule", ["data-protected", "deletion-protection"])
def test_what_may_go_is_named_in_the_stack_file(rule: str, said: str) -> None:
    config(allowReplacement=[said])
    settings = load(NAMES)
    assert settings.excuses(rule, Resource("t", "db", urn="urn:db"))
    assert not settings.excuses(rule, Resource("t", "other", urn="urn:other"))
    assert not settings.excuses("encrypted-at-rest", Resource("t", "db", urn="urn:db"))


# --- what Pulumi is shown ---

ABOUT = About("replicated", "Two of each.", "One is an outage.", "raise it")
OPTIONS = PolicyResourceOptions(True, [], None, [], PolicyCustomTimeouts(0, 0, 0), [], None)


def test_plain_data_comes_out_of_what_pulumi_hands_out() -> None:
    handed = unknown_checking_proxy(
        {"a": UNKNOWN_STRING_VALUE, "list": [1.0, 2.5, {"b": UNKNOWN_STRING_VALUE}], "text": "x", "no": None}
    )
    assert plain(handed) == {"a": UNKNOWN, "list": [1, 2.5, {"b": UNKNOWN}], "text": "x", "no": None}


class Shown:
    """The policies, asked as Pulumi asks them."""

    def __init__(self, rules: list[Rule], stack_rules: list[StackRule], settings: Settings) -> None:
        self.policies = policies(rules, stack_rules, settings)
        self.reports: list[tuple[str, str | None]] = []

    def resource(self, props: dict[str, Any]) -> None:
        provider = PolicyProviderResource("pulumi:providers:aws", {"region": "x"}, "urn:provider", "aws")
        handed: Any = unknown_checking_proxy(props)
        args = ResourceValidationArgs("a:b:C", handed, "urn:it", "it", OPTIONS, provider)
        for policy in self.policies:
            if isinstance(policy, ResourceValidationPolicy):
                ask: Any = policy
                ask.validate(args, self._report)

    def stack(self, props: dict[str, Any]) -> None:
        bucket = PolicyResource("a:b:D", {}, "urn:used", "used", OPTIONS, None, None, [], {})
        handed: Any = unknown_checking_proxy(props)
        resource = PolicyResource(
            "a:b:C", handed, "urn:it", "it", OPTIONS, None, None, [], {"bucket": [bucket]}
        )
        for policy in self.policies:
            if isinstance(policy, StackValidationPolicy):
                ask: Any = policy
                ask.validate(StackValidationArgs([resource]), self._report)

    def _report(self, message: str, urn: str | None = None) -> None:
        self.reports.append((message, urn))


def test_a_violation_says_what_was_found_why_and_how_to_mend_it() -> None:
    seen: list[Resource] = []

    def find(resource: Resource) -> Iterator[str]:
        seen.append(resource)
        yield "one"

    shown = Shown([Rule(ABOUT, find)], [], Settings())
    shown.resource({"a": UNKNOWN_STRING_VALUE})
    assert [policy.name for policy in shown.policies] == ["replicated", "exceptions-needed"]
    assert shown.policies[0].description == "Two of each."
    assert shown.reports == [("  found: one\n  why:   One is an outage.\n  mend:  raise it", None)]
    assert seen == [
        Resource("a:b:C", "it", {"a": UNKNOWN}, urn="urn:it", protect=True, provider={"region": "x"})
    ]


def test_a_stack_rule_sees_what_each_resource_was_asked_to_be_and_what_it_came_out_as() -> None:
    seen: list[Stack] = []

    def find(stack: Stack) -> Iterator[tuple[Resource, str]]:
        seen.append(stack)
        yield stack.resources[0], "one"

    shown = Shown([Rule(ABOUT, lambda _: [])], [StackRule(ABOUT, find)], Settings())
    shown.resource({"asked": 1.0})
    shown.stack({"id": "x", "asked": UNKNOWN_STRING_VALUE})
    assert shown.reports == [("  found: it: one\n  why:   One is an outage.\n  mend:  raise it", "urn:it")]
    (resource,) = seen[0].resources
    assert resource.props == {"id": "x", "asked": 1}
    assert resource.uses == {"bucket": frozenset({"urn:used"})}


def test_what_is_excused_is_not_shown_and_an_exception_in_vain_is_told() -> None:
    settings = Settings(exceptions={"replicated": {"it": "why", "gone": "why"}})
    shown = Shown(
        [Rule(ABOUT, lambda _: ["x"])], [StackRule(ABOUT, lambda s: [(s.resources[0], "x")])], settings
    )
    shown.resource({})
    shown.stack({})
    told = "slipway:policyExceptions.replicated.gone excuses nothing: take it out of the stack file"
    assert shown.reports == [(told, None)]
    assert shown.policies[-1].enforcement_level == EnforcementLevel.ADVISORY


def test_an_exception_of_what_is_not_known_yet_may_be_needed() -> None:
    settings = Settings(exceptions={"replicated": {"it": "why"}})
    shown = Shown([Rule(ABOUT, lambda _: [])], [], settings)
    shown.resource({"origins": [{"domain": UNKNOWN_STRING_VALUE}]})
    shown.stack({})
    assert shown.reports == []


# --- the pack as a whole ---


def test_rules_have_names_of_their_own_and_say_all_of_what_why_and_mend() -> None:
    abouts = [rule.about for rule in (*pack.RULES, *pack.STACK_RULES)]
    assert len({about.name for about in abouts}) == len(abouts)
    for about in abouts:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", about.name)
        assert all(text.endswith(".") for text in (about.what, about.why, about.mend)), about


def test_the_page_of_all_rules_is_up_to_date() -> None:
    written = (ROOT / "docs/policies.md").read_text()
    assert written == reference.markdown(), "run: python -m policies.reference > docs/policies.md"


def test_the_pack_starts_without_any_sdk_of_a_provider_and_without_the_components() -> None:
    heavy = "print([m for m in ('pulumi_aws', 'pulumi_kubernetes', 'slipway') if m in sys.modules])"
    code = f"import sys, policies.crossguard, policies.pack, policies.settings; {heavy}"
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert out.stdout.strip() == "[]"


def named_in_the_rules() -> dict[str, set[str]]:
    """Resource type to the properties that the tables look at."""
    found: dict[str, set[str]] = {}
    for table in (
        data.GUARDS,
        encryption.AT_REST,
        encryption.IN_TRANSIT,
        exposure.PRIVATE,
        coverage.RETENTION,
    ):
        for type_, wants in table.items():
            found.setdefault(type_, set()).update(want.path.split(".")[0] for want in wants)
    for type_, path in documents.ATTACHED.items():
        found.setdefault(type_, set()).add(path)
    for type_ in HOLDERS | coverage.STATEFUL:
        found.setdefault(type_, set())
    return found


@pytest.mark.parametrize("type_", sorted(named_in_the_rules()))
def test_types_and_properties_of_the_rules_are_in_the_sdk(type_: str) -> None:
    _, module, kind = type_.split(":")
    spec = importlib.util.find_spec("pulumi_aws")
    assert spec
    assert spec.origin
    package, _, name = module.replace("lambda/", "lambda_/").partition("/")
    file = Path(spec.origin).parent / package / f"{re.sub(r'(?<=[a-z0-9])(?=[A-Z])', '_', name).lower()}.py"
    text = file.read_text()
    assert f'@pulumi.type_token("{type_}")' in text, kind
    for prop in named_in_the_rules()[type_]:
        assert f'name="{prop}"' in text or f"def {prop}(self)" in text, prop


def test_constructors_and_policies_mean_the_same_backup_tag(run: Run, program: Program) -> None:
    run(lambda: BackupVault("backup", {}))
    (selected,) = program.by_name("aws:backup/selection:Selection", "backup-selection").inputs[
        "selectionTags"
    ]
    assert (selected["key"], selected["value"]) == BACKUP


def test_the_stacks_give_the_tags_that_the_policy_asks_for(
    run: Run, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    run(lambda: up("dev"))
    provider = program.by_name("pulumi:providers:aws", "aws").inputs
    assert json.loads(provider["defaultTags"])["tags"].keys() == set(REQUIRED)


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_environments_break_no_rule_about_pods(
    stack: str, run_whole: Run, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    run_whole(lambda: up(stack))
    restricted = next(rule for rule in pack.RULES if rule.name == "pods-restricted")
    asked = [Resource(made.type, made.name, made.inputs) for made in program.resources]
    broken = [
        (resource.name, problem)
        for resource in asked
        for problem in restricted.find(resource)
        if not Settings().excuses(restricted.name, resource)
    ]
    assert broken == []
