"""Secrets: one Secrets Manager secret of named values under its own KMS key, and an identity by which pods read it.

Does not bring values to pods: App does, by a Kubernetes Secret named after its content (docs/decisions/0012).
Stateful: secret and key outlive the stack unless `removal` says otherwise.
Costs: one secret and one KMS key by the month, each read by the call.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from slipway import storage
from slipway.iam_policy import document, document_once_known, taken_by_pods
from slipway.validation import (
    DNS_LABEL,
    ENV_NAME,
    REMOVAL,
    REMOVAL_RULE,
    Checks,
    is_one_of,
    is_text,
    is_whole,
    matches,
    usable,
)

RECOVERY_DAYS = 30


class SecretReaderArgs(TypedDict):
    """Pods that may read the secret at run time."""

    cluster_name: pulumi.Input[str]
    """EKS cluster of the pods, with the Pod Identity agent."""
    namespace: str
    """Namespace of the pods."""
    service_account: str
    """ServiceAccount of the pods; it can have one such identity, so let a role of your own have `read_policy_arn` if it needs more."""


class SecretRotationArgs(TypedDict):
    """A function that changes the secret by itself."""

    function_arn: pulumi.Input[str]
    """ARN of the Lambda function that makes and installs new values."""
    days: NotRequired[int]
    """Days between two changes, 1-1000. Default 30."""


class SecretsArgs(TypedDict):
    """Arguments of Secrets."""

    values: Mapping[str, pulumi.Input[str]]
    """The values by name; the secret holds them as one JSON object. Pass Pulumi secrets: state and plan have them sealed."""
    readers: NotRequired[Sequence[SecretReaderArgs]]
    """Pods that get an identity to read the secret, by EKS Pod Identity. Default none."""
    rotation: NotRequired[SecretRotationArgs]
    """Rotation by a function: it owns the values from then on, `values` are what they begin with. Default none."""
    recovery_days: NotRequired[int]
    """Days that a deleted secret and its key can be brought back, 7-30. Default 30; with `removal` destroy the secret is gone at once."""
    removal: NotRequired[str]
    """`protect` (default) refuses to delete secret and key; `destroy` deletes them."""


@dataclass(frozen=True)
class _Secrets:
    values: Mapping[str, pulumi.Input[str]]
    readers: tuple[SecretReaderArgs, ...]
    function_arn: pulumi.Input[str] | None
    rotation_days: int
    recovery_days: int
    removal: str


def _resolve(name: str, args: SecretsArgs) -> _Secrets:
    given, args = args, usable(args, SecretsArgs)
    rotation: Any = args.get("rotation", {})
    secrets = _Secrets(
        values=args.get("values", {}),
        readers=tuple(args.get("readers", ())),
        function_arn=rotation.get("function_arn"),
        rotation_days=rotation.get("days", 30),
        recovery_days=args.get("recovery_days", RECOVERY_DAYS),
        removal=args.get("removal", "protect"),
    )
    with Checks("secrets", name, given, SecretsArgs) as check:
        check.value("values", secrets.values, "one value or more, by name", bool)
        for key in secrets.values:
            check.value("values", key, "named by letters, digits and _", matches(ENV_NAME))
        for reader in secrets.readers:
            check.shape("readers.", reader, SecretReaderArgs)
            for key in ("namespace", "service_account"):
                label = "lower-case letters, digits and -"
                check.value(f"readers.{key}", reader.get(key), label, matches(DNS_LABEL))
            check.value("readers.cluster_name", reader.get("cluster_name"), "a cluster's name", is_text)
        names = [_noun(reader) for reader in secrets.readers]
        check.rule(len(set(names)) == len(names), f"readers must each be named once, got {', '.join(names)}")
        check.value("rotation.days", secrets.rotation_days, "1-1000", is_whole(1, 1000))
        check.value("rotation.function_arn", secrets.function_arn, "a function's ARN", is_text)
        check.value("recovery_days", secrets.recovery_days, "7-30", is_whole(7, 30))
        check.value("removal", secrets.removal, REMOVAL_RULE, is_one_of(REMOVAL))
    return secrets


def _noun(reader: SecretReaderArgs) -> str:
    return f"{reader.get('namespace')}-{reader.get('service_account')}"


class Secrets(pulumi.ComponentResource):
    """A secret under a rotating KMS key that nobody outside its account can read, and a policy that lets one read it.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/best-practices.html
    """

    secret_arn: pulumi.Output[str]
    """ARN of the secret: all that a pod needs to know of it."""
    secret_name: pulumi.Output[str]
    """Name of the secret."""
    key_arn: pulumi.Output[str]
    """ARN of the KMS key."""
    read_policy_arn: pulumi.Output[str]
    """ARN of the IAM policy that lets a role read the secret."""
    role_arn: pulumi.Output[str]
    """ARN of the readers' role; empty without `readers`."""

    def __init__(self, name: str, args: SecretsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        settings = _resolve(name, args)
        super().__init__("slipway:index:Secrets", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        kept = storage.kept(self, settings.removal)
        lasting: Any = {"removal": settings.removal, "recovery_days": settings.recovery_days, "opts": kept}
        key = key_of(name, f"Secrets of {name}", **lasting)
        secret = secret_under(name, f"Settings of {name}", key, **lasting)
        _values(name, settings, secret, child)
        _rotation(name, settings, secret, child)
        policy = read_policy(name, secret.arn, key.arn, child)
        role = _readers(name, settings, policy, child) if settings.readers else None

        self.secret_arn, self.secret_name, self.key_arn = secret.arn, secret.name, key.arn
        self.read_policy_arn = policy.arn
        self.role_arn = role.arn if role else pulumi.Output.from_input("")
        self.register_outputs(
            {
                "secret_arn": self.secret_arn,
                "secret_name": self.secret_name,
                "key_arn": self.key_arn,
                "read_policy_arn": self.read_policy_arn,
                "role_arn": self.role_arn,
            }
        )


def key_of(
    name: str, description: str, removal: str, recovery_days: int, opts: pulumi.ResourceOptions
) -> "aws.kms.Key":
    """A key that AWS changes every year, and that can be brought back for a while."""
    return aws.kms.Key(
        f"{name}-key",
        description=description,
        enable_key_rotation=True,
        deletion_window_in_days=recovery_days if removal == "protect" else 7,
        opts=opts,
    )


def secret_under(
    name: str,
    description: str,
    key: "aws.kms.Key",
    *,
    removal: str,
    recovery_days: int,
    opts: pulumi.ResourceOptions,
) -> "aws.secretsmanager.Secret":
    """A secret without a value, closed to every other account."""
    secret = aws.secretsmanager.Secret(
        f"{name}-secret",
        description=description,
        kms_key_id=key.arn,
        recovery_window_in_days=recovery_days if removal == "protect" else 0,
        opts=opts,
    )
    aws.secretsmanager.SecretPolicy(
        f"{name}-secret-policy",
        secret_arn=secret.arn,
        policy=secret.arn.apply(_this_account_alone),
        block_public_policy=True,
        opts=pulumi.ResourceOptions(parent=opts.parent),
    )
    return secret


def read_policy(
    name: str, secret_arn: pulumi.Input[str], key_arn: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> "aws.iam.Policy":
    """What a role needs to read one secret, and nothing more."""
    statements: list[dict[str, Any]] = [
        {
            "Effect": "Allow",
            "Action": ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
            "Resource": secret_arn,
        },
        {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key_arn},
    ]
    return aws.iam.Policy(
        f"{name}-read",
        description=f"Reads the secret of {name}",
        policy=document_once_known(*statements),
        opts=opts,
    )


def _this_account_alone(secret_arn: str) -> str:
    account = secret_arn.split(":")[4]
    statement = {
        "Sid": "NobodyOutsideThisAccount",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "secretsmanager:*",
        "Resource": "*",
        "Condition": {
            "StringNotEquals": {"aws:PrincipalAccount": account},
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
        },
    }
    return document(statement)


def _values(
    name: str, settings: _Secrets, secret: "aws.secretsmanager.Secret", opts: pulumi.ResourceOptions
) -> None:
    owned = ["secretString", "versionStages"] if settings.function_arn else []
    aws.secretsmanager.SecretVersion(
        f"{name}-values",
        secret_id=secret.id,
        secret_string=pulumi.Output.secret(pulumi.Output.json_dumps(dict(settings.values), sort_keys=True)),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(ignore_changes=owned)),
    )


def _rotation(
    name: str, settings: _Secrets, secret: "aws.secretsmanager.Secret", opts: pulumi.ResourceOptions
) -> None:
    if settings.function_arn:
        aws.secretsmanager.SecretRotation(
            f"{name}-rotation",
            secret_id=secret.id,
            rotation_lambda_arn=settings.function_arn,
            rotation_rules={"automatically_after_days": settings.rotation_days},
            opts=opts,
        )


def _readers(
    name: str, settings: _Secrets, policy: "aws.iam.Policy", opts: pulumi.ResourceOptions
) -> "aws.iam.Role":
    trust = pulumi.Output.json_dumps(taken_by_pods(*settings.readers))
    role = aws.iam.Role(f"{name}-reader", assume_role_policy=trust, opts=opts)
    attached = aws.iam.RolePolicyAttachment(
        f"{name}-reader", role=role.name, policy_arn=policy.arn, opts=opts
    )
    for reader in settings.readers:
        aws.eks.PodIdentityAssociation(
            f"{name}-{_noun(reader)}",
            cluster_name=reader["cluster_name"],
            namespace=reader["namespace"],
            service_account=reader["service_account"],
            role_arn=role.arn,
            # A pod that starts in between would have an identity that may nothing.
            opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[attached])),
        )
    return role
