"""What the audit's services may do with its bucket and key, as policy statements in pure Python."""

from __future__ import annotations

from slipway.iam_policy import Home, Statement, document


def trails_of(home: Home) -> str:
    """Every trail of the account. The trail itself comes after what it writes to."""
    return f"arn:{home.partition}:cloudtrail:*:{home.account}:trail/*"


def key_policy(home: Home) -> str:
    """The account decides by IAM, and its trails may encrypt.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html
    """
    trails = trails_of(home)
    trail = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Resource": "*"}
    return document(
        {
            "Sid": "Account",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{home.partition}:iam::{home.account}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Sid": "TrailEncrypts",
            **trail,
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Condition": {
                "ArnLike": {"aws:SourceArn": trails},
                "StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": trails},
            },
        },
        {
            "Sid": "TrailLooks",
            **trail,
            "Action": "kms:DescribeKey",
            "Condition": {"ArnLike": {"aws:SourceArn": trails}},
        },
    )


def trail_writes(home: Home, bucket_arn: str) -> list[Statement]:
    """In the bucket's policy: the account's trails put their logs, and nothing else does.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html
    """
    principal = {"Service": "cloudtrail.amazonaws.com"}
    source = {"ArnLike": {"aws:SourceArn": trails_of(home)}}
    return [
        {
            "Sid": "TrailLooks",
            "Effect": "Allow",
            "Principal": principal,
            "Action": "s3:GetBucketAcl",
            "Resource": bucket_arn,
            "Condition": source,
        },
        {
            "Sid": "TrailWrites",
            "Effect": "Allow",
            "Principal": principal,
            "Action": "s3:PutObject",
            "Resource": f"{bucket_arn}/AWSLogs/{home.account}/*",
            "Condition": {**source, "StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}},
        },
    ]


def config_delivers(home: Home, bucket_arn: str, key_arn: str) -> str:
    """What AWS Config's role needs beside AWS's own policy for it.

    https://docs.aws.amazon.com/config/latest/developerguide/iamrole-permissions.html
    """
    return document(
        {
            "Sid": "Look",
            "Effect": "Allow",
            "Action": ["s3:GetBucketAcl", "s3:ListBucket"],
            "Resource": bucket_arn,
        },
        {
            "Sid": "Write",
            "Effect": "Allow",
            "Action": "s3:PutObject",
            "Resource": f"{bucket_arn}/AWSLogs/{home.account}/Config/*",
        },
        {
            "Sid": "Encrypt",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": key_arn,
        },
    )
