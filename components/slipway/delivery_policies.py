"""Who may do what in a delivery, as policy statements in pure Python.

Preview reads and sees no secret's value but those of the state it previews. Drift reads the whole of a stack, the values of
its secrets too, and holds the state's lock for that long. Deploy writes within a boundary, and every role that it makes has
to carry the same boundary, so that it cannot make itself a stronger one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from slipway.iam_policy import Home, Statement, document, home_of

PATH = "/slipway-delivery/"
"""Roles and boundary lie below this path: it is how the boundary tells them from those that a deployment makes."""

LONGEST = 10240
"""Characters of all policies that stand in one role, blanks not counted.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""
_LONGEST_BUCKET = "arn:aws-us-gov:s3:::" + "b" * 63
_LONGEST_KEY = f"arn:aws-us-gov:kms:ap-southeast-1:123456789012:key/{'k' * 36}"

_WRITES = ["s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"]
_SECRET_READS = ["secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue"]
_ROLE_CHANGES = [
    *("iam:AttachRolePolicy", "iam:CreateRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy"),
    *("iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"),
]
_OTHER_CHANGES = [
    *("iam:AddRoleToInstanceProfile", "iam:CreateInstanceProfile", "iam:CreatePolicy"),
    *("iam:CreatePolicyVersion", "iam:CreateServiceLinkedRole", "iam:DeleteInstanceProfile"),
    *("iam:DeletePolicy", "iam:DeletePolicyVersion", "iam:DeleteRole", "iam:PassRole"),
    *("iam:RemoveRoleFromInstanceProfile", "iam:TagInstanceProfile", "iam:TagPolicy", "iam:TagRole"),
    *("iam:UntagInstanceProfile", "iam:UntagPolicy", "iam:UntagRole", "iam:UpdateRole"),
    "iam:UpdateRoleDescription",
]
_PROVIDER_CHANGES = [
    *("iam:AddClientIDToOpenIDConnectProvider", "iam:CreateOpenIDConnectProvider"),
    *("iam:DeleteOpenIDConnectProvider", "iam:RemoveClientIDFromOpenIDConnectProvider"),
    *("iam:TagOpenIDConnectProvider", "iam:UntagOpenIDConnectProvider"),
    "iam:UpdateOpenIDConnectProviderThumbprint",
]
_AUDIT_ENDS = [
    *("access-analyzer:DeleteAnalyzer", "cloudtrail:DeleteTrail", "cloudtrail:StopLogging"),
    *("config:DeleteConfigurationRecorder", "config:DeleteDeliveryChannel"),
    *("config:StopConfigurationRecorder", "guardduty:DeleteDetector", "securityhub:DisableSecurityHub"),
]


def trust(provider_arn: str, audience: str, subjects: Sequence[str]) -> str:
    """A role for those jobs alone whose token says one of these subjects.

    https://docs.github.com/en/actions/reference/security/oidc#example-subject-claims
    """
    issuer = provider_arn.split(":oidc-provider/", 1)[1]
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Federated": provider_arn},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {f"{issuer}:aud": audience, f"{issuer}:sub": list(subjects)}},
        }
    )


def preview(bucket_arn: str, key_arn: str) -> str:
    """What makes of AWS's ReadOnlyAccess a role that reads the state, and nobody's secrets or data."""
    return document(
        *_state(bucket_arn, key_arn, ["kms:Decrypt", "kms:DescribeKey"]),
        *_no_secrets(key_arn),
        *_no_data(bucket_arn),
    )


def drift(bucket_arn: str, key_arn: str, secrets: Sequence[str]) -> str:
    """The same for a role that refreshes: it locks the state, and reads what the stack keeps in these secrets."""
    lock = {
        "Sid": "LockState",
        "Effect": "Allow",
        # Versions are not its to delete: in a versioned bucket a lock is let go by a mark, which no object lock refuses.
        "Action": ["s3:PutObject", "s3:DeleteObject"],
        "Resource": f"{bucket_arn}/.pulumi/locks/*",
    }
    return document(
        *_state(bucket_arn, key_arn, ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]),
        lock,
        *(_these_secrets(key_arn, secrets) if secrets else _no_secrets(key_arn)),
        *_no_data(bucket_arn),
    )


def drift_fits(secrets: Sequence[str]) -> bool:
    """Whether a role has room for these names, wherever bucket and key, which are not made yet, will be."""
    return len("".join(drift(_LONGEST_BUCKET, _LONGEST_KEY, secrets).split())) <= LONGEST


def _state(bucket_arn: str, key_arn: str, key_actions: Sequence[str]) -> Iterator[Statement]:
    yield {"Sid": "FindState", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket_arn}
    yield {"Sid": "ReadState", "Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{bucket_arn}/*"}
    yield {"Sid": "OpenState", "Effect": "Allow", "Action": [*key_actions], "Resource": key_arn}


def _no_secrets(key_arn: str) -> Iterator[Statement]:
    yield {"Sid": "NoSecrets", "Effect": "Deny", "Action": _SECRET_READS, "Resource": "*"}
    # Parameters of type SecureString, and everything that is encrypted by a key.
    yield {"Sid": "NoOtherKey", "Effect": "Deny", "Action": "kms:Decrypt", "NotResource": key_arn}


def _these_secrets(key_arn: str, secrets: Sequence[str]) -> Iterator[Statement]:
    """Secrets of Secrets Manager and parameters of type SecureString, of this account. What opens one opens no other.

    https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-encryption-context
    """
    partition, _, account = home_of(key_arn)
    # AWS gives the name of a secret six more characters in its ARN.
    kept = [f"arn:{partition}:secretsmanager:*:{account}:secret:{name}-??????" for name in secrets]
    parameters = [f"arn:{partition}:ssm:*:{account}:parameter/{name.removeprefix('/')}" for name in secrets]
    contexts = {"kms:EncryptionContext:SecretARN": kept, "kms:EncryptionContext:PARAMETER_ARN": parameters}
    yield {
        "Sid": "ReadSecrets",
        "Effect": "Allow",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": kept,
    }
    yield {"Sid": "NoOtherSecrets", "Effect": "Deny", "Action": _SECRET_READS, "NotResource": kept}
    for sid, key in zip(("OpenSecrets", "OpenParameters"), contexts, strict=True):
        yield {
            "Sid": sid,
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": f"arn:{partition}:kms:*:{account}:key/*",
            "Condition": {"StringLike": {key: contexts[key]}},
        }
    yield {
        "Sid": "NoOtherKey",
        "Effect": "Deny",
        "Action": "kms:Decrypt",
        "NotResource": key_arn,
        "Condition": {"StringNotLike": contexts},
    }


def _no_data(bucket_arn: str) -> Iterator[Statement]:
    yield {
        "Sid": "NoOtherObjects",
        "Effect": "Deny",
        "Action": "s3:GetObject*",
        "NotResource": f"{bucket_arn}/*",
    }
    yield {
        "Sid": "NoItems",
        "Effect": "Deny",
        "Action": ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"],
        "Resource": "*",
    }


def boundary_arn(home: Home, name: str) -> str:
    """The ARN that the boundary of this name has: it speaks of itself."""
    return f"arn:{home.partition}:iam::{home.account}:policy{PATH}{name}"


def boundary(services: Sequence[str], own_arn: str, provider_arn: str, bucket_arn: str, key_arn: str) -> str:
    """The most that a deployment, and any role made by one, can do.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    """
    partition, account = own_arn.split(":")[1], own_arn.split(":")[4]
    roles, boundaries = (f"arn:{partition}:iam::{account}:{kind}{PATH}*" for kind in ("role", "policy"))
    return document(
        {
            "Sid": "Services",
            "Effect": "Allow",
            "Action": [f"{service}:*" for service in services],
            "Resource": "*",
        },
        {
            "Sid": "Identities",
            "Effect": "Allow",
            "Action": ["iam:Get*", "iam:List*", *_ROLE_CHANGES, *_OTHER_CHANGES],
            "Resource": "*",
        },
        {
            # Others say who logs in to the account: people, and the CI of others.
            "Sid": "ProvidersOfClusters",
            "Effect": "Allow",
            "Action": _PROVIDER_CHANGES,
            "Resource": f"arn:{partition}:iam::{account}:oidc-provider/oidc.eks.*",
        },
        {
            "Sid": "OnlyWithinBoundary",
            "Effect": "Deny",
            "Action": _ROLE_CHANGES,
            "Resource": "*",
            "Condition": {"StringNotEquals": {"iam:PermissionsBoundary": own_arn}},
        },
        {
            "Sid": "DeliveryStays",
            "Effect": "Deny",
            "NotAction": ["iam:Get*", "iam:List*"],
            "Resource": [roles, boundaries, provider_arn],
        },
        {"Sid": "AuditStays", "Effect": "Deny", "Action": _AUDIT_ENDS, "Resource": "*"},
        {
            "Sid": "StateStays",
            "Effect": "Deny",
            "Action": [
                "kms:DisableKey",
                "kms:PutKeyPolicy",
                "kms:ScheduleKeyDeletion",
                "s3:BypassGovernanceRetention",
                "s3:DeleteBucket*",
                "s3:PutBucket*",
                "s3:PutEncryptionConfiguration",
                "s3:PutLifecycleConfiguration",
            ],
            "Resource": [bucket_arn, f"{bucket_arn}/*", key_arn],
        },
        {
            "Sid": "StateIsForDeliveries",
            "Effect": "Deny",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*", "s3:*Object*"],
            "Resource": [f"{bucket_arn}/*", key_arn],
            "Condition": {"ArnNotLike": {"aws:PrincipalArn": roles}},
        },
    )


def own_state(bucket_arn: str, stack: str, role_arn: str) -> Statement:
    """In the bucket's policy: this role writes the state of this stack, and no other's.

    The keys are those of Pulumi's S3 backend; `*` stands for the project.
    """
    state = f"{bucket_arn}/.pulumi"
    return {
        "Effect": "Deny",
        "Principal": {"AWS": role_arn},
        "Action": _WRITES,
        "NotResource": [
            f"{state}/meta.yaml",
            f"{state}/stacks/*/{stack}.json",
            f"{state}/stacks/*/{stack}.json.*",
            f"{state}/history/*/{stack}/*",
            f"{state}/backups/*/{stack}/*",
            f"{state}/locks/organization/*/{stack}/*",
        ],
    }
