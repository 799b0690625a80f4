"""EC2 with IPv6: the blocks of VPCs and subnets, and routes to them, which ministack does not model.

A VPC's block is made up, as Amazon's would be: a /56 out of the range for documentation. Kept in ministack's own records.
"""

import random
from collections.abc import Callable, Mapping
from typing import Any

from ministack.core.responses import get_region
from ministack.services import ec2

Parameters = Mapping[str, Any]
Answer = tuple[int, dict[str, str], bytes]
Action = Callable[[Parameters], Answer]
Record = dict[str, Any]

_ASSOCIATION = "ipv6-cidr-block-association.association-id"
_TARGETS = ("GatewayId", "EgressOnlyInternetGatewayId", "NatGatewayId", "TransitGatewayId")


def install() -> None:
    """Puts them around ministack's own calls."""
    actions: dict[str, Action] = ec2._ACTION_MAP
    _vpcs(actions)
    _subnets(actions)
    _routes(actions)


def _vpcs(actions: dict[str, Action]) -> None:
    create, fields, matches = actions["CreateVpc"], ec2._vpc_fields_xml, ec2._matches_vpc_filters

    def creating(parameters: Parameters) -> Answer:
        before = set(ec2._vpcs)
        answer = create(parameters)
        if ec2._p(parameters, "AmazonProvidedIpv6CidrBlock") != "true":
            return answer
        (name,) = set(ec2._vpcs) - before
        _give(ec2._vpcs[name], "vpc", _block())
        return ec2._xml(200, "CreateVpcResponse", ec2._vpc_fields_xml(ec2._vpcs[name], tag="vpc"))

    def associating(parameters: Parameters) -> Answer:
        name = ec2._p(parameters, "VpcId")
        _give(ec2._vpcs[name], "vpc", _block())
        inner = f"<vpcId>{name}</vpcId>{_association(ec2._vpcs[name], 'ipv6CidrBlockAssociation')}"
        return ec2._xml(200, "AssociateVpcCidrBlockResponse", inner)

    def with_block(vpc: Record, tag: str = "item") -> str:
        return _with_associations(fields(vpc, tag), vpc, tag)

    actions["CreateVpc"], actions["AssociateVpcCidrBlock"] = creating, associating
    actions["DisassociateVpcCidrBlock"] = _disassociating(ec2._vpcs, "DisassociateVpcCidrBlockResponse")
    ec2._vpc_fields_xml, ec2._matches_vpc_filters = with_block, _filtering(matches)


def _subnets(actions: dict[str, Action]) -> None:
    create, modify = actions["CreateSubnet"], actions["ModifySubnetAttribute"]
    fields, matches = ec2._subnet_fields_xml, ec2._matches_subnet_filters

    def creating(parameters: Parameters) -> Answer:
        before = set(ec2._subnets)
        answer = create(parameters)
        block = ec2._p(parameters, "Ipv6CidrBlock")
        if not block:
            return answer
        (name,) = set(ec2._subnets) - before
        _give(ec2._subnets[name], "subnet", block)
        return ec2._xml(200, "CreateSubnetResponse", ec2._subnet_fields_xml(ec2._subnets[name], tag="subnet"))

    def associating(parameters: Parameters) -> Answer:
        name = ec2._p(parameters, "SubnetId")
        _give(ec2._subnets[name], "subnet", ec2._p(parameters, "Ipv6CidrBlock"))
        inner = f"<subnetId>{name}</subnetId>{_association(ec2._subnets[name], 'ipv6CidrBlockAssociation')}"
        return ec2._xml(200, "AssociateSubnetCidrBlockResponse", inner)

    def modifying(parameters: Parameters) -> Answer:
        answer = modify(parameters)
        assign = ec2._p(parameters, "AssignIpv6AddressOnCreation.Value")
        if assign:
            ec2._subnets[ec2._p(parameters, "SubnetId")]["assign_ipv6"] = assign
        return answer

    def with_block(subnet: Record, tag: str = "item") -> str:
        assign = f"<assignIpv6AddressOnCreation>{subnet.get('assign_ipv6', 'false')}<"
        text = fields(subnet, tag).replace("<assignIpv6AddressOnCreation>false<", assign)
        return _with_associations(text, subnet, tag)

    actions["CreateSubnet"], actions["AssociateSubnetCidrBlock"] = creating, associating
    actions["DisassociateSubnetCidrBlock"] = _disassociating(
        ec2._subnets, "DisassociateSubnetCidrBlockResponse"
    )
    actions["ModifySubnetAttribute"] = modifying
    ec2._subnet_fields_xml, ec2._matches_subnet_filters = with_block, _filtering(matches)


def _routes(actions: dict[str, Action]) -> None:
    """ministack keeps and shows routes to IPv6 blocks, but takes none in."""
    create, replace, delete = (actions[f"{verb}Route"] for verb in ("Create", "Replace", "Delete"))

    def changing(
        ministack: Action, response: str, change: Callable[[list[Record], Record], list[Record]]
    ) -> Action:
        def act(parameters: Parameters) -> Answer:
            block = ec2._p(parameters, "DestinationIpv6CidrBlock")
            table = ec2._route_tables.get(ec2._p(parameters, "RouteTableId"))
            if not block or table is None:
                return ministack(parameters)
            targets = {key: ec2._p(parameters, key) for key in _TARGETS if ec2._p(parameters, key)}
            route = {
                "DestinationIpv6CidrBlock": block,
                "State": "active",
                "Origin": "CreateRoute",
                **targets,
            }
            others = [one for one in table["Routes"] if one.get("DestinationIpv6CidrBlock") != block]
            table["Routes"] = change(others, route)
            return ec2._xml(200, response, "<return>true</return>")

        return act

    actions["CreateRoute"] = changing(create, "CreateRouteResponse", lambda others, route: [*others, route])
    actions["ReplaceRoute"] = changing(
        replace, "ReplaceRouteResponse", lambda others, route: [*others, route]
    )
    actions["DeleteRoute"] = changing(delete, "DeleteRouteResponse", lambda others, _: others)


def _block() -> str:
    return f"2001:db8:{random.randrange(1 << 16):x}:{random.randrange(1 << 8) << 8:x}::/56"  # noqa: S311


def _give(record: Record, kind: str, block: str) -> None:
    name = f"{kind}-cidr-assoc-{random.randrange(1 << 68):017x}"  # noqa: S311
    record["ipv6"] = {"association": name, "block": block}


def _association(record: Record, tag: str) -> str:
    ipv6 = record["ipv6"]
    return (
        f"<{tag}><associationId>{ipv6['association']}</associationId>"
        f"<ipv6CidrBlock>{ipv6['block']}</ipv6CidrBlock>"
        f"<ipv6CidrBlockState><state>associated</state></ipv6CidrBlockState>"
        f"<networkBorderGroup>{get_region()}</networkBorderGroup><ipv6Pool>Amazon</ipv6Pool></{tag}>"
    )


def _with_associations(text: str, record: Record, tag: str) -> str:
    if "ipv6" not in record:
        return text
    added = f"<ipv6CidrBlockAssociationSet>{_association(record, 'item')}</ipv6CidrBlockAssociationSet>"
    return text.removesuffix(f"</{tag}>") + f"{added}</{tag}>"


def _disassociating(records: Mapping[str, Record], response: str) -> Action:
    def act(parameters: Parameters) -> Answer:
        name = ec2._p(parameters, "AssociationId")
        for record in records.values():
            if record.get("ipv6", {}).get("association") == name:
                del record["ipv6"]
                return ec2._xml(200, response, "")
        return ec2._error("InvalidCidrBlockAssociationID.NotFound", f"{name} does not exist", 400)

    return act


def _filtering(ministack: Callable[[Record, Mapping[str, Any]], bool]) -> Callable[..., bool]:
    def matches(record: Record, filters: Mapping[str, Any]) -> bool:
        wanted = filters.get(_ASSOCIATION)
        found = record.get("ipv6", {}).get("association")
        return (wanted is None or found in wanted) and ministack(record, filters)

    return matches
