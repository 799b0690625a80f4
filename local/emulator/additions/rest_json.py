"""Calls that ministack lacks, of services that speak REST-JSON, held against the shapes that AWS publishes: botocore's models.

A request is read and checked by its operation's model, the answer is written by it. What an operation does is a function from its
parameters to its answer, both by their published names. What does not fit the published shape is refused as AWS refuses it.
"""

import json
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import cache, cached_property
from http import HTTPStatus
from types import ModuleType
from typing import Any
from urllib.parse import unquote

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape
from botocore.validate import ParamValidator

Values = dict[str, Any]
Operation = Callable[[Values], Values]
Query = Mapping[str, list[str]]
Answer = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, str, Any, bytes, Any], Awaitable[Answer]]


class RefusedError(Exception):
    """An error of the service, by the name that its model has for it."""

    def __init__(self, code: str, message: str, status: int = 400):
        super().__init__(message)
        self.code, self.status = code, status

    @property
    def answer(self) -> Answer:
        told = {"__type": self.code, "message": str(self), "Message": str(self)}
        headers = {"Content-Type": "application/json", "x-amzn-errortype": self.code}
        return self.status, headers, json.dumps(told).encode()


def missing(what: str) -> RefusedError:
    """What is asked for is not there."""
    return RefusedError("ResourceNotFoundException", f"{what} does not exist")


class Calls:
    """Operations of one service."""

    def __init__(
        self, service: str, operations: Mapping[str, Operation], invalid: str = "ValidationException"
    ):
        """`invalid` is what the service calls a request of the wrong shape."""
        self._service, self._operations, self._invalid = service, operations, invalid

    @cached_property
    def _models(self) -> list[tuple[OperationModel, Operation]]:
        return [(_model(self._service).operation_model(name), run) for name, run in self._operations.items()]

    def answer(self, method: str, path: str, body: bytes, query: Query) -> Answer | None:
        """None for a call that is none of these."""
        for model, run in self._models:
            labels = _labels(model, method, path)
            if labels is not None:
                try:
                    return _written(model, run(self._checked(model, {**_read(model, query, body), **labels})))
                except RefusedError as refused:
                    return refused.answer
        return None

    def _checked(self, model: OperationModel, values: Values) -> Values:
        if model.input_shape is None:
            return {}
        report = ParamValidator().validate(values, model.input_shape)
        told = [report.generate_report()] if report.has_errors() else _problems(values, model.input_shape, "")
        if problems := "; ".join(told):
            raise RefusedError(self._invalid, problems)
        return values


def answer(service: str, module: ModuleType, operations: Mapping[str, Operation], invalid: str) -> None:
    """Puts these operations of a service in front of ministack's module for it."""
    calls, ministack = Calls(service, operations, invalid), module.handle_request

    async def handle(method: str, path: str, headers: Any, body: bytes, query: Any) -> Answer:
        return calls.answer(method, path, body, query) or await ministack(method, path, headers, body, query)

    module.handle_request = handle


@cache
def _model(service: str) -> ServiceModel:
    """Read when it is first asked: some are large, and most emulators never need them."""
    return ServiceModel(Loader().load_service_model(service, "service-2"))


def _labels(model: OperationModel, method: str, path: str) -> Values | None:
    """The parameters in the path, if it is this operation's."""
    if model.http["method"] != method:
        return None
    pattern = re.sub(
        r"\{(\w+)\}",
        # An ARN has slashes of its own, which the server has decoded.
        lambda label: f"(?P<{label[1]}>{'.+' if label[1].lower().endswith('arn') else '[^/]+'})",
        model.http["requestUri"].rstrip("/"),
    )
    found = re.fullmatch(f"{pattern}/?", path)
    if found is None:
        return None
    names = _names(model.input_shape)
    return {names[label]: unquote(value) for label, value in found.groupdict().items()}


def _read(model: OperationModel, query: Query, body: bytes) -> Values:
    """The parameters beside the path, by their published names."""
    if model.input_shape is None:
        return {}
    asked: Values = {}
    for name, shape in model.input_shape.members.items():
        wire = shape.serialization.get("name", name)
        if shape.serialization.get("location") == "querystring" and wire in query:
            asked[name] = query[wire] if shape.type_name == "list" else query[wire][0]
    said: Values = json.loads(body or b"{}")
    return {**asked, **_named(model.input_shape, said)}


def _named(shape: Shape | None, value: Any) -> Any:
    """By the published names; what the model does not know stays, for the check to find."""
    if shape is None:
        return value
    if shape.type_name == "structure":
        names = _names(shape)
        return {
            names.get(key, key): _named(shape.members.get(names.get(key, key)), item)
            for key, item in value.items()
            if item is not None
        }
    if shape.type_name == "list":
        return [_named(shape.member, item) for item in value]
    return value


def _names(shape: Shape | None) -> dict[str, str]:
    """The published name of each member by that on the wire."""
    members = shape.members if shape else {}
    return {member.serialization.get("name", name): name for name, member in members.items()}


def _problems(value: Any, shape: Shape, where: str) -> Iterator[str]:
    """What botocore does not look at: enumerations, and patterns of text."""
    if shape.type_name == "structure":
        for key in value.keys() & shape.members.keys():
            yield from _problems(value[key], shape.members[key], f"{where}.{key}")
    elif shape.type_name == "list":
        for index, member in enumerate(value):
            yield from _problems(member, shape.member, f"{where}[{index}]")
    elif shape.type_name == "string":
        if shape.enum and value not in shape.enum:
            yield f"{where} must be one of {', '.join(shape.enum)}, got {value}"
        if (pattern := shape.metadata.get("pattern")) and not re.fullmatch(pattern, value):
            yield f"{where} must match {pattern}, got {value}"


def _written(model: OperationModel, values: Values) -> Answer:
    status = int(model.http.get("responseCode", HTTPStatus.OK))
    body = _wire(model.output_shape, values) if model.output_shape else {}
    empty = status == HTTPStatus.NO_CONTENT
    return status, {"Content-Type": "application/json"}, b"" if empty else json.dumps(body).encode()


def _wire(shape: Shape, value: Any) -> Any:
    """As the client reads it: what the model does not have is not told."""
    if shape.type_name == "structure":
        return {
            shape.members[name].serialization.get("name", name): _wire(shape.members[name], item)
            for name, item in value.items()
            if item is not None and name in shape.members
        }
    if shape.type_name == "list":
        return [_wire(shape.member, item) for item in value]
    return value
