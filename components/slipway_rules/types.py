"""Resource types: one kind of thing may have several names, of which the rules know the present one."""

from __future__ import annotations

import re

_FORMER = (
    (re.compile(r"^aws:(?:alb|applicationloadbalancing|elasticloadbalancingv2)/"), "aws:lb/"),
    (re.compile(r"^aws:elasticsearch/"), "aws:opensearch/"),
    (re.compile(r"^(aws:s3/bucket\w*)V2:(\w+)V2$"), r"\1:\2"),
)


def present(type_: str) -> str:
    """The name that a resource type has today: `aws:s3/bucketV2:BucketV2` is a bucket as any other."""
    for former, name in _FORMER:
        type_ = former.sub(name, type_)
    return type_
