"""Policy documents of AWS: whom they let in, and how much they allow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, cast

from policies.rules import About, Resource, Stack, StackRule
from slipway_rules.exposure import is_the_world
from slipway_rules.values import at, each, entries, is_known, parsed

Statement = Mapping[str, Any]

_LIMITS = frozenset(
    {
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "aws:ec2/vpcEndpointPolicy:VpcEndpointPolicy",
        "aws:organizations/policy:Policy",
    }
)
"""Their documents allow nothing by themselves: they limit what others allow."""

_WHO = re.compile(
    r"aws:(?:principal(?:arn|account|orgid|orgpaths|servicename|servicenameslist)"
    r"|source(?:ip|vpc|vpce|vpcarn|arn|account|orgid|orgpaths|owner)|userid)"
    r"|s3:dataaccesspoint(?:arn|account)|kms:calleraccount"
)
"""What tells one caller from another, as AWS itself sees it: a demand for TLS, a referrer, a region or a name that every
account may give its users keeps nobody out.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status
"""
_YES_OF_WHOM = re.compile(r"aws:principalisawsservice|elasticfilesystem:accessedviamounttarget")
"""What keeps strangers out by its yes: its no lets them in."""
_ALLOWS_WHO_FITS = re.compile(
    r"(?:ForAnyValue:)?(?:(?:String|Arn)(?:Equals|EqualsIgnoreCase|Like)|IpAddress|Bool)"
)
_OF_ONE = re.compile(r"arn:(?:[^:]*:){3}[^:*?]+:.*|arn:[^:]*:s3:[^:]*:[^:]*:[^/*?]+|(?!arn:)[^/:.*?]+[/:.].*")
"""A pattern that is somebody's, whatever its wildcards stand for: it has an account, a bucket, or before its first separator the
number of an organisation or a role or the name of a service."""
_EVERYBODYS = re.compile(
    r"token\.actions\.githubusercontent\.com|gitlab\.com|app\.terraform\.io|agent\.buildkite\.com"
    r"|api\.pulumi\.com"
)
"""Issuers that give a token to whoever has an account: who it is for is in its subject alone."""
_SUBJECT_OF_ONE = re.compile(
    r"(?:repo|repository|repository_owner|repository_id|repository_owner_id|project_path|organization"
    r"|pulumi:\w+:[\w.]+):[^/:*?]+[/:].*"
)
"""The same of a subject: its owner is told to the end."""


def documents(value: Any, path: str = "") -> Iterator[tuple[str, list[Statement]]]:
    """Every policy document in a resource's properties, wherever it stands and whatever it is called, with its statements."""
    if isinstance(value, str):
        value = parsed(value) if value.lstrip().startswith("{") and '"Statement"' in value else None
    if properties := entries(value):
        if "Statement" in properties:
            said = properties["Statement"]
            yield path, [*each(cast(Any, said) if isinstance(said, list) else [said])]
            return
        for key, item in properties.items():
            yield from documents(item, f"{path}.{key}" if path else key)
    for item in each(value):
        yield from documents(item, path)


def _allowing(resource: Resource) -> Iterator[tuple[str, Statement]]:
    """Every statement of a resource's documents, with what it is called: `statement Sid of policy`. Those that only limit are left out."""
    if resource.type in _LIMITS or not resource.type.startswith("aws:"):
        return
    for path, statements in documents(resource.props):
        for number, statement in enumerate(statements):
            yield f"statement {at(statement, 'Sid', number)} of {path}", statement


def open_statements(resource: Resource) -> Iterator[str]:
    """What lets everyone in, or everyone who has a token of a public issuer."""
    for called, statement in _allowing(resource):
        if lets_everyone_in(statement):
            yield f"{called} allows everyone, without a condition that says who"
        elif lets_any_token_in(statement):
            yield f"{called} takes the tokens of everyone: its condition must name the issuer's `:sub`"


def lets_everyone_in(statement: Statement) -> bool:
    """Whether a statement allows something to anybody at all."""
    named = [*_principals(statement)]
    everyone = "*" in named or "NotPrincipal" in statement
    return at(statement, "Effect") == "Allow" and everyone and not is_narrowed(statement)


def lets_any_token_in(statement: Statement) -> bool:
    """Whether a role is for whoever has any token of an identity provider."""
    federated = [name for name in some(at(statement, "Principal.Federated")) if isinstance(name, str)]
    if not federated or at(statement, "Effect") != "Allow":
        return False
    if not any(_EVERYBODYS.search(name) for name in federated):
        return not at(statement, "Condition")
    subjects = (values for key, values in _fitting(statement) if key.endswith(":sub"))
    return not (_is_untold(statement) or any(_each_is_of(values, _SUBJECT_OF_ONE) for values in subjects))


def is_narrowed(statement: Statement) -> bool:
    """Whether a condition says who may: one that names callers, and does not name all of them."""
    return _is_untold(statement) or any(
        (_WHO.fullmatch(key) and _names_some(values)) or (_YES_OF_WHOM.fullmatch(key) and _is_yes(values))
        for key, values in _fitting(statement)
    )


def _is_untold(statement: Statement) -> bool:
    """Whether only the update will tell what its condition asks for."""
    condition = statement.get("Condition")
    return not all(is_known(asked) for asked in (condition, *(entries(condition) or {}).values()))


def _fitting(statement: Statement) -> Iterator[tuple[str, list[Any]]]:
    """Keys and values of the conditions that let in who fits, not those that let in who does not or who says nothing."""
    for operator, pairs in (entries(at(statement, "Condition")) or {}).items():
        if _ALLOWS_WHO_FITS.fullmatch(operator):
            for key, values in (entries(pairs) or {}).items():
                yield key.lower(), some(values)


def _names_some(values: list[Any]) -> bool:
    return _each_is_of(values, _OF_ONE) and not any(is_the_world(value) for value in values)


def _each_is_of(values: list[Any], some_of: re.Pattern[str]) -> bool:
    """Whether all that is known of these is without wildcards, or has them where they do no harm."""
    patterns = [value for value in values if isinstance(value, str) and ("*" in value or "?" in value)]
    return all(some_of.fullmatch(pattern) for pattern in patterns)


def _is_yes(values: list[Any]) -> bool:
    return all(str(value).lower() == "true" for value in values if is_known(value))


def some(value: Any) -> list[Any]:
    """One value or a list of them, as policy documents write both."""
    return [*each(value)] if isinstance(value, list) else [] if value is None else [value]


def _principals(statement: Statement) -> Iterator[Any]:
    principal = at(statement, "Principal")
    for named in (entries(principal) or {"AWS": principal}).values():
        yield from some(named)


ATTACHED = {
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment": "policyArn",
    "aws:iam/policyAttachment:PolicyAttachment": "policyArn",
    "aws:iam/role:Role": "managedPolicyArns",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "policyArn",
    "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive": "policyArns",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment": "policyArn",
    "aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment": "managedPolicyArn",
}
"""Where a resource gives a managed policy to someone."""
_OF_ADMINISTRATORS = re.compile(
    r"arn:aws[\w-]*:iam::aws:policy/(?:AdministratorAccess|PowerUserAccess|IAMFullAccess)"
)


_EVERYWHERE = re.compile(
    r"(?:arn:(?:[\w*?-]+:)?)?[*?:]*\*[*?:]*"
    r"|arn:[\w*?-]+:(?P<service>[\w*?-]+):(?:[\w*?-]*:){0,2}[*?/:]*\*[*?/:]*"
)
"""Every resource, or every one of a service: whose rights they are tells the account anyway, and a region is no limit."""
_EVERY_ACTION = re.compile(r"[*:]*\*[*:]*|(?P<service>[^:]+):[*?]*\*[*?]*")
_WHAT = re.compile(
    r"aws:(?:resource|request)tag/.+"
    r"|(?!aws:|ec2:(?:region|roledelivery|sourceinstancearn)$|kms:calleraccount$"
    r"|s3:(?:authtype|resourceaccount|signatureage|signatureversion|tlsversion|x-amz-content-sha256)$)[\w-]+:.+"
)
"""What tells one resource from another: tags, and nearly all keys of the services themselves. TLS, a second factor, a region, an
address or a caller say how a request comes: it may do the same to everything."""


def is_boundless(statement: Statement) -> bool:
    """Whether a statement of an identity allows everything, or everything of a service, wherever it is."""
    if at(statement, "Effect") != "Allow" or {"Principal", "NotPrincipal"} & statement.keys():
        return False
    everywhere = [found["service"] or "*" for found in _matches(_EVERYWHERE, at(statement, "Resource"))]
    if "NotResource" in statement:
        everywhere.append("*")
    services = [found["service"] for found in _matches(_EVERY_ACTION, at(statement, "Action"))]
    if "NotAction" in statement or None in services:
        return bool(everywhere)
    wide = any(_meet(service.lower(), place) for service in services for place in everywhere)
    return wide and not _is_about_some(statement)


def _meet(service: str, place: str) -> bool:
    return fnmatchcase(service, place) or fnmatchcase(place, service)


def _is_about_some(statement: Statement) -> bool:
    """Whether a condition says on what: one that names resources, and does not name all of them."""
    return _is_untold(statement) or any(
        _WHAT.fullmatch(key) and not any(_matches(_EVERYWHERE, values)) for key, values in _fitting(statement)
    )


def _matches(pattern: re.Pattern[str], values: Any) -> Iterator[re.Match[str]]:
    for value in some(values):
        if isinstance(value, str) and (found := pattern.fullmatch(value)):
            yield found


def _boundless(stack: Stack) -> Iterator[tuple[Resource, str]]:
    boundaries = {urn for resource in stack.resources for urn in resource.uses.get("permissionsBoundary", ())}
    for resource in stack.resources:
        for called, statement in _allowing(resource) if resource.urn not in boundaries else ():
            if is_boundless(statement):
                yield (
                    resource,
                    f"{called} allows every action on every resource, or every action of a service",
                )
        for arn in some(resource.at(ATTACHED[resource.type])) if resource.type in ATTACHED else ():
            if isinstance(arn, str) and _OF_ADMINISTRATORS.fullmatch(arn):
                yield resource, f"it makes an administrator: {arn}"


_ROLES = tuple(f"kubernetes:rbac.authorization.k8s.io/v1:{kind}" for kind in ("ClusterRole", "Role"))
_BINDINGS = tuple(f"{role}Binding" for role in _ROLES)
_STRANGERS = ("system:anonymous", "system:unauthenticated")


def _boundless_in_the_cluster(stack: Stack) -> Iterator[tuple[Resource, str]]:
    for role in stack.of(*_ROLES):
        for rule in each(role.at("rules")):
            if all("*" in some(at(rule, part)) for part in ("apiGroups", "resources", "verbs")):
                yield role, "a rule of it allows everything in every API"
    for binding in stack.of(*_BINDINGS):
        if binding.at("roleRef.name") == "cluster-admin":
            yield binding, "it makes an administrator of the cluster"
        for subject in each(binding.at("subjects")):
            if at(subject, "name") in _STRANGERS:
                yield (
                    binding,
                    f"it gives rights to {at(subject, 'name')}: everyone who reaches the API server",
                )


def _too_much(stack: Stack) -> Iterator[tuple[Resource, str]]:
    yield from _boundless(stack)
    yield from _boundless_in_the_cluster(stack)


LEAST_PRIVILEGE = StackRule(
    About(
        name="least-privilege",
        what="No role, user or group may do everything, or everything of a service, on every resource, in AWS or in the cluster; a "
        "permissions boundary, which only limits, may say so.",
        why="Whoever takes over a program that may do everything has taken over the account.",
        mend="name the actions that are needed, and the ARNs, or the tags of the resources in a condition; what has to be wide gets a "
        "permissions boundary and a reason in slipway:policyExceptions.",
    ),
    _too_much,
)
