"""What somebody wrote into an object of the cluster with a tool for people.

Pulumi applies what a program says and leaves the rest to those who own it, so that two things need more than an update: what was
added beside the program is seen by no refresh and taken away by no update; and a list's element whose key was changed would be there
twice. Who owns what stands in the object's managedFields.
https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from slipway_ops import property_path
from slipway_ops.api import Api, RefusedError
from slipway_ops.api import Object as Body
from slipway_ops.differences import ABSENT
from slipway_ops.errors import OperatorError
from slipway_ops.masking import SIGNATURE
from slipway_ops.property_path import Path

_TOOLS = ("kubectl", "k9s", "node-fetch", "curl", "dashboard")
"""How the names begin that they write under; node-fetch is Lens. All others are controllers, whose part it is to write."""
_RESTARTS = "kubectl-rollout"
_MEANT_TO_MOVE = (("status",), ("spec", "replicas"))
"""Replicas that a program does not set are an autoscaler's."""
_TRIES = 5


@dataclass(frozen=True)
class Object:
    """An object of the cluster, and the name that Pulumi writes it under."""

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str
    manager: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Addition:
    """A property beside those that the program says, with its value."""

    path: Path
    value: Any


def object_of(kind: str, live: Mapping[str, Any]) -> Object | None:
    """What a resource's outputs are about, if they are an object of the cluster."""
    metadata = live.get("metadata")
    if not kind.startswith("kubernetes:") or not metadata or "uid" not in metadata:
        return None
    return Object(
        live["apiVersion"],
        live["kind"],
        metadata.get("namespace", ""),
        metadata["name"],
        metadata["uid"],
        live.get("__fieldManager", ""),
    )


def additions(inputs: Mapping[str, Any], live: Mapping[str, Any]) -> list[Addition]:
    """What people own of a live object that its inputs do not have."""
    found = dict[Path, Addition]()
    for entry in live["metadata"].get("managedFields") or ():
        if not _by_hand(entry):
            continue
        for path in _owned(entry.get("fieldsV1") or {}, (), live, inputs):
            if not any(path[: len(moves)] == moves for moves in _MEANT_TO_MOVE):
                found[path] = Addition(path, property_path.find(live, path))
    return list(found.values())


def _by_hand(entry: Mapping[str, Any]) -> bool:
    manager = entry.get("manager", "")
    return manager.startswith(_TOOLS) and manager != _RESTARTS and not entry.get("subresource")


def _owned(fields: Mapping[str, Any], path: Path, live: Any, inputs: Any) -> Iterator[Path]:
    """The owned paths that are not in the inputs: whole elements of lists, else the leaves."""
    for key, inner in fields.items():
        what, _, name = key.partition(":")
        at = _place(what, name, live)
        if at is None:
            continue  # the mark of the whole, or what is gone by now
        said = _place(what, name, inputs)
        if said is None and (what != "f" or not inner):
            yield (*path, at)
        elif inner:
            yield from _owned(inner, (*path, at), live[at], ABSENT if said is None else inputs[said])


def _place(what: str, name: str, value: Any) -> str | int | None:
    """Where a field (`f:`), or a list's element by its keys (`k:`) or its value (`v:`), is in a value."""
    if what == "f":
        return name if isinstance(value, dict) and name in value else None
    if what not in ("k", "v") or not isinstance(value, list):
        return None
    wanted = json.loads(name)
    for place, item in enumerate(cast("list[Any]", value)):
        if item == wanted if what == "v" else _has(item, wanted):
            return place
    return None


def _has(item: Any, keys: Mapping[str, Any]) -> bool:
    """Whether an element has these keys; a key that has a default may be left out of an input."""
    if not isinstance(item, dict):
        return False
    known = cast("dict[str, Any]", item)
    return bool(keys.keys() & known.keys()) and all(
        known.get(key, value) == value for key, value in keys.items()
    )


def hand_back(objects: Mapping[Object, Iterable[Addition]]) -> None:
    """Gives what people own of these objects to Pulumi, so that its next update decides, and takes away what they added."""
    api = Api()
    for it, added in objects.items():
        _hand_back(api, it, list(added))


def _hand_back(api: Api, it: Object, added: Sequence[Addition]) -> None:
    """Looks again when somebody, as a controller, wrote into the object meanwhile."""
    path = _address(api, it)
    refused: RefusedError | None = None
    for _ in range(_TRIES):
        live = api.get(path)
        if live is None or live["metadata"]["uid"] != it.uid:
            raise OperatorError(
                f"{it} in {api.access} is not the stack's; nothing was changed in it\n"
                "  to do: point KUBECONFIG at the stack's cluster"
            )
        patch = _patch(it, added, live)
        if not patch:
            return
        try:
            api.call("PATCH", path, patch, "application/json-patch+json")
        except RefusedError as error:
            if not error.is_conflict:
                raise
            refused = error
        else:
            return
    raise OperatorError(
        f"{it} could not be changed in {_TRIES} tries: {refused}\n  to do: slipway drift --fix again goes on from here"
    )


def _patch(it: Object, added: Iterable[Addition], live: Body) -> list[dict[str, Any]]:
    still = [one.path for one in added if _is_still(one, property_path.find(live, one.path))]
    # From behind: an element that is taken away moves those after it.
    last_first = sorted(
        still, key=lambda path: [f"{step:09}" if isinstance(step, int) else step for step in path]
    )
    removed = [{"op": "remove", "path": _pointer(path)} for path in reversed(last_first)]
    owners: list[dict[str, Any]] = live["metadata"].get("managedFields", [])
    hands = [entry for entry in owners if _by_hand(entry)]
    if not removed and not hands:
        return []
    version = {
        "op": "test",
        "path": "/metadata/resourceVersion",
        "value": live["metadata"]["resourceVersion"],
    }
    handed = {"op": "replace", "path": "/metadata/managedFields", "value": _handed(it, owners, hands)}
    return [version, *removed, handed]


def _is_still(one: Addition, now: Any) -> bool:
    """Whether it is what was seen; of a secret it is only known that it is there."""
    return now is not ABSENT and (SIGNATURE in json.dumps(one.value) or now == one.value)


def _handed(it: Object, owners: list[dict[str, Any]], hands: list[dict[str, Any]]) -> list[dict[str, Any]]:
    def is_pulumi(entry: Mapping[str, Any]) -> bool:
        return (
            entry["manager"] == it.manager and entry["operation"] == "Apply" and not entry.get("subresource")
        )

    new: dict[str, Any] = {
        "manager": it.manager,
        "operation": "Apply",
        "apiVersion": it.api_version,
        "fieldsType": "FieldsV1",
        "fieldsV1": {},
    }
    mine = next((entry for entry in owners if is_pulumi(entry)), new)
    fields = mine["fieldsV1"]
    for entry in hands:
        fields = _union(fields, _to_stay(entry["fieldsV1"]))
    others = [entry for entry in owners if entry not in hands and not is_pulumi(entry)]
    return [*others, {**mine, "fieldsV1": fields}]


def _to_stay(fields: Mapping[str, Any], path: Path = ()) -> dict[str, Any]:
    """Without what is meant to move: the API server takes away what Pulumi owns and its next update does not say."""
    left = dict[str, Any]()
    for key, inner in fields.items():
        at = (*path, key.removeprefix("f:"))
        if at in _MEANT_TO_MOVE:
            continue
        below = _to_stay(inner, at)
        if below or not inner:  # an empty one would be the whole
            left[key] = below
    return left


def _union(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _union(one.get(key, {}), other.get(key, {})) for key in (*one, *other)}


def _address(api: Api, it: Object) -> str:
    """Where the API server has the object: it tells the plural of its kind."""
    root = f"/apis/{it.api_version}" if "/" in it.api_version else f"/api/{it.api_version}"
    kinds: list[dict[str, Any]] = api.call("GET", root)["resources"]
    plural = next(kind["name"] for kind in kinds if kind["kind"] == it.kind and "/" not in kind["name"])
    space = f"/namespaces/{it.namespace}" if it.namespace else ""
    return f"{root}{space}/{plural}/{it.name}"


def _pointer(path: Path) -> str:
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)
