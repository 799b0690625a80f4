"""The whole prod environment on the local platform: EKS whose API server is the local one, reached with AWS credentials.

Pulumi.prod.yaml as it is committed, but for what one machine cannot have: the account, images from the internet, cpu for
a production's load, and protection from deletion, which would outlive the test.
It does not prove that AWS brings nodes or a load balancer: the platform's own node and addresses stand for them.
"""

import json
import urllib.error
import urllib.request
from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Any

import boto3  # pyright: ignore[reportMissingTypeStubs]
import pytest
import yaml

from slipway.audit import PARTS
from slipway_ops import project as operators
from slipway_ops.snapshots import Snapshots
from tests.support.account import Resources, left, resources
from tests.support.environment import Environment, wait_for
from tests.support.project import REPOSITORY, Project, copy_of_program, dev_settings, removed_at_end

STACK = "prod-whole"
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def settings() -> dict[str, Any]:
    """Production, fitted to the machine."""
    all_ = yaml.safe_load((REPOSITORY / "Pulumi.prod.yaml").read_text())
    config, dev = all_["config"], dev_settings()["config"]
    here = ("aws:", "docker:", "slipway:images", "slipway:blueImage", "slipway:greenImage")
    config.update({key: value for key, value in dev.items() if key.startswith(here)})
    app = config["slipway:app"]
    app["healthPath"] = dev["slipway:app"]["healthPath"]
    app["resources"]["cpu"] = "20m"
    # The load balancer has an address here and no name, and CloudFront takes names alone.
    config["slipway:gateway"].update(
        {"replicas": 1, "definitions": "existing", "address": "origin.example.com"}
    )
    # Without the account's number, which the provider may not ask for here, it cannot know a hub again.
    config["slipway:audit"]["parts"] = [part for part in PARTS if part != "security-hub"]
    small = {"storage": {"kind": "ephemeral"}, "grafana": "none", "cpu": "20m", "memory": "512Mi"}
    config["slipway:monitoring"].update(small)
    for section in ("audit", "backup", "cache", "cdn", "cluster", "database", "delivery", "monitoring"):
        config[f"slipway:{section}"]["removal"] = "destroy"
    return all_


@pytest.fixture(scope="module")
def before() -> Resources:
    """The account before the environment came up."""
    return resources()


@pytest.fixture(scope="module")
def prod(before: Resources, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """Production, up."""
    project: Project = copy_of_program(tmp_path_factory.mktemp("prod"), STACK, settings())
    with removed_at_end(project):
        project.up()
        yield Environment(project, project.outputs()["url"])


def test_prod_serves_the_edge_and_nobody_else(prod: Environment) -> None:
    """Given prod that is up, then its load balancer answers in blue to who brings the edge's secret, and 403 to others."""
    objects = json.loads(
        prod.kubectl("get", "services,secrets", f"--namespace={STACK}-gateway", "--output=json")
    )
    (address,) = (
        given["ip"]
        for found in objects["items"]
        for given in found.get("status", {}).get("loadBalancer", {}).get("ingress", ())
    )
    (secret,) = (
        b64decode(found["data"]["ORIGIN_SECRET"]).decode()
        for found in objects["items"]
        if "ORIGIN_SECRET" in found.get("data", {})
    )

    def answer(**headers: str) -> tuple[int, str]:
        request = urllib.request.Request(f"http://{address}/version", headers=headers)
        try:
            with DIRECT.open(request, timeout=5) as said:
                return said.status, json.load(said)["color"]
        except urllib.error.HTTPError as error:
            return error.code, ""
        except OSError:
            return 0, ""

    verified = {"X-Origin-Verify": secret}
    wait_for(lambda: answer(**verified) == (200, "blue"), 30, f"{address}/version to answer in blue")
    assert answer() == (403, "")
    assert answer(**{"X-Origin-Verify": f"{secret}x"}) == (403, "")
    assert prod.url.startswith("https://"), "the edge's address is the one that is told"
    state = prod.project.pulumi("stack", "export").output
    assert secret not in state
    assert b64encode(secret.encode()).decode() not in state


def test_its_cluster_is_the_local_api_server_and_the_login_is_aws_s(prod: Environment) -> None:
    """Given prod's own kubeconfig, then it leads to this machine with a token of the AWS command line."""
    state = json.loads(prod.project.pulumi("stack", "export", "--show-secrets").output)
    providers = [
        resource
        for resource in state["deployment"]["resources"]
        if resource["type"] == "pulumi:providers:kubernetes"
    ]
    kubeconfigs = [
        json.loads(json.loads(provider["inputs"]["kubeconfig"]["plaintext"])) for provider in providers
    ]
    assert [config["clusters"][0]["cluster"]["server"] for config in kubeconfigs] == [
        "https://localhost:16443"
    ]
    assert [config["users"][0]["user"]["exec"]["command"] for config in kubeconfigs] == ["aws"]


def test_its_database_is_saved_before_a_migration(prod: Environment) -> None:
    """Given prod's RDS database, when a release saves it, then there is a snapshot of it that can be restored."""
    told: list[str] = []
    project = operators.Project(prod.project.folder, prod.project.stack)
    name = Snapshots(project, told.append, check=lambda: None).take(release=7)
    connect: Any = boto3.client  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  (boto3 makes its clients at run time)
    rds = connect("rds")
    try:
        (found,) = rds.describe_db_snapshots(DBSnapshotIdentifier=name)["DBSnapshots"]
        assert found["Status"] == "available"
        assert name.startswith(f"{found['DBInstanceIdentifier']}-before-release-7-")
        assert {"Key": "slipway:release", "Value": "7"} in found["TagList"]
        assert told[-1] == f"snapshot {name} holds what was there before"
    finally:
        rds.delete_db_snapshot(DBSnapshotIdentifier=name)


def test_second_preview_finds_nothing_to_do(prod: Environment) -> None:
    """Given an unchanged program, then a preview shows no change."""
    prod.project.pulumi("preview", "--expect-no-changes", "--diff")


def test_refresh_is_clean(prod: Environment) -> None:
    """Given that nobody touched anything, then cloud and cluster are what the state says."""
    prod.project.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes", "--diff")


def test_destroy_leaves_nothing(prod: Environment, before: Resources) -> None:
    """Given prod, when it is destroyed, then account and cluster hold what they held before."""
    prod.project.remove()
    assert left(before) == {}
    namespaces = prod.kubectl("get", "namespaces", "--output", "name").split()
    assert not [name for name in namespaces if STACK in name]
