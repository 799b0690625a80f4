"""A security group that lets in who is named, to one port, and lets nothing out."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws


def security_group(
    name: str,
    vpc_id: pulumi.Input[str],
    port: int,
    *,
    groups: Mapping[str, pulumi.Input[str]],
    cidrs: Sequence[str],
    opts: pulumi.ResourceOptions,
) -> "aws.ec2.SecurityGroup":
    """`groups` are security groups by a name of the caller's, under which their rule stays the same one."""
    group = aws.ec2.SecurityGroup(
        f"{name}-group",
        description=f"Who may connect to {name}",
        vpc_id=vpc_id,
        tags={"Name": name},
        opts=opts,
    )
    sources: dict[str, dict[str, Any]] = {}
    sources |= {noun: {"referenced_security_group_id": group_id} for noun, group_id in groups.items()}
    sources |= {cidr: {"cidr_ipv4": cidr} for cidr in cidrs}
    for noun, source in sources.items():
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-from-{noun}",
            security_group_id=group.id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=f"From {noun}",
            opts=opts,
            **source,
        )
    return group
