"""The cache of a stack."""

from __future__ import annotations

from typing import Annotated, Literal

from slipway import cache, versions
from slipway.validation import CPU
from stacks.sections.rules import Daily, ImageName, Section, Weekly, between, of_kind, rule


class Cache(Section):
    """Valkey."""

    kind: Literal["elasticache", "in-cluster"]
    version: Annotated[str, rule("a version, as 8.1", versions.MINOR)] | None = None
    eviction: Annotated[str, rule(cache.EVICTION_RULE, cache.EVICTION)] | None = None
    node_type: Annotated[str, rule(cache.NODE_RULE, cache.NODE)] | None = None
    replicas: Annotated[int | None, between(1, 5)] = None
    snapshot_retention_days: Annotated[int | None, between(0, 35)] = None
    snapshot_window: Daily | None = None
    maintenance_window: Weekly | None = None
    removal: Literal["protect", "destroy"] | None = None
    image: ImageName | None = None
    cpu: Annotated[str, rule("as 250m or 1", CPU)] | None = None
    memory: Annotated[str, rule("as 256Mi", cache.MEMORY)] | None = None

    _of_elasticache = of_kind(
        "node_type",
        "replicas",
        "snapshot_retention_days",
        "snapshot_window",
        "maintenance_window",
        "removal",
        kind="elasticache",
    )
    _in_cluster = of_kind("image", "cpu", "memory", kind="in-cluster")
