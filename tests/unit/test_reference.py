"""The reference pages and urns.json: what is committed is what the components say and make."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from slipway.manifest import Manifest
from tests.support.calls import COMPONENTS, calls
from tests.support.pictures import picture
from tests.support.reference import ROOT, default, known_urns, library, programs, texts, urns
from tests.unit.mocks import Program, Run


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_component_has_its_shortest_call(component: str) -> None:
    assert calls()[component], (
        f"tests/support/calls.py lacks {component}: a function that returns its shortest call"
    )


def test_what_is_committed_is_what_make_docs_writes() -> None:
    old = [
        str(path.relative_to(ROOT))
        for path, text in texts().items()
        if not path.exists() or path.read_text() != text
    ]
    assert old == [], "these do not say what the components say: run `make docs` and commit what it writes"


def test_no_page_is_left_of_a_component_that_went() -> None:
    pages = {path.name for path in (ROOT / "docs" / "reference").iterdir()}
    assert pages == {path.name for path in texts() if path.suffix == ".md"}


@pytest.mark.parametrize("key", known_urns())
def test_no_running_stack_loses_a_resource(key: str) -> None:
    """A name that is gone is a resource that an upgrade deletes, and mostly makes anew."""
    gone = sorted({*known_urns()[key]} - urns(programs()[key]))
    assert gone == [], (
        "these children have another name, type or parent now. Give the new ones `aliases` of the old; where a resource "
        "is to go, take its line out of tests/unit/urns.json, and let CHANGELOG.md say what a preview will show"
    )


class _Renamed(pulumi.ComponentResource):
    def __init__(self, aliases: list[pulumi.Alias]) -> None:
        super().__init__("slipway:index:Toy", "toy")
        opts = pulumi.ResourceOptions(parent=self, aliases=aliases)
        Manifest("new", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}, opts)


@pytest.mark.parametrize(
    ("alias", "kept"),
    [
        (pulumi.Alias(name="old"), "slipway:index:Toy$kubernetes:core/v1:ConfigMap::old"),
        (pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE), "kubernetes:core/v1:ConfigMap::new"),
        (
            pulumi.Alias(type_="kubernetes:core/v1:Secret"),
            "slipway:index:Toy$kubernetes:core/v1:Secret::new",
        ),
    ],
)
def test_an_alias_keeps_a_name(run: Run, program: Program, alias: pulumi.Alias, kept: str) -> None:
    run(lambda: [_Renamed([alias]), None][1])
    assert kept in urns(program)
    assert "slipway:index:Toy$kubernetes:core/v1:ConfigMap::new" in urns(program)


def test_without_an_alias_the_old_name_is_gone(run: Run, program: Program) -> None:
    run(lambda: [_Renamed([]), None][1])
    assert urns(program) == {"slipway:index:Toy::toy", "slipway:index:Toy$kubernetes:core/v1:ConfigMap::new"}


def _optional() -> list[tuple[str, Any]]:
    modules = {library()[name].final_target.module for name in COMPONENTS}
    return [
        (f"{shape.name}.{name}", field)
        for module in modules
        for shape in module.classes.values()
        if "TypedDict" in [str(base) for base in shape.bases]
        for name, field in shape.attributes.items()
        if str(field.annotation).startswith("NotRequired[")
    ]


def test_every_argument_that_may_be_left_out_says_its_default() -> None:
    silent = [name for name, field in _optional() if not (field.docstring and default(field.docstring.value))]
    assert sorted(silent) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Pods. Default 2.", "2"),
        ("A path. Default `/a.b, c`.", "`/a.b, c`"),
        ("Nodes. Default three m7g.large.", "three m7g.large"),
        ("Log in. Default none, the endpoint is private.", "none"),
        ("Way out: `one` (default, survives), `two` or `none`.", "`one`"),
        ("With `eks`, required: subnets.", "none"),
        ("How many there are.", ""),
    ],
)
def test_default(text: str, said: str) -> None:
    assert default(text) == said


def test_a_picture_counts_kinds_and_leaves_out_arrows_that_others_imply(run: Run, program: Program) -> None:
    class Toy(pulumi.ComponentResource):
        def __init__(self) -> None:
            super().__init__("slipway:index:Toy", "toy")

            def make(name: str, kind: str, *needed: pulumi.Resource) -> pulumi.Resource:
                opts = pulumi.ResourceOptions(parent=self, depends_on=list(needed))
                return Manifest(name, {"apiVersion": "v1", "kind": kind, "metadata": {}}, opts)

            home = make("home", "Namespace")
            pods = [make("a", "Pod", home), make("b", "Pod", home)]
            make("service", "Service", home, *pods)

    run(lambda: [Toy(), None][1])
    assert picture(program).splitlines() == [
        "```mermaid",
        "flowchart LR",
        '  subgraph component["Toy"]',
        '    n0["Namespace"]',
        '    n1["Pod (2)"]',
        '    n2["Service"]',
        "  end",
        "  n0 --> n1",
        "  n1 --> n2",
        "```",
    ]
