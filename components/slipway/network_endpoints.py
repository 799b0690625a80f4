"""Ways from a network to AWS's services that neither leave the VPC nor pass a NAT gateway that bills them."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

_HTTPS = 443


class Endpoints:
    """Makes the endpoints of one VPC."""

    def __init__(self, name: str, vpc: "aws.ec2.Vpc", region: str, opts: pulumi.ResourceOptions) -> None:
        self._name, self._vpc, self._region, self._opts = name, vpc, region, opts

    def gateway(self, services: Sequence[str], tables: "Sequence[aws.ec2.RouteTable]") -> None:
        """Routes to the services in every table. Image layers above all come from S3."""
        for service in services:
            aws.ec2.VpcEndpoint(
                f"{self._name}-{service}",
                vpc_id=self._vpc.id,
                service_name=f"com.amazonaws.{self._region}.{service}",
                vpc_endpoint_type="Gateway",
                route_table_ids=[table.id for table in tables],
                tags=self._tags(service),
                opts=self._opts,
            )

    def interface(self, services: Sequence[str], subnets: "Sequence[aws.ec2.Subnet]") -> None:
        """An address in each subnet for each service, under the service's own name, for HTTPS from the VPC alone."""
        group = aws.ec2.SecurityGroup(
            f"{self._name}-endpoints",
            vpc_id=self._vpc.id,
            description=f"HTTPS from the VPC to the endpoints of {self._name}",
            tags=self._tags("endpoints"),
            opts=self._opts,
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-endpoints-https",
            security_group_id=group.id,
            description="HTTPS from the VPC",
            cidr_ipv4=self._vpc.cidr_block,
            ip_protocol="tcp",
            from_port=_HTTPS,
            to_port=_HTTPS,
            opts=self._opts,
        )
        for service in services:
            noun = service.replace(".", "-")
            aws.ec2.VpcEndpoint(
                f"{self._name}-{noun}",
                vpc_id=self._vpc.id,
                service_name=f"com.amazonaws.{self._region}.{service}",
                vpc_endpoint_type="Interface",
                subnet_ids=[subnet.id for subnet in subnets],
                security_group_ids=[group.id],
                private_dns_enabled=True,
                tags=self._tags(noun),
                opts=self._opts,
            )

    def _tags(self, noun: str) -> dict[str, str]:
        return {"Name": f"{self._name}-{noun}"}
