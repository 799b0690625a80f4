"""Delivery: who gets in, what they may do, what is kept, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from slipway import ArgumentError, Delivery
from slipway import delivery_policies as policies
from tests.unit.mocks import Mocks, Program, Run

KEY, BUCKET, ROLE, POLICY, LIMITS = (
    "aws:kms/key:Key",
    "aws:s3/bucket:Bucket",
    "aws:iam/role:Role",
    "aws:iam/policy:Policy",
    "aws:iam/rolePolicy:RolePolicy",
)
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
STATE_KEY = "arn:aws:kms:eu-central-1:123456789012:key/delivery-state-key"
BOUNDARY = "arn:aws:iam::123456789012:policy/slipway-delivery/slipway-test-delivery-boundary"
REPOSITORY: Any = {"repository": "acme/chat"}


@pytest.fixture(autouse=True)
def _made(monkeypatch: pytest.MonkeyPatch) -> None:
    """ARNs as AWS writes them: the component reads its own."""
    for name, outputs in {
        "delivery-state-key": {"arn": STATE_KEY},
        "delivery-state": {"bucket": "states", "arn": "arn:aws:s3:::states"},
        "delivery-provider": {"arn": PROVIDER},
        "delivery-boundary": {"arn": BOUNDARY},
    }.items():
        monkeypatch.setitem(Mocks.made, name, outputs)


def make(run: Run, **more: Any) -> Any:
    args: Any = {**REPOSITORY, **more}

    def outputs() -> Any:
        made = Delivery("delivery", args)
        return {output: getattr(made, output) for output in Delivery.__annotations__}

    return run(outputs)


def trust(program: Program, role: str) -> Any:
    (statement,) = json.loads(program.by_name(ROLE, role).inputs["assumeRolePolicy"])["Statement"]
    return statement["Condition"]["StringEquals"]


def test_children(run: Run, program: Program) -> None:
    make(run)
    assert program.children() == [
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider delivery-provider",
        "aws:iam/policy:Policy delivery-boundary",
        "aws:iam/role:Role delivery-deploy-prod",
        "aws:iam/role:Role delivery-drift",
        "aws:iam/role:Role delivery-preview",
        "aws:iam/rolePolicy:RolePolicy delivery-drift-limits",
        "aws:iam/rolePolicy:RolePolicy delivery-preview-limits",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment delivery-deploy-prod-writes",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment delivery-drift-reads",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment delivery-preview-reads",
        "aws:kms/key:Key delivery-state-key",
        "aws:s3/bucket:Bucket delivery-state",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration delivery-state-lifecycle",
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration delivery-state-lock",
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls delivery-state-ownership",
        "aws:s3/bucketPolicy:BucketPolicy delivery-state-policy",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock delivery-state-public-access",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration "
        "delivery-state-encryption",
        "aws:s3/bucketVersioning:BucketVersioning delivery-state-versioning",
    ]
    assert {child.parent for child in program.resources if not child.type.startswith("slipway:")} == {
        "delivery"
    }


def test_outputs(run: Run) -> None:
    outputs = make(run, deploy_jobs={"dev": ["ref:refs/heads/main"], "prod": ["environment:prod"]})
    assert outputs == {
        "provider_arn": PROVIDER,
        "preview_role_arn": "arn:delivery-preview",
        "drift_role_arn": "arn:delivery-drift",
        "deploy_role_arns": {"dev": "arn:delivery-deploy-dev", "prod": "arn:delivery-deploy-prod"},
        "boundary_arn": BOUNDARY,
        "state_bucket_name": "states",
        "state_key_arn": STATE_KEY,
        "backend_url": "s3://states?region=eu-central-1",
    }


def test_pull_requests_preview_main_compares_and_the_environment_deploys(run: Run, program: Program) -> None:
    make(run)
    issuer = "token.actions.githubusercontent.com"
    assert trust(program, "delivery-preview") == {
        f"{issuer}:aud": "sts.amazonaws.com",
        f"{issuer}:sub": ["repo:acme/chat:pull_request"],
    }
    assert trust(program, "delivery-drift") == {
        f"{issuer}:aud": "sts.amazonaws.com",
        f"{issuer}:sub": ["repo:acme/chat:ref:refs/heads/main"],
    }
    assert trust(program, "delivery-deploy-prod")[f"{issuer}:sub"] == ["repo:acme/chat:environment:prod"]
    provider = program.by_name(
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider", "delivery-provider"
    ).inputs
    assert provider == {
        "url": "https://token.actions.githubusercontent.com",
        "clientIdLists": ["sts.amazonaws.com"],
    }


def test_another_ci(run: Run, program: Program) -> None:
    make(
        run,
        issuer="https://gitlab.example.com",
        audience="https://gitlab.example.com",
        subject="project_path:{repository}:{job}",
        preview_jobs=["ref_type:branch:ref:main", "ref_type:branch:ref:next"],
        drift_jobs=["ref_type:branch:ref:trunk"],
    )
    provider = program.by_name(
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider", "delivery-provider"
    ).inputs
    assert provider == {
        "url": "https://gitlab.example.com",
        "clientIdLists": ["https://gitlab.example.com"],
    }
    subjects = trust(program, "delivery-preview")["token.actions.githubusercontent.com:sub"]  # the mock's
    assert subjects == [f"project_path:acme/chat:ref_type:branch:ref:{name}" for name in ("main", "next")]
    compares = trust(program, "delivery-drift")["token.actions.githubusercontent.com:sub"]
    assert compares == ["project_path:acme/chat:ref_type:branch:ref:trunk"]


def test_a_provider_that_the_account_has_is_taken(run: Run, program: Program) -> None:
    arn = "arn:aws:iam::123456789012:oidc-provider/gitlab.example.com"
    assert make(run, provider_arn=arn)["provider_arn"] == arn
    assert not [name for name in program.children() if "OpenIdConnectProvider" in name]
    assert "gitlab.example.com:sub" in trust(program, "delivery-preview")


def test_each_role_s_policies(run: Run, program: Program) -> None:
    outputs = make(run)
    preview = program.by_name(ROLE, "delivery-preview").inputs
    deploy = program.by_name(ROLE, "delivery-deploy-prod").inputs
    assert (preview["path"], deploy["path"]) == ("/slipway-delivery/", "/slipway-delivery/")
    assert preview["description"] == "Taken by jobs of acme/chat: preview"
    assert "permissionsBoundary" not in preview
    assert deploy["permissionsBoundary"] == outputs["boundary_arn"]
    drift = program.by_name(ROLE, "delivery-drift").inputs
    assert (drift["path"], drift["description"]) == (
        "/slipway-delivery/",
        "Taken by jobs of acme/chat: drift",
    )
    assert "permissionsBoundary" not in drift
    attachment = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    for role in ("delivery-preview", "delivery-drift"):
        reads = program.by_name(attachment, f"{role}-reads").inputs
        assert reads["policyArn"] == "arn:aws:iam::aws:policy/ReadOnlyAccess"
        assert reads["role"] == program.by_name(LIMITS, f"{role}-limits").inputs["role"]
    writes = program.by_name(attachment, "delivery-deploy-prod-writes").inputs
    assert writes["policyArn"] == outputs["boundary_arn"]


@pytest.mark.parametrize(("said", "secrets"), [({}, []), ({"drift_secrets": ["chat-*"]}, ["chat-*"])])
def test_each_role_s_limits(run: Run, program: Program, said: Any, secrets: list[str]) -> None:
    make(run, **said)
    limits = {
        role: program.by_name(LIMITS, f"delivery-{role}-limits").inputs for role in ("preview", "drift")
    }
    assert limits["preview"]["policy"] == policies.preview("arn:aws:s3:::states", STATE_KEY)
    assert limits["drift"]["policy"] == policies.drift("arn:aws:s3:::states", STATE_KEY, secrets)


def test_the_boundary_speaks_of_itself_by_the_name_that_it_gets(run: Run, program: Program) -> None:
    make(run, services=["ec2"])
    boundary = program.by_name(POLICY, "delivery-boundary").inputs
    assert (boundary["path"], boundary["name"]) == ("/slipway-delivery/", "slipway-test-delivery-boundary")
    statements = {statement["Sid"]: statement for statement in json.loads(boundary["policy"])["Statement"]}
    assert statements["Services"]["Action"] == ["ec2:*"]
    assert statements["OnlyWithinBoundary"]["Condition"]["StringNotEquals"] == {
        "iam:PermissionsBoundary": BOUNDARY
    }


def test_the_services_of_a_deployment_are_those_of_the_components(run: Run, program: Program) -> None:
    make(run)
    policy = json.loads(program.by_name(POLICY, "delivery-boundary").inputs["policy"])
    services = [action.removesuffix(":*") for action in policy["Statement"][0]["Action"]]
    assert services == [
        *("acm", "application-autoscaling", "autoscaling", "backup", "backup-storage", "cloudfront"),
        *("cloudwatch", "ec2", "ecr", "eks", "eks-auth", "elasticache", "elasticloadbalancing", "events"),
        *("kms", "lambda", "logs", "rds", "route53", "s3", "secretsmanager", "sns", "sqs", "ssm", "tag"),
        *("wafv2", "access-analyzer", "budgets", "cloudtrail", "config", "guardduty", "securityhub"),
    ]


def test_state_is_locked_encrypted_and_kept_by_default(run: Run, program: Program) -> None:
    make(run)
    key, bucket = program.by_name(KEY, "delivery-state-key"), program.by_name(BUCKET, "delivery-state")
    assert (key.protect, bucket.protect) == (True, True)
    assert key.inputs == {
        "description": "State of delivery",
        "enableKeyRotation": True,
        "deletionWindowInDays": 30,
    }
    assert bucket.inputs == {"forceDestroy": False, "objectLockEnabled": True}
    lock = program.by_name(
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration", "delivery-state-lock"
    )
    assert lock.inputs["rule"] == {"defaultRetention": {"mode": "GOVERNANCE", "days": 30}}
    assert "delivery-state-versioning" in lock.depends_on
    kept = program.by_name(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "delivery-state-lifecycle"
    )
    assert kept.inputs["rules"] == [
        {
            "id": "keep",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "expiration": {"expiredObjectDeleteMarker": True},
            "noncurrentVersionExpiration": {"noncurrentDays": 90},
            "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
        }
    ]
    encryption = program.by_name(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "delivery-state-encryption",
    )
    assert encryption.inputs["rules"] == [
        {
            "applyServerSideEncryptionByDefault": {
                "sseAlgorithm": "aws:kms",
                "kmsMasterKeyId": STATE_KEY,
            },
            "bucketKeyEnabled": True,
        }
    ]
    versioning = program.by_name("aws:s3/bucketVersioning:BucketVersioning", "delivery-state-versioning")
    assert versioning.inputs["versioningConfiguration"] == {"status": "Enabled"}


def test_the_bucket_is_its_owner_s_alone(run: Run, program: Program) -> None:
    make(run)
    closed = program.by_name(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "delivery-state-public-access"
    ).inputs
    assert closed == {
        "bucket": "delivery-state-id",
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    }
    ownership = program.by_name(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls", "delivery-state-ownership"
    ).inputs
    assert ownership["rule"] == {"objectOwnership": "BucketOwnerEnforced"}
    policy = program.by_name("aws:s3/bucketPolicy:BucketPolicy", "delivery-state-policy")
    assert "delivery-state-public-access" in policy.depends_on
    tls, own = json.loads(policy.inputs["policy"])["Statement"]
    assert tls["Sid"] == "TlsOnly"
    assert own["Principal"] == {"AWS": "arn:delivery-deploy-prod"}


def test_removal_by_request(run: Run, program: Program) -> None:
    make(run, removal="destroy", lock_days=0, old_version_days=7)
    key, bucket = program.by_name(KEY, "delivery-state-key"), program.by_name(BUCKET, "delivery-state")
    assert (key.protect, bucket.protect) == (False, False)
    assert key.inputs["deletionWindowInDays"] == 7
    assert bucket.inputs == {"forceDestroy": True}
    assert not [name for name in program.children() if "ObjectLock" in name]


JOBS = "must be the ends of subject claims, as environment:prod, without * or ?"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"repository": "chat"}, "repository must be ORGANISATION/REPOSITORY, got 'chat'"),
        ({"repository": 3}, "repository must be ORGANISATION/REPOSITORY, got 3"),
        ({"preview_jobs": []}, f"preview_jobs {JOBS}, got []"),
        ({"preview_jobs": "pull_request"}, "preview_jobs must be a list, got str"),
        ({"preview_jobs": ["a", "a"]}, f"preview_jobs {JOBS}"),
        ({"preview_jobs": ["ref:refs/heads/*"]}, f"preview_jobs {JOBS}"),
        ({"drift_jobs": []}, f"drift_jobs {JOBS}"),
        ({"drift_jobs": "ref:refs/heads/main"}, "drift_jobs must be a list, got str"),
        ({"drift_jobs": ["ref:refs/heads/*"]}, f"drift_jobs {JOBS}"),
        ({"drift_jobs": ["ref:refs/heads/main", "pull_request"]}, "whoever opens one would read secrets"),
        ({"drift_secrets": "*"}, "drift_secrets must be a list, got str"),
        (
            {"drift_secrets": [""]},
            "drift_secrets must be names of secrets, * for any characters, got ['']",
        ),
        (
            {"drift_secrets": [f"{'x' * 40}{number}" for number in range(20)]},
            "drift_secrets must be fewer or shorter, or joined by *: a role's policy takes 10240 characters",
        ),
        ({"drift_secrets": ["arn:aws:x"]}, "drift_secrets must be names of secrets"),
        ({"drift_secrets": ["chat", "chat"]}, "drift_secrets must be names of secrets"),
        ({"deploy_jobs": {}}, "deploy_jobs must be stacks, each with its jobs"),
        ({"deploy_jobs": ["prod"]}, "deploy_jobs must be a dictionary whose keys are text, got list"),
        ({"deploy_jobs": {"prod": []}}, "deploy_jobs must be stacks, each with its jobs"),
        ({"deploy_jobs": {"a/b": ["environment:prod"]}}, "deploy_jobs must be stacks, each with its jobs"),
        ({"deploy_jobs": {"prod": ["pull_request"]}}, "whoever opens one would deploy"),
        ({"issuer": "http://ci.example.com"}, "issuer must be an https URL without a slash at its end"),
        ({"issuer": "https://ci.example.com/"}, "issuer must be an https URL"),
        ({"audience": ""}, "audience must be the token's audience"),
        ({"subject": "repo:{repository}"}, "subject must be a text with {repository} and {job} in it"),
        ({"subject": "repo:{repository}:{job}:{ref}"}, "subject must be a text with {repository} and {job}"),
        ({"subject": 7}, "subject must be a text with {repository} and {job} in it, got 7"),
        ({"provider_arn": "arn:aws:iam::1:role/x"}, "provider_arn must be an OIDC provider's ARN"),
        ({"provider_arn": PROVIDER, "issuer": "https://ci.example.com"}, "issuer must be left out beside"),
        ({"services": ["iam"]}, "services must be IAM's prefixes of services, as ec2, without iam"),
        ({"services": ["organizations"]}, "services must be IAM's prefixes"),
        ({"services": ["*"]}, "services must be IAM's prefixes"),
        ({"services": []}, "services must be IAM's prefixes"),
        ({"lock_days": -1}, "lock_days must be 0-36500, got -1"),
        ({"lock_days": True}, "lock_days must be 0-36500, got True"),
        ({"old_version_days": 0, "lock_days": 0}, "old_version_days must be 1-36500, got 0"),
        ({"lock_days": 91}, "old_version_days must not be below lock_days, 91, got 90"),
        ({"old_version_days": 29}, "old_version_days must not be below lock_days, 30, got 29"),
        ({"removal": "keep"}, "removal must be one of protect, destroy, got 'keep'"),
        ({"repositry": "x"}, "did you mean repository?"),
    ],
)
def test_wrong_arguments(run: Run, program: Program, change: Any, message: str) -> None:
    with pytest.raises(ArgumentError) as error:
        make(run, **change)
    assert message in str(error.value)
    assert program.resources == []


def test_what_must_be_given(run: Run) -> None:
    args: Any = {}
    with pytest.raises(ArgumentError, match=r'^delivery "delivery": repository is missing$'):
        run(lambda: Delivery("delivery", args))


def test_a_wrong_number_is_told_once(run: Run) -> None:
    with pytest.raises(ArgumentError) as error:
        make(run, lock_days="long")
    assert str(error.value) == "delivery \"delivery\": lock_days must be 0-36500, got 'long'"
