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
    account = connect("sts").get_caller_identity()["Account"]
    firewalls = connect("wafv2", region_name="us-east-1").list_web_acls(Scope="CLOUDFRONT")["WebACLs"]
    edges = connect("cloudfront").list_distributions()["DistributionList"]
    caches = connect("elasticache").describe_replication_groups()["ReplicationGroups"]
    topics = connect("sns").list_topics()["Topics"]
    secrets = connect("secretsmanager").list_secrets()["SecretList"]
    budgets = connect("budgets").describe_budgets(AccountId=account)
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
        "identity providers": {
            provider["Arn"] for provider in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
        },
        "policies": {policy["Arn"] for policy in iam.list_policies(Scope="Local")["Policies"]},
        "buckets": {bucket["Name"] for bucket in connect("s3").list_buckets()["Buckets"]},
        "distributions": {edge["Id"] for edge in edges.get("Items", ())},
        "firewalls": {firewall["Id"] for firewall in firewalls},
        "databases": {
            one["DBInstanceIdentifier"] for one in connect("rds").describe_db_instances()["DBInstances"]
        },
        "caches": {cache["ReplicationGroupId"] for cache in caches},
        "secrets": {secret["ARN"] for secret in secrets},
        "repositories": {
            one["repositoryArn"] for one in connect("ecr").describe_repositories()["repositories"]
        },
        "topics": {topic["TopicArn"] for topic in topics},
        "trails": {trail["TrailARN"] for trail in connect("cloudtrail").list_trails()["Trails"]},
        "detectors": set(connect("guardduty").list_detectors()["DetectorIds"]),
        "budgets": {budget["BudgetName"] for budget in budgets.get("Budgets", ())},
    }


def left(before: Resources) -> Resources:
    """What is there now and was not before."""
    after = resources()
    return {kind: after[kind] - before[kind] for kind in before if after[kind] - before[kind]}
