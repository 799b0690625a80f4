"""The buckets of Cdn: a private one for a site's files, and one for access logs."""

import json
from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from slipway import storage
from slipway.cdn_firewall import REGION

Statement = dict[str, Any]


def private_bucket(parent: pulumi.Resource, name: str, removal: str) -> "aws.s3.Bucket":
    """A bucket that nobody reaches from outside, encrypted, protected unless it may be destroyed."""
    bucket = aws.s3.Bucket(name, force_destroy=removal == "destroy", opts=storage.kept(parent, removal))
    opts = pulumi.ResourceOptions(parent=parent)
    storage.closed(f"{name}-private", bucket, opts)
    aws.s3.BucketServerSideEncryptionConfiguration(
        f"{name}-encryption",
        bucket=bucket.id,
        rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
        opts=opts,
    )
    return bucket


def policy(
    parent: pulumi.Resource,
    name: str,
    bucket: "aws.s3.Bucket",
    statements: Sequence[pulumi.Output[Statement]],
) -> "aws.s3.BucketPolicy":
    """What the bucket allows, over TLS alone."""

    def document(arn: str, allowed: Sequence[Statement]) -> str:
        only_tls = {
            "Sid": "OnlyTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        return json.dumps({"Version": "2012-10-17", "Statement": [*allowed, only_tls]})

    return aws.s3.BucketPolicy(
        f"{name}-policy",
        bucket=bucket.id,
        policy=pulumi.Output.all(bucket.arn, pulumi.Output.all(*statements)).apply(
            lambda all: document(*all)
        ),
        opts=pulumi.ResourceOptions(parent=parent),
    )


def readable_by(
    bucket: "aws.s3.Bucket", distribution: "aws.cloudfront.Distribution"
) -> pulumi.Output[Statement]:
    """One distribution may read. It may list too, so that a missing file is answered with 404, not with 403."""
    return pulumi.Output.all(bucket.arn, distribution.arn).apply(
        lambda arns: {
            "Sid": "Distribution",
            "Effect": "Allow",
            "Principal": {"Service": "cloudfront.amazonaws.com"},
            "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": [arns[0], f"{arns[0]}/*"],
            "Condition": {"StringEquals": {"AWS:SourceArn": arns[1]}},
        }
    )


def access_logs(
    parent: pulumi.Resource,
    name: str,
    distribution: "aws.cloudfront.Distribution",
    *,
    log_days: int,
    removal: str,
) -> None:
    """The distribution's requests as JSON lines in a bucket of their own (standard logging v2, which needs no ACLs).

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging.html
    """
    opts = pulumi.ResourceOptions(parent=parent)
    bucket = private_bucket(parent, f"{name}-logs", removal)
    aws.s3.BucketLifecycleConfiguration(
        f"{name}-logs-lifecycle",
        bucket=bucket.id,
        rules=[
            {
                "id": "expire",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "expiration": {"days": log_days},
                "abort_incomplete_multipart_upload": {"days_after_initiation": 1},
            }
        ],
        opts=opts,
    )
    source = aws.cloudwatch.LogDeliverySource(
        f"{name}-logs-source",
        region=REGION,
        log_type="ACCESS_LOGS",
        resource_arn=distribution.arn,
        opts=opts,
    )
    written = policy(parent, f"{name}-logs", bucket, [_writable_by(bucket, source)])
    destination = aws.cloudwatch.LogDeliveryDestination(
        f"{name}-logs-destination",
        region=REGION,
        output_format="json",
        delivery_destination_configuration={"destination_resource_arn": bucket.arn},
        opts=opts,
    )
    aws.cloudwatch.LogDelivery(
        f"{name}-logs-delivery",
        region=REGION,
        delivery_source_name=source.name,
        delivery_destination_arn=destination.arn,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[written]),
    )


def _writable_by(
    bucket: "aws.s3.Bucket", source: "aws.cloudwatch.LogDeliverySource"
) -> pulumi.Output[Statement]:
    return pulumi.Output.all(bucket.arn, source.arn).apply(
        lambda arns: {
            "Sid": "LogDelivery",
            "Effect": "Allow",
            "Principal": {"Service": "delivery.logs.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": f"{arns[0]}/AWSLogs/*",
            "Condition": {
                "StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"},
                "ArnEquals": {"aws:SourceArn": arns[1]},
            },
        }
    )
