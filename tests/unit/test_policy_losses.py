"""What a preview would take away, read from its events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from policies.losses import Loss, losses, main

DATABASE = "urn:pulumi:prod::slipway::slipway:index:Database$aws:rds/instance:Instance::db"


def event(op: str, type_: str = "aws:rds/instance:Instance", urn: str = DATABASE, old: Any = None) -> str:
    step = {"op": op, "type": type_, "urn": urn, "old": old}
    return json.dumps({"sequence": 1, "resourcePreEvent": {"metadata": step}})


def test_only_what_holds_data_and_goes_is_a_loss() -> None:
    events = [
        json.dumps({"preludeEvent": {}}),
        event("create"),
        event("update"),
        event("delete", "aws:ec2/route:Route"),
        event("replace"),
        event("create-replacement"),
        event("delete-replaced"),
        event("delete"),
        event("delete", old={"retainOnDelete": True}),
        event("delete", "aws:s3/bucketV2:BucketV2", "urn:bucket"),
    ]
    assert list(losses(events)) == [
        Loss("replaces", DATABASE),
        Loss("deletes", DATABASE),
        Loss("deletes", "urn:bucket"),
    ]


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ({}, 1),
        ({"slipway:policies": "mandatory"}, 1),
        ({"slipway:policies": "advisory"}, 0),
        ({"slipway:allowReplacement": ["cache"]}, 1),
    ],
)
def test_a_loss_is_told_and_refused_unless_the_stack_is_advised(
    config: dict[str, Any],
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(config, tmp_path, monkeypatch) == code
    said = capsys.readouterr().err
    level = config.get("slipway:policies", "mandatory")
    assert said.startswith(f"[{level}] data-protected: this update replaces {DATABASE}, which holds data.")
    assert "name db in slipway:allowReplacement of Pulumi.prod.yaml" in said


@pytest.mark.parametrize("name", ["db", DATABASE])
def test_what_the_stack_file_names_may_go(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run({"slipway:allowReplacement": [name]}, tmp_path, monkeypatch) == 0
    assert capsys.readouterr().err == ""


def run(config: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.chdir(folder)
    (folder / "Pulumi.prod.yaml").write_text(yaml.safe_dump({"config": config}))
    (folder / "events").write_text(event("replace") + "\n")
    return main("prod", folder / "events")
