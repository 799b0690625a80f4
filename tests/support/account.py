"""What the AWS account holds, so that a test can tell what an environment has left there."""

from typing import Any

import boto3  # pyright: ignore[reportMissingTypeStubs]

Resources = dict[str, set[str]]


def resources() -> Resources:
    """Everything that an environment makes: kind -> ids."""
    connect: Any = boto3.client  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  (boto3 makes its clients at run time)
    ec2, kms, backup, iam, eks, logs = (
        connect(name) for name in ("ec2", "kms", "backup", "iam", "eks", "logs")
    )
    rds, caches, edge, s3, topics, trails = (
        connect(name) for name in ("rds", "elasticache", "cloudfront", "s3", "sns", "cloudtrail")
    )
    account = connect("sts").get_caller_identity()["Account"]
    budgets = connect("budgets").describe_budgets(AccountId=account)
    firewall, edge_logs = (connect(name, region_name="us-east-1") for name in ("wafv2", "logs"))
    keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
    return {
        "vpcs": {vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"]},
        "subnets": {subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]},
        "security groups": {group["GroupId"] for group in ec2.describe_security_groups()["SecurityGroups"]},
        "route tables": {table["RouteTableId"] for table in ec2.describe_route_tables()["RouteTables"]},
        "gateways": {
            gateway["InternetGatewayId"] for gateway in ec2.describe_internet_gateways()["InternetGateways"]
        },
        "addresses": {address["AllocationId"] for address in ec2.describe_addresses()["Addresses"]},
        "clusters": set(eks.list_clusters()["clusters"]),
        "log groups": {group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]},
        "keys": {key["KeyId"] for key in keys if key["KeyState"] == "Enabled"},
        "vaults": {vault["BackupVaultName"] for vault in backup.list_backup_vaults()["BackupVaultList"]},
        "plans": {plan["BackupPlanId"] for plan in backup.list_backup_plans()["BackupPlansList"]},
        "roles": {role["RoleName"] for role in iam.list_roles()["Roles"]},
        "databases": {found["DBInstanceIdentifier"] for found in rds.describe_db_instances()["DBInstances"]},
        "parameters of databases": {
            group["DBParameterGroupName"] for group in rds.describe_db_parameter_groups()["DBParameterGroups"]
        },
        "caches": {
            group["ReplicationGroupId"] for group in caches.describe_replication_groups()["ReplicationGroups"]
        },
        "distributions": {
            found["Id"] for found in edge.list_distributions()["DistributionList"].get("Items", ())
        },
        "firewalls": {acl["ARN"] for acl in firewall.list_web_acls(Scope="CLOUDFRONT")["WebACLs"]},
        "log groups of the edge": {
            group["logGroupName"] for group in edge_logs.describe_log_groups()["logGroups"]
        },
        "buckets": {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]},
        "secrets": {secret["ARN"] for secret in connect("secretsmanager").list_secrets()["SecretList"]},
        "budgets": {budget["BudgetName"] for budget in budgets.get("Budgets", ())},
        "topics": {topic["TopicArn"] for topic in topics.list_topics()["Topics"]},
        "trails": {trail["TrailARN"] for trail in trails.list_trails()["Trails"]},
        "identity providers": {
            provider["Arn"] for provider in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
        },
    }


def left(before: Resources) -> Resources:
    """What is there now and was not before."""
    after = resources()
    return {kind: after[kind] - before[kind] for kind in before if after[kind] - before[kind]}
