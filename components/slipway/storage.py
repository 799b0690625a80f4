"""What components that keep data have in common: a KMS key and a closed bucket, kept or removable as `removal` says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from slipway.iam_policy import Statement, document_once_known


def kept(parent: pulumi.Resource, removal: str) -> pulumi.ResourceOptions:
    """Options of a child that holds data."""
    # None, not False, when unprotected: the caller's own protect then reaches the children.
    return pulumi.ResourceOptions(parent=parent, protect=True if removal == "protect" else None)


def encryption_key(
    name: str,
    what: str,
    removal: str,
    opts: pulumi.ResourceOptions,
    *,
    policy: pulumi.Output[str] | None = None,
    region: str | None = None,
) -> aws.kms.Key:
    """A rotating key. Who may use it is decided by IAM, unless a key policy says more."""
    return aws.kms.Key(
        name,
        region=region,
        description=what,
        enable_key_rotation=True,
        deletion_window_in_days=30 if removal == "protect" else 7,
        policy=policy,
        opts=opts,
    )


def key_policy(
    account: pulumi.Output[str], service: str, actions: Sequence[str], condition: Statement | None = None
) -> pulumi.Output[str]:
    """The account's IAM decides who may use a key, and beside it an AWS service may, which no IAM policy reaches."""
    administrators = {
        "Effect": "Allow",
        "Principal": {"AWS": pulumi.Output.concat("arn:aws:iam::", account, ":root")},
        "Action": "kms:*",
        "Resource": "*",
    }
    user = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": [*actions],
        "Resource": "*",
    }
    return document_once_known(
        administrators, user if condition is None else {**user, "Condition": condition}
    )


def closed(name: str, bucket: aws.s3.Bucket, opts: pulumi.ResourceOptions) -> aws.s3.BucketPublicAccessBlock:
    """No ACL and no policy, written later by anyone, opens the bucket to the public."""
    return aws.s3.BucketPublicAccessBlock(
        name,
        bucket=bucket.id,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=opts,
    )


@dataclass(frozen=True)
class Keeping:
    """How long a bucket keeps what is put into it, in days. None is for ever."""

    old_versions: int
    objects: int | None = None
    locked: int = 0
    """For so long no version can be deleted but by who may bypass governance. 0 locks nothing."""


class PrivateBucket:
    """A bucket that is versioned, encrypted, its owner's alone, and reached by TLS only."""

    def __init__(
        self, parent: pulumi.Resource, name: str, key: aws.kms.Key, removal: str, keeping: Keeping
    ) -> None:
        self._name = name
        self._opts = pulumi.ResourceOptions(parent=parent)
        self.bucket = aws.s3.Bucket(
            name,
            force_destroy=removal == "destroy",
            object_lock_enabled=keeping.locked > 0 or None,
            opts=kept(parent, removal),
        )
        self._closed = closed(f"{name}-public-access", self.bucket, self._opts)
        aws.s3.BucketOwnershipControls(
            f"{name}-ownership",
            bucket=self.bucket.id,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=self._opts,
        )
        self._encrypt(key)
        self._keep(keeping)

    def policy(self, document: pulumi.Input[str]) -> aws.s3.BucketPolicy:
        """Who may do what in it."""
        opts = pulumi.ResourceOptions(parent=self._opts.parent, depends_on=[self._closed])
        return aws.s3.BucketPolicy(f"{self._name}-policy", bucket=self.bucket.id, policy=document, opts=opts)

    def _encrypt(self, key: aws.kms.Key) -> None:
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{self._name}-encryption",
            bucket=self.bucket.id,
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "aws:kms",
                        "kms_master_key_id": key.arn,
                    },
                    "bucket_key_enabled": True,
                }
            ],
            opts=self._opts,
        )

    def _keep(self, keeping: Keeping) -> None:
        versioning = aws.s3.BucketVersioning(
            f"{self._name}-versioning",
            bucket=self.bucket.id,
            versioning_configuration={"status": "Enabled"},
            opts=self._opts,
        )
        versioned = pulumi.ResourceOptions(parent=self._opts.parent, depends_on=[versioning])
        aws.s3.BucketLifecycleConfiguration(
            f"{self._name}-lifecycle",
            bucket=self.bucket.id,
            rules=[
                aws.s3.BucketLifecycleConfigurationRuleArgs(
                    id="keep",
                    status="Enabled",
                    filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
                    # Where objects have no end of their own, a deletion would leave its mark behind for ever.
                    expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(
                        days=keeping.objects, expired_object_delete_marker=None if keeping.objects else True
                    ),
                    noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                        noncurrent_days=keeping.old_versions
                    ),
                    abort_incomplete_multipart_upload=aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                        days_after_initiation=7
                    ),
                )
            ],
            opts=versioned,
        )
        if keeping.locked:
            aws.s3.BucketObjectLockConfiguration(
                f"{self._name}-lock",
                bucket=self.bucket.id,
                rule={"default_retention": {"mode": "GOVERNANCE", "days": keeping.locked}},
                opts=versioned,
            )
