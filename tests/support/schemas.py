"""The API server's own OpenAPI as strict JSON schemas, one file a kind, in the form that kubeconform reads."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any, cast

Schema = dict[str, Any]
LOCATION = "{{ .Group }}-{{ .ResourceAPIVersion }}-{{ .ResourceKind }}.json"
_EITHER: Schema = {"oneOf": [{"type": "string"}, {"type": "number"}]}
_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"


def write_schemas(folder: Path) -> str:
    """Asks the cluster and writes every kind that it knows; returns what kubeconform wants as its schema location."""
    answer = subprocess.run(
        ["kubectl", "get", "--raw", "/openapi/v2"], check=True, capture_output=True, text=True
    )
    definitions: dict[str, Schema] = {
        name: _strict(schema) for name, schema in json.loads(answer.stdout)["definitions"].items()
    }
    definitions[_QUANTITY] = _EITHER
    for name, schema in definitions.items():
        for kind in schema.get("x-kubernetes-group-version-kind", ()):
            file = f"{kind['group'] or kind['version']}-{kind['version']}-{kind['kind'].lower()}.json"
            needed = {other: definitions[other] for other in _reached(name, definitions)}
            text = json.dumps({"$ref": f"#/definitions/{name}", "definitions": needed})
            (folder / file).write_text(text)
    return str(folder / LOCATION)


def _strict(schema: Any) -> Any:
    """Refuses properties that are not listed, and takes a number wherever the server does."""
    if isinstance(schema, list):
        return [_strict(item) for item in cast(list[Any], schema)]
    if not isinstance(schema, dict):
        return schema
    schema = cast(Schema, schema)
    if schema.get("format") == "int-or-string" or schema.get("x-kubernetes-int-or-string") is True:
        return _EITHER
    strict = {key: _strict(value) for key, value in schema.items()}
    open_ended = (
        "additionalProperties" in schema or schema.get("x-kubernetes-preserve-unknown-fields") is True
    )
    if isinstance(schema.get("properties"), dict) and not open_ended:
        strict["additionalProperties"] = False
    return strict


def _reached(name: str, definitions: dict[str, Schema]) -> set[str]:
    reached, todo = set[str](), [name]
    while todo:
        one = todo.pop()
        if one not in reached:
            reached.add(one)
            todo += re.findall(r'"\$ref": "#/definitions/([^"]+)"', json.dumps(definitions[one]))
    return reached
