"""What the emulator forgets of what it was given: remembered here, so that a second preview shows no change.

EC2 flow logs:    DeliverLogsPermissionArn, MaxAggregationInterval, LogFormat, tags
EC2 VPC endpoint: PrivateDnsEnabled, SecurityGroupIds, PolicyDocument, IpAddressType

They stay in ministack's own records, and so in its saved state.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any
from xml.sax.saxutils import escape

from ministack.services import ec2

Parameters = Mapping[str, Any]
Answer = tuple[int, dict[str, str], bytes]


def install() -> None:
    """Puts them around ministack's own calls."""
    actions: dict[str, Callable[[Parameters], Answer]] = ec2._ACTION_MAP
    create_flow_logs, describe_flow_logs = actions["CreateFlowLogs"], actions["DescribeFlowLogs"]
    create_endpoint, modify_endpoint = actions["CreateVpcEndpoint"], actions["ModifyVpcEndpoint"]
    endpoint_fields = ec2._vpce_fields_xml

    def creating_flow_logs(parameters: Parameters) -> Answer:
        answer = create_flow_logs(parameters)
        for name in re.findall(r"<item>(fl-\w+)</item>", _text(answer)):
            ec2._parse_tag_specs(parameters, "vpc-flow-log", name)
            ec2._flow_logs[name]["given"] = {
                "deliverLogsPermissionArn": _first(parameters, "DeliverLogsPermissionArn"),
                "maxAggregationInterval": _first(parameters, "MaxAggregationInterval") or "600",
                "logFormat": _first(parameters, "LogFormat"),
            }
        return answer

    def describing_flow_logs(parameters: Parameters) -> Answer:
        status, headers, body = describe_flow_logs(parameters)

        def with_given(found: re.Match[str]) -> str:
            return found[0] + _elements(ec2._flow_logs[found[1]].get("given", {}))

        text = re.sub(r"<flowLogId>(fl-\w+)</flowLogId>", with_given, _text((status, headers, body)))
        return status, headers, text.encode()

    def creating_endpoint(parameters: Parameters) -> Answer:
        answer = create_endpoint(parameters)
        endpoint = ec2._vpc_endpoints[_found(r"<vpcEndpointId>(vpce-\w+)<", answer)]
        _remember_endpoint(endpoint, parameters, groups=ec2._parse_member_list(parameters, "SecurityGroupId"))
        return answer

    def modifying_endpoint(parameters: Parameters) -> Answer:
        answer = modify_endpoint(parameters)
        endpoint = ec2._vpc_endpoints.get(_first(parameters, "VpcEndpointId"))
        if endpoint is not None:
            removed = ec2._parse_member_list(parameters, "RemoveSecurityGroupId")
            kept = [group for group in endpoint.get("groups", []) if group not in removed]
            added = ec2._parse_member_list(parameters, "AddSecurityGroupId")
            _remember_endpoint(endpoint, parameters, groups=[*kept, *added])
        return answer

    def endpoint_fields_with_given(endpoint: dict[str, Any], tag: str = "item") -> str:
        groups = "".join(f"<item><groupId>{group}</groupId></item>" for group in endpoint.get("groups", []))
        given = _elements(endpoint.get("given", {})) + f"<groupSet>{groups}</groupSet>"
        return endpoint_fields(endpoint, tag).replace("</state>", f"</state>{given}", 1)

    actions["CreateFlowLogs"] = creating_flow_logs
    actions["DescribeFlowLogs"] = describing_flow_logs
    actions["CreateVpcEndpoint"] = creating_endpoint
    actions["ModifyVpcEndpoint"] = modifying_endpoint
    ec2._vpce_fields_xml = endpoint_fields_with_given


def _remember_endpoint(endpoint: dict[str, Any], parameters: Parameters, groups: list[str]) -> None:
    asked = {
        "privateDnsEnabled": _first(parameters, "PrivateDnsEnabled"),
        "policyDocument": _first(parameters, "PolicyDocument"),
        "ipAddressType": _first(parameters, "IpAddressType"),
    }
    endpoint["groups"] = groups
    endpoint["given"] = endpoint.get("given", {}) | {name: value for name, value in asked.items() if value}


def _elements(values: Mapping[str, str]) -> str:
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in values.items() if value)


def _first(parameters: Parameters, name: str) -> str:
    return ec2._p(parameters, name)


def _found(pattern: str, answer: Answer) -> str:
    match = re.search(pattern, _text(answer))
    if match is None:
        raise ValueError(f"the emulator's answer has no {pattern}: {_text(answer)}")
    return match[1]


def _text(answer: Answer) -> str:
    body = answer[2]
    return body.decode() if isinstance(body, bytes) else body
