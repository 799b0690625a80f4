#!/usr/bin/env python3
"""Write bridge/tokens.json: what the pulumi-aws Python SDK calls this provider's resources and properties.

    go run ./describe | update_tokens.py

To be run by hand when the provider or the SDK changes, by a Python that has the pinned pulumi-aws, in a copy of
this folder in which prepare.py has run. A property of the SDK for which no Terraform name is found is printed:
give it one in the tables below.
"""

import importlib.util
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NotRequired, TypedDict

TABLE = Path(__file__).parent / "bridge" / "tokens.json"

# Terraform prefixes whose SDK module is not the prefix itself.
MODULES = {"config": "cfg", "db": "rds", "prometheus": "amp"}

# Terraform names whose token does not follow from the name.
RESOURCES = {
    "aws_alb": "alb/LoadBalancer",
    "aws_autoscaling_group_tag": "autoscaling/Tag",
    "aws_cloudtrail": "cloudtrail/Trail",
    "aws_config_config_rule": "cfg/Rule",
    "aws_config_configuration_recorder": "cfg/Recorder",
    "aws_config_configuration_recorder_status": "cfg/RecorderStatus",
    "aws_db_instance_role_association": "rds/RoleAssociation",
    "aws_ec2_host": "ec2/DedicatedHost",
    "aws_ec2_instance_connect_endpoint": "ec2transitgateway/InstanceConnectEndpoint",
    "aws_ec2_instance_state": "ec2transitgateway/InstanceState",
    "aws_ec2_transit_gateway": "ec2transitgateway/TransitGateway",
    "aws_iam_user_ssh_key": "iam/SshKey",
    "aws_lb": "lb/LoadBalancer",
    "aws_network_interface_sg_attachment": "ec2/NetworkInterfaceSecurityGroupAttachment",
    "aws_rds_instance_state": "rds/InstanceDesiredState",
    "aws_s3_bucket_analytics_configuration": "s3/AnalyticsConfiguration",
    "aws_s3_bucket_inventory": "s3/Inventory",
    "aws_s3_bucket_replication_configuration": "s3/BucketReplicationConfig",
    "aws_s3_object": "s3/BucketObjectv2",
    "aws_sns_topic_data_protection_policy": "sns/DataProtectionPolicy",
    "aws_sqs_queue_redrive_allow_policy": "sqs/RedriveAllowPolicy",
    "aws_sqs_queue_redrive_policy": "sqs/RedrivePolicy",
    "aws_vpc_endpoint_security_group_association": "ec2/SecurityGroupAssociation",
    "aws_vpc_endpoint_service_allowed_principal": "ec2/VpcEndpointServiceAllowedPrinciple",
    "aws_vpc_peering_connection_options": "ec2/PeeringConnectionOptions",
}
FUNCTIONS = {
    "aws_alb": "alb/getLoadBalancer",
    "aws_autoscaling_groups": "autoscaling/getAmiIds",
    "aws_canonical_user_id": "s3/getCanonicalUserId",
    "aws_ebs_volumes": "ebs/getEbsVolumes",
    "aws_ec2_host": "ec2/getDedicatedHost",
    "aws_ec2_transit_gateway": "ec2transitgateway/getTransitGateway",
    "aws_ec2_transit_gateway_dx_gateway_attachment": "ec2transitgateway/getDirectConnectGatewayAttachment",
    "aws_eip": "ec2/getElasticIp",
    "aws_lb": "lb/getLoadBalancer",
    "aws_lbs": "lb/getLbs",
    "aws_vpc_ipam_preview_next_cidr": "ec2/getIpamPreviewNextCidr",
}

# Terraform properties whose name in the SDK is another word.
PROPERTIES = {
    "aws_cloudwatch_log_subscription_filter.log_group_name": "logGroup",
    "aws_cloudwatch_metric_alarm.alarm_name": "name",
    "aws_lambda_function.filename": "code",
    "aws_lambda_function.function_name": "name",
    "aws_lambda_layer_version.filename": "code",
    "aws_lambda_permission.function_name": "function",
    "aws_route53_record.failover_routing_policy": "failoverRoutingPolicies",
    "aws_route53_record.geolocation_routing_policy": "geolocationRoutingPolicies",
    "aws_route53_record.latency_routing_policy": "latencyRoutingPolicies",
    "aws_route53_record.weighted_routing_policy": "weightedRoutingPolicies",
    "aws_s3_bucket_website_configuration.routing_rules": "routingRuleDetails",
    "aws_sns_topic_subscription.topic_arn": "topic",
}

_CLASS = re.compile(r"^class (\w+)[(:].*?(?=^class |^@|\Z)", re.MULTILINE | re.DOTALL)
_GETTER = re.compile(
    r'@pulumi\.getter(?:\(name="(\w+)"\))?\n(?:    @.*\n)*    def (\w+)\(self\) -> (.+):$', re.MULTILINE
)
_RESOURCE = re.compile(r'^@pulumi\.type_token\("(aws:[^"]+)"\)\nclass (\w+)\(', re.MULTILINE)
_FUNCTION = re.compile(r"pulumi\.runtime\.invoke\('(aws:[^']+)', __args__, opts=opts, typ=(\w+)\)")
_SCALARS = {"_builtins.bool": "boolean", "_builtins.int": "integer", "_builtins.float": "number"}


class Property(TypedDict):
    """A property as describe/main.go prints it."""

    name: str
    input: NotRequired[bool]
    text: NotRequired[bool]
    list: NotRequired[bool]
    single: NotRequired[bool]
    elem: NotRequired[bool]
    fields: "NotRequired[dict[str, Property]]"


class Entity(TypedDict):
    """A resource or function as describe/main.go prints it."""

    framework: NotRequired[bool]
    properties: dict[str, Property]


class Field(TypedDict, total=False):
    """An override as bridge/table.go reads it."""

    name: str
    type: str
    maxItemsOne: bool
    fields: "dict[str, Field]"
    elem: "Field"


class Entry(TypedDict, total=False):
    """What bridge/table.go knows of a resource or function."""

    token: str
    framework: bool
    name: bool
    region: bool
    tags: bool
    fields: dict[str, Field]


@dataclass(frozen=True)
class Source:
    """Where the SDK defines an entity: the file, and the class that has a getter for each property."""

    file: Path
    klass: str


def main() -> None:
    TABLE.write_text(one_entity_a_line(table(json.load(sys.stdin))))


def table(described: dict[str, dict[str, Entity]]) -> dict[str, dict[str, Entry]]:
    return {
        "resources": entries(described["resources"], sdk_entities(_RESOURCE), RESOURCES, prefix=""),
        "functions": entries(described["functions"], sdk_entities(_FUNCTION), FUNCTIONS, prefix="get"),
    }


@cache
def sdk_folder() -> Path:
    spec = importlib.util.find_spec("pulumi_aws")
    if spec is None or spec.origin is None:
        sys.exit("update_tokens.py: this Python has no pulumi_aws; install the pinned version")
    return Path(spec.origin).parent


def sdk_entities(pattern: re.Pattern[str]) -> dict[str, Source]:
    """Every token of the SDK that the pattern finds, with the class of its properties."""
    return {
        token: Source(file, klass)
        for file in sorted(sdk_folder().rglob("*.py"))
        for token, klass in pattern.findall(file.read_text())
    }


def entries(
    described: dict[str, Entity], sdk: dict[str, Source], special: dict[str, str], prefix: str
) -> dict[str, Entry]:
    tokens_by_case = {token.lower(): token for token in sdk}
    result: dict[str, Entry] = {}
    for terraform, entity in sorted(described.items()):
        guesses = [special[terraform]] if terraform in special else guessed_names(terraform, prefix)
        token = next((tokens_by_case[t] for t in map(as_token, guesses) if t in tokens_by_case), None)
        if token is None:
            say(f"{terraform}: the SDK has no such {'function' if prefix else 'resource'}, left out")
            continue
        entry: Entry = {"token": token}
        if entity.get("framework"):
            entry["framework"] = True
        inputs = {name for name, prop in entity["properties"].items() if prop.get("input")}
        if not prefix and "name" in inputs:
            entry["name"] = True
        if not prefix and "region" in inputs:
            entry["region"] = True
        if not prefix and {"tags", "tags_all"} <= inputs:
            entry["tags"] = True
        if fields := overrides(terraform, entity["properties"], sdk[token]):
            entry["fields"] = fields
        result[terraform] = entry
    return result


def guessed_names(terraform: str, prefix: str) -> Iterator[str]:
    """aws_ec2_transit_gateway_route: ec2transitgateway/Route, ec2/TransitGatewayRoute …, longest first."""
    words = terraform.split("_")[1:]
    for end in range(len(words) - 1, 0, -1):
        module = "_".join(words[:end])
        yield f"{MODULES.get(module, module.replace('_', ''))}/{prefix}{''.join(words[end:])}"
    yield f"ec2/{prefix}{''.join(words)}"
    yield f"index/{prefix}{''.join(words)}"


def as_token(name: str) -> str:
    module, member = name.lower().split("/")
    return f"aws:{module}/{member}:{member}"


def overrides(
    path: str, described: dict[str, Property], sdk: Source, around: frozenset[str] = frozenset()
) -> dict[str, Field]:
    """What has to be said about the described properties so that they are those of the SDK's class.

    Some classes of the SDK are recursive, where Terraform unrolls a few levels: around are those already met.
    """
    wanted = getters(sdk.file).get(sdk.klass, {})
    result: dict[str, Field] = {}
    found: set[str] = set()
    for terraform, prop in sorted(described.items()):
        name = sdk_name(f"{path}.{terraform}", terraform, prop, wanted)
        if name is None:
            continue
        found.add(name)
        if field := override(f"{path}.{terraform}", prop, name, wanted[name], owner=sdk, around=around):
            result[terraform] = field
    missing = wanted.keys() - found - {"id", "urn"} if sdk.klass not in around else set[str]()
    for name in sorted(missing):
        say(f"{path}: nothing for the SDK's {sdk.klass}.{name}")
    return result


def sdk_name(path: str, terraform: str, prop: Property, wanted: dict[str, str]) -> str | None:
    words = terraform.split("_")
    camel = words[0] + "".join(word[:1].upper() + word[1:] for word in words[1:])
    guesses = (PROPERTIES.get(path), prop["name"], camel, f"{camel}s", f"{camel}es")
    return next((name for name in guesses if name in wanted), None)


def override(
    path: str, prop: Property, name: str, annotation: str, *, owner: Source, around: frozenset[str]
) -> Field:
    field: Field = {}
    annotation = re.sub(r"^(?:(?:pulumi\.Output|Optional)\[)+", "", annotation)
    single = not annotation.startswith(("Sequence[", "Any"))
    if prop.get("list") and single != prop.get("single", False):
        field["maxItemsOne"] = single
    if name != prop["name"] or "maxItemsOne" in field:
        field["name"] = name
    if prop.get("text") and (scalar := _SCALARS.get(annotation.rstrip("]"))):
        field["type"] = scalar
    klass = re.search(r"'(?:outputs\.)?(\w+)'", annotation)
    if klass and (nested := prop.get("fields")):
        fields = overrides(
            path, nested, Source(owner.file.parent / "outputs.py", klass[1]), around | {owner.klass}
        )
        if fields and prop.get("elem"):
            field["elem"] = {"fields": fields}
        elif fields:
            field["fields"] = fields
    return field


@cache
def getters(file: Path) -> dict[str, dict[str, str]]:
    """The properties of each class in an SDK file, by their Pulumi names, with their annotations."""
    return {
        match[1]: {name or python: annotation for name, python, annotation in _GETTER.findall(match[0])}
        for match in _CLASS.finditer(file.read_text())
    }


def one_entity_a_line(table: dict[str, dict[str, Entry]]) -> str:
    sections: list[str] = []
    for section, entities in table.items():
        lines = [f'"{name}": {json.dumps(entry, sort_keys=True)}' for name, entry in entities.items()]
        sections.append(f'"{section}": {{\n' + ",\n".join(lines) + "\n}")
    return "{\n" + ",\n".join(sections) + "\n}\n"


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
