"""The database of a stack."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from slipway import database, versions
from slipway.validation import CPU, MEMORY
from stacks.sections.rules import Daily, ImageName, Section, Weekly, beside, between, not_below, of_kind, rule

InstanceClass = Annotated[str, rule(database.INSTANCE_RULE, database.INSTANCE)]
SqlName = Annotated[str, rule(database.NAME_RULE, database.SQL_NAME)]


class Database(Section):
    """PostgreSQL."""

    kind: Literal["rds", "in-cluster"]
    version: Annotated[str, rule("a major version, as 17", versions.MAJOR)] | None = None
    database: SqlName | None = None
    username: SqlName | None = None
    storage_gib: Annotated[int | None, between(20, 65536)] = None
    removal: Literal["protect", "destroy"] | None = None
    instance_class: InstanceClass | None = None
    multi_az: bool | None = None
    max_storage_gib: Annotated[int | None, between(20, 65536)] = Field(None, validate_default=True)
    backup_retention_days: Annotated[int | None, between(1, 35)] = None
    backup_window: Daily | None = None
    maintenance_window: Weekly | None = None
    storage: Literal["volume", "ephemeral"] | None = None
    storage_class: Annotated[str, Field(min_length=1)] | None = None
    image: ImageName | None = None
    cpu: Annotated[str, rule("as 250m or 1", CPU)] | None = None
    memory: Annotated[str, rule("as 512Mi", MEMORY)] | None = None

    _of_rds = of_kind(
        "instance_class",
        "multi_az",
        "max_storage_gib",
        "backup_retention_days",
        "backup_window",
        "maintenance_window",
        kind="rds",
    )
    _in_cluster = of_kind("storage", "storage_class", "image", "cpu", "memory", kind="in-cluster")

    @field_validator("max_storage_gib")
    @classmethod
    def _can_grow(cls, value: int | None, info: ValidationInfo) -> int | None:
        if info.data.get("kind") == "in-cluster":
            return value
        least = beside(info, "storage_gib", database.STORAGE_GIB)
        return not_below("storageGib", least, value, database.MAX_STORAGE_GIB)

    @field_validator("storage_class")
    @classmethod
    def _of_a_volume(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("storage") == "ephemeral":
            raise ValueError("must be left out: what is ephemeral has no class")
        return value
