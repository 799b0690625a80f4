"""Database: both kinds, what each makes and tells, every default, and what is refused."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway import ArgumentError, BackupVault, Database
from slipway import database as module
from tests.unit.mocks import SECRET_ARN, Program, Run

INSTANCE, KEY = "aws:rds/instance:Instance", "aws:kms/key:Key"
STATEFUL_SET, SECRET = "kubernetes:apps/v1:StatefulSet", "kubernetes:core/v1:Secret"
RDS: Any = {"kind": "rds", "vpc_id": "vpc-1", "subnet_ids": ["subnet-a", "subnet-b"]}
IN_CLUSTER: Any = {"kind": "in-cluster"}
OUTPUTS = (
    "host",
    "port",
    "database",
    "username",
    "url",
    "secret_name",
    "secret_arn",
    "read_policy_arn",
)


def outputs(database: Database) -> dict[str, pulumi.Output[Any]]:
    return {name: getattr(database, name) for name in OUTPUTS}


def test_rds_children_and_outputs(run: Run, program: Program) -> None:
    told = run(lambda: outputs(Database("db", RDS)))
    assert program.children() == [
        "aws:ec2/securityGroup:SecurityGroup db-group",
        "aws:iam/policy:Policy db-read",
        "aws:kms/key:Key db-key",
        "aws:rds/instance:Instance db-postgres",
        "aws:rds/parameterGroup:ParameterGroup db-parameters",
        "aws:rds/subnetGroup:SubnetGroup db-subnets",
    ]
    assert {resource.parent for resource in program.resources[1:]} == {"db"}
    assert told == {
        "host": "db.example.com",
        "port": 5432,
        "database": "app",
        "username": "app",
        "url": "postgresql://app@db.example.com:5432/app?sslmode=require",
        "secret_name": "rds!db-db-postgres",
        "secret_arn": f"{SECRET_ARN}:rds!db-db-postgres-AbCdEf",
        "read_policy_arn": "arn:db-read",
    }


def test_rds_defaults(run: Run, program: Program) -> None:
    run(lambda: Database("db", RDS))
    instance = program.by_name(INSTANCE, "db-postgres")
    assert instance.protect
    assert instance.inputs == {
        "engine": "postgres",
        "engineVersion": "17",
        "autoMinorVersionUpgrade": True,
        "allowMajorVersionUpgrade": True,
        "instanceClass": "db.m7g.large",
        "multiAz": True,
        "dbName": "app",
        "port": 5432,
        "username": "app",
        "manageMasterUserPassword": True,
        "masterUserSecretKmsKeyId": "arn:db-key",
        "parameterGroupName": "db-parameters",
        "allocatedStorage": 20,
        "maxAllocatedStorage": 200,
        "storageType": "gp3",
        "storageEncrypted": True,
        "kmsKeyId": "arn:db-key",
        "dbSubnetGroupName": "db-subnets",
        "vpcSecurityGroupIds": ["db-group-id"],
        "publiclyAccessible": False,
        "backupRetentionPeriod": 14,
        "backupWindow": "01:00-02:00",
        "maintenanceWindow": "sun:03:00-sun:04:00",
        "copyTagsToSnapshot": True,
        "deleteAutomatedBackups": False,
        "deletionProtection": True,
        "skipFinalSnapshot": False,
        "finalSnapshotIdentifier": "slipway-test-db-final",
        "enabledCloudwatchLogsExports": ["postgresql", "upgrade"],
        "performanceInsightsEnabled": True,
        "performanceInsightsKmsKeyId": "arn:db-key",
        "performanceInsightsRetentionPeriod": 7,
        "tags": {"backup": "daily"},
    }
    key = program.by_name(KEY, "db-key")
    assert key.protect
    assert key.inputs["enableKeyRotation"] is True
    assert key.inputs["deletionWindowInDays"] == 30


def test_rds_as_asked(run: Run, program: Program) -> None:
    asked: Any = {
        **RDS,
        "version": "16",
        "database": "shop",
        "username": "owner",
        "storage_gib": 50,
        "max_storage_gib": 60,
        "instance_class": "db.r7g.xlarge",
        "multi_az": False,
        "backup_retention_days": 35,
        "backup_window": "04:00-05:00",
        "maintenance_window": "mon:05:00-mon:06:00",
        "backup_tags": {"backup": "hourly"},
    }
    told = run(lambda: outputs(Database("db", asked)))
    made = program.by_name(INSTANCE, "db-postgres").inputs
    assert {
        "engineVersion": "16",
        "dbName": "shop",
        "username": "owner",
        "allocatedStorage": 50,
        "maxAllocatedStorage": 60,
        "instanceClass": "db.r7g.xlarge",
        "multiAz": False,
        "backupRetentionPeriod": 35,
        "backupWindow": "04:00-05:00",
        "maintenanceWindow": "mon:05:00-mon:06:00",
        "tags": {"backup": "hourly"},
    }.items() <= made.items()
    assert program.by_name("aws:rds/parameterGroup:ParameterGroup", "db-parameters").inputs["family"] == (
        "postgres16"
    )
    assert told["url"] == "postgresql://owner@db.example.com:5432/shop?sslmode=require"


def test_rds_speaks_tls_alone(run: Run, program: Program) -> None:
    run(lambda: Database("db", RDS))
    parameters = program.by_name("aws:rds/parameterGroup:ParameterGroup", "db-parameters").inputs
    assert parameters["family"] == "postgres17"
    assert parameters["parameters"] == [
        {"name": "rds.force_ssl", "value": "1"},
        {"name": "log_min_duration_statement", "value": "1000"},
    ]


def test_an_upgrade_does_not_take_the_parameters_that_the_instance_still_has(
    run: Run, program: Program
) -> None:
    """AWS refuses to delete a parameter group that an instance has, and the instance leaves it in its window."""
    run(lambda: Database("db", RDS))
    group = program.by_name("aws:rds/parameterGroup:ParameterGroup", "db-parameters")
    assert (group.retain, group.delete_before_replace) == (True, False)
    assert "name" not in group.inputs, "the new one stands beside the old one"
    assert "applyImmediately" not in program.by_name(INSTANCE, "db-postgres").inputs
    program.resources.clear()
    args: Any = {**RDS, "removal": "destroy"}
    run(lambda: Database("db", args))
    assert not program.by_name("aws:rds/parameterGroup:ParameterGroup", "db-parameters").retain
    assert program.by_name(INSTANCE, "db-postgres").inputs["applyImmediately"] is True


def test_rds_removal_by_request(run: Run, program: Program) -> None:
    args: Any = {**RDS, "removal": "destroy"}
    run(lambda: Database("db", args))
    instance, key = program.by_name(INSTANCE, "db-postgres"), program.by_name(KEY, "db-key")
    assert (instance.protect, key.protect) == (False, False)
    assert key.inputs["deletionWindowInDays"] == 7
    assert instance.inputs["deletionProtection"] is False
    assert instance.inputs["skipFinalSnapshot"] is True
    assert instance.inputs["deleteAutomatedBackups"] is True
    assert "finalSnapshotIdentifier" not in instance.inputs


def test_rds_lets_in_who_is_named_and_nobody_else(run: Run, program: Program) -> None:
    args: Any = {**RDS, "allowed_security_groups": {"nodes": "sg-1"}, "allowed_cidrs": ["10.20.0.0/16"]}
    run(lambda: Database("db", args))
    group = program.by_name("aws:ec2/securityGroup:SecurityGroup", "db-group").inputs
    assert group == {"description": "Who may connect to db", "vpcId": "vpc-1", "tags": {"Name": "db"}}
    rule = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    common = {"securityGroupId": "db-group-id", "ipProtocol": "tcp", "fromPort": 5432, "toPort": 5432}
    assert program.by_name(rule, "db-from-nodes").inputs == {
        **common,
        "description": "From nodes",
        "referencedSecurityGroupId": "sg-1",
    }
    assert program.by_name(rule, "db-from-10.20.0.0/16").inputs == {
        **common,
        "description": "From 10.20.0.0/16",
        "cidrIpv4": "10.20.0.0/16",
    }


def test_rds_password_is_read_by_the_policy_alone(run: Run, program: Program) -> None:
    run(lambda: Database("db", RDS))
    statements = json.loads(program.by_name("aws:iam/policy:Policy", "db-read").inputs["policy"])["Statement"]
    assert [statement["Resource"] for statement in statements] == [
        f"{SECRET_ARN}:rds!db-db-postgres-AbCdEf",
        "arn:db-key",
    ]


def test_a_backup_vault_selects_rds_as_both_are_by_default(run: Run, program: Program) -> None:
    def both() -> None:
        Database("db", RDS)
        BackupVault("backup", {})

    run(both)
    selected = program.by_name("aws:backup/selection:Selection", "backup-selection").inputs["selectionTags"]
    tags = program.by_name(INSTANCE, "db-postgres").inputs["tags"]
    assert selected == [{"type": "STRINGEQUALS", "key": key, "value": tags[key]} for key in tags]


def test_in_cluster_children_and_outputs(run: Run, program: Program) -> None:
    told = run(lambda: outputs(Database("db", IN_CLUSTER)))
    assert program.children() == [
        "kubernetes:apps/v1:StatefulSet db-postgres",
        "kubernetes:core/v1:Namespace db-namespace",
        "kubernetes:core/v1:Secret db-credentials",
        "kubernetes:core/v1:Service db-service",
        "kubernetes:core/v1:ServiceAccount db-account",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy db-network-policy",
    ]
    assert {resource.parent for resource in program.resources[1:]} == {"db"}
    password = base64.b64decode(program.by_name(SECRET, "db-credentials").inputs["data"]["password"]).decode()
    assert told == {
        "host": "db.db.svc",
        "port": 5432,
        "database": "app",
        "username": "app",
        "url": f"postgresql://app:{password}@db.db.svc:5432/app?sslmode=disable",
        "secret_name": "db-credentials-made",
        "secret_arn": "",
        "read_policy_arn": "",
    }


def test_in_cluster_password_is_strong_sealed_and_made_once(run: Run, program: Program) -> None:
    run(lambda: Database("db", IN_CLUSTER))
    secret = program.by_name(SECRET, "db-credentials")
    assert secret.ignore_changes == ("data",)
    assert secret.secrets == {"data"}
    assert "name" not in secret.inputs["metadata"]
    assert list(secret.inputs["data"]) == ["password"]
    password = base64.b64decode(secret.inputs["data"]["password"]).decode()
    assert len(password) == 32
    telling = [resource.name for resource in program.resources if password in str(resource.inputs)]
    assert telling == []


def test_in_cluster_defaults(run: Run, program: Program) -> None:
    run(lambda: Database("db", IN_CLUSTER))
    resource = program.by_name(STATEFUL_SET, "db-postgres")
    assert resource.protect
    assert resource.depends_on >= {"db-account", "db-network-policy", "db-service"}
    spec = resource.inputs["spec"]
    assert spec["replicas"] == 1
    assert spec["serviceName"] == "db"
    assert spec["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    assert [claim["spec"] for claim in spec["volumeClaimTemplates"]] == [
        {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "20Gi"}}}
    ]
    pod = spec["template"]["spec"]
    (container,) = pod.pop("containers")
    assert pod == {
        "serviceAccountName": "db",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 999,
            "runAsGroup": 999,
            "fsGroup": 999,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "terminationGracePeriodSeconds": 60,
        "volumes": [
            {"name": "credentials", "secret": {"secretName": "db-credentials-made"}},
            {"name": "tmp", "emptyDir": {}},
            {"name": "var-run-postgresql", "emptyDir": {}},
            {"name": "dev-shm", "emptyDir": {"medium": "Memory", "sizeLimit": "256Mi"}},
        ],
    }
    asked = ["pg_isready", "--host=127.0.0.1", "--username=app"]
    probe = {"exec": {"command": asked}, "timeoutSeconds": 5}
    assert container == {
        "name": "postgres",
        "image": "docker.io/library/postgres:17-trixie",
        "ports": [{"name": "postgres", "containerPort": 5432, "protocol": "TCP"}],
        "env": [
            {"name": "POSTGRES_DB", "value": "app"},
            {"name": "POSTGRES_USER", "value": "app"},
            {"name": "POSTGRES_PASSWORD_FILE", "value": "/etc/credentials/password"},
            {"name": "POSTGRES_INITDB_ARGS", "value": "--data-checksums"},
            {"name": "PGDATA", "value": "/var/lib/postgresql/data/pgdata"},
        ],
        "startupProbe": {**probe, "periodSeconds": 2, "failureThreshold": 60},
        "readinessProbe": {**probe, "periodSeconds": 10},
        "livenessProbe": {**probe, "periodSeconds": 10, "failureThreshold": 6},
        "resources": {"requests": {"cpu": "100m", "memory": "512Mi"}, "limits": {"memory": "512Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
        },
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {"name": "credentials", "mountPath": "/etc/credentials", "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 (a mount)
            {"name": "var-run-postgresql", "mountPath": "/var/run/postgresql"},
            {"name": "dev-shm", "mountPath": "/dev/shm"},  # noqa: S108
            {"name": "data", "mountPath": "/var/lib/postgresql/data"},
        ],
    }


def test_in_cluster_as_asked(run: Run, program: Program) -> None:
    asked: Any = {
        **IN_CLUSTER,
        "version": "16",
        "database": "shop",
        "username": "owner",
        "storage_gib": 30,
        "removal": "destroy",
        "namespace": "data",
        "client_namespaces": ["web", "jobs"],
        "storage_class": "fast",
        "cpu": "1",
        "memory": "2Gi",
    }
    told = run(lambda: outputs(Database("db", asked)))
    assert told["host"] == "db.data.svc"
    assert told["database"] == "shop"
    resource = program.by_name(STATEFUL_SET, "db-postgres")
    assert not resource.protect
    spec = resource.inputs["spec"]
    assert spec["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] == "Delete"
    (claim,) = spec["volumeClaimTemplates"]
    assert claim["spec"]["storageClassName"] == "fast"
    assert claim["spec"]["resources"]["requests"] == {"storage": "30Gi"}
    (container,) = spec["template"]["spec"]["containers"]
    assert container["image"] == "docker.io/library/postgres:16-trixie"
    assert container["env"][:2] == [
        {"name": "POSTGRES_DB", "value": "shop"},
        {"name": "POSTGRES_USER", "value": "owner"},
    ]
    assert container["resources"] == {
        "requests": {"cpu": "1", "memory": "2Gi"},
        "limits": {"memory": "2Gi"},
    }
    policy = program.by_name("kubernetes:networking.k8s.io/v1:NetworkPolicy", "db-network-policy").inputs
    names = [
        peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
        for peer in policy["spec"]["ingress"][0]["from"]
    ]
    assert names == ["web", "jobs"]


def test_in_cluster_without_a_volume(run: Run, program: Program) -> None:
    args: Any = {**IN_CLUSTER, "storage": "ephemeral", "storage_gib": 30}
    run(lambda: Database("db", args))
    spec = program.by_name(STATEFUL_SET, "db-postgres").inputs["spec"]
    assert "volumeClaimTemplates" not in spec
    pod = spec["template"]["spec"]
    assert pod["volumes"][-1] == {"name": "var-lib-postgresql-data", "emptyDir": {"sizeLimit": "30Gi"}}
    assert pod["containers"][0]["volumeMounts"][-1] == {
        "name": "var-lib-postgresql-data",
        "mountPath": "/var/lib/postgresql/data",
    }


def test_in_cluster_only_its_own_namespace_comes_in_and_nothing_goes_out(run: Run, program: Program) -> None:
    run(lambda: Database("db", IN_CLUSTER))
    policy = program.by_name("kubernetes:networking.k8s.io/v1:NetworkPolicy", "db-network-policy").inputs
    own = {"app.kubernetes.io/name": "postgres", "app.kubernetes.io/instance": "db"}
    assert policy["spec"] == {
        "podSelector": {"matchLabels": own},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [
            {
                "from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "db"}}}],
                "ports": [{"protocol": "TCP", "port": 5432}],
            }
        ],
    }
    service = program.by_name("kubernetes:core/v1:Service", "db-service").inputs
    assert service["spec"] == {
        "type": "ClusterIP",
        "selector": own,
        "ports": [{"name": "postgres", "port": 5432, "targetPort": "postgres", "protocol": "TCP"}],
    }
    assert service["metadata"]["annotations"] == {"pulumi.com/skipAwait": "true"}


def test_in_cluster_namespace_is_restricted_and_kept(run: Run, program: Program) -> None:
    run(lambda: Database("db", IN_CLUSTER))
    home = program.by_name("kubernetes:core/v1:Namespace", "db-namespace")
    assert home.protect
    assert home.inputs["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    account = program.by_name("kubernetes:core/v1:ServiceAccount", "db-account").inputs
    assert account["automountServiceAccountToken"] is False


def test_in_cluster_an_image_of_one_s_own_and_what_is_excepted(run: Run, program: Program) -> None:
    alone = {"slipway/exception-replicated", "slipway/exception-disruption-budget"}
    run(lambda: Database("db", IN_CLUSTER))
    of_store = program.by_name("kubernetes:apps/v1:StatefulSet", "db-postgres").inputs
    assert of_store["metadata"]["annotations"].keys() == {*alone, "slipway/exception-images-pinned"}
    program.resources.clear()
    own: Any = {**IN_CLUSTER, "image": "mirror.example.com/postgres@sha256:12"}
    run(lambda: Database("db", own))
    of_store = program.by_name("kubernetes:apps/v1:StatefulSet", "db-postgres").inputs
    (container,) = of_store["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "mirror.example.com/postgres@sha256:12"
    assert of_store["metadata"]["annotations"].keys() == alone


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({}, "kind is missing"),
        ({"kind": "aurora"}, "kind must be one of rds, in-cluster, got 'aurora'"),
        ({"kind": "rds"}, 'kind "rds" needs subnet_ids and vpc_id'),
        ({**RDS, "namespace": "a", "cpu": "1"}, 'kind "rds" has no use for cpu, namespace: leave it out'),
        ({**IN_CLUSTER, "vpc_id": "vpc-1"}, 'kind "in-cluster" has no use for vpc_id: leave it out'),
        ({**RDS, "version": "17.2"}, "version must be a major version, as 17, got '17.2'"),
        ({**RDS, "database": "My App"}, "database must be lower-case letters, digits and _, a letter first"),
        ({**RDS, "username": "1st"}, "username must be lower-case letters, digits and _, a letter first"),
        ({**RDS, "storage_gib": 5}, "storage_gib must be 20-65536, got 5"),
        ({**RDS, "max_storage_gib": "1"}, "max_storage_gib must be 20-65536, got '1'"),
        ({**RDS, "storage_gib": 300}, "max_storage_gib 200 is below storage_gib 300"),
        ({**RDS, "removal": "no"}, "removal must be one of protect, destroy, got 'no'"),
        ({**RDS, "allowed_cidrs": ["10.0.0.1/16"]}, "allowed_cidrs must be IPv4 blocks, as 10.20.0.0/16"),
        ({**RDS, "allowed_cidrs": ["everyone"]}, "allowed_cidrs must be IPv4 blocks"),
        ({**RDS, "instance_class": ""}, "instance_class must be an instance class, as db.m7g.large, got ''"),
        ({**RDS, "multi_az": "yes"}, "multi_az must be true or false, got 'yes'"),
        ({**RDS, "backup_retention_days": 0}, "backup_retention_days must be 1-35, got 0"),
        ({**RDS, "backup_window": "1-2"}, "backup_window must be as 01:00-02:00, got '1-2'"),
        ({**RDS, "maintenance_window": "01:00-02:00"}, "maintenance_window must be as sun:03:00-sun:04:00"),
        ({**IN_CLUSTER, "namespace": "A"}, "namespace must be lower-case letters, digits and -, got 'A'"),
        ({**IN_CLUSTER, "client_namespaces": []}, "client_namespaces must name one namespace or more"),
        ({**IN_CLUSTER, "client_namespaces": ["A"]}, "client_namespaces must be lower-case letters"),
        ({**IN_CLUSTER, "storage": "ram"}, "storage must be one of volume, ephemeral, got 'ram'"),
        (
            {**IN_CLUSTER, "storage": "ephemeral", "storage_class": "fast"},
            'storage_class needs storage "volume": what is ephemeral has no class',
        ),
        ({**IN_CLUSTER, "storage_class": ""}, "storage_class must be a StorageClass's name, got ''"),
        ({**IN_CLUSTER, "image": ""}, "image must be an image, got ''"),
        ({**IN_CLUSTER, "cpu": "half"}, "cpu must be as 250m or 1, got 'half'"),
        ({**IN_CLUSTER, "memory": "1G"}, "memory must be as 512Mi, got '1G'"),
        ({**RDS, "subnets": []}, "there is no argument subnets; did you mean subnet_ids?"),
    ],
)
def test_wrong_arguments(run: Run, program: Program, args: Any, message: str) -> None:
    with pytest.raises(ArgumentError) as error:
        run(lambda: Database("db", args))
    assert message in str(error.value)
    assert program.resources == []


def test_a_name_that_kubernetes_refuses(run: Run) -> None:
    args: Any = {**IN_CLUSTER, "namespace": "db"}
    with pytest.raises(ArgumentError, match=r'database "my_db": name must be lower-case letters'):
        run(lambda: Database("my_db", args))


@given(storage=st.integers(0, 70000), largest=st.integers(0, 70000))
def test_storage_is_within_bounds_or_an_error(storage: int, largest: int) -> None:
    resolve: Any = module._resolve  # pyright: ignore[reportPrivateUsage]
    args: Any = {**RDS, "storage_gib": storage, "max_storage_gib": largest}
    if 20 <= storage <= largest <= 65536:
        assert resolve("db", args).max_storage_gib == largest
    else:
        with pytest.raises(ArgumentError):
            resolve("db", args)


def test_the_kind_in_the_cluster_does_not_load_the_aws_half() -> None:
    code = "import slipway, sys; from slipway import database_in_cluster; print('slipway.database_rds' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.strip() == "False"
