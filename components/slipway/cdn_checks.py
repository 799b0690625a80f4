"""What Cdn refuses: values out of range, and arguments that do not go together."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from slipway.cdn_firewall import FIREWALLS, MANAGED
from slipway.cdn_origin import NAME, ORIGIN_RULE, is_origin
from slipway.cdn_policies import ERROR_STATUSES, FRAMES, HSTS, REFERRER_POLICIES
from slipway.validation import REMOVAL, Checks, is_one_of, is_text, is_whole, matches

KINDS = ("web", "vpc", "static")
PRICE_CLASSES = ("PriceClass_100", "PriceClass_200", "PriceClass_All")
ACCESS_LOGS = ("bucket", "none")
LOG_DAYS = (7, 14, 30, 60, 90, 180, 365, 731, 1827, 3653)
DOMAINS_RULE = "domain names, each once, the first without a star, as [www.example.com, '*.example.com']"
PATHS_RULE = "patterns that start with /, each once"
MANAGED_RULE = f"of {', '.join(MANAGED)}, each once"
COUNTED_RULE = "names of rules, each once"
ERROR_PAGES_RULE = f"paths that start with /, each by its status of {', '.join(ERROR_STATUSES)}"


def check_values(check: Checks, cdn: Any) -> None:
    """Each value by itself."""
    for argument, choices in {
        "kind": KINDS,
        "firewall": FIREWALLS,
        "hsts": HSTS,
        "frame": FRAMES,
        "referrer_policy": REFERRER_POLICIES,
        "price_class": PRICE_CLASSES,
        "access_logs": ACCESS_LOGS,
        "removal": REMOVAL,
    }.items():
        check.value(argument, getattr(cdn, argument), f"one of {', '.join(choices)}", is_one_of(choices))
    for argument in ("load_balancer_arn", "zone_id", "certificate_arn"):
        check.value(argument, getattr(cdn, argument), "text, not empty", is_text)
    check.value("origin_secret", cdn.origin_secret, "text, not empty", is_text, secret=True)
    check.value("index_document", cdn.index_document, "a file's name", is_text)
    check.value("content_security_policy", cdn.content_security_policy, "text, not empty", is_text)
    check.value("page_seconds", cdn.page_seconds, "1-86400", is_whole(1, 86400))
    check.value("rate_limit", cdn.rate_limit, "10-2000000000", is_whole(10, 2_000_000_000))
    check.value("log_days", cdn.log_days, f"one of {', '.join(map(str, LOG_DAYS))}", is_log_days)
    check.value("domains", cdn.domains, DOMAINS_RULE, are_domains)
    for argument in ("asset_paths", "uncached_paths"):
        check.value(argument, getattr(cdn, argument), PATHS_RULE, are_paths)
    check.value("managed_rules", cdn.managed_rules, MANAGED_RULE, are_managed)
    check.value("counted_rules", cdn.counted_rules, COUNTED_RULE, are_texts)
    check.value("error_pages", cdn.error_pages, ERROR_PAGES_RULE, are_error_pages)


_OF_KINDS = {
    "origin": ("web", "vpc"),
    "load_balancer_arn": ("vpc",),
    "origin_secret": ("web", "vpc"),
    "uncached_paths": ("web", "vpc"),
    "index_document": ("static",),
}
_NEEDED = {"web": ("origin",), "vpc": ("origin", "load_balancer_arn")}


def check_rules(check: Checks, cdn: Any, args: Mapping[str, Any]) -> None:
    """What stands beside what."""
    check.value("origin", args.get("origin"), ORIGIN_RULE, is_origin)
    for argument, kinds in _OF_KINDS.items():
        check.rule(
            argument not in args or cdn.kind in kinds or not is_one_of(KINDS)(cdn.kind),
            f"{argument} needs kind {' or '.join(kinds)}, got {cdn.kind!r}",
        )
    for argument in _NEEDED.get(str(cdn.kind), ()):
        check.rule(argument in args, f"kind {cdn.kind!r} needs {argument}")
    for argument in ("managed_rules", "counted_rules", "rate_limit"):
        check.rule(
            argument not in args or cdn.firewall != "none",
            f"{argument} needs a firewall, got firewall 'none'",
        )
    given = cdn.zone_id is not None or cdn.certificate_arn is not None
    check.rule(
        not cdn.domains or given,
        "domains need zone_id, where their certificate is proved, or certificate_arn, a certificate of theirs",
    )
    check.rule(bool(cdn.domains) or not given, "zone_id and certificate_arn need domains")


def is_log_days(value: Any) -> bool:
    """One of the spans that CloudWatch keeps logs for."""
    return not isinstance(value, bool) and value in LOG_DAYS


def are_domains(value: Any) -> bool:
    """Names to serve under; the first stands in the URL."""
    return are_texts(value) and all(map(_is_domain, value)) and not "".join(value[:1]).startswith("*")


def are_texts(value: Any) -> bool:
    """Several, none of them empty, each once."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        return False
    items = cast(Sequence[Any], value)
    return all(is_text(item) for item in items) and len(set(items)) == len(items)


def are_paths(value: Any) -> bool:
    """Patterns of paths, each once."""
    return are_texts(value) and all(map(_is_path, value))


def are_managed(value: Any) -> bool:
    """Groups that AWS keeps, each once."""
    return are_texts(value) and set(value) <= set(MANAGED)


def are_error_pages(value: Any) -> bool:
    """A page's path by its status."""
    if not isinstance(value, Mapping):
        return False
    pages = cast(Mapping[Any, Any], value)
    return set(pages) <= set(ERROR_STATUSES) and all(map(_is_path, pages.values()))


_is_domain = matches(re.compile(rf"(\*\.)?{NAME}"))
_is_path = matches(re.compile(r"/\S*"))
