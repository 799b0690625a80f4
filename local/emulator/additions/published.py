"""Calls that ministack lacks, held against the shapes that AWS publishes: botocore's service models.

Of the services whose calls are a path and JSON (rest-json). What does not fit the published shape is refused as AWS refuses it;
what fits is handed to the addition, and the rest goes on to ministack.
"""

import json
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any
from urllib.parse import unquote

import botocore.session
from botocore.model import OperationModel, Shape
from botocore.validate import ParamValidator

Answer = tuple[int, dict[str, str], bytes]
Input = dict[str, Any]
Operation = Callable[[Input], Mapping[str, Any]]
"""Takes the call's input by its published names, and gives back its output."""
Handler = Callable[[str, str, Any, bytes, Any], Awaitable[Answer]]


class RefusedError(Exception):
    """What AWS answers instead."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def missing(what: str) -> RefusedError:
    """What is asked for is not there."""
    return RefusedError("ResourceNotFoundException", f"{what} does not exist")


@dataclass(frozen=True)
class _Route:
    method: str
    path: re.Pattern[str]
    model: OperationModel
    operation: Operation


def answer(service: str, module: ModuleType, operations: Mapping[str, Operation]) -> None:
    """Puts these operations of a service in front of ministack's module for it."""
    model = botocore.session.get_session().get_service_model(service)
    routes = [_route(model.operation_model(name), operation) for name, operation in operations.items()]
    ministack: Handler = module.handle_request

    async def handle(method: str, path: str, headers: Any, body: bytes, query: Any) -> Answer:
        for route in routes:
            found = route.path.fullmatch(path)
            if found and method == route.method:
                return _answered(route, found.groupdict(), body)
        return await ministack(method, path, headers, body, query)

    module.handle_request = handle


def _route(model: OperationModel, operation: Operation) -> _Route:
    template = str(model.http["requestUri"]).rstrip("/")
    path = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template) + "/?")
    return _Route(str(model.http["method"]), path, model, operation)


def _answered(route: _Route, in_path: Mapping[str, str], body: bytes) -> Answer:
    try:
        output = route.operation(_checked(route.model, in_path, body))
    except RefusedError as refused:
        error = {"__type": refused.code, "Message": str(refused)}
        headers = {"Content-Type": "application/json", "x-amzn-errortype": refused.code}
        return 400, headers, json.dumps(error).encode()
    status = int(route.model.http.get("responseCode", 200))
    return status, {"Content-Type": "application/json"}, b"" if status == 204 else json.dumps(output).encode()  # noqa: PLR2004


def _checked(model: OperationModel, in_path: Mapping[str, str], body: bytes) -> Input:
    """The call's input by its published names, all of it as published."""
    shape = model.input_shape
    if shape is None:
        return {}
    named = {shape.members[name].serialization.get("name", name): name for name in shape.members}
    said = {**(json.loads(body) if body else {}), **{key: unquote(value) for key, value in in_path.items()}}
    given = {named.get(key, key): value for key, value in said.items()}
    report = ParamValidator().validate(given, shape)
    problems = [*([report.generate_report()] if report.has_errors() else []), *_problems(given, shape, "")]
    if problems:
        raise RefusedError("InvalidParameterValueException", "; ".join(problems))
    return given


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
