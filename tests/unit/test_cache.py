"""Cache: both kinds, what each makes and tells, every default, and what is refused."""

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

from slipway import ArgumentError, Cache
from slipway import cache as module
from tests.unit.mocks import SECRET_ARN, Program, Run

GROUP, KEY = "aws:elasticache/replicationGroup:ReplicationGroup", "aws:kms/key:Key"
SECRET, VERSION = "aws:secretsmanager/secret:Secret", "aws:secretsmanager/secretVersion:SecretVersion"
PARAMETERS = "aws:elasticache/parameterGroup:ParameterGroup"
ELASTICACHE: Any = {"kind": "elasticache", "vpc_id": "vpc-1", "subnet_ids": ["subnet-a", "subnet-b"]}
IN_CLUSTER: Any = {"kind": "in-cluster"}
OUTPUTS = ("host", "port", "url", "secret_name", "secret_arn", "read_policy_arn")


def outputs(cache: Cache) -> dict[str, pulumi.Output[Any]]:
    return {name: getattr(cache, name) for name in OUTPUTS}


def test_elasticache_children_and_outputs(run: Run, program: Program) -> None:
    told = run(lambda: outputs(Cache("cache", ELASTICACHE)))
    assert program.children() == [
        "aws:ec2/securityGroup:SecurityGroup cache-group",
        "aws:elasticache/parameterGroup:ParameterGroup cache-parameters",
        "aws:elasticache/replicationGroup:ReplicationGroup cache-valkey",
        "aws:elasticache/subnetGroup:SubnetGroup cache-subnets",
        "aws:iam/policy:Policy cache-read",
        "aws:kms/key:Key cache-key",
        "aws:secretsmanager/secret:Secret cache-secret",
        "aws:secretsmanager/secretPolicy:SecretPolicy cache-secret-policy",
        "aws:secretsmanager/secretVersion:SecretVersion cache-password",
    ]
    assert {resource.parent for resource in program.resources[1:]} == {"cache"}
    password = json.loads(program.by_name(VERSION, "cache-password").inputs["secretString"])["password"]
    assert told == {
        "host": "cache.example.com",
        "port": 6379,
        "url": f"rediss://default:{password}@cache.example.com:6379/0",
        "secret_name": "cache-secret",
        "secret_arn": f"{SECRET_ARN}:cache-secret-AbCdEf",
        "read_policy_arn": "arn:cache-read",
    }


def test_elasticache_defaults(run: Run, program: Program) -> None:
    run(lambda: Cache("cache", ELASTICACHE))
    group = program.by_name(GROUP, "cache-valkey")
    assert group.protect
    assert group.secrets == {"authToken"}
    assert {key: value for key, value in group.inputs.items() if key != "authToken"} == {
        "description": "Valkey of cache",
        "engine": "valkey",
        "engineVersion": "8.1",
        "autoMinorVersionUpgrade": True,
        "nodeType": "cache.m7g.large",
        "numCacheClusters": 3,
        "automaticFailoverEnabled": True,
        "multiAzEnabled": True,
        "port": 6379,
        "parameterGroupName": "cache-parameters",
        "subnetGroupName": "cache-subnets",
        "securityGroupIds": ["cache-group-id"],
        "atRestEncryptionEnabled": True,
        "kmsKeyId": "arn:cache-key",
        "transitEncryptionEnabled": True,
        "authTokenUpdateStrategy": "ROTATE",
        "snapshotRetentionLimit": 7,
        "snapshotWindow": "02:00-03:00",
        "maintenanceWindow": "sun:04:00-sun:05:00",
        "finalSnapshotIdentifier": "slipway-test-cache-final",
    }
    parameters = program.by_name(PARAMETERS, "cache-parameters").inputs
    assert parameters["family"] == "valkey8"
    assert parameters["parameters"] == [{"name": "maxmemory-policy", "value": "allkeys-lru"}]
    key, secret = program.by_name(KEY, "cache-key"), program.by_name(SECRET, "cache-secret")
    assert (key.protect, secret.protect) == (True, True)
    assert key.inputs["deletionWindowInDays"] == 30
    assert secret.inputs["recoveryWindowInDays"] == 30


def test_elasticache_password_is_strong_sealed_and_made_once(run: Run, program: Program) -> None:
    run(lambda: Cache("cache", ELASTICACHE))
    version = program.by_name(VERSION, "cache-password")
    assert version.secrets == {"secretString"}
    assert version.ignore_changes == ("secretString",)
    kept = json.loads(version.inputs["secretString"])
    assert kept["username"] == "default"
    assert 16 <= len(kept["password"]) <= 128
    assert program.by_name(GROUP, "cache-valkey").inputs["authToken"] == kept["password"]
    telling = {resource.name for resource in program.resources if kept["password"] in str(resource.inputs)}
    assert telling == {"cache-password", "cache-valkey"}


def test_elasticache_as_asked(run: Run, program: Program) -> None:
    asked: Any = {
        **ELASTICACHE,
        "version": "9.0",
        "eviction": "volatile-ttl",
        "node_type": "cache.r7g.large",
        "replicas": 1,
        "snapshot_retention_days": 0,
        "snapshot_window": "05:00-06:00",
        "maintenance_window": "mon:07:00-mon:08:00",
        "allowed_security_groups": {"nodes": "sg-1"},
        "allowed_cidrs": ["10.20.0.0/16"],
        "removal": "destroy",
    }
    run(lambda: Cache("cache", asked))
    group = program.by_name(GROUP, "cache-valkey")
    assert not group.protect
    assert "finalSnapshotIdentifier" not in group.inputs
    assert {
        "engineVersion": "9.0",
        "nodeType": "cache.r7g.large",
        "numCacheClusters": 2,
        "snapshotRetentionLimit": 0,
        "snapshotWindow": "05:00-06:00",
        "maintenanceWindow": "mon:07:00-mon:08:00",
    }.items() <= group.inputs.items()
    parameters = program.by_name(PARAMETERS, "cache-parameters").inputs
    assert parameters["family"] == "valkey9"
    assert parameters["parameters"] == [{"name": "maxmemory-policy", "value": "volatile-ttl"}]
    rule = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    assert program.by_name(rule, "cache-from-nodes").inputs["fromPort"] == 6379
    assert program.by_name(rule, "cache-from-10.20.0.0/16").inputs["cidrIpv4"] == "10.20.0.0/16"
    assert program.by_name(KEY, "cache-key").inputs["deletionWindowInDays"] == 7
    assert program.by_name(SECRET, "cache-secret").inputs["recoveryWindowInDays"] == 0


def test_in_cluster_children_and_outputs(run: Run, program: Program) -> None:
    told = run(lambda: outputs(Cache("cache", IN_CLUSTER)))
    assert program.children() == [
        "kubernetes:apps/v1:StatefulSet cache-valkey",
        "kubernetes:core/v1:Namespace cache-namespace",
        "kubernetes:core/v1:Secret cache-credentials",
        "kubernetes:core/v1:Service cache-service",
        "kubernetes:core/v1:ServiceAccount cache-account",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy cache-network-policy",
    ]
    assert not any(resource.protect for resource in program.resources)
    files = program.by_name("kubernetes:core/v1:Secret", "cache-credentials").inputs["data"]
    password = base64.b64decode(files["password"]).decode()
    assert base64.b64decode(files["valkey.conf"]).decode() == f"requirepass {password}\n"
    assert told == {
        "host": "cache.cache.svc",
        "port": 6379,
        "url": f"redis://default:{password}@cache.cache.svc:6379/0",
        "secret_name": "cache-credentials-made",
        "secret_arn": "",
        "read_policy_arn": "",
    }


def test_in_cluster_defaults(run: Run, program: Program) -> None:
    run(lambda: Cache("cache", IN_CLUSTER))
    spec = program.by_name("kubernetes:apps/v1:StatefulSet", "cache-valkey").inputs["spec"]
    assert "volumeClaimTemplates" not in spec
    assert "persistentVolumeClaimRetentionPolicy" not in spec
    pod = spec["template"]["spec"]
    assert pod["securityContext"]["runAsUser"] == 999
    assert pod["securityContext"]["fsGroupChangePolicy"] == "OnRootMismatch"
    assert pod["terminationGracePeriodSeconds"] == 30
    assert pod["volumes"] == [
        {"name": "credentials", "secret": {"secretName": "cache-credentials-made"}},
        {"name": "data", "emptyDir": {}},
    ]
    (container,) = pod["containers"]
    asked = "REDISCLI_AUTH=$(cat /etc/credentials/password) valkey-cli -e ping"
    probe = {"exec": {"command": ["sh", "-c", asked]}, "timeoutSeconds": 5}
    assert container == {
        "name": "valkey",
        "image": "docker.io/valkey/valkey:8.1-trixie",
        "ports": [{"name": "valkey", "containerPort": 6379, "protocol": "TCP"}],
        "args": [
            "valkey-server",
            "/etc/credentials/valkey.conf",
            "--maxmemory",
            str(192 * 1024 * 1024),
            "--maxmemory-policy",
            "allkeys-lru",
            "--save",
            "",
            "--appendonly",
            "no",
        ],
        "startupProbe": {**probe, "periodSeconds": 1, "failureThreshold": 60},
        "readinessProbe": {**probe, "periodSeconds": 5},
        "livenessProbe": {**probe, "periodSeconds": 10, "failureThreshold": 6},
        "resources": {"requests": {"cpu": "50m", "memory": "256Mi"}, "limits": {"memory": "256Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
        },
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {"name": "credentials", "mountPath": "/etc/credentials", "readOnly": True},
            {"name": "data", "mountPath": "/data"},
        ],
    }


def test_in_cluster_as_asked(run: Run, program: Program) -> None:
    asked: Any = {
        **IN_CLUSTER,
        "version": "8.0",
        "eviction": "noeviction",
        "namespace": "data",
        "client_namespaces": ["web"],
        "cpu": "1",
        "memory": "2Gi",
    }
    told = run(lambda: outputs(Cache("cache", asked)))
    assert told["host"] == "cache.data.svc"
    spec = program.by_name("kubernetes:apps/v1:StatefulSet", "cache-valkey").inputs["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    assert container["image"] == "docker.io/valkey/valkey:8.0-trixie"
    assert container["args"][3] == str(1536 * 1024 * 1024)
    assert container["args"][5] == "noeviction"
    assert container["resources"] == {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"memory": "2Gi"}}
    policy = program.by_name("kubernetes:networking.k8s.io/v1:NetworkPolicy", "cache-network-policy").inputs
    assert policy["spec"]["ingress"] == [
        {
            "from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "web"}}}],
            "ports": [{"protocol": "TCP", "port": 6379}],
        }
    ]


def test_in_cluster_an_image_of_one_s_own_and_what_is_excepted(run: Run, program: Program) -> None:
    alone = {"slipway/exception-replicated", "slipway/exception-disruption-budget"}
    run(lambda: Cache("cache", IN_CLUSTER))
    of_store = program.by_name("kubernetes:apps/v1:StatefulSet", "cache-valkey").inputs
    assert of_store["metadata"]["annotations"].keys() == {*alone, "slipway/exception-images-pinned"}
    program.resources.clear()
    own: Any = {**IN_CLUSTER, "image": "mirror.example.com/valkey@sha256:12"}
    run(lambda: Cache("cache", own))
    of_store = program.by_name("kubernetes:apps/v1:StatefulSet", "cache-valkey").inputs
    (container,) = of_store["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "mirror.example.com/valkey@sha256:12"
    assert of_store["metadata"]["annotations"].keys() == alone


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({}, "kind is missing"),
        ({"kind": "memcached"}, "kind must be one of elasticache, in-cluster, got 'memcached'"),
        ({"kind": "elasticache"}, 'kind "elasticache" needs subnet_ids and vpc_id'),
        ({**ELASTICACHE, "memory": "1Gi"}, 'kind "elasticache" has no use for memory: leave it out'),
        ({**IN_CLUSTER, "removal": "protect"}, 'kind "in-cluster" has no use for removal: leave it out'),
        ({**ELASTICACHE, "version": "8"}, "version must be a version, as 8.1, got '8'"),
        ({**ELASTICACHE, "eviction": "oldest"}, "eviction must be one of allkeys-lru, allkeys-lfu"),
        ({**ELASTICACHE, "node_type": ""}, "node_type must be a node type, as cache.m7g.large, got ''"),
        ({**ELASTICACHE, "replicas": 0}, "replicas must be 1-5, got 0"),
        ({**ELASTICACHE, "snapshot_retention_days": 36}, "snapshot_retention_days must be 0-35, got 36"),
        ({**ELASTICACHE, "snapshot_window": "25:00-26:00"}, "snapshot_window must be as 02:00-03:00"),
        ({**ELASTICACHE, "maintenance_window": "x"}, "maintenance_window must be as sun:04:00-sun:05:00"),
        ({**ELASTICACHE, "removal": "no"}, "removal must be one of protect, destroy, got 'no'"),
        ({**ELASTICACHE, "allowed_cidrs": ["::/0"]}, "allowed_cidrs must be IPv4 blocks"),
        ({**IN_CLUSTER, "namespace": "A"}, "namespace must be lower-case letters, digits and -, got 'A'"),
        ({**IN_CLUSTER, "client_namespaces": []}, "client_namespaces must name one namespace or more"),
        ({**IN_CLUSTER, "image": ""}, "image must be an image, got ''"),
        ({**IN_CLUSTER, "cpu": "half"}, "cpu must be as 250m or 1, got 'half'"),
        ({**IN_CLUSTER, "memory": "100Ki"}, "memory must be as 256Mi, got '100Ki'"),
        ({**IN_CLUSTER, "policy": "x"}, "there is no argument policy"),
    ],
)
def test_wrong_arguments(run: Run, program: Program, args: Any, message: str) -> None:
    with pytest.raises(ArgumentError) as error:
        run(lambda: Cache("cache", args))
    assert message in str(error.value)
    assert program.resources == []


@given(st.integers() | st.booleans() | st.text() | st.floats())
def test_replicas_are_what_elasticache_takes_or_an_error(replicas: Any) -> None:
    resolve: Any = module._resolve  # pyright: ignore[reportPrivateUsage]
    args = {**ELASTICACHE, "replicas": replicas}
    if isinstance(replicas, int) and not isinstance(replicas, bool) and 1 <= replicas <= 5:
        assert resolve("cache", args).replicas == replicas
    else:
        with pytest.raises(ArgumentError, match="replicas must be 1-5"):
            resolve("cache", args)


def test_the_kind_in_the_cluster_does_not_load_the_aws_half() -> None:
    code = "import slipway, sys; from slipway import cache_in_cluster; print('slipway.cache_elasticache' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.strip() == "False"
