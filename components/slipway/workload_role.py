"""WorkloadRole: an IAM role that the pods of one service account have, by EKS Pod Identity.

Does not build the service account. Pods get credentials without a secret, and nothing in them names the role.
Costs: nothing.
"""

from dataclasses import dataclass
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from slipway.iam_policy import taken_by_pods
from slipway.validation import DNS_LABEL, Checks, is_json_object, is_text, matches


class WorkloadRoleArgs(TypedDict):
    """Arguments of WorkloadRole."""

    cluster_name: pulumi.Input[str]
    """Name of the EKS cluster, a Cluster's `cluster_name`."""
    namespace: pulumi.Input[str]
    """Namespace of the service account."""
    service_account: pulumi.Input[str]
    """Name of the service account that the pods run as."""
    policy: pulumi.Input[str]
    """What the pods may do, as an IAM policy document in JSON."""


@dataclass(frozen=True)
class _WorkloadRole:
    cluster_name: pulumi.Input[str]
    namespace: pulumi.Input[str]
    service_account: pulumi.Input[str]
    policy: pulumi.Input[str]


def _resolve(name: str, args: WorkloadRoleArgs) -> _WorkloadRole:
    with Checks("workload role", name, args, WorkloadRoleArgs) as check:
        label = "lower-case letters, digits and -"
        # `existing` has no name: whoever runs that cluster gives its pods their rights.
        check.value("cluster_name", args.get("cluster_name"), "the name of an EKS cluster", is_text)
        check.value("namespace", args.get("namespace"), label, matches(DNS_LABEL))
        check.value("service_account", args.get("service_account"), label, matches(DNS_LABEL))
        check.value("policy", args.get("policy"), "an IAM policy document in JSON", is_json_object)
    return _WorkloadRole(**args)


class WorkloadRole(pulumi.ComponentResource):
    """A role with one policy, which EKS hands to one service account of one cluster and to nobody else.

    https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
    """

    role_arn: pulumi.Output[str]
    """ARN of the role, for the policy of what it is to reach."""
    role_name: pulumi.Output[str]
    """Name of the role, for further policies."""

    def __init__(self, name: str, args: WorkloadRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        settings = _resolve(name, args)
        super().__init__("slipway:index:WorkloadRole", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        trust = pulumi.Output.json_dumps(taken_by_pods(args))
        role = aws.iam.Role(f"{name}-role", assume_role_policy=trust, opts=child)
        rights = aws.iam.RolePolicy(f"{name}-policy", role=role.name, policy=settings.policy, opts=child)
        aws.eks.PodIdentityAssociation(
            f"{name}-identity",
            cluster_name=settings.cluster_name,
            namespace=settings.namespace,
            service_account=settings.service_account,
            role_arn=role.arn,
            # A pod that starts now is to find its rights in place.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[rights]),
        )
        self.role_arn, self.role_name = role.arn, role.name
        self.register_outputs({"role_arn": self.role_arn, "role_name": self.role_name})
