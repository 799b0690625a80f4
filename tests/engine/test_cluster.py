"""An EKS cluster alone, by its shortest call, and its state in an S3 bucket: both against the emulator."""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3  # pyright: ignore[reportMissingTypeStubs]
import pytest

from tests.support.account import Resources, left, resources

BUCKET = "slipway-engine-state"
# Names in AWS come of it: what a run that was killed has left must not be in the way.
PROJECT = f"cluster-{secrets.token_hex(3)}"
PROGRAM_YAML = f"name: {PROJECT}\nruntime:\n  name: python\n  options:\n    virtualenv: {sys.prefix}\n"
PROGRAM = """
import json

import pulumi

from slipway import Cluster, Network, WorkloadRole

config = pulumi.Config()
network = Network("network", {"zones": ["eu-central-1a", "eu-central-1b"], "nat": "none"})
cluster = Cluster(
    "solo",
    {
        "kind": "eks",
        "subnet_ids": network.private_subnet_ids,
        "version": config.require("version"),
        "removal": config.require("removal"),
        "access": {"ops": {"principal_arn": "arn:aws:iam::000000000000:role/ops", "level": "admin"}},
    },
)
policy = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/*"}],
}
WorkloadRole(
    "reader",
    {
        "cluster_name": cluster.cluster_name,
        "namespace": "default",
        "service_account": "reader",
        "policy": json.dumps(policy),
    },
)
"""


@dataclass(frozen=True)
class Stack:
    """The program's stack, run by the real CLI with its state in the bucket."""

    folder: Path

    def pulumi(self, *arguments: str, check: bool = True) -> str:
        endpoint = os.environ["AWS_ENDPOINT_URL"].removeprefix("http://")
        options = f"endpoint={endpoint}&disableSSL=true&s3ForcePathStyle=true&region=eu-central-1"
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive", "--color=never"],
            cwd=self.folder,
            env=os.environ | {"PULUMI_BACKEND_URL": f"s3://{BUCKET}?{options}"},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=400,
            check=False,
        )
        assert not check or done.returncode == 0, f"pulumi {' '.join(arguments)}:\n{done.stdout}"
        return done.stdout

    def set(self, **config: str) -> None:
        pairs = [word for key, value in config.items() for word in ("--plaintext", f"{key}={value}")]
        self.pulumi("config", "set-all", *pairs)

    def remove(self) -> None:
        """Whatever is there of it."""
        if "alone" in self.pulumi("stack", "ls", "--json"):
            self.pulumi("cancel", "--yes", "--stack", "alone")  # a kill leaves its lock
            self.pulumi("destroy", "--yes", "--skip-preview", "--stack", "alone")
            self.pulumi("stack", "rm", "--yes", "--stack", "alone")

    def planned(self) -> dict[str, int]:
        """What a preview would do: operation -> number of resources."""
        return json.loads(self.pulumi("preview", "--json"))["changeSummary"]


@pytest.fixture(scope="module")
def s3() -> Any:
    connect: Any = boto3.client  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  (boto3 makes its clients at run time)
    return connect("s3")


@pytest.fixture(scope="module")
def bucket(s3: Any) -> Iterator[str]:
    """Where the state lies."""
    if BUCKET not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    yield BUCKET
    for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        s3.delete_object(Bucket=BUCKET, Key=item["Key"])
    s3.delete_bucket(Bucket=BUCKET)


@pytest.fixture(scope="module")
def before(bucket: str) -> Resources:
    """The account before the cluster came up."""
    return resources()


@pytest.fixture(scope="module")
def stack(before: Resources, s3: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The cluster in the version before the present one, up."""
    folder = tmp_path_factory.mktemp("cluster")
    (folder / "Pulumi.yaml").write_text(PROGRAM_YAML)
    (folder / "__main__.py").write_text(PROGRAM)
    made = Stack(folder)
    made.pulumi("stack", "init", "alone")
    skipped = ("CredentialsValidation", "MetadataApiCheck", "RequestingAccountId")
    flags = {f"aws:skip{what}": "true" for what in skipped}
    made.set(version="1.33", removal="destroy", **{"aws:region": "eu-central-1", **flags})
    try:
        made.pulumi("up", "--yes", "--skip-preview")
        yield made
    finally:
        made.remove()


def test_the_state_is_in_the_bucket(stack: Stack, s3: Any) -> None:
    """Given a stack of the S3 backend, then its checkpoint and history are objects of the bucket."""
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert f".pulumi/stacks/{PROJECT}/alone.json" in keys
    assert [key for key in keys if key.startswith(f".pulumi/history/{PROJECT}/alone/")]
    assert not [key for key in keys if key.startswith(".pulumi/locks/")]


def test_second_preview_finds_nothing_to_do(stack: Stack) -> None:
    """Given an unchanged program, then neither a preview nor a refresh shows a change."""
    stack.pulumi("preview", "--expect-no-changes", "--diff")
    stack.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes", "--diff")


def test_a_new_version_is_an_update_in_place(stack: Stack) -> None:
    """Given another version, then the preview updates the cluster alone and replaces nothing; and so it happens."""
    stack.set(version="1.34")
    planned = stack.planned()
    assert planned.pop("same") > 0
    assert planned == {"update": 1}
    stack.pulumi("up", "--yes", "--skip-preview")
    stack.pulumi("preview", "--expect-no-changes", "--diff")


def test_a_protected_cluster_is_not_destroyed(stack: Stack) -> None:
    """Given protection, when the stack is to be destroyed, then nothing at all is deleted."""
    stack.set(removal="protect")
    stack.pulumi("up", "--yes", "--skip-preview")
    try:
        assert "because it is protected" in stack.pulumi("destroy", "--yes", check=False)
        stack.pulumi("preview", "--expect-no-changes", "--diff")
    finally:
        stack.set(removal="destroy")
        stack.pulumi("up", "--yes", "--skip-preview")


def test_destroy_leaves_nothing(stack: Stack, before: Resources) -> None:
    """Given the cluster, when it is destroyed, then the account holds what it held before."""
    stack.pulumi("destroy", "--yes", "--skip-preview")
    assert left(before) == {}
