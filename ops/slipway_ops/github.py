"""A repository and a pull request's thread, by GitHub's REST API: GitHub, GitHub Enterprise, and Gitea, whose /api/v1 has the same shape.

https://docs.github.com/en/rest/issues/comments
"""

from __future__ import annotations

import http.client
import json
import os
import re
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

from slipway_ops.errors import OperatorError

_TIMEOUT = 20.0
_TRIES = 5
_LONGEST_WAIT = 60.0
"""Seconds that all waiting for one answer may take; a limit that is further away is an error."""
_PAUSE = 1.0
_PAGE = 100
_MOST_PAGES = 1000
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
_NEEDED = ("GITHUB_TOKEN", "GITHUB_REPOSITORY")


class HostError(OperatorError):
    """The Git host did not do what was asked."""

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.status = status

    @property
    def may_have_happened(self) -> bool:
        """Whether nobody knows if it was done."""
        return self.status == 0 or self.status >= HTTPStatus.INTERNAL_SERVER_ERROR


@dataclass(frozen=True)
class Comment:
    """One comment on the thread."""

    id: int
    body: str
    author: str
    by_program: bool


def event() -> Mapping[str, Any]:
    """The pull request of the event that started this run, as the host tells it; empty when it was none."""
    file = os.environ.get("GITHUB_EVENT_PATH")
    if not file:
        return {}
    try:
        said: Any = json.loads(Path(file).read_text())
        return said.get("pull_request") or {}
    except (OSError, ValueError, AttributeError) as error:
        raise OperatorError(f"GITHUB_EVENT_PATH: {file} cannot be read: {error}") from None


def event_head() -> str:
    """The commit that the event's pull request is at; empty when there is none."""
    head: Any = event().get("head")
    return str(cast("Mapping[str, Any]", head).get("sha", "")) if isinstance(head, dict) else ""


class Host:
    """One repository, through the API of its host."""

    def __init__(self, url: str, repository: str, token: str) -> None:
        self.url = url
        self.repository = repository
        self.token = token
        self.path = f"/repos/{repository}"
        self._open = urllib.request.build_opener(_AsItComes).open

    def me(self) -> str | None:
        """Whose token it is; None for a token that is no person's, as that of a workflow."""
        try:
            return str(self.call("GET", "/user")[0]["login"])
        except HostError as error:
            if error.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND):
                return None
            raise

    def all(self, path: str, **query: str) -> list[Any]:
        """A whole list, oldest first, whatever number of pages it takes."""
        found: dict[int, Any] = {}
        for page in range(1, _MOST_PAGES + 1):
            asked = {**query, "per_page": str(_PAGE), "limit": str(_PAGE), "page": str(page)}
            said, headers = self.call("GET", f"{path}?{urlencode(asked)}")
            if not isinstance(said, list):
                raise _odd("GET", path, "something that is no list")
            before = len(found)
            found |= {item["id"]: item for item in cast("list[Any]", said)}
            link = headers.get("Link")
            # Without the header, and on hosts that know no pages, a page that brings nothing new is the last.
            if len(found) == before or (link is not None and 'rel="next"' not in link):
                break
        return [found[number] for number in sorted(found)]

    def call(self, method: str, path: str, body: Any = None) -> tuple[Any, Mapping[str, str]]:
        """One answer. What is limited is waited for; what failed on the host's side is tried again, unless it might be done twice."""
        waited = 0.0
        for attempt in range(1, _TRIES + 1):
            status, text, headers = self._send(method, path, body)
            if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
                return _parsed(text, method, path), headers
            pause = _pause(status, headers, attempt, again=method != "POST")
            if pause is None or attempt == _TRIES or waited + pause > _LONGEST_WAIT:
                raise HostError(self._refusal(method, path, status, text, pause), status)
            time.sleep(pause)
            waited += pause
        raise AssertionError  # the last attempt returns or raises

    def _send(self, method: str, path: str, body: Any) -> tuple[int, str, Mapping[str, str]]:
        request = urllib.request.Request(  # noqa: S310  (host() takes http and https alone)
            f"{self.url}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                "User-Agent": "slipway",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        try:
            with self._open(request, timeout=_TIMEOUT) as answer:
                return answer.status, answer.read().decode(errors="replace"), _headers(answer)
        except (OSError, http.client.HTTPException) as error:
            return 0, f"it does not answer: {getattr(error, 'reason', error) or type(error).__name__}", {}

    def _refusal(self, method: str, path: str, status: int, text: str, pause: float | None) -> str:
        try:
            said: Any = json.loads(text)["message"]
        except (ValueError, KeyError, TypeError):
            said = text[:200]
        where = f"{self.url} refuses {method} {path.partition('?')[0]}: {said} ({status or 'no answer'})"
        return f"{where}{_advice(status, pause)}"


def host() -> Host:
    """By the variables that GitHub's and Gitea's Actions set; OperatorError where they are not."""
    variables = {name: os.environ.get(name, "").strip() for name in _NEEDED}
    if missing := [name for name, value in variables.items() if not value]:
        raise OperatorError(
            f"a Git host is needed: set {' and '.join(missing)}, and GITHUB_API_URL if it is not github.com"
        )
    if not _REPOSITORY.fullmatch(variables["GITHUB_REPOSITORY"]):
        raise OperatorError(f"GITHUB_REPOSITORY must be owner/name, got {variables['GITHUB_REPOSITORY']!r}")
    if not (variables["GITHUB_TOKEN"].isascii() and variables["GITHUB_TOKEN"].isprintable()):
        raise OperatorError("GITHUB_TOKEN is no token: it has other than printable ASCII")
    url = os.environ.get("GITHUB_API_URL") or "https://api.github.com"
    if not url.startswith(("https://", "http://")):
        raise OperatorError(f"GITHUB_API_URL must be an address as https://api.github.com, got {url!r}")
    return Host(url.rstrip("/"), variables["GITHUB_REPOSITORY"], variables["GITHUB_TOKEN"])


def thread(number: int | None) -> Thread | None:
    """Of this pull request, or of the one that started this run; None where there is none, or nothing says where it would be."""
    if number is None and not all(os.environ.get(name) for name in _NEEDED):
        return None
    found = event().get("number") if number is None else number
    return Thread(host(), found) if isinstance(found, int) else None


class Thread:
    """The comments of one pull request."""

    def __init__(self, host: Host, number: int) -> None:
        self.host = host
        self.number = number

    def head(self) -> str:
        """The commit that the pull request is at."""
        said = self.host.call("GET", f"{self.host.path}/pulls/{self.number}")[0]
        return str(said["head"]["sha"])

    def comments(self) -> list[Comment]:
        """All of them, oldest first, whatever number of pages they take."""
        return [_comment(said) for said in self.host.all(f"{self._issue}/comments")]

    def create(self, body: str) -> Comment:
        return _comment(self.host.call("POST", f"{self._issue}/comments", {"body": body})[0])

    def edit(self, comment: int, body: str) -> None:
        self.host.call("PATCH", f"{self.host.path}/issues/comments/{comment}", {"body": body})

    def delete(self, comment: int) -> None:
        """Also when it is gone already."""
        try:
            self.host.call("DELETE", f"{self.host.path}/issues/comments/{comment}")
        except HostError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise

    @property
    def _issue(self) -> str:
        return f"{self.host.path}/issues/{self.number}"


class _AsItComes(urllib.request.HTTPErrorProcessor):
    """An error is an answer too; and a redirect would carry the token to wherever it leads."""

    def http_response(self, request: urllib.request.Request, response: Any) -> Any:  # noqa: ARG002  (the base's own)
        return response

    https_response = http_response


def _headers(answer: Any) -> dict[str, str]:
    return {name.title(): value for name, value in answer.headers.items()}


def author(said: Mapping[str, Any]) -> tuple[str, bool]:
    """Who wrote a comment or an issue, and whether that is a program."""
    user = cast("Mapping[str, Any]", said.get("user") or {})
    login = str(user.get("login", ""))
    return login, user.get("type") == "Bot" or login in ("github-actions[bot]", "gitea-actions")


def _comment(said: Mapping[str, Any]) -> Comment:
    return Comment(int(said["id"]), str(said.get("body") or ""), *author(said))


def _parsed(text: str, method: str, path: str) -> Any:
    if not text:
        return {}
    try:
        return json.loads(text)
    except ValueError:
        raise _odd(method, path, "something that is no JSON") from None


def _odd(method: str, path: str, what: str) -> HostError:
    return HostError(
        f"{method} {path} is answered with {what}; see that GITHUB_API_URL is the API's address, "
        "as https://api.github.com or https://git.example.com/api/v1"
    )


def _pause(status: int, headers: Mapping[str, str], attempt: int, *, again: bool) -> float | None:
    """Seconds until it is worth another try; None when it never is. `again`: whether doing it twice does no harm."""
    limited = status == HTTPStatus.TOO_MANY_REQUESTS or (
        status == HTTPStatus.FORBIDDEN
        and (headers.get("Retry-After") is not None or headers.get("X-Ratelimit-Remaining") == "0")
    )
    if limited:
        after = headers.get("Retry-After", "")
        if after.isdecimal():
            return float(after)
        reset = headers.get("X-Ratelimit-Reset", "")
        return max(float(reset) - time.time(), 0) + _PAUSE if reset.isdecimal() else _PAUSE * 2**attempt
    if again and (status == 0 or status >= HTTPStatus.INTERNAL_SERVER_ERROR):
        return _PAUSE * 2 ** (attempt - 1)
    return None


def _advice(status: int, pause: float | None) -> str:
    if pause is not None and status in (HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS):
        return f"\n  to do: its limit of requests is reached, for {pause:.0f} s more; run it again then"
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return "\n  to do: let GITHUB_TOKEN write there (in a workflow: `permissions: pull-requests: write`, or `issues: write`)"
    if status == HTTPStatus.NOT_FOUND:
        return "\n  to do: see that GITHUB_API_URL, GITHUB_REPOSITORY and the pull request's number are right"
    return ""
