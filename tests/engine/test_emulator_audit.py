"""What is added to the emulator for an audit: remembered through a kill, checked by AWS's own models, gone when deleted.

It does not prove that AWS finds anything: nothing here does.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.emulator import Emulator

ClientError: Any = importlib.import_module("botocore.exceptions").ClientError  # it has no types
STANDARD = "arn:aws:securityhub:eu-central-1::standards/cis-aws-foundations-benchmark/v/3.0.0"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Emulator]:
    emulated = Emulator(tmp_path)
    yield emulated
    emulated.kill()


def test_a_detector_with_its_features(running: Emulator) -> None:
    guard_duty = running.client("guardduty")
    name = guard_duty.create_detector(Enable=True, Tags={"a": "b"})["DetectorId"]
    guard_duty.update_detector(
        DetectorId=name,
        FindingPublishingFrequency="ONE_HOUR",
        Features=[{"Name": "EKS_AUDIT_LOGS", "Status": "DISABLED"}],
    )
    running.kill()
    running.start()
    found = guard_duty.get_detector(DetectorId=name)
    assert (found["Status"], found["FindingPublishingFrequency"]) == ("ENABLED", "ONE_HOUR")
    assert found["Features"] == [{"Name": "EKS_AUDIT_LOGS", "Status": "DISABLED"}]
    assert found["Tags"] == {"a": "b"}
    with pytest.raises(ClientError, match="already exists"):
        guard_duty.create_detector(Enable=True)
    guard_duty.delete_detector(DetectorId=name)
    with pytest.raises(ClientError, match=r"BadRequestException.*not owned by the current account"):
        guard_duty.get_detector(DetectorId=name)


def test_a_request_that_aws_s_model_does_not_know_is_refused(running: Emulator) -> None:
    with pytest.raises(ClientError, match="UnknownOperationException"):
        running.client("guardduty").list_filters(DetectorId="x")


def test_a_hub_with_its_standards(running: Emulator) -> None:
    hub = running.client("securityhub")
    with pytest.raises(ClientError, match="not subscribed to AWS Security Hub"):
        hub.describe_hub()
    hub.enable_security_hub(EnableDefaultStandards=False)
    hub.update_security_hub_configuration(AutoEnableControls=False)
    made = hub.batch_enable_standards(StandardsSubscriptionRequests=[{"StandardsArn": STANDARD}])
    subscription = made["StandardsSubscriptions"][0]["StandardsSubscriptionArn"]
    running.kill()
    running.start()
    described = hub.describe_hub()
    assert described["AutoEnableControls"] is False
    assert described["HubArn"] == "arn:aws:securityhub:eu-central-1:000000000000:hub/default"
    assert hub.get_enabled_standards()["StandardsSubscriptions"][0]["StandardsArn"] == STANDARD
    hub.batch_disable_standards(StandardsSubscriptionArns=[subscription])
    assert hub.get_enabled_standards()["StandardsSubscriptions"] == []
    hub.disable_security_hub()
    with pytest.raises(ClientError, match="not subscribed"):
        hub.describe_hub()


def test_an_analyzer_with_its_tags(running: Emulator) -> None:
    analyzers = running.client("accessanalyzer")
    arn = analyzers.create_analyzer(analyzerName="edge", type="ACCOUNT", tags={"a": "b", "c": "d"})["arn"]
    analyzers.tag_resource(resourceArn=arn, tags={"a": "x"})
    analyzers.untag_resource(resourceArn=arn, tagKeys=["c"])
    found = analyzers.get_analyzer(analyzerName="edge")["analyzer"]
    assert (found["arn"], found["type"], found["tags"]) == (arn, "ACCOUNT", {"a": "x"})
    analyzers.delete_analyzer(analyzerName="edge")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        analyzers.get_analyzer(analyzerName="edge")


def test_config_is_deleted_and_its_rules_keep_their_tags(running: Emulator) -> None:
    config = running.client("config")
    config.put_configuration_recorder(
        ConfigurationRecorder={"name": "r", "roleARN": "arn:aws:iam::000000000000:role/r"}
    )
    config.put_delivery_channel(DeliveryChannel={"name": "c", "s3BucketName": "logs"})
    config.put_config_rule(
        ConfigRule={
            "ConfigRuleName": "volumes",
            "Source": {"Owner": "AWS", "SourceIdentifier": "ENCRYPTED_VOLUMES"},
        },
        Tags=[{"Key": "a", "Value": "b"}],
    )
    arn = config.describe_config_rules()["ConfigRules"][0]["ConfigRuleArn"]
    config.tag_resource(ResourceArn=arn, Tags=[{"Key": "c", "Value": "d"}])
    config.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert config.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "c", "Value": "d"}]
    config.delete_delivery_channel(DeliveryChannelName="c")
    config.delete_configuration_recorder(ConfigurationRecorderName="r")
    assert config.describe_configuration_recorders()["ConfigurationRecorders"] == []
    assert config.describe_delivery_channels()["DeliveryChannels"] == []


def test_a_trail_keeps_the_tags_that_it_is_created_with(running: Emulator) -> None:
    trails = running.client("cloudtrail")
    arn = trails.create_trail(Name="all", S3BucketName="logs", TagsList=[{"Key": "a", "Value": "b"}])[
        "TrailARN"
    ]
    (tags,) = trails.list_tags(ResourceIdList=[arn])["ResourceTagList"]
    assert tags["TagsList"] == [{"Key": "a", "Value": "b"}]
