"""A VPC over three zones of the stack's region, with one way out for all of them."""

import pulumi

from slipway import Network

region = pulumi.Config("aws").require("region")
network = Network("network", {"zones": [f"{region}{letter}" for letter in "abc"], "nat": "single"})

pulumi.export("vpc", network.vpc_id)
pulumi.export("private subnets", network.private_subnet_ids)
