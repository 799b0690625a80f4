"""Cdn: what it makes for each kind of origin, what it keeps from the origin and the world, and what it refuses."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway import ArgumentError, Cdn, cdn_origin
from slipway.cdn_firewall import MANAGED
from tests.unit.mocks import Program, Registered, Run

DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
WEB: dict[str, Any] = {"origin": "http://lb.example.com"}
STATIC: dict[str, Any] = {"kind": "static"}
FIREWALL_ARN = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/cdn-firewall/1"
VPC: dict[str, Any] = {"kind": "vpc", "origin": "lb.example.com", "load_balancer_arn": "arn:lb"}
DOMAINS: dict[str, Any] = {"domains": ["example.com", "*.example.com"], "zone_id": "Z1"}

ALWAYS = [
    "aws:cloudfront/cachePolicy:CachePolicy cdn-assets",
    "aws:cloudfront/cachePolicy:CachePolicy cdn-pages",
    "aws:cloudfront/distribution:Distribution cdn-distribution",
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy cdn-headers",
]
FIREWALL = [
    "aws:cloudwatch/logGroup:LogGroup cdn-firewall-log",
    "aws:kms/key:Key cdn-firewall-log-key",
    "aws:wafv2/webAcl:WebAcl cdn-firewall",
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration cdn-firewall-logging",
]
LOGS = [
    "aws:cloudwatch/logDelivery:LogDelivery cdn-logs-delivery",
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination cdn-logs-destination",
    "aws:cloudwatch/logDeliverySource:LogDeliverySource cdn-logs-source",
    "aws:s3/bucket:Bucket cdn-logs",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration cdn-logs-lifecycle",
    "aws:s3/bucketPolicy:BucketPolicy cdn-logs-policy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock cdn-logs-private",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration cdn-logs-encryption",
]
SERVER = [
    "aws:cloudfront/cachePolicy:CachePolicy cdn-images",
    "aws:ssm/parameter:Parameter cdn-origin-secret",
]
SITE = [
    "aws:cloudfront/function:Function cdn-index",
    "aws:cloudfront/originAccessControl:OriginAccessControl cdn-access",
    "aws:s3/bucket:Bucket cdn-site",
    "aws:s3/bucketPolicy:BucketPolicy cdn-site-policy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock cdn-site-private",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration cdn-site-encryption",
]
NAMES = [
    "aws:acm/certificate:Certificate cdn-certificate",
    "aws:acm/certificateValidation:CertificateValidation cdn-certificate-proved",
    "aws:route53/record:Record cdn-*.example.com-a",
    "aws:route53/record:Record cdn-*.example.com-aaaa",
    "aws:route53/record:Record cdn-example.com-a",
    "aws:route53/record:Record cdn-example.com-aaaa",
    "aws:route53/record:Record cdn-proof-example.com",
]


@pytest.mark.parametrize(
    ("args", "children"),
    [
        (WEB, [*ALWAYS, *FIREWALL, *LOGS, *SERVER]),
        (STATIC, [*ALWAYS, *FIREWALL, *LOGS, *SITE]),
        (VPC, [*ALWAYS, *FIREWALL, *LOGS, *SERVER, "aws:cloudfront/vpcOrigin:VpcOrigin cdn-vpc-origin"]),
        ({**WEB, **DOMAINS}, [*ALWAYS, *FIREWALL, *LOGS, *SERVER, *NAMES]),
        (
            {**WEB, "domains": ["example.com"], "certificate_arn": "arn:mine"},
            [*ALWAYS, *FIREWALL, *LOGS, *SERVER],
        ),
        ({**WEB, "firewall": "none", "access_logs": "none"}, [*ALWAYS, *SERVER]),
        ({**WEB, "origin_secret": "mine"}, [*ALWAYS, *FIREWALL, *LOGS, SERVER[0]]),
    ],
)
def test_children(run: Run, program: Program, args: Any, children: list[str]) -> None:
    run(lambda: Cdn("cdn", args))
    assert program.children() == sorted(children)
    assert {resource.parent for resource in program.resources if resource.type.startswith("aws:")} == {"cdn"}


def distribution(run: Run, program: Program, args: Any) -> dict[str, Any]:
    run(lambda: Cdn("cdn", args))
    return program.by_name(DISTRIBUTION, "cdn-distribution").inputs


def test_the_distribution(run: Run, program: Program) -> None:
    made = distribution(run, program, WEB)
    for part in ("origins", "defaultCacheBehavior", "orderedCacheBehaviors", "customErrorResponses"):
        del made[part]
    assert made == {
        "comment": "slipway test cdn",
        "enabled": True,
        "httpVersion": "http2and3",
        "isIpv6Enabled": True,
        "priceClass": "PriceClass_100",
        "aliases": [],
        "restrictions": {"geoRestriction": {"restrictionType": "none"}},
        "viewerCertificate": {"cloudfrontDefaultCertificate": True},
        "webAclId": FIREWALL_ARN,
    }


def test_without_a_firewall_there_is_none(run: Run, program: Program) -> None:
    assert "webAclId" not in distribution(run, program, {**WEB, "firewall": "none"})


@pytest.mark.parametrize(
    ("origin", "scheme", "ports"),
    [
        ("lb.example.com", "https", (80, 443)),
        ("https://lb.example.com", "https", (80, 443)),
        ("https://lb.example.com:8443/", "https", (80, 8443)),
        ("http://lb.example.com", "http", (80, 443)),
        ("http://lb.example.com:8080", "http", (8080, 443)),
    ],
)
def test_the_url_of_the_origin_says_how_it_is_spoken_to(
    run: Run, program: Program, origin: str, scheme: str, ports: tuple[int, int]
) -> None:
    (made,) = distribution(run, program, {"origin": origin, "origin_secret": "s3cret"})["origins"]
    assert made == {
        "originId": "origin",
        "domainName": "lb.example.com",
        "customHeaders": [{"name": "X-Origin-Verify", "value": "s3cret"}],
        "customOriginConfig": {
            "originProtocolPolicy": f"{scheme}-only",
            "httpPort": ports[0],
            "httpsPort": ports[1],
            "originSslProtocols": ["TLSv1.2"],
            "originReadTimeout": 60,
            "originKeepaliveTimeout": 60,
        },
    }


def test_a_server_in_a_vpc_is_reached_by_a_way_of_its_own(run: Run, program: Program) -> None:
    (made,) = distribution(run, program, {**VPC, "origin_secret": "s3cret"})["origins"]
    assert made == {
        "originId": "origin",
        "domainName": "lb.example.com",
        "customHeaders": [{"name": "X-Origin-Verify", "value": "s3cret"}],
        "vpcOriginConfig": {
            "vpcOriginId": "cdn-vpc-origin-id",
            "originReadTimeout": 60,
            "originKeepaliveTimeout": 60,
        },
    }
    way = program.by_name("aws:cloudfront/vpcOrigin:VpcOrigin", "cdn-vpc-origin").inputs
    assert way["vpcOriginEndpointConfig"] == {
        "name": "slipway-test-cdn",
        "arn": "arn:lb",
        "originProtocolPolicy": "https-only",
        "httpPort": 80,
        "httpsPort": 443,
        "originSslProtocols": {"items": ["TLSv1.2"], "quantity": 1},
    }


def test_the_secret_is_made_once_and_is_a_secret(run: Run, program: Program) -> None:
    out = run(lambda: _outputs(Cdn("cdn", {"origin": "lb.example.com"})))
    kept = program.by_name("aws:ssm/parameter:Parameter", "cdn-origin-secret")
    assert kept.inputs["type"] == "SecureString"
    assert kept.ignore_changes == ("value",)
    assert len(kept.inputs["value"]) >= 43
    made = program.by_name(DISTRIBUTION, "cdn-distribution")
    assert {"value"} == kept.secrets
    assert "origins" in made.secrets
    (header,) = made.inputs["origins"][0]["customHeaders"]
    assert header == {"name": out["origin_header"], "value": out["origin_secret"]}
    assert out["origin_secret"] == kept.inputs["value"]


def test_two_have_different_secrets(run: Run, program: Program) -> None:
    run(lambda: [Cdn(name, {"origin": "lb.example.com"}) and None for name in ("one", "two")])
    values = {r.inputs["value"] for r in program.resources if r.type == "aws:ssm/parameter:Parameter"}
    assert len(values) == 2


@pytest.mark.parametrize("args", [WEB, {**WEB, "origin_secret": "mine"}])
def test_the_secret_that_goes_out_is_a_secret(run: Run, program: Program, args: Any) -> None:
    assert run(lambda: pulumi.Output.from_input(Cdn("cdn", args).origin_secret).is_secret())


def _outputs(cdn: Cdn) -> dict[str, Any]:
    return {name: getattr(cdn, name) for name in Cdn.__annotations__}


def test_outputs(run: Run, program: Program) -> None:
    assert run(lambda: _outputs(Cdn("cdn", {"origin": "lb.example.com", "origin_secret": "mine"}))) == {
        "url": "https://d1.cloudfront.net",
        "domain_name": "d1.cloudfront.net",
        "distribution_id": "cdn-distribution-id",
        "distribution_arn": "arn:cdn-distribution",
        "origin_header": "X-Origin-Verify",
        "origin_secret": "mine",
        "bucket_name": "",
        "web_acl_arn": FIREWALL_ARN,
    }


def test_outputs_of_a_site(run: Run, program: Program) -> None:
    args: Any = {**STATIC, **DOMAINS, "firewall": "none"}
    out = run(lambda: _outputs(Cdn("cdn", args)))
    assert (out["url"], out["bucket_name"]) == ("https://example.com", "cdn-site-id")
    assert (out["origin_secret"], out["web_acl_arn"]) == ("", "")


SHARED = {
    "targetOriginId": "origin",
    "viewerProtocolPolicy": "redirect-to-https",
    "compress": True,
    "responseHeadersPolicyId": "cdn-headers-id",
    "cachedMethods": ["GET", "HEAD"],
}
ALL = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
READ = ["GET", "HEAD", "OPTIONS"]
ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"
NEVER = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"


def test_behaviours_of_a_server(run: Run, program: Program) -> None:
    made = distribution(run, program, WEB)
    server = {**SHARED, "allowedMethods": ALL, "originRequestPolicyId": ALL_VIEWER}
    assert made["defaultCacheBehavior"] == {**server, "cachePolicyId": "cdn-pages-id"}
    assert made["orderedCacheBehaviors"] == [
        {**server, "pathPattern": "/api/*", "cachePolicyId": NEVER},
        {
            **SHARED,
            "pathPattern": "/_next/static/*",
            "allowedMethods": READ,
            "cachePolicyId": "cdn-assets-id",
        },
        {
            **SHARED,
            "pathPattern": "/_next/image*",
            "allowedMethods": READ,
            "cachePolicyId": "cdn-images-id",
            "originRequestPolicyId": ALL_VIEWER,
        },
    ]


def test_behaviours_of_a_site(run: Run, program: Program) -> None:
    made = distribution(run, program, STATIC)
    assert made["defaultCacheBehavior"] == {
        **SHARED,
        "allowedMethods": READ,
        "cachePolicyId": "cdn-pages-id",
        "functionAssociations": [{"eventType": "viewer-request", "functionArn": "arn:cdn-index"}],
    }
    assert made["orderedCacheBehaviors"] == [
        {**SHARED, "pathPattern": "/_next/static/*", "allowedMethods": READ, "cachePolicyId": "cdn-assets-id"}
    ]


def test_paths_by_request(run: Run, program: Program) -> None:
    args = {**WEB, "asset_paths": ["/a/*", "/b/*"], "uncached_paths": ["/auth/*", "/api/*"]}
    ordered = distribution(run, program, args)["orderedCacheBehaviors"]
    assert [behavior["pathPattern"] for behavior in ordered] == [
        "/auth/*",
        "/api/*",
        "/a/*",
        "/b/*",
        "/_next/image*",
    ]


def policy(program: Program, noun: str) -> tuple[list[int], dict[str, Any]]:
    made = program.by_name("aws:cloudfront/cachePolicy:CachePolicy", f"cdn-{noun}").inputs
    key = made["parametersInCacheKeyAndForwardedToOrigin"]
    assert key["enableAcceptEncodingGzip"] is True
    assert key["enableAcceptEncodingBrotli"] is True
    parts = {part: key[f"{part}Config"] for part in ("headers", "cookies", "queryStrings")}
    return [made["minTtl"], made["defaultTtl"], made["maxTtl"]], parts


NO_KEY = {
    "headers": {"headerBehavior": "none"},
    "cookies": {"cookieBehavior": "none"},
    "queryStrings": {"queryStringBehavior": "none"},
}
YEAR = 365 * 24 * 3600


def test_what_is_kept_of_a_server_and_by_which_key(run: Run, program: Program) -> None:
    run(lambda: Cdn("cdn", {"origin": "lb.example.com"}))
    assert policy(program, "assets") == ([0, YEAR, YEAR], NO_KEY)
    assert policy(program, "images") == (
        [0, 0, YEAR],
        {
            **NO_KEY,
            "headers": {"headerBehavior": "whitelist", "headers": {"items": ["Accept"]}},
            "queryStrings": {"queryStringBehavior": "all"},
        },
    )
    headers = [
        "Host",
        "Next-Router-Prefetch",
        "Next-Router-Segment-Prefetch",
        "Next-Router-State-Tree",
        "Next-Url",
        "RSC",
    ]
    cookies = ["__next_preview_data", "__prerender_bypass"]
    assert policy(program, "pages") == (
        [0, 0, 60],
        {
            "headers": {"headerBehavior": "whitelist", "headers": {"items": headers}},
            "cookies": {"cookieBehavior": "whitelist", "cookies": {"items": cookies}},
            "queryStrings": {"queryStringBehavior": "all"},
        },
    )


def test_what_is_kept_of_a_site(run: Run, program: Program) -> None:
    run(lambda: Cdn("cdn", {"kind": "static", "page_seconds": 300}))
    assert policy(program, "assets") == ([0, YEAR, YEAR], NO_KEY)
    assert policy(program, "pages") == ([0, 300, 300], NO_KEY)


def test_errors_of_a_moment_are_not_held_on_to(run: Run, program: Program) -> None:
    assert distribution(run, program, WEB)["customErrorResponses"] == [
        {"errorCode": status, "errorCachingMinTtl": 1} for status in (404, 500, 502, 503, 504)
    ]


def test_error_pages(run: Run, program: Program) -> None:
    made = distribution(
        run, program, {**STATIC, "error_pages": {"403": "/no.html", "503": "/back-soon.html"}}
    )
    responses = {response["errorCode"]: response for response in made["customErrorResponses"]}
    assert sorted(responses) == [403, 404, 500, 502, 503, 504]
    assert responses[403] == {
        "errorCode": 403,
        "errorCachingMinTtl": 1,
        "responseCode": 403,
        "responsePagePath": "/no.html",
    }
    assert responses[404] == {"errorCode": 404, "errorCachingMinTtl": 1}


def test_a_site_has_the_error_page_of_a_next_export(run: Run, program: Program) -> None:
    (missing, *_) = distribution(run, program, STATIC)["customErrorResponses"]
    assert missing == {
        "errorCode": 404,
        "errorCachingMinTtl": 1,
        "responseCode": 404,
        "responsePagePath": "/404.html",
    }


def headers_policy(run: Run, program: Program, **more: Any) -> dict[str, Any]:
    run(lambda: Cdn("cdn", {**WEB, **more}))  # pyright: ignore[reportArgumentType]
    name = "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy"
    return program.by_name(name, "cdn-headers").inputs


def test_security_headers(run: Run, program: Program) -> None:
    assert headers_policy(run, program) == {
        "comment": "Security headers",
        "securityHeadersConfig": {
            "contentTypeOptions": {"override": True},
            "referrerPolicy": {"referrerPolicy": "strict-origin-when-cross-origin", "override": False},
            "frameOptions": {"frameOption": "SAMEORIGIN", "override": False},
            "strictTransportSecurity": {
                "accessControlMaxAgeSec": 2 * YEAR,
                "includeSubdomains": False,
                "preload": False,
                "override": True,
            },
        },
        "removeHeadersConfig": {"items": [{"header": "Server"}, {"header": "X-Powered-By"}]},
    }


@pytest.mark.parametrize(
    ("hsts", "subdomains", "preload"),
    [("host", False, False), ("subdomains", True, False), ("preload", True, True)],
)
def test_hsts(run: Run, program: Program, hsts: str, subdomains: bool, preload: bool) -> None:
    made = headers_policy(run, program, hsts=hsts)["securityHeadersConfig"]["strictTransportSecurity"]
    assert (made["includeSubdomains"], made["preload"]) == (subdomains, preload)


def test_security_headers_by_request(run: Run, program: Program) -> None:
    made = headers_policy(
        run,
        program,
        hsts="off",
        frame="any",
        referrer_policy="no-referrer",
        content_security_policy="default-src 'self'",
    )
    assert made["securityHeadersConfig"] == {
        "contentTypeOptions": {"override": True},
        "referrerPolicy": {"referrerPolicy": "no-referrer", "override": False},
        "contentSecurityPolicy": {"contentSecurityPolicy": "default-src 'self'", "override": True},
    }


def test_nobody_may_frame_it_by_request(run: Run, program: Program) -> None:
    made = headers_policy(run, program, frame="deny")["securityHeadersConfig"]
    assert made["frameOptions"] == {"frameOption": "DENY", "override": False}


def firewall(run: Run, program: Program, **more: Any) -> dict[str, Any]:
    run(lambda: Cdn("cdn", {**WEB, **more}))  # pyright: ignore[reportArgumentType]
    return program.by_name("aws:wafv2/webAcl:WebAcl", "cdn-firewall").inputs


def seen(metric: str) -> dict[str, Any]:
    return {"metricName": metric, "cloudwatchMetricsEnabled": True, "sampledRequestsEnabled": True}


def test_the_firewall(run: Run, program: Program) -> None:
    def group(name: str, priority: int, **more: Any) -> dict[str, Any]:
        return {
            "name": name,
            "priority": priority,
            "overrideAction": {"none": {}},
            "statement": {"managedRuleGroupStatement": {"vendorName": "AWS", "name": MANAGED[name], **more}},
            "visibilityConfig": seen(name),
        }

    counted: Any = [{"name": "SizeRestrictions_BODY", "actionToUse": {"count": {}}}]
    assert firewall(run, program) == {
        "region": "us-east-1",
        "scope": "CLOUDFRONT",
        "defaultAction": {"allow": {}},
        "visibilityConfig": seen("firewall"),
        "rules": [
            {
                "name": "rate",
                "priority": 0,
                "action": {"block": {}},
                "statement": {
                    "rateBasedStatement": {
                        "aggregateKeyType": "IP",
                        "limit": 2000,
                        "evaluationWindowSec": 300,
                    }
                },
                "visibilityConfig": seen("rate"),
            },
            group("ip-reputation", 1),
            group("bad-inputs", 2),
            group("common", 3, ruleActionOverrides=counted),
        ],
    }


def test_rule_groups_by_request(run: Run, program: Program) -> None:
    rules = firewall(run, program, managed_rules=["anonymous-ip", "common"], counted_rules=[], rate_limit=10)[
        "rules"
    ]
    assert [(rule["name"], rule["priority"]) for rule in rules] == [
        ("rate", 0),
        ("anonymous-ip", 1),
        ("common", 2),
    ]
    assert rules[0]["statement"]["rateBasedStatement"]["limit"] == 10
    assert rules[2]["statement"]["managedRuleGroupStatement"] == {
        "vendorName": "AWS",
        "name": "AWSManagedRulesCommonRuleSet",
    }


def test_a_firewall_that_only_counts(run: Run, program: Program) -> None:
    rate, *groups = firewall(run, program, firewall="count")["rules"]
    assert rate["action"] == {"count": {}}
    assert [group["overrideAction"] for group in groups] == [{"count": {}}] * 3


def test_the_firewall_s_log_has_what_it_stopped_and_no_credentials(run: Run, program: Program) -> None:
    firewall(run, program, log_days=30)
    group = program.by_name("aws:cloudwatch/logGroup:LogGroup", "cdn-firewall-log").inputs
    assert group == {
        "region": "us-east-1",
        "namePrefix": "aws-waf-logs-cdn-",
        "retentionInDays": 30,
        "kmsKeyId": "arn:cdn-firewall-log-key",
    }
    name = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"
    assert program.by_name(name, "cdn-firewall-logging").inputs == {
        "region": "us-east-1",
        "resourceArn": FIREWALL_ARN,
        "logDestinationConfigs": ["arn:cdn-firewall-log"],
        "redactedFields": [
            {"singleHeader": {"name": "authorization"}},
            {"singleHeader": {"name": "cookie"}},
        ],
        "loggingFilter": {
            "defaultBehavior": "DROP",
            "filters": [
                {
                    "behavior": "KEEP",
                    "requirement": "MEETS_ANY",
                    "conditions": [
                        {"actionCondition": {"action": "BLOCK"}},
                        {"actionCondition": {"action": "COUNT"}},
                    ],
                }
            ],
        },
    }


def test_the_key_of_the_firewall_s_log_is_for_its_log_groups_alone(run: Run, program: Program) -> None:
    firewall(run, program)
    key = program.by_name("aws:kms/key:Key", "cdn-firewall-log-key").inputs
    assert (key["region"], key["enableKeyRotation"], key["deletionWindowInDays"]) == ("us-east-1", True, 30)
    administrators, service = json.loads(key["policy"])["Statement"]
    assert administrators["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    assert service["Principal"] == {"Service": "logs.us-east-1.amazonaws.com"}
    assert service["Condition"] == {
        "ArnEquals": {
            "kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:us-east-1:123456789012:log-group:aws-waf-logs-cdn-*"
        }
    }


def bucket_part(program: Program, kind: str, name: str) -> dict[str, Any]:
    return program.by_name(f"aws:s3/{kind[0].lower()}{kind[1:]}:{kind}", name).inputs


@pytest.mark.parametrize("noun", ["logs", "site"])
def test_buckets_are_private_encrypted_and_protected(run: Run, program: Program, noun: str) -> None:
    run(lambda: Cdn("cdn", {"kind": "static"}))
    bucket = program.by_name("aws:s3/bucket:Bucket", f"cdn-{noun}")
    assert (bucket.protect, bucket.inputs) == (True, {"forceDestroy": False})
    assert bucket_part(program, "BucketPublicAccessBlock", f"cdn-{noun}-private") == {
        "bucket": f"cdn-{noun}-id",
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    }
    kind = "BucketServerSideEncryptionConfiguration"
    assert bucket_part(program, kind, f"cdn-{noun}-encryption") == {
        "bucket": f"cdn-{noun}-id",
        "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}],
    }


def test_removal_by_request(run: Run, program: Program) -> None:
    run(lambda: Cdn("cdn", {"kind": "static", "removal": "destroy"}))
    buckets = [resource for resource in program.resources if resource.type == "aws:s3/bucket:Bucket"]
    assert [(bucket.protect, bucket.inputs) for bucket in buckets] == [(False, {"forceDestroy": True})] * 2


@pytest.mark.parametrize(
    ("noun", "allowed"),
    [
        (
            "site",
            {
                "Sid": "Distribution",
                "Effect": "Allow",
                "Principal": {"Service": "cloudfront.amazonaws.com"},
                "Action": ["s3:GetObject", "s3:ListBucket"],
                "Resource": ["arn:cdn-site", "arn:cdn-site/*"],
                "Condition": {"StringEquals": {"AWS:SourceArn": "arn:cdn-distribution"}},
            },
        ),
        (
            "logs",
            {
                "Sid": "LogDelivery",
                "Effect": "Allow",
                "Principal": {"Service": "delivery.logs.amazonaws.com"},
                "Action": "s3:PutObject",
                "Resource": "arn:cdn-logs/AWSLogs/*",
                "Condition": {
                    "StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"},
                    "ArnEquals": {"aws:SourceArn": "arn:cdn-logs-source"},
                },
            },
        ),
    ],
)
def test_one_service_may_use_a_bucket_over_tls_alone(
    run: Run, program: Program, noun: str, allowed: dict[str, Any]
) -> None:
    run(lambda: Cdn("cdn", {"kind": "static"}))
    made = bucket_part(program, "BucketPolicy", f"cdn-{noun}-policy")
    assert made["bucket"] == f"cdn-{noun}-id"
    assert json.loads(made["policy"]) == {
        "Version": "2012-10-17",
        "Statement": [
            allowed,
            {
                "Sid": "OnlyTls",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [f"arn:cdn-{noun}", f"arn:cdn-{noun}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ],
    }


def test_requests_to_the_bucket_are_signed(run: Run, program: Program) -> None:
    (origin,) = distribution(run, program, STATIC)["origins"]
    assert origin == {
        "originId": "origin",
        "domainName": "cdn-site.s3.eu-central-1.amazonaws.com",
        "originAccessControlId": "cdn-access-id",
    }
    access = program.by_name("aws:cloudfront/originAccessControl:OriginAccessControl", "cdn-access").inputs
    assert access == {
        "description": "Requests of cdn to its bucket",
        "originAccessControlOriginType": "s3",
        "signingBehavior": "always",
        "signingProtocol": "sigv4",
    }


def of_logs(program: Program, kind: str, noun: str) -> Registered:
    return program.by_name(f"aws:cloudwatch/l{kind[1:]}:{kind}", f"cdn-logs-{noun}")


def test_access_logs(run: Run, program: Program) -> None:
    run(lambda: Cdn("cdn", {"origin": "lb.example.com"}))
    assert of_logs(program, "LogDeliverySource", "source").inputs == {
        "region": "us-east-1",
        "logType": "ACCESS_LOGS",
        "resourceArn": "arn:cdn-distribution",
    }
    assert of_logs(program, "LogDeliveryDestination", "destination").inputs == {
        "region": "us-east-1",
        "outputFormat": "json",
        "deliveryDestinationConfiguration": {"destinationResourceArn": "arn:cdn-logs"},
    }
    delivery = of_logs(program, "LogDelivery", "delivery")
    assert delivery.inputs == {
        "region": "us-east-1",
        "deliverySourceName": "cdn-logs-source",
        "deliveryDestinationArn": "arn:cdn-logs-destination",
    }
    assert "cdn-logs-policy" in delivery.depends_on
    kept = bucket_part(program, "BucketLifecycleConfiguration", "cdn-logs-lifecycle")
    assert kept == {
        "bucket": "cdn-logs-id",
        "rules": [
            {
                "id": "expire",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "expiration": {"days": 90},
                "abortIncompleteMultipartUpload": {"daysAfterInitiation": 1},
            }
        ],
    }


def test_the_index_document_of_a_next_export(run: Run, program: Program) -> None:
    run(lambda: Cdn("cdn", {"kind": "static"}))
    code = program.by_name("aws:cloudfront/function:Function", "cdn-index").inputs["code"]
    assert 'request.uri += "index.html";' in code


def test_the_index_function(run: Run, program: Program) -> None:
    run(lambda: Cdn("cdn", {"kind": "static", "index_document": "home.html"}))
    made = program.by_name("aws:cloudfront/function:Function", "cdn-index").inputs
    assert made == {
        "comment": "Finds a page's file",
        "runtime": "cloudfront-js-2.0",
        "code": """function handler(event) {
  var request = event.request;
  if (request.uri.endsWith("/")) {
    request.uri += "home.html";
  } else if (!request.uri.split("/").pop().includes(".")) {
    request.uri += ".html";
  }
  return request;
}
""",
    }


def test_names_and_their_certificate(run: Run, program: Program) -> None:
    made = distribution(run, program, {**WEB, **DOMAINS})
    assert made["aliases"] == ["example.com", "*.example.com"]
    assert made["viewerCertificate"] == {
        "acmCertificateArn": "arn:cdn-certificate",
        "sslSupportMethod": "sni-only",
        "minimumProtocolVersion": "TLSv1.2_2021",
    }
    certificate = program.by_name("aws:acm/certificate:Certificate", "cdn-certificate").inputs
    assert certificate == {
        "region": "us-east-1",
        "domainName": "example.com",
        "subjectAlternativeNames": ["example.com", "*.example.com"],
        "validationMethod": "DNS",
    }
    proof = program.by_name("aws:route53/record:Record", "cdn-proof-example.com").inputs
    assert proof == {
        "zoneId": "Z1",
        "name": "_proof.example.com",
        "type": "CNAME",
        "records": ["example.com.acm-validations.aws"],
        "ttl": 300,
        "allowOverwrite": True,
    }
    proved = program.by_name("aws:acm/certificateValidation:CertificateValidation", "cdn-certificate-proved")
    assert proved.inputs["region"] == "us-east-1"
    assert proved.inputs["certificateArn"] == "arn:cdn-certificate"
    assert "cdn-proof-example.com" in proved.depends_on
    for domain in ("example.com", "*.example.com"):
        for kind in ("A", "AAAA"):
            record = program.by_name("aws:route53/record:Record", f"cdn-{domain}-{kind.lower()}").inputs
            alias = {
                "name": "d1.cloudfront.net",
                "zoneId": "Z2FDTNDATAQYW2",
                "evaluateTargetHealth": False,
            }
            assert record == {"zoneId": "Z1", "name": domain, "type": kind, "aliases": [alias]}


def test_a_certificate_that_is_there(run: Run, program: Program) -> None:
    args = {**WEB, "domains": ["example.com"], "zone_id": "Z1", "certificate_arn": "arn:mine"}
    made = distribution(run, program, args)
    assert made["viewerCertificate"]["acmCertificateArn"] == "arn:mine"
    assert "aws:route53/record:Record cdn-example.com-a" in program.children()
    assert "aws:acm/certificate:Certificate cdn-certificate" not in program.children()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({}, "kind 'web' needs origin"),
        ({"kind": "vpc"}, "kind 'vpc' needs load_balancer_arn"),
        ({**WEB, "kind": "lambda"}, "kind must be one of web, vpc, static, got 'lambda'"),
        ({**WEB, "load_balancer_arn": "arn:lb"}, "load_balancer_arn needs kind vpc, got 'web'"),
        ({**WEB, "index_document": "i.html"}, "index_document needs kind static, got 'web'"),
        ({**STATIC, **WEB}, "origin needs kind web or vpc, got 'static'"),
        ({**STATIC, "origin_secret": "s"}, "origin_secret needs kind web or vpc, got 'static'"),
        ({**STATIC, "uncached_paths": ["/a"]}, "uncached_paths needs kind web or vpc, got 'static'"),
        ({"origin": "127.0.0.1"}, "origin must be a host name, or an http or https URL of one"),
        ({"origin": "http://10.0.0.1:80"}, "and no path, got 'http://10.0.0.1:80'"),
        ({"origin": "http://lb.example.com/app"}, "and no path, got 'http://lb.example.com/app'"),
        ({"origin": "ftp://lb.example.com"}, "origin must be a host name"),
        ({"origin": "http://lb.example.com:81"}, "a port of 80, 443 or 1024-65535"),
        ({"origin": "http://lb.example.com:65536"}, "a port of 80, 443 or 1024-65535"),
        ({"origin": 7}, "origin must be a host name"),
        ({**WEB, "origin_secret": 4711}, "origin_secret must be text, not empty, got another value"),
        ({**VPC, "load_balancer_arn": ""}, "load_balancer_arn must be text, not empty"),
        ({**STATIC, "index_document": ""}, "index_document must be a file's name, got ''"),
        ({**WEB, "error_pages": {"200": "/ok"}}, "error_pages must be paths that start with /, each by"),
        ({**WEB, "error_pages": {"404": "404.html"}}, "error_pages must be paths that start with /"),
        ({**WEB, "error_pages": ["/404"]}, "error_pages must be a dictionary whose keys are text, got list"),
        ({**WEB, "asset_paths": "/a"}, "asset_paths must be a list, got str"),
        (
            {**WEB, "asset_paths": ["a/*"]},
            "asset_paths must be patterns that start with /, each once, got ['a/*']",
        ),
        ({**WEB, "asset_paths": 3}, "asset_paths must be a list, got int"),
        ({**WEB, "uncached_paths": ["/a", "/a"]}, "uncached_paths must be patterns"),
        ({**WEB, "page_seconds": 0}, "page_seconds must be 1-86400, got 0"),
        ({**WEB, "page_seconds": 86401}, "page_seconds must be 1-86400, got 86401"),
        ({**WEB, "domains": ["*.example.com"], "zone_id": "Z"}, "domains must be domain names, each once"),
        ({**WEB, "domains": ["localhost"], "zone_id": "Z"}, "domains must be domain names"),
        (
            {**WEB, "domains": ["a.example.com"]},
            "domains need zone_id, where their certificate is proved, or",
        ),
        ({**WEB, "zone_id": "Z1"}, "zone_id and certificate_arn need domains"),
        ({**WEB, "certificate_arn": "arn:c"}, "zone_id and certificate_arn need domains"),
        ({**WEB, "zone_id": ""}, "zone_id must be text, not empty"),
        ({**WEB, "certificate_arn": 1}, "certificate_arn must be text, not empty, got 1"),
        ({**WEB, "firewall": "on"}, "firewall must be one of block, count, none, got 'on'"),
        (
            {**WEB, "managed_rules": ["sql"]},
            "managed_rules must be of ip-reputation, anonymous-ip, bad-inputs",
        ),
        ({**WEB, "counted_rules": [1]}, "counted_rules must be names of rules, each once, got [1]"),
        ({**WEB, "rate_limit": 9}, "rate_limit must be 10-2000000000, got 9"),
        ({**WEB, "firewall": "none", "rate_limit": 99}, "rate_limit needs a firewall, got firewall 'none'"),
        ({**WEB, "firewall": "none", "managed_rules": []}, "managed_rules needs a firewall"),
        ({**WEB, "firewall": "none", "counted_rules": []}, "counted_rules needs a firewall"),
        ({**WEB, "hsts": "on"}, "hsts must be one of off, host, subdomains, preload, got 'on'"),
        ({**WEB, "frame": True}, "frame must be one of deny, sameorigin, any, got True"),
        ({**WEB, "referrer_policy": "none"}, "referrer_policy must be one of no-referrer, "),
        ({**WEB, "content_security_policy": ""}, "content_security_policy must be text, not empty"),
        ({**WEB, "price_class": "100"}, "price_class must be one of PriceClass_100, PriceClass_200"),
        ({**WEB, "access_logs": "on"}, "access_logs must be one of bucket, none, got 'on'"),
        ({**WEB, "log_days": 10}, "log_days must be one of 7, 14, 30, 60, 90, 180, 365, 731, 1827, 3653"),
        ({**WEB, "log_days": True}, "log_days must be one of"),
        ({**WEB, "removal": "keep"}, "removal must be one of protect, destroy, got 'keep'"),
        ({**WEB, "domain": "x"}, "there is no argument domain; did you mean domains?"),
    ],
)
def test_wrong_arguments(run: Run, program: Program, args: Any, message: str) -> None:
    with pytest.raises(ArgumentError) as error:
        run(lambda: Cdn("cdn", args))
    assert str(error.value).startswith('cdn "cdn": ')
    assert message in str(error.value)
    assert program.resources == []


def test_all_problems_come_at_once(run: Run) -> None:
    with pytest.raises(ArgumentError) as error:
        run(lambda: Cdn("cdn", {"page_seconds": 0, "hsts": "on", "removal": "no"}))
    assert str(error.value).count(";") == 3


def test_what_is_not_known_yet_is_passed_over(run: Run, program: Program) -> None:
    run(lambda: Cdn("cdn", {"origin": pulumi.Output.from_input("http://lb.example.com:8080")}))
    (origin,) = program.by_name(DISTRIBUTION, "cdn-distribution").inputs["origins"]
    assert (origin["domainName"], origin["customOriginConfig"]["httpPort"]) == ("lb.example.com", 8080)


def test_an_origin_that_turns_out_wrong_is_told(run: Run) -> None:
    with pytest.raises(ArgumentError, match=r"origin must be a host name, .* got 'http://10.0.0.1'"):
        run(lambda: Cdn("cdn", {"origin": pulumi.Output.from_input("http://10.0.0.1")}))


label = st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)


@given(
    scheme=st.sampled_from(["", "http://", "https://"]),
    labels=st.lists(label, min_size=2, max_size=4),
    port=st.none() | st.sampled_from([80, 443]) | st.integers(1024, 65535),
)
def test_every_host_name_is_an_origin(scheme: str, labels: list[str], port: int | None) -> None:
    host = ".".join(labels)
    server = cdn_origin.parse(f"{scheme}{host}" + (f":{port}" if port else ""))
    assert server.host == host
    assert server.scheme == (scheme.removesuffix("://") or "https")
    assert server.port == (port or {"http": 80, "https": 443}[server.scheme])


@given(st.ip_addresses(), st.sampled_from(["{}", "http://{}", "https://{}:8443"]))
def test_no_address_is_an_origin(address: Any, shape: str) -> None:
    assert not cdn_origin.is_origin(shape.format(address))
