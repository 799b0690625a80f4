"""Registry: a repository for one application's images in ECR.

Stateful: repository and key outlive the stack unless `removal` says otherwise.
Costs: ECR's storage by the GiB-month, one KMS key by the month; scans on push are free.
"""

import base64
import json
import re
from dataclasses import dataclass
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from slipway.image import RegistryLogin
from slipway.storage import encryption_key, kept
from slipway.validation import REMOVAL, REMOVAL_RULE, Checks, is_one_of, is_whole, matches, usable

REPOSITORY_NAME = re.compile(r"(?=.{2,256}$)[a-z0-9]+([._/-][a-z0-9]+)*")
REPOSITORY_NAME_RULE = "2-256 lower-case letters, digits and single . _ - / between them"
TAGS = {"immutable": "IMMUTABLE", "mutable": "MUTABLE"}
TAGS_RULE = f"one of {', '.join(TAGS)}"


class RegistryArgs(TypedDict):
    """Arguments of Registry."""

    repository: NotRequired[str]
    """The repository's name, as `team/chat`. Default the component's with a few random digits."""
    tags: NotRequired[str]
    """`immutable` (default) refuses to move a tag to another image, `mutable` lets it move."""
    keep_images: NotRequired[int]
    """Images that are kept, the newest, 1 to 100000; a pod cannot start from one that is gone. Default 100."""
    keep_untagged_days: NotRequired[int]
    """Days that an image without a tag is kept, 1 to 36500. Default 14."""
    removal: NotRequired[str]
    """`protect` (default) refuses to delete repository and key; `destroy` deletes them, images included."""


@dataclass(frozen=True)
class _Registry:
    repository: str | None
    tags: str
    keep_images: int
    keep_untagged_days: int
    removal: str


def _resolve(name: str, args: RegistryArgs) -> _Registry:
    given, args = args, usable(args, RegistryArgs)
    registry = _Registry(
        repository=args.get("repository"),
        tags=args.get("tags", "immutable"),
        keep_images=args.get("keep_images", 100),
        keep_untagged_days=args.get("keep_untagged_days", 14),
        removal=args.get("removal", "protect"),
    )
    with Checks("registry", name, given, RegistryArgs) as check:
        check.value("repository", registry.repository, REPOSITORY_NAME_RULE, matches(REPOSITORY_NAME))
        check.value("tags", registry.tags, TAGS_RULE, is_one_of(TAGS))
        check.value("keep_images", registry.keep_images, "1-100000", is_whole(1, 100_000))
        check.value("keep_untagged_days", registry.keep_untagged_days, "1-36500", is_whole(1, 36500))
        check.value("removal", registry.removal, REMOVAL_RULE, is_one_of(REMOVAL))
    return registry


class Registry(pulumi.ComponentResource):
    """An encrypted ECR repository that scans what is pushed, lets no tag move, and forgets old images.

    Image takes `repository_url` as its repository and `login` as its login.
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/Repositories.html
    """

    repository_url: pulumi.Output[str]
    """Where images go, as `ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME`."""
    repository_arn: pulumi.Output[str]
    """ARN of the repository."""
    login: pulumi.Output[RegistryLogin]
    """Who pushes, a secret: a token of AWS's that is good for twelve hours and new at each run."""

    def __init__(self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        settings = _resolve(name, args)
        super().__init__("slipway:index:Registry", name, {}, opts)
        repository = _repository(self, name, settings)
        _lifecycle(self, name, settings, repository)

        self.repository_url, self.repository_arn = repository.repository_url, repository.arn
        self.login = _login(self, repository)
        self.register_outputs(
            {
                "repository_url": self.repository_url,
                "repository_arn": self.repository_arn,
                "login": self.login,
            }
        )


def _repository(parent: Registry, name: str, settings: _Registry) -> "aws.ecr.Repository":
    opts = kept(parent, settings.removal)
    key = encryption_key(f"{name}-key", f"Images of {name}", settings.removal, opts)
    return aws.ecr.Repository(
        f"{name}-repository",
        name=settings.repository,
        image_tag_mutability=TAGS[settings.tags],
        image_scanning_configuration={"scan_on_push": True},
        encryption_configurations=[{"encryption_type": "KMS", "kms_key": key.arn}],
        force_delete=settings.removal == "destroy",
        opts=opts,
    )


def _lifecycle(parent: Registry, name: str, settings: _Registry, repository: "aws.ecr.Repository") -> None:
    untagged = {
        "tagStatus": "untagged",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": settings.keep_untagged_days,
    }
    most = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": settings.keep_images}
    rules = [
        {"rulePriority": priority, "selection": selection, "action": {"type": "expire"}}
        for priority, selection in ((1, untagged), (2, most))
    ]
    aws.ecr.LifecyclePolicy(
        f"{name}-lifecycle",
        repository=repository.name,
        policy=json.dumps({"rules": rules}),
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _login(parent: Registry, repository: "aws.ecr.Repository") -> pulumi.Output[RegistryLogin]:
    token = aws.ecr.get_authorization_token_output(
        registry_id=repository.registry_id, opts=pulumi.InvokeOutputOptions(parent=parent)
    )

    def login(token: str) -> RegistryLogin:
        username, _, password = base64.b64decode(token).decode().partition(":")
        return {"username": username, "password": password}

    return pulumi.Output.secret(token.authorization_token.apply(login))
