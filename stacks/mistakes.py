"""What pydantic finds wrong with a stack's file, in words of that file: the key, what came, what is right."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from pydantic.alias_generators import to_camel

Schema = Mapping[str, Any]

_NEVER_SHOWN = frozenset({"secrets", "receivers", "requestMetrics", "tlsPrivateKey"})
"""What is a secret, also where somebody has written it in clear."""
_RIGHT = {
    "string_type": "must be text: put it in quotes",
    "dict_type": "must be a section with keys of its own",
    "model_type": "must be a section with keys of its own",
    "list_type": "must be a list",
}
_LONGEST = 300


def told(error: Mapping[str, Any], schema: Schema, secret_keys: Collection[str]) -> str:
    """`slipway:active must be 'blue' or 'green', got 'purple'`."""
    path = [str(part) for part in error["loc"] if part != "[key]"]
    # pydantic names what was left out by its Python name
    if to_camel(path[-1]) in _keys_at(path[:-1], schema):
        path[-1] = to_camel(path[-1])
    key = f"slipway:{'.'.join(path)}"[:_LONGEST]
    if error["type"] == "extra_forbidden":
        return f"{key} is not known; {_suggestion(path, schema)}"
    if error["type"] == "missing":
        return f"{key} is missing"
    said = _RIGHT.get(error["type"]) or re.sub(
        r"^(Value error, |Input )?(should be )?", lambda m: "must be " if m[2] else "", error["msg"]
    )
    if not said.startswith("must"):
        said = f"is wrong: {said}"
    got = json.dumps(error["input"], ensure_ascii=False, default=str)
    hidden = {*_NEVER_SHOWN, *secret_keys}
    if hidden & {*path} or any(f'"{one}"' in got for one in hidden):
        got = "a secret"
    elif error["input"] is None:
        got = "nothing"
    got = got if len(got) <= _LONGEST else f"{got[:_LONGEST]}… ({len(got)} characters)"
    return f"{key} {said}, got {got}"


def _suggestion(path: list[str], schema: Schema) -> str:
    known = _keys_at(path[:-1], schema)
    prefix = "".join(f"{part}." for part in path[:-1])
    close = difflib.get_close_matches(path[-1], known, n=1)
    if close:
        return f"did you mean slipway:{prefix}{close[0]}?"
    return f"known are {', '.join(f'slipway:{prefix}{key}' for key in known)}"


def _keys_at(path: list[str], schema: Schema) -> list[str]:
    """The keys of the section that a path leads to, by the models' JSON schema."""
    definitions: dict[str, Any] = schema["$defs"]
    node: dict[str, Any] = {**schema}
    for part in path:
        kinds: list[dict[str, Any]] = [node, *node.get("anyOf", ())]
        by_name = [kind["additionalProperties"] for kind in kinds if kind.get("additionalProperties")]
        node = node.get("properties", {}).get(part) or (by_name[0] if by_name else {})
        options = [node, *node.get("anyOf", ())]
        refs = [option["$ref"] for option in options if "$ref" in option]
        node = definitions[refs[0].rsplit("/", 1)[-1]] if refs else node
    return list(node.get("properties", ()))
