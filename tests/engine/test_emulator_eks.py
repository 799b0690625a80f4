"""EKS in the emulator: what it gives back, and whom its token review lets into the platform's API server.

It does not prove that a kube-apiserver asks it: tests/engine/test_prod.py does.
"""

import base64
import json
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4QueryAuth  # pyright: ignore[reportMissingTypeStubs]
from botocore.awsrequest import AWSRequest  # pyright: ignore[reportMissingTypeStubs]
from botocore.credentials import Credentials  # pyright: ignore[reportMissingTypeStubs]
from botocore.exceptions import ClientError  # pyright: ignore[reportMissingTypeStubs]

from tests.support.emulator import Emulator

ACCOUNT = "000000000000"
ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
STS = "https://sts.eu-central-1.amazonaws.com/"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One emulator with one cluster, in Auto Mode and in a VPC of its own."""
    folder: Path = tmp_path_factory.mktemp("emulator")
    (folder / "ca.crt").write_text("the authority")
    running = Emulator(folder, EKS_ENDPOINT="https://localhost:1", EKS_CA_FILE=str(folder / "ca.crt"))
    make(running, "main")
    yield running
    running.kill()


def make(emulator: Emulator, name: str, key: str = "test") -> dict[str, Any]:
    ec2, eks = emulator.client("ec2", key), emulator.client("eks", key)
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]
    eks.create_cluster(
        name=name,
        version="1.33",
        roleArn=f"arn:aws:iam::{ACCOUNT}:role/eks",
        resourcesVpcConfig={"subnetIds": [subnet], "endpointPublicAccess": False},
        computeConfig={"enabled": True, "nodePools": ["system"], "nodeRoleArn": "arn:aws:iam::1:role/n"},
        storageConfig={"blockStorage": {"enabled": True}},
        kubernetesNetworkConfig={"elasticLoadBalancing": {"enabled": True}},
        upgradePolicy={"supportType": "STANDARD"},
        zonalShiftConfig={"enabled": True},
        accessConfig={"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": True},
    )
    return {"vpc": vpc, **eks.describe_cluster(name=name)["cluster"]}


def token(
    cluster: str = "main",
    *,
    key: str = "test",
    secret: str = "test",
    url: str = STS,
    signed_at: datetime | None = None,
    action: str = "GetCallerIdentity",
    monkeypatch: pytest.MonkeyPatch | None = None,
) -> str:
    """What `aws eks get-token` prints; each argument is one way to get it wrong."""
    request: Any = AWSRequest("GET", f"{url}?Action={action}&Version=2011-06-15")
    request.headers["x-k8s-aws-id"] = cluster
    signer: Any = SigV4QueryAuth(Credentials(key, secret), "sts", "eu-central-1", expires=60)
    if signed_at and monkeypatch:
        monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: signed_at)
    signer.add_auth(request)
    encoded = base64.urlsafe_b64encode(request.url.encode()).decode().rstrip("=")
    return f"k8s-aws-v1.{encoded}"


def review(emulator: Emulator, asked: str) -> dict[str, Any]:
    """The status that a kube-apiserver would get."""
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": asked}}
    request = urllib.request.Request(
        f"http://127.0.0.1:{emulator.port}/_slipway/token-review",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        said = json.load(answer)
    assert (said["apiVersion"], said["kind"]) == (body["apiVersion"], body["kind"])
    return said["status"]


def test_a_cluster_leads_to_the_platform_s_api_server(emulator: Emulator) -> None:
    cluster = emulator.client("eks").describe_cluster(name="main")["cluster"]
    assert cluster["endpoint"] == "https://localhost:1"
    assert base64.b64decode(cluster["certificateAuthority"]["data"]) == b"the authority"
    assert cluster["identity"]["oidc"]["issuer"].startswith("https://oidc.eks.eu-central-1.amazonaws.com/id/")


def test_a_cluster_is_given_back_as_it_was_put_also_after_a_kill(emulator: Emulator) -> None:
    made = make(emulator, "kept")
    emulator.kill()
    emulator.start()
    cluster = emulator.client("eks").describe_cluster(name="kept")["cluster"]
    assert cluster["computeConfig"]["nodePools"] == ["system"]
    assert cluster["storageConfig"] == {"blockStorage": {"enabled": True}}
    assert cluster["kubernetesNetworkConfig"]["elasticLoadBalancing"] == {"enabled": True}
    assert (cluster["upgradePolicy"], cluster["zonalShiftConfig"]) == (
        {"supportType": "STANDARD"},
        {"enabled": True},
    )
    place = cluster["resourcesVpcConfig"]
    assert place["vpcId"] == made["vpc"]
    groups = emulator.client("ec2").describe_security_groups(GroupIds=[place["clusterSecurityGroupId"]])
    assert groups["SecurityGroups"][0]["VpcId"] == made["vpc"]
    emulator.client("eks").delete_cluster(name="kept")
    with pytest.raises(ClientError, match="does not exist"):
        emulator.client("ec2").describe_security_groups(GroupIds=[place["clusterSecurityGroupId"]])


def test_updates_change_the_cluster_in_place(emulator: Emulator) -> None:
    eks = emulator.client("eks")
    update = eks.update_cluster_version(name="main", version="1.34")["update"]
    assert eks.describe_update(name="main", updateId=update["id"])["update"]["status"] == "Successful"
    eks.update_cluster_config(name="main", upgradePolicy={"supportType": "EXTENDED"})
    eks.update_cluster_config(name="main", resourcesVpcConfig={"endpointPublicAccess": True})
    cluster = eks.describe_cluster(name="main")["cluster"]
    assert (cluster["version"], cluster["upgradePolicy"]) == ("1.34", {"supportType": "EXTENDED"})
    assert cluster["resourcesVpcConfig"]["endpointPublicAccess"] is True
    assert cluster["resourcesVpcConfig"]["subnetIds"]


def test_deletion_protection_refuses_until_it_is_off(emulator: Emulator) -> None:
    eks = emulator.client("eks")
    make(emulator, "guarded")
    eks.update_cluster_config(name="guarded", deletionProtection=True)
    with pytest.raises(ClientError, match="deletion protection"):
        eks.delete_cluster(name="guarded")
    eks.update_cluster_config(name="guarded", deletionProtection=False)
    eks.delete_cluster(name="guarded")


def test_who_made_the_cluster_is_its_administrator(emulator: Emulator) -> None:
    status = review(emulator, token())
    assert status["authenticated"] is True
    assert status["user"]["username"] == f"arn:aws:iam::{ACCOUNT}:root"
    assert status["user"]["groups"] == ["system:masters"]


def test_a_cluster_of_another_account_is_its_own_account_s(emulator: Emulator) -> None:
    hers = "111111111111"
    assert "signed for none of the clusters" in review(emulator, token("hers", key=hers))["error"]
    make(emulator, "hers", hers)
    assert review(emulator, token("hers", key=hers))["user"]["username"] == "arn:aws:iam::111111111111:root"
    assert "no access entry" in review(emulator, token("main", key=hers))["error"]


def test_a_tool_that_knows_the_emulator_signs_for_its_address(emulator: Emulator) -> None:
    assert review(emulator, token(url=f"http://127.0.0.1:{emulator.port}/"))["authenticated"] is True


def test_access_entries_say_who_somebody_is(emulator: Emulator) -> None:
    iam, eks = emulator.client("iam"), emulator.client("eks")
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    hers = {"key": key["AccessKeyId"], "secret": key["SecretAccessKey"]}
    ann = f"arn:aws:iam::{ACCOUNT}:user/ann"
    assert "no access entry" in review(emulator, token(**hers))["error"]

    eks.create_access_entry(clusterName="main", principalArn=ann, kubernetesGroups=["readers"])
    assert review(emulator, token(**hers))["user"] == {
        "username": ann,
        "uid": f"aws-iam-authenticator:{ACCOUNT}:{ann}",
        "groups": ["readers"],
    }
    scope = {"type": "cluster"}
    eks.associate_access_policy(clusterName="main", principalArn=ann, policyArn=ADMIN, accessScope=scope)
    assert review(emulator, token(**hers))["user"]["groups"] == ["readers", "system:masters"]
    eks.delete_access_entry(clusterName="main", principalArn=ann)
    assert review(emulator, token(**hers))["authenticated"] is False


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"cluster": "other"}, "signed for none of the clusters in eu-central-1, or with another secret"),
        ({"secret": "guessed"}, "signed for none of the clusters in eu-central-1, or with another secret"),
        ({"key": "AKIANOBODY"}, "the access key AKIANOBODY is not known"),
        ({"url": "https://sts.example.com/"}, "signed for sts.example.com, which is not STS"),
        ({"action": "AssumeRole"}, "the call of the token is not as EKS wants it"),
    ],
)
def test_a_wrong_token_lets_nobody_in(emulator: Emulator, wrong: dict[str, Any], why: str) -> None:
    status = review(emulator, token(**wrong))
    assert status["authenticated"] is False
    assert why in status["error"]


@pytest.mark.parametrize("minutes", [-16, 6])
def test_a_token_is_good_for_fifteen_minutes(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    at = datetime.now(UTC) + timedelta(minutes=minutes)
    status = review(emulator, token(signed_at=at, monkeypatch=monkeypatch))
    assert "no longer, or not yet, good" in status["error"]


@pytest.mark.parametrize("nonsense", ["", "Bearer", "k8s-aws-v1.", "k8s-aws-v1.%%%", "k8s-aws-v1.aGVsbG8"])
def test_what_is_no_token_lets_nobody_in(emulator: Emulator, nonsense: str) -> None:
    assert review(emulator, nonsense)["authenticated"] is False


def test_a_header_that_is_not_under_the_signature_lets_nobody_in(emulator: Emulator) -> None:
    url = base64.urlsafe_b64decode(token().removeprefix("k8s-aws-v1.") + "===").decode()
    encoded = base64.urlsafe_b64encode(url.replace("host%3Bx-k8s-aws-id", "host").encode()).decode()
    assert "the signed headers" in review(emulator, f"k8s-aws-v1.{encoded}")["error"]
