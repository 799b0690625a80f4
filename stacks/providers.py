"""The AWS provider of a stack: the one place that decides the tags of everything in AWS, and the bounds of its roles."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pulumi

from stacks.settings import Settings, SettingsError

if TYPE_CHECKING:
    import pulumi_aws as aws


def region() -> str:
    """The region of the stack: `aws:region`, or $AWS_REGION."""
    found = pulumi.Config("aws").get("region") or os.environ.get("AWS_REGION")
    if not found:
        raise SettingsError(
            f"Pulumi.{pulumi.get_stack()}.yaml: aws:region is missing; set it, as eu-central-1, or $AWS_REGION"
        )
    return found


def aws_provider(settings: Settings) -> aws.Provider:
    """AWS as the stack's `aws:` keys describe it, with its tags on everything that takes tags."""
    import pulumi_aws as aws

    config = pulumi.Config("aws")
    return aws.Provider(
        "aws",
        region=region(),
        profile=config.get("profile"),
        skip_credentials_validation=config.get_bool("skipCredentialsValidation"),
        skip_metadata_api_check=config.get_bool("skipMetadataApiCheck"),
        skip_requesting_account_id=config.get_bool("skipRequestingAccountId"),
        s3_use_path_style=config.get_bool("s3UsePathStyle"),
        default_tags={
            "tags": {
                "project": pulumi.get_project(),
                "environment": pulumi.get_stack(),
                "owner": settings.tags.owner,
                "cost-centre": settings.tags.cost_centre,
            }
        },
    )


def within(boundary: str) -> pulumi.ResourceTransformation:
    """Gives a permissions boundary to every role that a component makes: CI's role may make no others."""

    def bound(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if args.type_ != "aws:iam/role:Role":
            return None
        return pulumi.ResourceTransformationResult(
            {**args.props, "permissions_boundary": boundary}, args.opts
        )

    return bound
