"""What is added to the platform's emulator for the edge: it gives back what it was given. No evidence of how AWS behaves."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any, cast

import boto3  # pyright: ignore[reportMissingTypeStubs]
import pytest
from botocore.config import Config  # pyright: ignore[reportMissingTypeStubs]

SEEN = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "test"}


def client(service: str, **more: Any) -> Any:
    """Calls of a service where AWS keeps what belongs to CloudFront."""
    return cast(Any, boto3).client(service, region_name="us-east-1", **more)


@pytest.fixture
def firewall() -> Any:
    """The calls of WAFv2."""
    return client("wafv2")


@pytest.fixture
def acl(firewall: Any) -> Iterator[str]:
    """A web ACL's ARN."""
    which = {"Name": f"test-{uuid.uuid4()}", "Scope": "CLOUDFRONT"}
    made = firewall.create_web_acl(**which, DefaultAction={"Allow": {}}, VisibilityConfig=SEEN)["Summary"]
    yield made["ARN"]
    firewall.delete_web_acl(**which, Id=made["Id"], LockToken=made["LockToken"])


def test_a_firewall_s_logging_is_given_back_as_it_was_put(firewall: Any, acl: str) -> None:
    """Given logging that was put, then it is read as it was put, and after its deletion there is none."""
    put = {
        "ResourceArn": acl,
        "LogDestinationConfigs": ["arn:aws:logs:us-east-1:000000000000:log-group:aws-waf-logs-test"],
        "RedactedFields": [{"SingleHeader": {"Name": "cookie"}}],
    }
    firewall.put_logging_configuration(LoggingConfiguration=put)
    assert firewall.get_logging_configuration(ResourceArn=acl)["LoggingConfiguration"] == put
    firewall.delete_logging_configuration(ResourceArn=acl)
    with pytest.raises(firewall.exceptions.WAFNonexistentItemException):
        firewall.get_logging_configuration(ResourceArn=acl)


def test_logging_that_aws_would_not_take_is_refused() -> None:
    """Given a client that checks nothing, when a required part is missing, then the emulator refuses the call."""
    unchecked = client("wafv2", config=Config(parameter_validation=False))
    with pytest.raises(unchecked.exceptions.WAFInvalidParameterException, match="LogDestinationConfigs"):
        unchecked.put_logging_configuration(LoggingConfiguration={"ResourceArn": "arn:aws:wafv2:x"})


def test_a_headers_policy_comes_back_without_what_it_was_not_given() -> None:
    edge = client("cloudfront")
    security = {"ContentTypeOptions": {"Override": True}}
    config = {"Name": f"test-{uuid.uuid4()}", "Comment": "", "SecurityHeadersConfig": security}
    made = edge.create_response_headers_policy(ResponseHeadersPolicyConfig=config)
    which = made["ResponseHeadersPolicy"]["Id"]
    read = edge.get_response_headers_policy(Id=which)
    edge.delete_response_headers_policy(Id=which, IfMatch=read["ETag"])
    assert read["ResponseHeadersPolicy"]["ResponseHeadersPolicyConfig"] == config
