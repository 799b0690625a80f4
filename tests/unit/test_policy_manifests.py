"""Objects in files, and what stacks declare without an engine: both are held against the pack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
import pytest

from policies.manifests import findings, main
from policies.settings import Settings
from slipway_rules.types import present
from tests.support.declared import findings as declared
from tests.unit.mocks import record

POD = """
apiVersion: v1
kind: Pod
metadata:
  name: root
  annotations: {slipway/exception-images-pinned: a test}
spec:
  hostNetwork: true
  containers: [{name: root, image: x}]
"""


def test_objects_of_a_file_are_found_with_their_own_exceptions() -> None:
    found = [*findings(f"{POD}---\nkind: ConfigMap\napiVersion: v1\ndata: {{}}\n---\nother: 1\n")]
    assert "pods-restricted: Pod root: hostNetwork must be false, got True" in found
    assert not any(problem.startswith("images-pinned") for problem in found)


BODY = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "root"}, "spec": {"hostNetwork": True}}
LIST = {"kind": "List", "apiVersion": "v1", "items": [BODY]}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(BODY),
        json.dumps(BODY, separators=(",", ":")),
        json.dumps(BODY, indent="\t"),
        json.dumps([BODY]),
        json.dumps(LIST),
        json.dumps({"kind": "Pod", **BODY}),
        "{kind: Pod, apiVersion: v1, metadata: {name: root}, spec: {hostNetwork: true}}",
        "- apiVersion: v1\n  kind: Pod\n  metadata: {name: root}\n  spec: {hostNetwork: true}\n",
        "-   kind: Pod\n    apiVersion: v1\n    metadata: {name: root}\n    spec: {hostNetwork: true}\n",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: root}\nspec: {hostNetwork: true, nodeName: !Ref node}\n",
    ],
)
def test_objects_are_found_in_every_form_of_a_file(text: str) -> None:
    found = [problem for problem in findings(text) if "hostNetwork" in problem]
    assert found == ["pods-restricted: Pod root: hostNetwork must be false, got True"]


def test_secrets_are_found_in_a_list() -> None:
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "c"},
        "data": {"DB_PASSWORD": "hunter22"},
    }
    told = ["secrets-by-reference: ConfigMap c: data: DB_PASSWORD holds its secret in clear"]
    assert [*findings(json.dumps({**LIST, "items": [body]}))] == told


def test_what_a_template_fills_in_is_not_known() -> None:
    text = POD.replace("image: x", "image: '{{ .Values.image }}:{{ .Values.tag }}'").replace(
        "images-pinned", "none"
    )
    found = [*findings(text)]
    assert any("hostNetwork" in problem for problem in found)
    assert not any(problem.startswith("images-pinned") for problem in found)


def test_a_template_is_told_and_blocks_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "deployment.yaml"
    for line in ("replicas: {{ .Values.replicas }}", "{{- if .Values.on }}", "{% if on %}"):
        file.write_text(f"apiVersion: apps/v1\nkind: Deployment\n{line}\n")
        assert main([str(file)]) == 0
        assert capsys.readouterr().out.startswith(f"{file}: not looked at: it is a template")


def test_what_no_parser_reads_is_told_and_blocks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "pod.yaml"
    file.write_text(f"{POD}---\napiVersion: v1\nkind: [\n")
    assert main([str(file)]) == 1
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith(f"{file}: pods-restricted: Pod root")
    assert told[-1].startswith(f"{file}: it is no YAML: while parsing")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a: [1]",
        "kind: Pod",
        "apiVersion: [1]\nkind: Pod",
        "- x: &a !Ref b",
        "a: '{apiVersion: v1}'",
        "!Sub {apiVersion: v1}",
    ],
)
def test_what_is_no_object_is_left_alone(text: str) -> None:
    assert [*findings(text)] == []


def test_files_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pod.yaml").write_text(POD)
    assert main([str(tmp_path / "pod.yaml")]) == 1
    assert f"{tmp_path}/pod.yaml: pods-restricted: Pod root" in capsys.readouterr().out
    assert main([]) == 0


def test_what_a_stack_makes_of_what_is_known_without_an_engine() -> None:
    def build() -> None:
        closed, bare = (aws.s3.Bucket(name) for name in ("closed", "bare"))
        aws.s3.BucketPublicAccessBlock("block", bucket=closed.id)
        aws.s3.BucketServerSideEncryptionConfiguration("sse", bucket=bare.bucket, rules=[{}])
        tags = aws.Provider("tags", default_tags={"tags": {"owner": "o"}})
        aws.sqs.Queue("queue", tags={"project": "p"}, opts=pulumi.ResourceOptions(provider=tags))

    told = [*declared(record(build), Settings(), "aws")]
    assert sorted(line for line in told if line.startswith("buckets-")) == [
        "buckets-closed: aws:s3/bucket:Bucket bare: no BucketPublicAccessBlock is given this bucket",
        "buckets-encrypted: aws:s3/bucket:Bucket closed: no BucketServerSideEncryptionConfiguration is given this bucket",
    ]
    assert "tagged: aws:sqs/queue:Queue queue: its tags lack environment, cost-centre" in told


@pytest.mark.parametrize("given", ["yaml", "files", "objs"])
def test_a_group_s_objects_are_known_without_an_engine(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pod.yaml").write_text(POD)
    body: Any = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "root"},
        "spec": {"hostNetwork": True},
    }
    body["spec"]["containers"] = [{"name": "root", "image": "x"}]
    inputs: Any = {"yaml": POD, "files": ["*.yaml"], "objs": [body]}[given]
    program = record(lambda: kubernetes.yaml.v2.ConfigGroup("group", **{given: inputs}))
    told = [*declared(program, Settings(), "kubernetes")]
    assert any("kubernetes:core/v1:Pod root: hostNetwork must be false" in line for line in told), told


@pytest.mark.parametrize(
    ("former", "name"),
    [
        ("aws:alb/listener:Listener", "aws:lb/listener:Listener"),
        ("aws:elasticsearch/domain:Domain", "aws:opensearch/domain:Domain"),
        ("aws:s3/bucketAclV2:BucketAclV2", "aws:s3/bucketAcl:BucketAcl"),
        ("aws:s3/bucket:Bucket", "aws:s3/bucket:Bucket"),
        ("aws:s3/bucketObjectv2:BucketObjectv2", "aws:s3/bucketObjectv2:BucketObjectv2"),
    ],
)
def test_a_type_has_its_present_name(former: str, name: str) -> None:
    assert present(former) == name
