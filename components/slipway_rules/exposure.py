"""Addresses: which blocks are the whole internet."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

_WIDEST = {4: 8, 6: 16}
"""A block as wide as this is no allow list: two halves of the internet are the internet."""


def is_the_world(cidr: Any) -> bool:
    """Whether a block holds so many addresses that it keeps nobody out."""
    try:
        block = ip_network(cidr, strict=False)
    except ValueError:
        return False
    return not block.is_private and block.prefixlen < _WIDEST[block.version]
