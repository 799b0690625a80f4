"""What the edge keeps, for how long and by which key, and what it adds to answers: data for Cdn, as Next.js needs it.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Expiration.html
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

Block = Any
"""A nested block of the provider's, by its own names."""

ORIGIN_ID = "origin"
YEAR = 31536000
REFERRER_POLICIES = (
    "no-referrer",
    "no-referrer-when-downgrade",
    "origin",
    "origin-when-cross-origin",
    "same-origin",
    "strict-origin",
    "strict-origin-when-cross-origin",
    "unsafe-url",
)
HSTS = ("off", "host", "subdomains", "preload")
FRAMES = ("deny", "sameorigin", "any")
REMOVED_HEADERS = ("Server", "X-Powered-By")
ERROR_STATUSES = ("400", "403", "404", "405", "414", "416", "500", "501", "502", "503", "504")

# AWS's own policies: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"

# What Next.js varies its pages by (its router's requests for parts of a page), and its draft mode.
_NEXT_HEADERS = (
    "Next-Router-Prefetch",
    "Next-Router-Segment-Prefetch",
    "Next-Router-State-Tree",
    "Next-Url",
    "RSC",
)
_NEXT_COOKIES = ("__next_preview_data", "__prerender_bypass")
_HTTP_READ = ("GET", "HEAD", "OPTIONS")
_HTTP_ALL = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
# The statuses that a release or a restart may cause for a moment: the edge must not hold on to them.
_FLEETING = ("404", "500", "502", "503", "504")
_ERROR_SECONDS = 1


def cache_policies(*, static: bool, page_seconds: int) -> dict[str, dict[str, Any]]:
    """By noun: `assets`, whose names change with their content; `pages`; and, of a server, `images`, which it makes to fit."""
    policies: dict[str, dict[str, Any]] = {
        "assets": {
            "comment": "Files named by their content: a year",
            "min_ttl": 0,
            "default_ttl": YEAR,
            "max_ttl": YEAR,
            "parameters_in_cache_key_and_forwarded_to_origin": _key(),
        },
        "pages": {
            "comment": f"Pages: as the origin says, {page_seconds} s at most",
            "min_ttl": 0,
            # A bucket says nothing of how long; a server that says nothing means: do not keep it.
            "default_ttl": page_seconds if static else 0,
            "max_ttl": page_seconds,
            "parameters_in_cache_key_and_forwarded_to_origin": _key()
            if static
            else _key(headers=("Host", *_NEXT_HEADERS), cookies=_NEXT_COOKIES, queries=True),
        },
    }
    if not static:
        policies["images"] = {
            "comment": "Images made by the server to fit: as the origin says",
            "min_ttl": 0,
            "default_ttl": 0,
            "max_ttl": YEAR,
            "parameters_in_cache_key_and_forwarded_to_origin": _key(headers=("Accept",), queries=True),
        }
    return policies


def _key(headers: Sequence[str] = (), cookies: Sequence[str] = (), queries: bool = False) -> Block:
    return {
        "enable_accept_encoding_gzip": True,
        "enable_accept_encoding_brotli": True,
        "headers_config": {"header_behavior": "whitelist", "headers": {"items": headers}}
        if headers
        else {"header_behavior": "none"},
        "cookies_config": {"cookie_behavior": "whitelist", "cookies": {"items": cookies}}
        if cookies
        else {"cookie_behavior": "none"},
        "query_strings_config": {"query_string_behavior": "all" if queries else "none"},
    }


def behaviors(
    *,
    static: bool,
    policies: Mapping[str, pulumi.Input[str]],
    headers_policy: pulumi.Input[str],
    function: pulumi.Input[str] | None,
    asset_paths: Sequence[str],
    uncached_paths: Sequence[str],
) -> tuple[Block, list[Block]]:
    """The behaviour of every path that no other matches, and those by path, the first match counting."""
    common: dict[str, Any] = {
        "target_origin_id": ORIGIN_ID,
        "viewer_protocol_policy": "redirect-to-https",
        "compress": True,
        "response_headers_policy_id": headers_policy,
        "cached_methods": ["GET", "HEAD"],
    }
    reading = {**common, "allowed_methods": _HTTP_READ}
    # A server sees the request as the viewer sent it, the host that was asked for included. A bucket must not: its signature would break.
    serving = (
        reading
        if static
        else {**common, "allowed_methods": _HTTP_ALL, "origin_request_policy_id": ALL_VIEWER}
    )
    pages = {**serving, "cache_policy_id": policies["pages"]}
    if function is not None:
        pages["function_associations"] = [{"event_type": "viewer-request", "function_arn": function}]
    ordered = [
        {**serving, "path_pattern": path, "cache_policy_id": CACHING_DISABLED} for path in uncached_paths
    ]
    ordered += [
        {**reading, "path_pattern": path, "cache_policy_id": policies["assets"]} for path in asset_paths
    ]
    if not static:
        ordered.append(
            {
                **reading,
                "path_pattern": "/_next/image*",
                "cache_policy_id": policies["images"],
                "origin_request_policy_id": ALL_VIEWER,
            }
        )
    return pages, ordered


def security_headers(
    *, hsts: str, frame: str, referrer_policy: str, content_security_policy: str | None
) -> Block:
    """What the edge adds to every answer. Where an application may know better (frames, referrer), its own header stays."""
    headers: dict[str, Any] = {
        "content_type_options": {"override": True},
        "referrer_policy": {"referrer_policy": referrer_policy, "override": False},
    }
    if hsts != "off":
        headers["strict_transport_security"] = {
            "access_control_max_age_sec": 2 * YEAR,
            "include_subdomains": hsts in ("subdomains", "preload"),
            "preload": hsts == "preload",
            "override": True,
        }
    if frame != "any":
        headers["frame_options"] = {"frame_option": frame.upper(), "override": False}
    if content_security_policy:
        headers["content_security_policy"] = {
            "content_security_policy": content_security_policy,
            "override": True,
        }
    return headers


def error_responses(pages: Mapping[str, str]) -> list[Block]:
    """Errors are asked for anew after a second; those that have a page keep their status and show it."""

    def response(status: str) -> Block:
        block: dict[str, Any] = {"error_code": int(status), "error_caching_min_ttl": _ERROR_SECONDS}
        if status in pages:
            block |= {"response_code": int(status), "response_page_path": pages[status]}
        return block

    return [response(status) for status in sorted({*_FLEETING, *pages})]


def index_function(index_document: str) -> str:
    """The edge function that finds a page's file: `/docs/` is the index document there, `/docs` is `/docs.html`.

    https://nextjs.org/docs/app/guides/static-exports#deploying
    """
    return f"""function handler(event) {{
  var request = event.request;
  if (request.uri.endsWith("/")) {{
    request.uri += {json.dumps(index_document)};
  }} else if (!request.uri.split("/").pop().includes(".")) {{
    request.uri += ".html";
  }}
  return request;
}}
"""
