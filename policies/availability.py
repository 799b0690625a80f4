"""What serves people survives the loss of a pod and the drain of a node."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.rules import About, Resource, Stack, StackRule
from slipway_rules.values import at, entries, is_known

WORKLOADS = ("kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:StatefulSet")
AUTOSCALER = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
LEAST = 2


def _replicas(stack: Stack, workload: Resource) -> Any:
    """The fewest pods that a workload has while it serves: its autoscaler's minimum, or else what it says itself."""
    for autoscaler in stack.of(AUTOSCALER):
        target = autoscaler.at("spec.scaleTargetRef", {})
        same = (at(target, "kind"), at(target, "name")) == (workload.at("kind"), workload.where[1])
        if same and autoscaler.where[0] == workload.where[0]:
            return _noted(autoscaler) or autoscaler.at("spec.minReplicas", 1)
    return workload.at("spec.replicas", 1)


def _noted(autoscaler: Resource) -> int | None:
    """What an idle colour of an App has before any traffic comes: the App sees to that."""
    noted = (entries(autoscaler.at("metadata.annotations")) or {}).get("slipway/replicas")
    return int(noted) if isinstance(noted, str) and noted.isdecimal() else None


def _alone(stack: Stack) -> Iterator[tuple[Resource, str]]:
    for workload in stack.of(*WORKLOADS):
        replicas = _replicas(stack, workload)
        if is_known(replicas) and replicas < LEAST:
            yield workload, f"it may have {replicas} pod; {LEAST} is the least"


def _budgets(stack: Stack, workload: Resource) -> list[Resource]:
    labels = workload.at("spec.template.metadata.labels", {})
    return [
        budget
        for budget in stack.of(BUDGET)
        if budget.where[0] == workload.where[0] and _selects(budget.at("spec.selector.matchLabels"), labels)
    ]


def _selects(wanted: Any, labels: Any) -> bool:
    wanted, labels = entries(wanted), entries(labels)
    if wanted is None or labels is None:
        return False
    return all(labels.get(key) == value for key, value in wanted.items())


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
    if taken in (0, "0%") or kept == "100%":
        return True
    return isinstance(kept, int) and isinstance(replicas, int) and kept >= replicas


REPLICATED = StackRule(
    About(
        name="replicated",
        what=f"Every Deployment and StatefulSet has {LEAST} pods or more, by its autoscaler or by itself.",
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
