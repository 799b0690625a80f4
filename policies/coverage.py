"""What is stateful is backed up, what serves people is watched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.rules import About, Resource, Stack, StackRule, Want, Wants, unmet
from policies.tags import tags
from slipway_rules.tags import BACKUP
from slipway_rules.values import at, each, is_known

SELECTION = "aws:backup/selection:Selection"
APP, MONITORING = "slipway:index:App", "slipway:index:MonitoringStack"

STATEFUL = frozenset(
    {
        "aws:dynamodb/table:Table",
        "aws:ebs/volume:Volume",
        "aws:rds/cluster:Cluster",
        "aws:rds/instance:Instance",
    }
)
"""What AWS Backup takes by tag and what has no other copy. Buckets keep their versions, vaults are the copy."""

_OWN_BACKUPS = Want("backupRetentionPeriod", lambda days: days > 0, "1 day or more", absent=0)
RETENTION: Wants = {"aws:rds/cluster:Cluster": [_OWN_BACKUPS], "aws:rds/instance:Instance": [_OWN_BACKUPS]}


def _selected(stack: Stack) -> list[tuple[Any, Any]]:
    """Key and value of the tags by which the stack's vaults select; another stack's vault has the library's default."""
    found = [
        (at(tag, "key"), at(tag, "value"))
        for selection in stack.of(SELECTION)
        for tag in each(selection.at("selectionTags"))
    ]
    return found or [BACKUP]


def _unprotected(stack: Stack) -> Iterator[tuple[Resource, str]]:
    selected = _selected(stack)
    for resource in stack.of(*STATEFUL):
        if resource.at("replicateSourceDb"):
            continue  # a copy of what is backed up itself
        found = tags(resource)
        if found is not None and not any(found.get(key) == value for key, value in selected):
            key, value = selected[0]
            yield resource, f"no vault selects it: it has no tag {key} = {value}"
        for problem in unmet(RETENTION, resource):
            yield resource, problem


BACKED_UP = StackRule(
    About(
        name="backed-up",
        what="What is stateful has the tag by which a BackupVault selects it, and a database keeps backups of its own.",
        why="What no plan selects is not backed up, and nobody notices before the day it is needed.",
        mend="tag it as said (the components do), and keep a database's own backups for a day or more.",
    ),
    _unprotected,
)


def _unwatched(stack: Stack) -> Iterator[tuple[Resource, str]]:
    watched = stack.of(MONITORING)
    for application in stack.of(APP):
        if not watched:
            yield application, "there is no MonitoringStack beside it"
    for monitoring in watched:
        receivers = monitoring.at("receivers", [])
        if stack.of(APP) and is_known(receivers) and not receivers:
            yield monitoring, "it has no receiver: its alerts reach nobody"


MONITORED = StackRule(
    About(
        name="monitored",
        what="A stack with an App has a MonitoringStack, and its alerts have somewhere to go.",
        why="An application that nobody watches is down until a customer calls.",
        mend="add a MonitoringStack with a receiver: a section slipway:monitoring in the stack file.",
    ),
    _unwatched,
)
