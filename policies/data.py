"""What holds data is neither lost nor replaced by the way."""

from __future__ import annotations

from collections.abc import Iterator

from policies.rules import About, Resource, Rule, Want, Wants, at_least, off, on, unmet
from slipway_rules.stateful import HOLDERS

_LEAST_DAYS = 14
_OF_A_DATABASE = [on("deletionProtection"), off("skipFinalSnapshot")]

GUARDS: Wants = {
    "aws:backup/vault:Vault": [off("forceDestroy")],
    "aws:cognito/userPool:UserPool": [
        Want("deletionProtection", lambda value: value == "ACTIVE", "ACTIVE", absent="INACTIVE")
    ],
    "aws:docdb/cluster:Cluster": _OF_A_DATABASE,
    "aws:dynamodb/table:Table": [on("deletionProtectionEnabled")],
    "aws:ecr/repository:Repository": [off("forceDelete")],
    "aws:eks/cluster:Cluster": [on("deletionProtection")],
    "aws:kms/key:Key": [at_least("deletionWindowInDays", _LEAST_DAYS, f"{_LEAST_DAYS} or more", absent=30)],
    "aws:neptune/cluster:Cluster": _OF_A_DATABASE,
    "aws:rds/cluster:Cluster": _OF_A_DATABASE,
    "aws:rds/instance:Instance": _OF_A_DATABASE,
    "aws:redshift/cluster:Cluster": [off("skipFinalSnapshot")],
    "aws:s3/bucket:Bucket": [off("forceDestroy")],
    "aws:secretsmanager/secret:Secret": [at_least("recoveryWindowInDays", 1, "above 0", absent=30)],
}


def _unguarded(resource: Resource) -> Iterator[str]:
    # A replica is a copy, and AWS refuses a last snapshot of it.
    if not resource.at("replicateSourceDb"):
        yield from unmet(GUARDS, resource)


def _not_kept(resource: Resource) -> Iterator[str]:
    if resource.type in HOLDERS and not resource.protect:
        yield "it holds data and Pulumi may delete or replace it"


KEPT = Rule(
    About(
        name="data-protected",
        what="A database, file system, cluster, vault or bucket is neither deleted nor replaced unless the stack file says so by name.",
        why="Pulumi deletes what a program no longer declares, and replaces what a provider cannot change in place: one renamed "
        "argument is enough to lose a database. A protected resource is refused by the engine itself, with or without this pack.",
        mend="leave the component's `removal` at `protect`, or set the option protect=True; to let it go on purpose, name it in "
        "slipway:allowReplacement of the stack file and set `removal: destroy`.",
    ),
    _not_kept,
)

GUARDED = Rule(
    About(
        name="deletion-protection",
        what="What holds data is guarded against deletion by AWS itself, or can be got back.",
        why="Pulumi's protection ends where Pulumi does: a console, a script or another stack deletes as well.",
        mend="leave the component's `removal` at `protect`, or set the property as said; to let it go on purpose, name the "
        "resource in slipway:allowReplacement of the stack file.",
    ),
    _unguarded,
)
