"""Daily reports on backups, for those who have to show them, and the private bucket that they lie in."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from slipway import storage
from slipway.backup_plan import environment_name
from slipway.backup_rules import REPORTS
from slipway.iam_policy import document_once_known

_ROLE = "role/aws-service-role/reports.backup.amazonaws.com/AWSServiceRoleForBackupReports"


def report_plans(
    name: str, bucket: pulumi.Input[str], opts: pulumi.ResourceOptions, *, kinds: Sequence[str]
) -> "list[aws.backup.ReportPlan]":
    """One plan for each kind of job."""
    return [
        aws.backup.ReportPlan(
            f"{name}-{kind}-report",
            name=f"{environment_name(name)}_{kind}",
            report_delivery_channel={"s3_bucket_name": bucket, "formats": ["CSV", "JSON"]},
            report_setting={"report_template": REPORTS[kind]},
            opts=opts,
        )
        for kind in kinds
    ]


def report_bucket(
    name: str,
    opts: pulumi.ResourceOptions,
    kept: pulumi.ResourceOptions,
    *,
    retention_days: int,
    removal: str,
) -> "aws.s3.Bucket":
    """A private, versioned bucket, encrypted with S3's own key: the policy of another would have to name AWS's role too early."""
    bucket = aws.s3.Bucket(f"{name}-reports", force_destroy=removal == "destroy", opts=kept)
    storage.closed(f"{name}-reports-private", bucket, opts)
    aws.s3.BucketOwnershipControls(
        f"{name}-reports-owner",
        bucket=bucket.bucket,
        rule={"object_ownership": "BucketOwnerEnforced"},
        opts=opts,
    )
    aws.s3.BucketServerSideEncryptionConfiguration(
        f"{name}-reports-encryption",
        bucket=bucket.bucket,
        rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
        opts=opts,
    )
    versions = aws.s3.BucketVersioning(
        f"{name}-reports-versions",
        bucket=bucket.bucket,
        versioning_configuration={"status": "Enabled"},
        opts=opts,
    )
    aws.s3.BucketLifecycleConfiguration(
        f"{name}-reports-lifecycle",
        bucket=bucket.bucket,
        rules=[
            {
                "id": "reports",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "expiration": {"days": retention_days},
                "noncurrent_version_expiration": {"noncurrent_days": 30},
                "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
            }
        ],
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[versions])),
    )
    return bucket


def let_write_reports(
    name: str,
    bucket: "aws.s3.Bucket",
    role: "aws.iam.Role",
    plans: "Sequence[aws.backup.ReportPlan]",
    opts: pulumi.ResourceOptions,
) -> None:
    """AWS Backup may put reports, and nobody may speak to the bucket in clear.

    https://docs.aws.amazon.com/aws-backup/latest/devguide/create-report-plan-console.html
    """
    account = role.arn.apply(lambda arn: arn.split(":")[4])
    objects = pulumi.Output.concat(bucket.arn, "/*")
    put = {
        "Effect": "Allow",
        "Principal": {"AWS": pulumi.Output.concat("arn:aws:iam::", account, f":{_ROLE}")},
        "Action": "s3:PutObject",
        "Resource": objects,
        "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}},
    }
    in_clear = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket.arn, objects],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    aws.s3.BucketPolicy(
        f"{name}-reports-policy",
        bucket=bucket.bucket,
        policy=document_once_known(put, in_clear),
        # AWS makes the role that the policy names with the account's first report plan.
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[*plans])),
    )
