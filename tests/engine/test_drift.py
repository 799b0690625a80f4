"""Ten changes by hand in the account and in the cluster: all are named and nothing else, and all are brought back."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3  # pyright: ignore[reportMissingTypeStubs]
import pytest

from tests.support.project import REPOSITORY, SLIPWAY, Project, begin, removed_at_end

STACK = NAMESPACE = "drift"
PROJECT = """
name: slipway-drift
runtime: {name: python, options: {virtualenv: .venv}}
"""
SETTINGS = """
config:
  aws:region: eu-central-1
  aws:skipCredentialsValidation: "true"
  aws:skipMetadataApiCheck: "true"
  aws:skipRequestingAccountId: "true"
  aws:s3UsePathStyle: "true"
"""
PROGRAM = """
import json
import pulumi
import pulumi_aws as aws
from slipway.manifest import SKIP_AWAIT, Manifest

def allow(action):
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}
vpc = aws.ec2.Vpc("net", cidr_block="10.9.0.0/16")
group = aws.ec2.SecurityGroup("door", vpc_id=vpc.id, ingress=[
    {"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": ["10.0.0.0/8"]},
])
bucket = aws.s3.Bucket("files", tags={"team": "shop"})
key = aws.kms.Key("key", enable_key_rotation=True, deletion_window_in_days=7)
role = aws.iam.Role("reader", assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
policy = aws.iam.RolePolicy("may", role=role.name, policy=allow("s3:GetObject"))
logs = aws.cloudwatch.LogGroup("logs", retention_in_days=30)
ids = {"door": group.id, "files": bucket.id, "key": key.id, "reader": role.name, "may": policy.name, "logs": logs.name}
for name, value in ids.items():
    pulumi.export(name, value)

def manifest(kind, name, version="v1", notes=None, **body):
    metadata = {"name": name, "labels": {"app": "drift"}, "annotations": notes or {}}
    if kind != "Namespace":
        metadata["namespace"] = "drift"
    return Manifest(name, {"apiVersion": version, "kind": kind, "metadata": metadata, **body}, pulumi.ResourceOptions(depends_on=here))

here = []
here = [manifest("Namespace", "drift")]
select = {"matchLabels": {"app": "drift"}}
# No node has this label, so no pod ever runs; and no replicas, for they are an autoscaler's.
pods = {"nodeSelector": {"drift": "nowhere"}, "containers": [{"name": "web", "image": "web:1"}]}
manifest("Deployment", "web", "apps/v1", SKIP_AWAIT, spec={
    "selector": select, "template": {"metadata": {"labels": {"app": "drift"}}, "spec": pods},
})
manifest("Service", "front", notes=SKIP_AWAIT, spec={"selector": {"app": "drift"}, "ports": [{"port": 80, "targetPort": 8080}]})
manifest("ConfigMap", "settings", data={"mode": "fast"})
manifest("PodDisruptionBudget", "budget", "policy/v1", spec={"minAvailable": 1, "selector": select})
"""


@dataclass(frozen=True)
class Stack:
    project: Project

    def drift(self, *flags: str) -> tuple[int, dict[str, Any]]:
        """Exit code and report of the command."""
        done = subprocess.run(
            [SLIPWAY, "drift", "--stack", STACK, "--json", *flags],
            cwd=self.project.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp(STACK)
    (folder / ".venv").symlink_to(REPOSITORY / ".venv")
    (folder / "Pulumi.yaml").write_text(PROJECT)
    (folder / "__main__.py").write_text(PROGRAM)
    project = Project(folder, STACK)
    begin(project, SETTINGS)
    with removed_at_end(project):
        project.up()
        yield Stack(project)


def client(service: str) -> Any:
    connect: Any = boto3.client  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  (boto3 makes its clients at run time)
    return connect(service, region_name="eu-central-1")


def kubectl(*arguments: str) -> str:
    command = ["kubectl", "--namespace", NAMESPACE, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def change_by_hand(outputs: dict[str, str]) -> set[tuple[str, str, str]]:
    """Ten changes: resource, property, how."""
    rule: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    ec2, group = client("ec2"), outputs["door"]
    ec2.revoke_security_group_ingress(
        GroupId=group, IpPermissions=[rule | {"IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]
    )
    ec2.authorize_security_group_ingress(
        GroupId=group, IpPermissions=[rule | {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    )
    tags = {"TagSet": [{"Key": "team", "Value": "nobody"}]}
    client("s3").put_bucket_tagging(Bucket=outputs["files"], Tagging=tags)
    client("kms").disable_key_rotation(KeyId=outputs["key"])
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    client("iam").put_role_policy(
        RoleName=outputs["reader"], PolicyName=outputs["may"], PolicyDocument=document
    )
    client("logs").put_retention_policy(logGroupName=outputs["logs"], retentionInDays=1)

    kubectl("set", "image", "deployment/web", "web=web:2")
    port = [{"op": "replace", "path": "/spec/ports/0/port", "value": 8080}]
    kubectl("patch", "service", "front", "--type=json", "--patch", json.dumps(port))
    kubectl("patch", "configmap", "settings", "--patch", '{"data": {"mode": "slow"}}')
    kubectl("label", "configmap", "settings", "owner=me")
    kubectl("delete", "poddisruptionbudget", "budget")
    return {
        ("door", "ingress[0].cidrBlocks[0]", "changed"),
        ("files", "tags.team", "changed"),
        ("key", "enableKeyRotation", "changed"),
        ("may", "policy", "changed"),
        ("logs", "retentionInDays", "changed"),
        ("web", "spec.template.spec.containers[0].image", "changed"),
        ("front", "spec.ports[0].port", "changed"),
        ("settings", "data.mode", "changed"),
        ("settings", "metadata.labels.owner", "added"),
        ("budget", "", "deleted"),
    }


def test_ten_changes_by_hand_are_named_and_brought_back(stack: Stack) -> None:
    """Given an untouched stack, ten changes and what an autoscaler does, then drift names the ten alone, and mends them."""
    assert stack.drift()[0] == 0, "nobody has touched it"
    outputs = stack.project.outputs()
    made = change_by_hand(outputs)
    kubectl("scale", "deployment/web", "--replicas=2")

    code, report = stack.drift()
    found = {(one["resource"], one.get("property", ""), one["how"]) for one in report["drift"]}
    assert code == 2
    assert found == made, report["drift"]

    code, report = stack.drift("--fix")
    assert code == 0, report
    assert report["drift"] == [], "it compares again by itself"
    stack.project.pulumi("preview", "--expect-no-changes")

    live = json.loads(
        kubectl("get", "configmap/settings", "service/front", "deployment/web", "pdb/budget", "--output=json")
    )
    settings, front, web, budget = live["items"]
    assert (settings["data"], settings["metadata"]["labels"]) == ({"mode": "fast"}, {"app": "drift"})
    assert [port["port"] for port in front["spec"]["ports"]] == [80]
    assert web["spec"]["template"]["spec"]["containers"][0]["image"] == "web:1"
    assert web["spec"]["replicas"] == 2, "what an autoscaler said stands"
    assert budget["spec"]["minAvailable"] == 1
    assert client("kms").get_key_rotation_status(KeyId=outputs["key"])["KeyRotationEnabled"] is True
    (rule,) = client("ec2").describe_security_groups(GroupIds=[outputs["door"]])["SecurityGroups"][0][
        "IpPermissions"
    ]
    assert [block["CidrIp"] for block in rule["IpRanges"]] == ["10.0.0.0/8"]
