"""What the emulator's additions remember of databases and caches, also after a kill."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.test_emulator import Emulator
from tests.engine.test_emulator_additions import client


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Emulator]:
    emulated = Emulator(tmp_path)
    yield emulated
    emulated.end(signal.SIGKILL)


def instance(emulated: Emulator, **asked: Any) -> dict[str, Any]:
    found = client(emulated, "rds").describe_db_instances(**asked)["DBInstances"]
    assert len(found) == 1, found
    return found[0]


def create_instance(emulated: Emulator, name: str, **more: Any) -> None:
    client(emulated, "rds").create_db_instance(
        DBInstanceIdentifier=name,
        DBInstanceClass="db.m7g.large",
        Engine="postgres",
        MasterUsername="app",
        AllocatedStorage=20,
        **more,
    )


def test_a_database_is_given_back_as_it_was_put_also_after_a_kill(running: Emulator) -> None:
    create_instance(
        running,
        "db",
        PreferredBackupWindow="01:00-02:00",
        EnableCloudwatchLogsExports=["postgresql", "upgrade"],
        EnablePerformanceInsights=True,
        PerformanceInsightsKMSKeyId="arn:aws:kms:eu-central-1:000000000000:key/1",
    )
    running.end(signal.SIGKILL)
    running.start()
    found = instance(running, DBInstanceIdentifier="db")
    assert found["PreferredBackupWindow"] == "01:00-02:00"
    assert found["EnabledCloudwatchLogsExports"] == ["postgresql", "upgrade"]
    assert found["PerformanceInsightsKMSKeyId"] == "arn:aws:kms:eu-central-1:000000000000:key/1"
    client(running, "rds").modify_db_instance(
        DBInstanceIdentifier="db",
        CloudwatchLogsExportConfiguration={"DisableLogTypes": ["upgrade"]},
    )
    assert instance(running, DBInstanceIdentifier="db")["EnabledCloudwatchLogsExports"] == ["postgresql"]


def test_rds_keeps_its_password_in_a_secret_that_goes_with_it(running: Emulator) -> None:
    create_instance(running, "db", ManageMasterUserPassword=True)
    arn = instance(running, DBInstanceIdentifier="db")["MasterUserSecret"]["SecretArn"]
    secrets = client(running, "secretsmanager")
    assert json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])["username"] == "app"
    client(running, "rds").delete_db_instance(DBInstanceIdentifier="db", SkipFinalSnapshot=True)
    assert secrets.list_secrets()["SecretList"] == []


def test_a_database_is_found_by_its_resource_s_id(running: Emulator) -> None:
    create_instance(running, "one")
    create_instance(running, "two")
    wanted = instance(running, DBInstanceIdentifier="two")["DbiResourceId"]
    by_id = [{"Name": "dbi-resource-id", "Values": [wanted]}]
    assert instance(running, Filters=by_id)["DBInstanceIdentifier"] == "two"


def test_a_cache_is_given_back_as_it_was_put_also_after_a_kill(running: Emulator) -> None:
    caches = client(running, "elasticache")
    caches.create_replication_group(
        ReplicationGroupId="cache",
        ReplicationGroupDescription="cache",
        Engine="valkey",
        KmsKeyId="arn:aws:kms:eu-central-1:000000000000:key/1",
        AutoMinorVersionUpgrade=False,
        NumCacheClusters=2,
    )
    running.end(signal.SIGKILL)
    running.start()
    (group,) = caches.describe_replication_groups()["ReplicationGroups"]
    assert group["KmsKeyId"] == "arn:aws:kms:eu-central-1:000000000000:key/1"
    clusters = caches.describe_cache_clusters()["CacheClusters"]
    assert {cluster["AutoMinorVersionUpgrade"] for cluster in clusters} == {False}


def test_of_a_caches_parameters_those_that_were_changed_are_told_apart(running: Emulator) -> None:
    caches = client(running, "elasticache")
    caches.create_cache_parameter_group(
        CacheParameterGroupName="group", CacheParameterGroupFamily="valkey8", Description="group"
    )
    caches.modify_cache_parameter_group(
        CacheParameterGroupName="group",
        ParameterNameValues=[{"ParameterName": "maxmemory-policy", "ParameterValue": "allkeys-lfu"}],
    )
    changed = caches.describe_cache_parameters(CacheParameterGroupName="group", Source="user")["Parameters"]
    assert [(one["ParameterName"], one["ParameterValue"]) for one in changed] == [
        ("maxmemory-policy", "allkeys-lfu")
    ]
    assert len(caches.describe_cache_parameters(CacheParameterGroupName="group")["Parameters"]) > 1
