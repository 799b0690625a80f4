"""What a step of a refresh found: which properties, which values, and what of them is shown."""

from __future__ import annotations

from typing import Any

import pytest

from slipway_ops import drifted
from slipway_ops.drifted import Drift
from slipway_ops.masking import Masker

URN = "urn:pulumi:dev::slipway::aws:ec2/securityGroup:SecurityGroup::db"
POD = "urn:pulumi:dev::slipway::kubernetes:core/v1:ConfigMap::settings"
HIDDEN = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "[secret]"}


def step(
    old: dict[str, Any],
    new: dict[str, Any],
    op: str = "update",
    urn: str = URN,
    outputs: tuple[dict[str, Any], dict[str, Any]] | None = None,
    *,
    diff: dict[str, str] | None = None,
    **more: str,
) -> dict[str, Any]:
    before, after = outputs or (old, new)
    return {
        "op": op,
        "urn": urn,
        "type": urn.split("::")[2],
        "old": {"inputs": old, "outputs": before},
        "new": {"inputs": new, "outputs": after},
        "detailedDiff": {
            path: {"diffKind": kind, "inputDiff": False} for path, kind in ((diff or {}) | more).items()
        },
    }


def said(step: dict[str, Any], *secrets: str) -> list[str]:
    return [str(one) for one in drifted.of(step, Masker(secrets))]


def test_a_property_that_was_changed_one_that_was_added_and_one_that_was_removed() -> None:
    old, new = {"a": 1, "gone": "x"}, {"a": 2, "more": "y"}
    assert said(step(old, new, a="update", gone="delete", more="add")) == [
        "db (SecurityGroup): a was 1, is 2",
        'db (SecurityGroup): gone was removed: "x"',
        'db (SecurityGroup): more was added: "y"',
    ]


def test_what_a_section_has_in_it_is_named() -> None:
    old = {"ingress": [{"fromPort": 443, "cidrBlocks": ["10.0.0.0/8"]}]}
    new = {"ingress": [{"fromPort": 443, "cidrBlocks": ["0.0.0.0/0"]}]}
    assert said(step(old, new, ingress="update-replace")) == [
        'db (SecurityGroup): ingress[0].cidrBlocks[0] was "10.0.0.0/8", is "0.0.0.0/0"'
    ]


def test_a_resource_that_was_deleted() -> None:
    assert said({**step({}, {}, "delete"), "new": None}) == ["db (SecurityGroup): was deleted"]


@pytest.mark.parametrize("op", ["same", "refresh", "read"])
def test_what_is_as_it_was(op: str) -> None:
    assert not said(step({"a": 1}, {"a": 2}, op, a="update"))


def test_what_only_its_provider_counts_is_no_drift() -> None:
    """An external resource is compared by its outputs, and nobody's program says what they must be."""
    assert not said(step({"a": 1}, {"a": 1}, outputs=({"seen": 1}, {"seen": 2})))


def test_a_provider_that_names_no_paths() -> None:
    assert said({**step({"a": 1}, {"a": 2}), "detailedDiff": None, "diffs": ["a"]}) == [
        "db (SecurityGroup): a was 1, is 2"
    ]


def test_tags_are_told_once() -> None:
    old = {"tags": {"team": "a"}, "tagsAll": {"team": "a", "owner": "us"}}
    new = {"tags": {"team": "b"}, "tagsAll": {"team": "b", "owner": "them"}}
    diff = {"tags.team": "update", "tagsAll.team": "update", "tagsAll.owner": "update"}
    assert said(step(old, new, diff=diff)) == [
        'db (SecurityGroup): tags.team was "a", is "b"',
        'db (SecurityGroup): tagsAll.owner was "us", is "them"',
    ]


def test_a_secret_is_not_shown_nor_what_took_its_place() -> None:
    assert said(step({"password": HIDDEN}, {"password": "hunter2-in-clear"}, password="update")) == [
        "db (SecurityGroup): password was [secret], is [secret]"
    ]
    assert said(step({"note": "is hunter2-in-clear"}, {"note": "x"}, note="update"), "hunter2-in-clear") == [
        'db (SecurityGroup): note was "is [secret]", is "x"'
    ]


def test_of_a_long_value_the_part_that_differs_is_shown() -> None:
    long = "".join(f"{number:04} " for number in range(200))
    (one,) = drifted.of(step({"text": long}, {"text": long.replace("0100", "!!!!")}, text="update"), Masker())
    assert len(one.was) <= 122
    assert "0100" in one.was
    assert "!!!!" in one.found
    assert one.was[0] == one.was[-1] == "…"
    (one,) = drifted.of(step({}, {"text": long}, text="add"), Masker())
    assert one.found.startswith('"0000 ')
    assert one.found.endswith("…")


def cluster(op: str, data: dict[str, Any], **diff: str) -> dict[str, Any]:
    asked = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings"},
        "data": {"mode": "fast"},
    }
    owned: dict[str, Any] = {"f:data": {f"f:{key}": {} for key in data}}
    metadata: dict[str, Any] = {
        "name": "settings",
        "namespace": "shop",
        "uid": "u",
        "managedFields": [{"manager": "kubectl-edit", "operation": "Update", "fieldsV1": owned}],
    }
    live: dict[str, Any] = {
        **asked,
        "metadata": metadata,
        "data": data,
        "__fieldManager": "pulumi-kubernetes-1",
    }
    there = {**asked, "data": {"mode": data.get("mode")}}
    return step(asked, there, op, POD, outputs=(asked, live), diff=diff)


def test_what_was_added_beside_the_program() -> None:
    (one,) = drifted.of(cluster("same", {"mode": "fast", "de.bug": "on"}), Masker())
    assert str(one) == 'settings (ConfigMap): data["de.bug"] was added: "on"'
    assert one.object
    assert one.addition
    assert (one.object.name, one.object.manager, one.addition.path) == (
        "settings",
        "pulumi-kubernetes-1",
        ("data", "de.bug"),
    )


def test_what_was_changed_is_not_added_too() -> None:
    found = drifted.of(
        cluster("update", {"mode": "slow", "debug": "on"}, **{"data.mode": "update-replace"}), Masker()
    )
    assert [(one.path, one.how, one.addition is None) for one in found] == [
        ("data.mode", "changed", True),
        ("data.debug", "added", False),
    ]
    assert {one.object.uid for one in found if one.object} == {"u"}


def test_for_programs() -> None:
    (one,) = drifted.of(step({"a": 1}, {"a": 2}, a="update"), Masker())
    assert one.as_dict() == {
        "resource": "db",
        "type": "aws:ec2/securityGroup:SecurityGroup",
        "urn": URN,
        "how": "changed",
        "property": "a",
        "was": "1",
        "is": "2",
    }
    assert Drift(URN, "aws:ec2/securityGroup:SecurityGroup", "deleted").as_dict().keys() == {
        "resource",
        "type",
        "urn",
        "how",
    }
