"""What serves people survives the loss of a pod and the drain of a node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil
from typing import Any

from policies.rules import UNKNOWN, About, Resource, Stack, StackRule
from slipway_rules.values import at, each, entries, is_known

WORKLOADS = (
    "kubernetes:apps/v1:Deployment",
    "kubernetes:apps/v1:ReplicaSet",
    "kubernetes:apps/v1:StatefulSet",
    "kubernetes:core/v1:ReplicationController",
)
POD = "kubernetes:core/v1:Pod"
AUTOSCALERS = tuple(
    f"kubernetes:autoscaling/{version}:HorizontalPodAutoscaler" for version in ("v1", "v2", "v2beta2")
)
BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
LEAST = 2


def _replicas(stack: Stack, workload: Resource) -> Any:
    """The fewest pods that a workload has while it serves: its autoscaler's minimum, or else what it says itself."""
    for autoscaler in stack.of(*AUTOSCALERS):
        target = autoscaler.at("spec.scaleTargetRef", {})
        kind = workload.type.rsplit(":", 1)[-1]
        if not (at(target, "kind") == kind and _may_be(autoscaler.where[0], workload.where[0])):
            continue
        if at(target, "name") == workload.where[1]:
            return _noted(autoscaler) or autoscaler.at("spec.minReplicas", 1)
        if not is_known(at(target, "name")):
            return UNKNOWN
    return workload.at("spec.replicas", 1)


def _may_be(one: Any, other: Any) -> bool:
    """Whether two values are the same, as far as they are known."""
    return one == other or not is_known(one) or not is_known(other)


def _noted(autoscaler: Resource) -> int | None:
    """What an idle colour of an App has before any traffic comes: the App sees to that."""
    noted = (entries(autoscaler.at("metadata.annotations")) or {}).get("slipway/replicas")
    return int(noted) if isinstance(noted, str) and noted.isdecimal() else None


def _alone(stack: Stack) -> Iterator[tuple[Resource, str]]:
    for workload in stack.of(*WORKLOADS):
        replicas = _replicas(stack, workload)
        if isinstance(replicas, int) and replicas < LEAST:
            yield workload, f"it may have {replicas} pod; {LEAST} is the least"
    for pod in stack.of(POD):
        yield pod, "a pod by itself is gone with its node, for ever: make it a Deployment"


def _budgets(stack: Stack, workload: Resource) -> list[Resource]:
    labels = workload.at("spec.template.metadata.labels", {})
    return [
        budget
        for budget in stack.of(BUDGET)
        if _may_be(budget.where[0], workload.where[0]) and _selects(budget.at("spec.selector"), labels)
    ]


def _selects(selector: Any, labels: Any) -> bool:
    wanted = at(selector, "matchLabels", {})
    if not is_known(wanted) or not is_known(labels):
        return True
    wanted, labels = entries(wanted), entries(labels)
    if entries(selector) is None or wanted is None or labels is None:
        return False
    return all(_may_be(labels.get(key), value) for key, value in wanted.items()) and all(
        _fits(expression, labels) for expression in each(at(selector, "matchExpressions"))
    )


def _fits(expression: Any, labels: Mapping[str, Any]) -> bool:
    key, values = at(expression, "key"), [*each(at(expression, "values"))]
    return {
        "In": labels.get(key) in values,
        "NotIn": labels.get(key) not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }.get(at(expression, "operator"), False)


def _undisturbed(stack: Stack) -> Iterator[tuple[Resource, str]]:
    for workload in stack.of(*WORKLOADS):
        budgets = _budgets(stack, workload)
        if not budgets:
            yield workload, "no PodDisruptionBudget selects its pods"
        replicas = _replicas(stack, workload)
        for budget in budgets:
            if _blocks(budget, replicas):
                yield budget, f"it lets none of {replicas} pods go: a node could never be drained"


def _blocks(budget: Resource, replicas: Any) -> bool:
    taken, kept = budget.at("spec.maxUnavailable"), budget.at("spec.minAvailable", 0)
    if str(taken) in ("0", "0%") or kept == "100%":
        return True
    if not isinstance(replicas, int):
        return False
    if isinstance(kept, str) and kept.rstrip("%").isdecimal():
        kept = ceil(int(kept.rstrip("%")) * replicas / 100) if kept.endswith("%") else int(kept)
    return isinstance(kept, int) and kept >= replicas


REPLICATED = StackRule(
    About(
        name="replicated",
        what=f"Every Deployment and StatefulSet has {LEAST} pods or more, by its autoscaler or by itself; no pod stands alone.",
        why="One pod is an outage whenever its node goes, and at every rollout that goes wrong.",
        mend="raise the autoscaler's minimum or `replicas`; where one is right by design, say why in the annotation "
        "slipway/exception-replicated.",
    ),
    _alone,
)

DISRUPTION_BUDGET = StackRule(
    About(
        name="disruption-budget",
        what="A PodDisruptionBudget selects every Deployment's and StatefulSet's pods, and lets at least one of them go.",
        why="Without one, an upgrade of the nodes may take all pods at once; with one that lets none go, it never ends.",
        mend="add a PodDisruptionBudget with maxUnavailable: 1 and the workload's own labels.",
    ),
    _undisturbed,
)
