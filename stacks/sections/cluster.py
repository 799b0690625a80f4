"""The Kubernetes cluster of a stack."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from slipway import cluster
from slipway.validation import ARN, BLOCKS_RULE, are_blocks
from stacks.sections.rules import Label, Section, passes, rule


class Access(Section):
    """What one IAM principal may do in an EKS cluster."""

    principal_arn: Annotated[str, rule("the ARN of an IAM principal", ARN)]
    level: Literal["view", "view-all", "edit", "admin"] | None = None
    namespaces: Annotated[list[str] | None, Field(min_length=1)] = None


class Cluster(Section):
    """The Kubernetes cluster: `existing`, or `eks` with what it is to be."""

    kind: Literal["eks", "existing"]
    version: Annotated[str, rule(cluster.VERSION_RULE, cluster.VERSION)] | None = None
    support: Literal["standard", "extended"] | None = None
    public_access_cidrs: Annotated[list[str], passes(BLOCKS_RULE, are_blocks)] | None = None
    access: dict[Label, Access] | None = None
    node_pools: Annotated[list[str], passes(cluster.POOLS_RULE, cluster.are_pools)] | None = None
    addons: (
        Annotated[dict[str, str], passes("names with versions, as v0.8.1-eksbuild.5", cluster.are_addons)]
        | None
    ) = None
    log_retention_days: (
        Annotated[int, passes("one of CloudWatch's steps, as 90 or 365", cluster.is_retention)] | None
    ) = None
    removal: Literal["protect", "destroy"] | None = None

    @field_validator(
        "version",
        "support",
        "public_access_cidrs",
        "access",
        "node_pools",
        "addons",
        "log_retention_days",
        "removal",
    )
    @classmethod
    def _of_eks_alone(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not None and info.data.get("kind") == "existing":
            raise ValueError("must be left out: a cluster that exists is taken as it is")
        return value
