"""Exceptions: how an object of Kubernetes says that it may break a rule of the policy pack, and why."""

from __future__ import annotations

ANNOTATION = "slipway/exception-"
"""Followed by the rule's name; its value is the reason."""


def excepted(**reasons: str) -> dict[str, str]:
    """Annotations for an object: by rule (`pods_restricted` for pods-restricted), why it is right as it is."""
    return {f"{ANNOTATION}{rule.replace('_', '-')}": reason for rule, reason in reasons.items()}
