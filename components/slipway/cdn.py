"""Cdn: CloudFront with a firewall, before a web application or before a static site that it holds itself.

Does not build the hosted zone, invalidations, nor the origin's side of the secret header: who serves refuses
requests without it, as a Gateway with `clients` cdn does.
Stateful: its buckets (access logs, a site's files) outlive the stack unless `removal` says otherwise.
Costs: traffic and requests; the firewall by the month for itself, each rule and its log's key, and by its requests;
logs by the GiB.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from slipway import cdn_buckets, cdn_domains, cdn_firewall, cdn_origin, cdn_policies
from slipway.cdn_checks import check_rules, check_values
from slipway.cdn_policies import Block
from slipway.gateway_middlewares import ORIGIN_HEADER
from slipway.validation import Checks, usable


class CdnArgs(TypedDict):
    """Arguments of Cdn."""

    kind: NotRequired[str]
    """`web` (default): a server that the internet reaches. `vpc`: one that only CloudFront reaches. `static`: files in a private bucket."""
    origin: NotRequired[pulumi.Input[str]]
    """With `web` and `vpc`, required: the server's host name, reached by https, or its URL, whose scheme and port count."""
    load_balancer_arn: NotRequired[pulumi.Input[str]]
    """With `vpc`, required: ARN of the internal load balancer, to which AWS makes a way into the VPC."""
    origin_secret: NotRequired[pulumi.Input[str]]
    """With `web` and `vpc`: what the secret header says, as Gateway's output of that name. Default a random one, made once."""
    index_document: NotRequired[str]
    """With `static`: the file that `/` and every path ending so are answered with. Default `index.html`."""
    error_pages: NotRequired[Mapping[str, str]]
    """By error status, the path of its page at the origin, as `{"404": "/404.html"}`. Default that one with `static`, else none."""
    asset_paths: NotRequired[Sequence[str]]
    """Patterns of files whose names change with their content, kept for a year. Default `/_next/static/*`."""
    uncached_paths: NotRequired[Sequence[str]]
    """With `web` and `vpc`: patterns of what is never kept. Default `/api/*`."""
    page_seconds: NotRequired[int]
    """Longest that a page is kept (and served stale while it is fetched anew), whatever the origin allows, 1-86400 s. Default 60."""
    domains: NotRequired[Sequence[str]]
    """Names to serve under, the first being the one in `url`. Default CloudFront's own."""
    zone_id: NotRequired[pulumi.Input[str]]
    """Hosted zone of `domains`, for their records and the proofs of their certificate. Default none: then `certificate_arn` is given."""
    certificate_arn: NotRequired[pulumi.Input[str]]
    """A certificate of `domains` in us-east-1. Default one that is made and renewed."""
    firewall: NotRequired[str]
    """`block` (default), `count` to watch first what would be blocked, or `none`."""
    managed_rules: NotRequired[Sequence[str]]
    """AWS's rule groups, of `common`, `bad-inputs`, `ip-reputation`, `anonymous-ip`. Default the first three."""
    counted_rules: NotRequired[Sequence[str]]
    """Rules of the group `common` that count and do not block. Default `SizeRestrictions_BODY`, which blocks bodies over 8 KiB."""
    rate_limit: NotRequired[int]
    """Requests of one address in five minutes beyond which it is blocked, 10-2000000000. Default 2000."""
    hsts: NotRequired[str]
    """For two years only https: for the `host`, its `subdomains` too, also by `preload` lists; or `off`. Default `host`."""
    frame: NotRequired[str]
    """Who may frame a page, unless the application says: `sameorigin` (default), `deny` for nobody, or `any`."""
    referrer_policy: NotRequired[str]
    """The Referrer-Policy, unless the application says another. Default `strict-origin-when-cross-origin`."""
    content_security_policy: NotRequired[str]
    """The Content-Security-Policy of every answer. Default the application's own."""
    price_class: NotRequired[str]
    """Where the edges are: `PriceClass_100` (default: North America, Europe, Israel), `PriceClass_200` or `PriceClass_All`."""
    access_logs: NotRequired[str]
    """`bucket` (default): every request, as JSON, in a private bucket of its own; or `none`."""
    log_days: NotRequired[int]
    """Days that logs are kept: 7, 14, 30, 60, 90, 180, 365, 731, 1827 or 3653. Default 90."""
    removal: NotRequired[str]
    """`protect` (default) refuses to delete the buckets; `destroy` deletes them with what is in them."""


@dataclass(frozen=True)
class _Cdn:
    kind: str
    origin: pulumi.Input[str] | None
    load_balancer_arn: pulumi.Input[str] | None
    origin_secret: pulumi.Input[str] | None
    index_document: str
    error_pages: Mapping[str, str]
    asset_paths: Sequence[str]
    uncached_paths: Sequence[str]
    page_seconds: int
    domains: Sequence[str]
    zone_id: pulumi.Input[str] | None
    certificate_arn: pulumi.Input[str] | None
    firewall: str
    managed_rules: Sequence[str]
    counted_rules: Sequence[str]
    rate_limit: int
    hsts: str
    frame: str
    referrer_policy: str
    content_security_policy: str | None
    price_class: str
    access_logs: str
    log_days: int
    removal: str

    @property
    def static(self) -> bool:
        return self.kind == "static"


def _resolve(name: str, args: CdnArgs) -> _Cdn:
    given, args = args, usable(args, CdnArgs)
    kind = args.get("kind", "web")
    static = kind == "static"
    cdn = _Cdn(
        kind=kind,
        origin=args.get("origin"),
        load_balancer_arn=args.get("load_balancer_arn"),
        origin_secret=args.get("origin_secret"),
        index_document=args.get("index_document", "index.html"),
        error_pages=args.get("error_pages", {"404": "/404.html"} if static else {}),
        asset_paths=args.get("asset_paths", ("/_next/static/*",)),
        uncached_paths=args.get("uncached_paths", () if static else ("/api/*",)),
        page_seconds=args.get("page_seconds", 60),
        domains=args.get("domains", ()),
        zone_id=args.get("zone_id"),
        certificate_arn=args.get("certificate_arn"),
        firewall=args.get("firewall", "block"),
        managed_rules=args.get("managed_rules", ("common", "bad-inputs", "ip-reputation")),
        counted_rules=args.get("counted_rules", ("SizeRestrictions_BODY",)),
        rate_limit=args.get("rate_limit", 2000),
        hsts=args.get("hsts", "host"),
        frame=args.get("frame", "sameorigin"),
        referrer_policy=args.get("referrer_policy", "strict-origin-when-cross-origin"),
        content_security_policy=args.get("content_security_policy"),
        price_class=args.get("price_class", "PriceClass_100"),
        access_logs=args.get("access_logs", "bucket"),
        log_days=args.get("log_days", 90),
        removal=args.get("removal", "protect"),
    )
    with Checks("cdn", name, given, CdnArgs) as check:
        check_values(check, cdn)
        check_rules(check, cdn, args)
    return cdn


class Cdn(pulumi.ComponentResource):
    """A distribution over HTTP/2 and 3, IPv4 and 6, with its firewall, caching as Next.js needs it, security headers and access logs.

    What CloudFront needs in us-east-1 is made there, whatever the provider's region.
    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Introduction.html
    """

    url: pulumi.Output[str]
    """Where the world reaches it, without a slash at the end."""
    domain_name: pulumi.Output[str]
    """The distribution's own name, as d111111abcdef8.cloudfront.net."""
    distribution_id: pulumi.Output[str]
    """Id of the distribution, for invalidations."""
    distribution_arn: pulumi.Output[str]
    """ARN of the distribution."""
    origin_header: pulumi.Output[str]
    """Name of the header by which the origin knows that a request came through here."""
    origin_secret: pulumi.Output[str]
    """What that header must say, as a secret; empty with `static`."""
    bucket_name: pulumi.Output[str]
    """With `static`, the bucket for the site's files; else empty."""
    web_acl_arn: pulumi.Output[str]
    """ARN of the firewall's web ACL; empty without a firewall."""

    def __init__(self, name: str, args: CdnArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        cdn = _resolve(name, args)
        super().__init__("slipway:index:Cdn", name, {}, opts)
        acl = _firewall(self, name, cdn)
        origin, bucket, secret = _origin(self, name, cdn)
        distribution = _distribution(self, name, cdn, acl, origin)
        if bucket:
            readers = [cdn_buckets.readable_by(bucket, distribution)]
            cdn_buckets.policy(self, f"{name}-site", bucket, readers)
        if cdn.access_logs == "bucket":
            cdn_buckets.access_logs(self, name, distribution, log_days=cdn.log_days, removal=cdn.removal)
        if cdn.zone_id is not None:
            cdn_domains.records(self, name, cdn.domains, cdn.zone_id, distribution)

        host = cdn.domains[0] if cdn.domains else distribution.domain_name
        self.url = pulumi.Output.concat("https://", host)
        self.domain_name = distribution.domain_name
        self.distribution_id, self.distribution_arn = distribution.id, distribution.arn
        self.origin_header = pulumi.Output.from_input(ORIGIN_HEADER)
        self.origin_secret = secret
        self.bucket_name = bucket.id if bucket else pulumi.Output.from_input("")
        self.web_acl_arn = acl.arn if acl else pulumi.Output.from_input("")
        self.register_outputs(
            {
                "url": self.url,
                "domain_name": self.domain_name,
                "distribution_id": self.distribution_id,
                "distribution_arn": self.distribution_arn,
                "origin_header": self.origin_header,
                "origin_secret": self.origin_secret,
                "bucket_name": self.bucket_name,
                "web_acl_arn": self.web_acl_arn,
            }
        )


def _firewall(parent: Cdn, name: str, cdn: _Cdn) -> "aws.wafv2.WebAcl | None":
    if cdn.firewall == "none":
        return None
    rules = cdn_firewall.rules(
        firewall=cdn.firewall,
        managed=cdn.managed_rules,
        counted=cdn.counted_rules,
        rate_limit=cdn.rate_limit,
    )
    return cdn_firewall.web_acl(parent, name, rules, cdn.log_days)


def _origin(parent: Cdn, name: str, cdn: _Cdn) -> "tuple[Block, aws.s3.Bucket | None, pulumi.Output[str]]":
    """The origin, and what it brings: a bucket, or a secret."""
    if cdn.origin is None:  # of kind static, as the checks have seen to
        bucket = cdn_buckets.private_bucket(parent, f"{name}-site", cdn.removal)
        return cdn_origin.bucket(parent, name, bucket), bucket, pulumi.Output.secret("")
    secret = cdn_origin.secret(parent, name, cdn.origin_secret)
    if cdn.load_balancer_arn is not None:
        return cdn_origin.vpc(parent, name, cdn.origin, cdn.load_balancer_arn, secret), None, secret
    return cdn_origin.web(cdn.origin, secret), None, secret


def _distribution(
    parent: Cdn, name: str, cdn: _Cdn, acl: "aws.wafv2.WebAcl | None", origin: Block
) -> "aws.cloudfront.Distribution":
    opts = pulumi.ResourceOptions(parent=parent)
    pages, ordered = cdn_policies.behaviors(
        static=cdn.static,
        policies=_cache_policies(parent, name, cdn),
        headers_policy=_headers_policy(parent, name, cdn).id,
        function=_index_function(parent, name, cdn) if cdn.static else None,
        asset_paths=cdn.asset_paths,
        uncached_paths=cdn.uncached_paths,
    )
    return aws.cloudfront.Distribution(
        f"{name}-distribution",
        comment=f"{pulumi.get_project()} {pulumi.get_stack()} {name}",
        enabled=True,
        http_version="http2and3",
        is_ipv6_enabled=True,
        price_class=cdn.price_class,
        aliases=list(cdn.domains),
        origins=[origin],
        default_cache_behavior=pages,
        ordered_cache_behaviors=ordered,
        custom_error_responses=cdn_policies.error_responses(cdn.error_pages),
        restrictions={"geo_restriction": {"restriction_type": "none"}},
        viewer_certificate=_viewer_certificate(parent, name, cdn),
        web_acl_id=acl and acl.arn,
        opts=opts,
    )


def _cache_policies(parent: Cdn, name: str, cdn: _Cdn) -> dict[str, pulumi.Output[str]]:
    opts = pulumi.ResourceOptions(parent=parent)
    policies = cdn_policies.cache_policies(static=cdn.static, page_seconds=cdn.page_seconds)
    return {
        noun: aws.cloudfront.CachePolicy(f"{name}-{noun}", **policy, opts=opts).id
        for noun, policy in policies.items()
    }


def _headers_policy(parent: Cdn, name: str, cdn: _Cdn) -> "aws.cloudfront.ResponseHeadersPolicy":
    return aws.cloudfront.ResponseHeadersPolicy(
        f"{name}-headers",
        comment="Security headers",
        security_headers_config=cdn_policies.security_headers(
            hsts=cdn.hsts,
            frame=cdn.frame,
            referrer_policy=cdn.referrer_policy,
            content_security_policy=cdn.content_security_policy,
        ),
        remove_headers_config={"items": [{"header": header} for header in cdn_policies.REMOVED_HEADERS]},
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _index_function(parent: Cdn, name: str, cdn: _Cdn) -> pulumi.Output[str]:
    return aws.cloudfront.Function(
        f"{name}-index",
        comment="Finds a page's file",
        runtime="cloudfront-js-2.0",
        code=cdn_policies.index_function(cdn.index_document),
        opts=pulumi.ResourceOptions(parent=parent),
    ).arn


def _viewer_certificate(parent: Cdn, name: str, cdn: _Cdn) -> Any:
    if cdn.certificate_arn is not None:
        arn = cdn.certificate_arn
    elif cdn.zone_id is not None:
        arn = cdn_domains.certificate(parent, name, cdn.domains, cdn.zone_id)
    else:
        return {"cloudfront_default_certificate": True}
    return {
        "acm_certificate_arn": arn,
        "ssl_support_method": "sni-only",
        "minimum_protocol_version": "TLSv1.2_2021",
    }
