"""What Database and Cache have in common, managed by AWS or in the cluster: what they tell, and what they check."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from slipway.validation import DNS_LABEL, Checks, is_ipv4_block, is_one_of, matches

IN_CLUSTER = "in-cluster"
_TIME = r"([01]\d|2[0-3]):[0-5]\d"
_DAY = "(mon|tue|wed|thu|fri|sat|sun)"
DAILY_WINDOW = re.compile(f"{_TIME}-{_TIME}")
WEEKLY_WINDOW = re.compile(f"{_DAY}:{_TIME}-{_DAY}:{_TIME}")


@dataclass(frozen=True)
class Parts:
    """What either kind tells of itself."""

    host: pulumi.Output[str]
    port: pulumi.Output[int]
    url: pulumi.Output[str]
    secret_name: pulumi.Output[str]
    secret_arn: pulumi.Output[str]
    read_policy_arn: pulumi.Output[str]


def check_kind(
    check: Checks, name: str, args: Mapping[str, Any], managed: str, only: Mapping[str, Collection[str]]
) -> None:
    """The kind is known, has what it needs, and is given nothing that only the other kind (`only`, by kind) can use."""
    kind = args.get("kind")
    check.value("kind", kind, f"one of {managed}, {IN_CLUSTER}", is_one_of((managed, IN_CLUSTER)))
    if kind == managed:
        missing = [needed for needed in ("subnet_ids", "vpc_id") if needed not in args]
        check.rule(not missing, f'kind "{kind}" needs {" and ".join(missing)}')
    if kind == IN_CLUSTER:
        check.value("name", name, "lower-case letters, digits and -", matches(DNS_LABEL))
    foreign = [
        key
        for other, keys in only.items()
        if other != kind and is_one_of(only)(kind)
        for key in args
        if key in keys
    ]
    check.rule(not foreign, f'kind "{kind}" has no use for {", ".join(sorted(foreign))}: leave it out')


def check_clients(
    check: Checks, cidrs: Sequence[str], namespace: str, clients: Sequence[pulumi.Input[str]]
) -> None:
    """Who may connect, and where the pod is."""
    for cidr in cidrs:
        check.value("allowed_cidrs", cidr, "IPv4 blocks, as 10.20.0.0/16", is_ipv4_block)
    label = "lower-case letters, digits and -"
    check.value("namespace", namespace, label, matches(DNS_LABEL))
    check.rule(bool(clients), "client_namespaces must name one namespace or more; left out, it is its own")
    for client in clients:
        check.value("client_namespaces", client, label, matches(DNS_LABEL))
