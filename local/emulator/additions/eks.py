"""What the emulator's EKS lacks or forgets.

Clusters lead to the API server of the platform: EKS_ENDPOINT and EKS_CA_FILE, set by slipway_local/emulator.py, are what
DescribeCluster answers with. Every cluster is that one server, and access to it is in eks_login.py.

CreateCluster:        remembers Auto Mode's settings, upgrade policy, zonal shift and deletion protection; says the
                      subnets' VPC; makes the cluster's security group; its issuer has AWS's own name, and nobody answers there
UpdateClusterConfig,  answered, held against AWS's own shapes; what is given is what DescribeCluster says from then on
UpdateClusterVersion
DescribeUpdate:       an update is always done
DeleteCluster:        refused under deletion protection; takes the security group along
"""

import base64
import json
import os
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
from botocore.validate import ParamValidator
from ministack.core.responses import get_region, new_uuid
from ministack.services import ec2, eks

Answer = tuple[int, dict[str, str], bytes]
Cluster = dict[str, Any]

_REMEMBERED = (
    "computeConfig",
    "storageConfig",
    "upgradePolicy",
    "zonalShiftConfig",
    "deletionProtection",
    "accessConfig",
    "logging",
)
_MERGED = ("resourcesVpcConfig", "kubernetesNetworkConfig")
_KIND_OF_UPDATE = {
    "resourcesVpcConfig": "VpcConfigUpdate",
    "logging": "LoggingUpdate",
    "accessConfig": "AccessConfigUpdate",
    "upgradePolicy": "UpgradePolicyUpdate",
    "zonalShiftConfig": "ZonalShiftConfigUpdate",
    "deletionProtection": "DeletionProtectionUpdate",
    "computeConfig": "AutoModeUpdate",
}


def install() -> None:
    """Puts them around ministack's own calls."""
    handle: Callable[..., Answer] = eks._handle_request_sync
    create, delete, show = eks._create_cluster, eks._delete_cluster, eks._sanitize

    def handling(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
    ) -> Answer:
        for wanted, pattern, action, answer in _CALLS:
            found = re.fullmatch(pattern, path)
            if found and method == wanted:
                return _answered(action, answer, found["name"], body, found.groupdict())
        return handle(method, path, headers, body, query)

    def creating(body: dict[str, Any], creator: str | None = None) -> Answer:
        problems = ParamValidator().validate(body, _shape("CreateCluster"))
        if problems.has_errors():
            return eks._error(400, "InvalidParameterException", problems.generate_report())
        answer = create(body, creator)
        if answer[0] != 200:  # noqa: PLR2004
            return answer
        cluster = eks._clusters[body["name"]]
        _change(cluster, body)
        _place(cluster)
        return eks._describe_cluster(body["name"])

    def deleting(name: str) -> Answer:
        cluster = eks._clusters.get(name)
        if cluster and cluster.get("deletionProtection"):
            return eks._error(
                400, "InvalidRequestException", f"Cluster {name} has deletion protection enabled"
            )
        answer = delete(name)
        if cluster:
            ec2._security_groups.pop(cluster["resourcesVpcConfig"]["clusterSecurityGroupId"], None)
        return answer

    def showing(cluster: Cluster) -> Cluster:
        return show(cluster) | _where() | {"tags": eks._tags.get(cluster["arn"], {})}

    eks._handle_request_sync = handling
    eks._create_cluster, eks._delete_cluster, eks._sanitize = creating, deleting, showing
    eks._issuer_url = lambda name: f"https://oidc.eks.{get_region()}.amazonaws.com/id/{name}"


def _where() -> dict[str, Any]:
    authority = base64.b64encode(Path(os.environ["EKS_CA_FILE"]).read_bytes()).decode()
    return {"endpoint": os.environ["EKS_ENDPOINT"], "certificateAuthority": {"data": authority}}


def _change(cluster: Cluster, given: Mapping[str, Any]) -> None:
    cluster.update({key: given[key] for key in _REMEMBERED if key in given})
    for key in _MERGED:
        cluster[key] = cluster[key] | given.get(key, {})


def _place(cluster: Cluster) -> None:
    """In the subnets' VPC, behind a security group that is really there."""
    place = cluster["resourcesVpcConfig"]
    subnet = ec2._subnets.get(next(iter(place["subnetIds"]), ""), {})
    place["vpcId"] = subnet.get("VpcId", place["vpcId"])
    name = f"eks-cluster-sg-{cluster['name']}"
    made = ec2._create_security_group({"GroupName": name, "VpcId": place["vpcId"]})[2]
    found = re.search(r"<groupId>(sg-\w+)<", made.decode() if isinstance(made, bytes) else made)
    if found is None:
        raise ValueError(f"the emulator makes no security group {name}: {made}")
    place["clusterSecurityGroupId"] = found[1]


def _answered(
    action: str,
    answer: Callable[[Cluster, dict[str, Any]], Answer],
    name: str,
    body: bytes,
    path: dict[str, str],
) -> Answer:
    asked = path | (json.loads(body) if body else {})
    problems = ParamValidator().validate(asked, _shape(action))
    if problems.has_errors():
        return eks._error(400, "InvalidParameterException", problems.generate_report())
    cluster = eks._clusters.get(name)
    if cluster is None:
        return eks._error(404, "ResourceNotFoundException", f"No cluster found for name: {name}.")
    return answer(cluster, asked)


def _update_config(cluster: Cluster, asked: dict[str, Any]) -> Answer:
    _change(cluster, asked)
    kinds = [kind for key, kind in _KIND_OF_UPDATE.items() if key in asked]
    return _updated(cluster, kinds[0] if kinds else "ConfigUpdate")


def _update_version(cluster: Cluster, asked: dict[str, Any]) -> Answer:
    cluster["version"] = asked["version"]
    return _updated(cluster, "VersionUpdate")


def _updated(cluster: Cluster, kind: str) -> Answer:
    update = {
        "id": new_uuid(),
        "status": "Successful",
        "type": kind,
        "params": [],
        "errors": [],
        "createdAt": eks._now(),
    }
    cluster.setdefault("_updates", {})[update["id"]] = update
    return eks._json_resp(200, {"update": update})


def _describe_update(cluster: Cluster, asked: dict[str, Any]) -> Answer:
    update = cluster.get("_updates", {}).get(asked["updateId"])
    if update is None:
        return eks._error(404, "ResourceNotFoundException", f"No update found for ID: {asked['updateId']}")
    return eks._json_resp(200, {"update": update})


@cache
def _shape(action: str) -> Any:
    return botocore.session.get_session().get_service_model("eks").operation_model(action).input_shape


_CLUSTER = r"/clusters/(?P<name>[\w-]+)"
_CALLS: tuple[tuple[str, str, str, Callable[[Cluster, dict[str, Any]], Answer]], ...] = (
    ("POST", f"{_CLUSTER}/update-config", "UpdateClusterConfig", _update_config),
    ("POST", f"{_CLUSTER}/updates", "UpdateClusterVersion", _update_version),
    ("GET", rf"{_CLUSTER}/updates/(?P<updateId>[\w-]+)", "DescribeUpdate", _describe_update),
)
