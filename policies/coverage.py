"""What is stateful is backed up, what serves people is watched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from policies.rules import About, Resource, Stack, StackRule, Want, Wants, at_least, unmet
from policies.tags import tags
from slipway_rules.tags import BACKUP
from slipway_rules.values import at, each, entries

SELECTION = "aws:backup/selection:Selection"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
_ALERTMANAGER = ("alertmanager.yaml", "alertmanager.yml")
APP, MONITORING = "slipway:index:App", "slipway:index:MonitoringStack"

STATEFUL = frozenset(
    {
        "aws:docdb/cluster:Cluster",
        "aws:dynamodb/table:Table",
        "aws:ebs/volume:Volume",
        "aws:efs/fileSystem:FileSystem",
        "aws:fsx/lustreFileSystem:LustreFileSystem",
        "aws:fsx/openZfsFileSystem:OpenZfsFileSystem",
        "aws:fsx/windowsFileSystem:WindowsFileSystem",
        "aws:neptune/cluster:Cluster",
        "aws:rds/cluster:Cluster",
        "aws:rds/instance:Instance",
        "aws:redshift/cluster:Cluster",
    }
)
"""What AWS Backup takes by tag and what has no other copy. Buckets keep their versions, vaults are the copy."""


def _own_backups(path: str, absent: int) -> list[Want]:
    return [at_least(path, 1, "1 day or more", absent)]


RETENTION: Wants = {
    "aws:docdb/cluster:Cluster": _own_backups("backupRetentionPeriod", 1),
    "aws:neptune/cluster:Cluster": _own_backups("backupRetentionPeriod", 1),
    "aws:rds/cluster:Cluster": _own_backups("backupRetentionPeriod", 1),
    "aws:rds/instance:Instance": _own_backups("backupRetentionPeriod", 0),
    "aws:redshift/cluster:Cluster": _own_backups("automatedSnapshotRetentionPeriod", 1),
}


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
        if resource.at("replicateSourceDb") or resource.at("replicationSourceIdentifier"):
            continue  # a copy of what is backed up itself
        found = tags(resource)
        by_name = any(
            resource.urn in selection.uses.get("resources", ()) for selection in stack.of(SELECTION)
        )
        if found is not None and not by_name and not any(found.get(key) == value for key, value in selected):
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
    applications = stack.of(APP)
    if not stack.of(MONITORING):
        yield from ((application, "there is no MonitoringStack beside it") for application in applications)
    elif applications:
        for resource, receiver in _first_receivers(stack):
            if not any(receiver[kind] for kind in receiver if kind.endswith("_configs")):
                yield (
                    resource,
                    f"its receiver {at(receiver, 'name')!r} has no address: its alerts reach nobody",
                )


def _first_receivers(stack: Stack) -> Iterator[tuple[Resource, Mapping[str, Any]]]:
    """Each Alertmanager's configuration with the receiver that its alerts go to unless a route says otherwise."""
    for resource in stack.of(CONFIG_MAP):
        data = entries(resource.at("data")) or {}
        text = next((data[file] for file in _ALERTMANAGER if file in data), None)
        if isinstance(text, str):
            config: Any = yaml.safe_load(text)
            for receiver in each(at(config, "receivers")):
                if at(receiver, "name") == at(config, "route.receiver"):
                    yield resource, receiver


MONITORED = StackRule(
    About(
        name="monitored",
        what="A stack with an App has a MonitoringStack, and its alerts have somewhere to go.",
        why="An application that nobody watches is down until a customer calls.",
        mend="add a MonitoringStack with a receiver: a section slipway:monitoring in the stack file.",
    ),
    _unwatched,
)
