"""The payments team's stack: one Foundation in the stack's region."""

import pulumi
from payments.foundation import Foundation

region = pulumi.Config("aws").require("region")
foundation = Foundation("payments", region)

pulumi.export("private subnets", foundation.network.private_subnet_ids)
pulumi.export("vault", foundation.vault.vault_name)
