"""Delivery: what CI needs to bring environments up: an OIDC provider, roles that preview, compare or write, and a bucket for the state.

No key of any kind leaves the account: a job shows its CI's token and gets a role for an hour. Does not build the pipeline,
and gives no access to a Kubernetes cluster: name the roles among the cluster's own.

Stateful: bucket and key outlive the stack unless `removal` says otherwise.
Costs: one KMS key by the month; the state's few objects.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict, cast

import pulumi
import pulumi_aws as aws

from slipway import delivery_policies as policies
from slipway.iam_policy import document, home_of, tls_only
from slipway.storage import Keeping, PrivateBucket, encryption_key, kept
from slipway.validation import (
    REMOVAL,
    REMOVAL_RULE,
    Checks,
    is_filled_list_of,
    is_list_of,
    is_one_of,
    is_text,
    is_whole,
    matches,
    usable,
)

REPOSITORY = re.compile(r"[\w.-]+(/[\w.-]+)+")
REPOSITORY_RULE = "ORGANISATION/REPOSITORY"
ISSUER = re.compile(r"https://[^/\s]+(/[^/\s]+)*")
ISSUER_RULE = "an https URL without a slash at its end"
SUBJECT_RULE = "a text with {repository} and {job} in it"
JOBS_RULE = "the ends of subject claims, as environment:prod, without * or ?"
DRIFT_JOBS_RULE = f"{JOBS_RULE}; pull_request is none: whoever opens one would read secrets and hold locks"
DEPLOY_JOBS_RULE = (
    f"stacks, each with its jobs: {JOBS_RULE}; pull_request is none: whoever opens one would deploy"
)
PROVIDER = re.compile(r"arn:[\w-]+:iam::\d{12}:oidc-provider/\S+")
PROVIDER_RULE = "an OIDC provider's ARN"
SECRETS_RULE = "names of secrets, * for any characters"
FITTING_RULE = f"fewer or shorter, or joined by *: a role's policy takes {policies.LONGEST} characters"
SERVICES_RULE = "IAM's prefixes of services, as ec2, without iam and organizations"
DEPLOY_JOBS = {"prod": ("environment:prod",)}
LOCK_DAYS = 30
OLD_VERSION_DAYS = 90
_STACK = re.compile(r"[\w.-]{1,40}")
_SECRET = re.compile(r"[\w/+=.@*-]{1,512}")
_SERVICE = re.compile(r"(?!(iam|organizations)$)[a-z0-9-]+")
_SERVICES = (
    *("acm", "application-autoscaling", "autoscaling", "backup", "backup-storage", "cloudfront"),
    *("cloudwatch", "ec2", "ecr", "eks", "eks-auth", "elasticache", "elasticloadbalancing", "events", "kms"),
    *("lambda", "logs", "rds", "route53", "s3", "secretsmanager", "sns", "sqs", "ssm", "tag", "wafv2"),
    *("access-analyzer", "budgets", "cloudtrail", "config", "guardduty", "securityhub"),
)


class DeliveryArgs(TypedDict):
    """Arguments of Delivery."""

    repository: str
    """The repository whose jobs are let in, as `acme/chat`."""
    preview_jobs: NotRequired[Sequence[str]]
    """Jobs that may read, by the end of their token's subject. Default `pull_request`."""
    drift_jobs: NotRequired[Sequence[str]]
    """Jobs that may compare whole stacks with the cloud: lock their states and read their secrets, and change nothing. Never
    `pull_request`. Default `ref:refs/heads/main`."""
    drift_secrets: NotRequired[Sequence[str]]
    """Secrets and encrypted parameters of the account that `drift_jobs` may read, by name; a `*` stands for any characters.
    A refresh needs those that the stacks make, as `cache-secret-*`. Default none."""
    deploy_jobs: NotRequired[Mapping[str, Sequence[str]]]
    """Jobs that may write, by stack, whose state they write alone. Default `prod` by `environment:prod`; a branch is
    `ref:refs/heads/main`."""
    issuer: NotRequired[str]
    """URL of the tokens' issuer. Default GitHub Actions', `https://token.actions.githubusercontent.com`."""
    audience: NotRequired[str]
    """Whom the tokens are for. Default `sts.amazonaws.com`."""
    subject: NotRequired[str]
    """How the issuer writes a subject. Default GitHub's, `repo:{repository}:{job}`; GitLab's is `project_path:{repository}:{job}`."""
    provider_arn: NotRequired[pulumi.Input[str]]
    """The account's OIDC provider for this issuer, if it has one: there can be only one. Default none: one is made."""
    services: NotRequired[Sequence[str]]
    """Services that a deployment may use, by IAM's prefixes. Default those that Slipway's components use."""
    lock_days: NotRequired[int]
    """Days for which no version of a state can be deleted, 0 to 36500. Default 30; 0 locks nothing."""
    old_version_days: NotRequired[int]
    """Days that older versions of a state are kept, 1 to 36500, not below `lock_days`. Default 90."""
    removal: NotRequired[str]
    """`protect` (default) refuses to delete the bucket and its key; `destroy` deletes them, states included."""


@dataclass(frozen=True)
class _Delivery:
    repository: str
    preview_jobs: Sequence[str]
    drift_jobs: Sequence[str]
    drift_secrets: Sequence[str]
    deploy_jobs: Mapping[str, Sequence[str]]
    issuer: str
    audience: str
    subject: str
    provider_arn: pulumi.Input[str] | None
    services: Sequence[str]
    lock_days: int
    old_version_days: int
    removal: str

    def subjects(self, jobs: Sequence[str]) -> list[str]:
        return [self.subject.format(repository=self.repository, job=job) for job in jobs]


def _resolve(name: str, args: DeliveryArgs) -> _Delivery:
    given, args = args, usable(args, DeliveryArgs)
    delivery = _Delivery(
        repository=args.get("repository", ""),
        preview_jobs=args.get("preview_jobs", ("pull_request",)),
        drift_jobs=args.get("drift_jobs", ("ref:refs/heads/main",)),
        drift_secrets=args.get("drift_secrets", ()),
        deploy_jobs=args.get("deploy_jobs", DEPLOY_JOBS),
        issuer=args.get("issuer", "https://token.actions.githubusercontent.com"),
        audience=args.get("audience", "sts.amazonaws.com"),
        subject=args.get("subject", "repo:{repository}:{job}"),
        provider_arn=args.get("provider_arn"),
        services=args.get("services", _SERVICES),
        lock_days=args.get("lock_days", LOCK_DAYS),
        old_version_days=args.get("old_version_days", OLD_VERSION_DAYS),
        removal=args.get("removal", "protect"),
    )
    with Checks("delivery", name, given, DeliveryArgs) as check:
        check.value("repository", args.get("repository"), REPOSITORY_RULE, matches(REPOSITORY))
        check.value("preview_jobs", delivery.preview_jobs, JOBS_RULE, are_jobs)
        check.value("drift_jobs", delivery.drift_jobs, DRIFT_JOBS_RULE, are_trusted_jobs)
        check.value("drift_secrets", delivery.drift_secrets, SECRETS_RULE, are_secrets)
        check.rule(fit_into_a_role(delivery.drift_secrets), f"drift_secrets must be {FITTING_RULE}")
        check.value("deploy_jobs", delivery.deploy_jobs, DEPLOY_JOBS_RULE, are_deploy_jobs)
        check.value("issuer", delivery.issuer, ISSUER_RULE, matches(ISSUER))
        check.value("audience", delivery.audience, "the token's audience", is_text)
        check.value("subject", delivery.subject, SUBJECT_RULE, is_subject)
        check.value("provider_arn", delivery.provider_arn, PROVIDER_RULE, matches(PROVIDER))
        check.value("services", delivery.services, SERVICES_RULE, are_services)
        check.value("lock_days", delivery.lock_days, "0-36500", is_whole(0, 36500))
        check.value("old_version_days", delivery.old_version_days, "1-36500", is_whole(1, 36500))
        check.value("removal", delivery.removal, REMOVAL_RULE, is_one_of(REMOVAL))
        check.rule(
            not ("issuer" in args and "provider_arn" in args),
            "issuer must be left out beside provider_arn: a provider has its own",
        )
        check.rule(
            outlives_lock(delivery.lock_days, delivery.old_version_days),
            f"old_version_days must not be below lock_days, {delivery.lock_days}, got {delivery.old_version_days}",
        )
    return delivery


def are_jobs(value: Any) -> bool:
    """One or more ends of subjects, each said whole: the trust policies compare, they do not match."""
    return is_filled_list_of(lambda job: is_text(job) and not set("*?") & set(job))(value)


def are_trusted_jobs(value: Any) -> bool:
    """The same, and none that anybody starts before a review."""
    return are_jobs(value) and "pull_request" not in value


def are_secrets(value: Any) -> bool:
    """Names as Secrets Manager and Parameter Store take them, or patterns of such, or none."""
    return is_list_of(matches(_SECRET))(value)


def fit_into_a_role(secrets: Any) -> bool:
    """Whether IAM takes the policy that names them all. What are no names has been told already."""
    return not are_secrets(secrets) or policies.drift_fits(secrets)


def are_deploy_jobs(value: Any) -> bool:
    """One or more stacks, each with its jobs."""
    if not isinstance(value, Mapping):
        return False
    by_stack = cast(Mapping[Any, Any], value)
    return is_filled_list_of(matches(_STACK))(list(by_stack)) and all(
        map(are_trusted_jobs, by_stack.values())
    )


def is_subject(value: Any) -> bool:
    """A form with both places in it and no other."""
    try:
        filled = value.format(repository="/repository/", job="/job/")
    except (AttributeError, IndexError, KeyError, ValueError):
        return False
    return "/repository/" in filled and "/job/" in filled


def are_services(value: Any) -> bool:
    """One or more prefixes. iam and organizations are let in by what the boundary says of them, or not at all."""
    return is_filled_list_of(matches(_SERVICE))(value)


def outlives_lock(lock_days: Any, old_version_days: Any) -> bool:
    """S3 deletes no locked version. What is no number has been told already."""
    if not (isinstance(lock_days, int) and isinstance(old_version_days, int)):
        return True
    return old_version_days >= lock_days


class Delivery(pulumi.ComponentResource):
    """Roles for CI without any stored key, to preview, to look for drift, and for each stack to deploy it; a locked bucket for the state.

    A deployment can make roles only with `boundary_arn` as their permissions boundary. `backend_url` is what `pulumi login` takes.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
    """

    provider_arn: pulumi.Output[str]
    """ARN of the OIDC provider."""
    preview_role_arn: pulumi.Output[str]
    """ARN of the role that previews: it reads the account and the state, but no secret's value."""
    drift_role_arn: pulumi.Output[str]
    """ARN of the role that compares: it reads what the preview's does and the stacks' secrets, and locks their states."""
    deploy_role_arns: pulumi.Output[Mapping[str, str]]
    """ARN of the role that deploys each stack."""
    boundary_arn: pulumi.Output[str]
    """ARN of the permissions boundary that a deployment gives to the roles it makes."""
    state_bucket_name: pulumi.Output[str]
    """Name of the state's bucket."""
    state_key_arn: pulumi.Output[str]
    """ARN of the key that the state is encrypted by, and the only one by which preview and drift open a stack's secrets:
    the stack's secrets provider is `awskms:///ARN?region=REGION`."""
    backend_url: pulumi.Output[str]
    """The state's backend, as `s3://bucket?region=eu-central-1`."""

    def __init__(self, name: str, args: DeliveryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        settings = _resolve(name, args)
        super().__init__("slipway:index:Delivery", name, {}, opts)
        build = _Builder(self, name, settings)
        boundary, preview, drift = build.boundary(), build.preview(), build.drift()
        deploy = {stack: build.deploy(stack, jobs, boundary) for stack, jobs in settings.deploy_jobs.items()}
        build.state_policy(deploy)

        self.provider_arn, self.boundary_arn = build.provider_arn, boundary.arn
        self.preview_role_arn, self.drift_role_arn = preview.arn, drift.arn
        self.deploy_role_arns = pulumi.Output.all(**{stack: role.arn for stack, role in deploy.items()})
        self.state_bucket_name, self.state_key_arn = build.bucket.bucket, build.key.arn
        self.backend_url = pulumi.Output.all(build.bucket.bucket, build.key.arn).apply(
            lambda both: f"s3://{both[0]}?region={home_of(both[1]).region}"
        )
        self.register_outputs(
            {
                "provider_arn": self.provider_arn,
                "preview_role_arn": self.preview_role_arn,
                "drift_role_arn": self.drift_role_arn,
                "deploy_role_arns": self.deploy_role_arns,
                "boundary_arn": self.boundary_arn,
                "state_bucket_name": self.state_bucket_name,
                "state_key_arn": self.state_key_arn,
                "backend_url": self.backend_url,
            }
        )


class _Builder:
    """Key, bucket and provider first: the policies speak of them."""

    def __init__(self, parent: Delivery, name: str, settings: _Delivery) -> None:
        self._opts = pulumi.ResourceOptions(parent=parent)
        self._name, self._settings = name, settings
        removal = settings.removal
        self.key = encryption_key(f"{name}-state-key", f"State of {name}", removal, kept(parent, removal))
        keeping = Keeping(old_versions=settings.old_version_days, locked=settings.lock_days)
        self._state = PrivateBucket(parent, f"{name}-state", self.key, removal, keeping)
        self.bucket = self._state.bucket
        self.provider_arn = self._provider()

    def _provider(self) -> pulumi.Output[str]:
        if self._settings.provider_arn is not None:
            return pulumi.Output.from_input(self._settings.provider_arn)
        return aws.iam.OpenIdConnectProvider(
            f"{self._name}-provider",
            url=self._settings.issuer,
            client_id_lists=[self._settings.audience],
            opts=self._opts,
        ).arn

    def boundary(self) -> "aws.iam.Policy":
        # It speaks of itself, and the stacks that are deployed name it in their configuration.
        policy_name = f"{pulumi.get_project()}-{pulumi.get_stack()}-{self._name}-boundary"

        def written(arns: Sequence[str]) -> str:
            provider_arn, bucket_arn, key_arn = arns
            own_arn = policies.boundary_arn(home_of(key_arn), policy_name)
            return policies.boundary(self._settings.services, own_arn, provider_arn, bucket_arn, key_arn)

        return aws.iam.Policy(
            f"{self._name}-boundary",
            name=policy_name,
            path=policies.PATH,
            description="The most that a deployment, and any role made by one, can do",
            policy=pulumi.Output.all(self.provider_arn, self.bucket.arn, self.key.arn).apply(written),
            opts=self._opts,
        )

    def preview(self) -> "aws.iam.Role":
        return self._reader("preview", self._settings.preview_jobs, policies.preview)

    def drift(self) -> "aws.iam.Role":
        secrets = self._settings.drift_secrets
        return self._reader(
            "drift", self._settings.drift_jobs, lambda bucket, key: policies.drift(bucket, key, secrets)
        )

    def _reader(self, noun: str, jobs: Sequence[str], limits: Callable[[str, str], str]) -> "aws.iam.Role":
        role = self._role(noun, jobs)
        aws.iam.RolePolicyAttachment(
            f"{self._name}-{noun}-reads",
            role=role.name,
            policy_arn=self.key.arn.apply(
                lambda arn: f"arn:{home_of(arn).partition}:iam::aws:policy/ReadOnlyAccess"
            ),
            opts=self._opts,
        )
        aws.iam.RolePolicy(
            f"{self._name}-{noun}-limits",
            role=role.name,
            policy=pulumi.Output.all(self.bucket.arn, self.key.arn).apply(lambda arns: limits(*arns)),
            opts=self._opts,
        )
        return role

    def deploy(self, stack: str, jobs: Sequence[str], boundary: "aws.iam.Policy") -> "aws.iam.Role":
        role = self._role(f"deploy-{stack}", jobs, boundary)
        # As boundary it says what may be done at all, as policy that it may.
        aws.iam.RolePolicyAttachment(
            f"{self._name}-deploy-{stack}-writes", role=role.name, policy_arn=boundary.arn, opts=self._opts
        )
        return role

    def _role(
        self, noun: str, jobs: Sequence[str], boundary: "aws.iam.Policy | None" = None
    ) -> "aws.iam.Role":
        settings = self._settings
        return aws.iam.Role(
            f"{self._name}-{noun}",
            path=policies.PATH,
            description=f"Taken by jobs of {settings.repository}: {noun}",
            assume_role_policy=self.provider_arn.apply(
                lambda arn: policies.trust(arn, settings.audience, settings.subjects(jobs))
            ),
            permissions_boundary=boundary.arn if boundary else None,
            opts=self._opts,
        )

    def state_policy(self, deploy: Mapping[str, "aws.iam.Role"]) -> None:
        """The bucket's: each role writes its own stack's state alone."""

        def written(arns: Mapping[str, Any]) -> str:
            bucket_arn: str = arns["bucket"]
            roles: Mapping[str, str] = arns["roles"]
            own = (policies.own_state(bucket_arn, stack, role) for stack, role in roles.items())
            return document(tls_only(bucket_arn), *own)

        roles = {stack: role.arn for stack, role in deploy.items()}
        self._state.policy(pulumi.Output.all(bucket=self.bucket.arn, roles=roles).apply(written))
