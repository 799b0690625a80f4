"""The ways out of a network's subnets: route tables, internet gateways and NAT."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

Subnets = Mapping[str, "aws.ec2.Subnet"]
"""Zone to subnet, of one tier."""
Tables = dict[str, "aws.ec2.RouteTable"]
"""Noun to route table."""


class Routes:
    """Makes the tables of one VPC. A table of its own for each private subnet, so that each zone may leave by its own NAT."""

    def __init__(
        self, name: str, vpc_id: pulumi.Input[str], ipv6: bool, opts: pulumi.ResourceOptions
    ) -> None:
        self._name, self._vpc_id, self._ipv6, self._opts = name, vpc_id, ipv6, opts
        self._internet: aws.ec2.InternetGateway | None = None

    def public(self, subnets: Subnets) -> Tables:
        """One table for all, out and in through an internet gateway."""
        gateway = aws.ec2.InternetGateway(
            f"{self._name}-internet", vpc_id=self._vpc_id, tags=self._tags("internet"), opts=self._opts
        )
        self._internet = gateway
        table = self._table("public", subnets)
        self._way_out("public", table, gateway_id=gateway.id)
        if self._ipv6:
            self._ipv6_way_out("public", table, gateway_id=gateway.id)
        return {"public": table}

    def private(self, subnets: Subnets, nats: "Mapping[str, aws.ec2.NatGateway]") -> Tables:
        """Out through the NAT of each zone, if there is one, and with IPv6 through a gateway that lets nothing in."""
        tables = {
            f"private-{zone[-1]}": self._private(zone, subnet, nats) for zone, subnet in subnets.items()
        }
        if self._ipv6 and tables:
            gateway = aws.ec2.EgressOnlyInternetGateway(
                f"{self._name}-egress-only",
                vpc_id=self._vpc_id,
                tags=self._tags("egress-only"),
                opts=self._opts,
            )
            for noun, table in tables.items():
                self._ipv6_way_out(noun, table, egress_only_gateway_id=gateway.id)
        return tables

    def isolated(self, subnets: Subnets) -> Tables:
        """One table for all, with no way out."""
        return {"isolated": self._table("isolated", subnets)}

    def nat(self, zone: str, subnet: "aws.ec2.Subnet") -> "tuple[aws.ec2.NatGateway, aws.ec2.Eip]":
        """A NAT gateway in a public subnet, and the address that its zone is seen with."""
        noun = f"nat-{zone[-1]}"
        address = aws.ec2.Eip(f"{self._name}-{noun}", domain="vpc", tags=self._tags(noun), opts=self._opts)
        gateway = aws.ec2.NatGateway(
            f"{self._name}-{noun}",
            allocation_id=address.id,
            subnet_id=subnet.id,
            tags=self._tags(noun),
            # AWS refuses one in a VPC that has no internet gateway yet.
            opts=pulumi.ResourceOptions.merge(
                self._opts, pulumi.ResourceOptions(depends_on=[self._internet] if self._internet else [])
            ),
        )
        return gateway, address

    def _private(
        self, zone: str, subnet: "aws.ec2.Subnet", nats: "Mapping[str, aws.ec2.NatGateway]"
    ) -> "aws.ec2.RouteTable":
        noun = f"private-{zone[-1]}"
        table = self._table(noun, {zone: subnet})
        if nats:
            self._way_out(noun, table, nat_gateway_id=nats[zone].id)
        return table

    def _table(self, noun: str, subnets: Subnets) -> "aws.ec2.RouteTable":
        table = aws.ec2.RouteTable(
            f"{self._name}-{noun}", vpc_id=self._vpc_id, tags=self._tags(noun), opts=self._opts
        )
        for zone, subnet in subnets.items():
            tier = noun.split("-", 1)[0]
            aws.ec2.RouteTableAssociation(
                f"{self._name}-{tier}-{zone[-1]}",
                route_table_id=table.id,
                subnet_id=subnet.id,
                opts=self._opts,
            )
        return table

    def _way_out(self, noun: str, table: "aws.ec2.RouteTable", **target: pulumi.Input[str]) -> None:
        aws.ec2.Route(
            f"{self._name}-{noun}-out",
            route_table_id=table.id,
            destination_cidr_block="0.0.0.0/0",
            opts=self._opts,
            **target,
        )

    def _ipv6_way_out(self, noun: str, table: "aws.ec2.RouteTable", **target: pulumi.Input[str]) -> None:
        aws.ec2.Route(
            f"{self._name}-{noun}-out-ipv6",
            route_table_id=table.id,
            destination_ipv6_cidr_block="::/0",
            opts=self._opts,
            **target,
        )

    def _tags(self, noun: str) -> dict[str, str]:
        return {"Name": f"{self._name}-{noun}"}
