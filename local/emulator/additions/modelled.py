"""A REST-JSON service that ministack lacks: requests are read and checked by botocore's own model of it, answers written by it.

What an operation does is a function from its parameters to its answer, both in the model's names. It remembers what it was
given in `records`, which are part of ministack's saved state.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape
from botocore.validate import ParamValidator
from ministack import app
from ministack.core import router
from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region

Values = dict[str, Any]
Operation = Callable[[Values], Values]
Answer = tuple[int, dict[str, str], bytes]


def arn_of(service: str, resource: str) -> str:
    """What a resource of the request's account and region is called."""
    return f"arn:aws:{service}:{get_region()}:{get_account_id()}:{resource}"


class RefusedError(Exception):
    """An error of the service, by the name that its model has for it."""

    def __init__(self, code: str, message: str, status: int = 400):
        super().__init__(message)
        self.code, self.status = code, status


class Service:
    """Stands in for one of ministack's own service modules. A record has an `Arn` and `Tags`."""

    def __init__(self, name: str, scope: str, operations: Mapping[str, Operation]):
        """`scope` is what requests to it are signed for."""
        self._name, self._scope = name, scope
        self._runs = {
            **operations,
            "ListTagsForResource": self._list_tags,
            "TagResource": self._tag,
            "UntagResource": self._untag,
        }
        self.records: Any = AccountRegionScopedDict()

    def install(self) -> None:
        module = f"added_{self._name}"
        app._loaded_modules[module] = self
        app._state_map[self._name] = module
        app.SERVICE_HANDLERS[self._scope] = self.handle_request
        # By this the router knows the scope; for one that it does not know it reads the models of all of AWS first.
        router.SERVICE_PATTERNS[self._scope] = {"credential_scope": self._scope}

    @cached_property
    def _operations(self) -> list[tuple[OperationModel, Operation]]:
        # Read when it is first asked: some models are large, and most emulators never need them.
        model = ServiceModel(Loader().load_service_model(self._name, "service-2"))
        return [(model.operation_model(operation), run) for operation, run in self._runs.items()]

    async def handle_request(
        self,
        method: str,
        path: str,
        _headers: Mapping[str, str],
        body: bytes,
        query: Mapping[str, list[str]],
    ) -> Answer:
        try:
            return self._run(method, path, body, query)
        except RefusedError as refusal:
            told = json.dumps({"message": str(refusal), "Message": str(refusal), "__type": refusal.code})
            return refusal.status, {"x-amzn-errortype": refusal.code}, told.encode()

    def _run(self, method: str, path: str, body: bytes, query: Mapping[str, list[str]]) -> Answer:
        for operation, run in self._operations:
            labels = _labels(operation, method, path)
            if labels is not None:
                values = labels | _read_request(operation, query, body)
                report = ParamValidator().validate(values, operation.input_shape)
                if report.has_errors():
                    raise RefusedError("ValidationException", report.generate_report())
                return _answer(operation, run(values))
        raise RefusedError("UnknownOperationException", f"{self._name} here has no {method} {path}", 404)

    def _tags(self, values: Values) -> dict[str, str]:
        arn = _either(values, "resourceArn")
        for record in self.records.values():
            if record["Arn"] == arn:
                return record["Tags"]
        raise RefusedError("ResourceNotFoundException", f"there is no {arn}", 404)

    def _list_tags(self, values: Values) -> Values:
        return {"Tags" if "ResourceArn" in values else "tags": self._tags(values)}

    def _tag(self, values: Values) -> Values:
        self._tags(values).update(_either(values, "tags"))
        return {}

    def _untag(self, values: Values) -> Values:
        for key in _either(values, "tagKeys"):
            self._tags(values).pop(key, None)
        return {}

    def get_state(self) -> Values:
        return {"records": self.records}

    def load_persisted_state(self, data: Values) -> None:
        self.records = data["records"]

    def reset(self) -> None:
        self.records.clear()


def _either(values: Values, name: str) -> Any:
    """Some models begin their names with a capital letter."""
    return values[name] if name in values else values[name[0].upper() + name[1:]]


def _labels(operation: OperationModel, method: str, path: str) -> Values | None:
    """The parameters in the path, if it is this operation's."""
    if operation.http["method"] != method:
        return None
    pattern = re.sub(
        r"\{(\w+)\}",
        # An ARN has slashes of its own, which the server has decoded.
        lambda label: f"(?P<{label[1]}>{'.+' if label[1].lower().endswith('arn') else '[^/]+'})",
        operation.http["requestUri"],
    )
    found = re.fullmatch(pattern, path)
    if found is None:
        return None
    members = operation.input_shape.members if operation.input_shape else {}
    names = {shape.serialization.get("name", name): name for name, shape in members.items()}
    return {names[label]: unquote(value) for label, value in found.groupdict().items()}


def _read_request(operation: OperationModel, query: Mapping[str, list[str]], body: bytes) -> Values:
    if operation.input_shape is None:
        return {}
    values: Values = {}
    said: Values = json.loads(body or b"{}")
    for name, shape in operation.input_shape.members.items():
        wire = shape.serialization.get("name", name)
        location = shape.serialization.get("location")
        if location == "querystring" and wire in query:
            values[name] = query[wire] if shape.type_name == "list" else query[wire][0]
        elif location is None and said.get(wire) is not None:
            values[name] = _read(shape, said[wire])
    return values


def _read(shape: Shape, value: Any) -> Any:
    if shape.type_name == "structure":
        names = {member.serialization.get("name", name): name for name, member in shape.members.items()}
        return {names[key]: _read(shape.members[names[key]], item) for key, item in value.items()}
    if shape.type_name == "list":
        return [_read(shape.member, item) for item in value]
    return value


def _answer(operation: OperationModel, values: Values) -> Answer:
    body = _write(operation.output_shape, values) if operation.output_shape else {}
    return 200, {"Content-Type": "application/json"}, json.dumps(body).encode()


def _write(shape: Shape, value: Any) -> Any:
    if shape.type_name == "structure":
        return {
            shape.members[name].serialization.get("name", name): _write(shape.members[name], item)
            for name, item in value.items()
            if item is not None
        }
    if shape.type_name == "list":
        return [_write(shape.member, item) for item in value]
    return value
