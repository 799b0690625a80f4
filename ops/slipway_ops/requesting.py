"""A request to one colour, held against what its answer must be: at its preview address, or by the API server to its Service."""

from __future__ import annotations

import json
from http.client import HTTPException
from typing import Any
from urllib.request import HTTPErrorProcessor, Request, build_opener

from slipway_ops import yaml_file
from slipway_ops.api import encoded
from slipway_ops.application import Application
from slipway_ops.gates import Http

_TIMEOUT = 5.0
_SHOWN = 100


class _AsItComes(HTTPErrorProcessor):
    """A redirect or an error is an answer too: it may be the one that is wanted."""

    def http_response(self, request: Request, response: Any) -> Any:  # noqa: ARG002  (the base's own)
        return response

    https_response = http_response


def failed(app: Application, color: str, check: Http) -> tuple[int, str]:
    """How many requests failed, and why the last of them did. Asks no further than to the outcome.

    UnreachableError when the API server, which is between, does not answer.
    """
    wrong, passed, why = 0, 0, ""
    while passed < check.passes and wrong <= check.of - check.passes:
        answered = _at_its_address(check, color) if check.at else _at_its_service(app, check, color)
        if found := answered if isinstance(answered, str) else _mistake(check, *answered):
            wrong, why = wrong + 1, f"GET {check.at}{check.path} {found}"
        else:
            passed += 1
    return wrong, why


def _at_its_service(app: Application, check: Http, color: str) -> tuple[int, str]:
    service = f"{app.guard.colors[color].deployment}:80"
    return app.api.ask(
        "GET", f"/api/v1/namespaces/{app.guard.namespace}/services/{service}/proxy{check.path}"
    )


def _at_its_address(check: Http, color: str) -> tuple[int, str] | str:
    """The answer, or in words that there was none: the way there is part of what is asked for."""
    headers = {"User-Agent": "slipway", **({check.header: color} if check.header else {})}
    request = Request(f"{check.at}{encoded(check.path)}", headers=headers)  # noqa: S310  (the section allows http and https alone)
    try:
        with build_opener(_AsItComes).open(request, timeout=_TIMEOUT) as answer:
            return answer.status, answer.read().decode(errors="replace")
    except (HTTPException, OSError) as error:
        return f"does not answer: {getattr(error, 'reason', error)}"


def _mistake(check: Http, status: int, text: str) -> str:
    """What is wrong with an answer; empty when nothing is."""
    shown = text.strip()[:_SHOWN]
    if status != check.status:
        return f"answers {status}, not {check.status}: {shown}"
    if check.text not in text:
        return f"does not say {check.text!r}: {shown}"
    if not check.json:
        return ""
    try:
        said: Any = json.loads(text)
    except ValueError:
        return f"answers no JSON: {shown}"
    for path, right in check.json.items():
        found: Any = said
        for part in path.split("."):
            found = (yaml_file.mapping(found) or {}).get(part)
        if found != right:
            return f"says {path} {json.dumps(found)}, not {json.dumps(right)}"
    return ""
