"""A Git host in memory, over real HTTP: one pull request's thread in the shape of GitHub's REST API.

Pages with Link headers, or as Gitea without any pages; a user of its own for each token; what goes wrong is written by the test.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.loopback import Asked, Reply, as_json, listening

Answer = tuple[int, Any, dict[str, str]]

REPOSITORY, NUMBER = "team/shop", 7
MAX_BODY = 65_536
WORKFLOW = "github-actions[bot]"


def _nothing(*_: Any) -> None: ...


@dataclass
class GitHost:
    """What is there, what was asked, and what a test lets go wrong."""

    url: str = ""
    head: str = "a" * 40
    comments: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    seen: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    before: Callable[[str, str], Answer | None] = _nothing
    """Asked first; what it answers is the answer."""
    pages: bool = True
    """Whether it knows pages; Gitea gives all comments at once."""
    users: dict[str, str] = field(default_factory=dict[str, str])
    """By token; a token that is not there is a workflow's."""
    slowness: Callable[[], float] = lambda: 0.0
    """Seconds that an answer takes, after it was decided."""
    _last: int = 1000
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def say(self, body: str, login: str = WORKFLOW, **more: Any) -> dict[str, Any]:
        """A comment that somebody wrote."""
        self._last += 1
        kind = "Bot" if login.endswith("[bot]") else "User"
        said = {"id": self._last, "body": body, "user": {"login": login, "type": kind}, **more}
        self.comments.append(said)
        return said

    def beginning(self, mark: str) -> list[str]:
        """The texts of the comments with this marker."""
        return [said["body"] for said in self.comments if said["body"].startswith(mark)]

    def answer(self, method: str, target: str, body: Any, token: str) -> Answer:
        path = urlsplit(target).path
        with self._lock:
            self.seen.append((method, path))
            if wrong := self.before(method, path):
                return wrong
            return self._answer(method, target, path, body, token)

    def _answer(self, method: str, target: str, path: str, body: Any, token: str) -> Answer:
        root = f"/repos/{REPOSITORY}"
        if path == "/user":
            user = self.users.get(token)
            return (200, {"login": user}, {}) if user else (403, {"message": "not accessible"}, {})
        if path == f"{root}/pulls/{NUMBER}":
            return 200, {"head": {"sha": self.head}}, {}
        if path == f"{root}/issues/{NUMBER}/comments":
            if method == "POST":
                return self._post(body, token)
            return self._page(target, path)
        if path.startswith(f"{root}/issues/comments/"):
            return self._one(method, int(path.rsplit("/", 1)[-1]), body)
        return 404, {"message": "Not Found"}, {}

    def _post(self, body: Any, token: str) -> Answer:
        if len(body["body"]) > MAX_BODY:
            return 422, {"message": "Body is too long (maximum is 65536 characters)"}, {}
        return 201, self.say(body["body"], self.users.get(token, WORKFLOW)), {}

    def _page(self, target: str, path: str) -> Answer:
        if not self.pages:
            return 200, self.comments, {}
        query = parse_qs(urlsplit(target).query)
        size, page = min(int(query["per_page"][0]), 100), int(query.get("page", ["1"])[0])
        found = self.comments[(page - 1) * size : page * size]
        links = [f'<{self.url}{path}?page={page - 1}>; rel="prev"'] if page > 1 else []
        if page * size < len(self.comments):
            links.append(f'<{self.url}{path}?page={page + 1}>; rel="next"')
        return 200, found, {"Link": ", ".join(links)} if links else {}

    def _one(self, method: str, number: int, body: Any) -> Answer:
        found = next((said for said in self.comments if said["id"] == number), None)
        if found is None:
            return 404, {"message": "Not Found"}, {}
        if method == "DELETE":
            self.comments.remove(found)
            return 204, None, {}
        if len(body["body"]) > MAX_BODY:
            return 422, {"message": "Body is too long (maximum is 65536 characters)"}, {}
        found["body"] = body["body"]
        return 200, found, {}


@contextmanager
def serve() -> Generator[GitHost]:
    """Serves on loopback until the block ends."""
    host = GitHost()

    def reply(asked: Asked) -> Reply:
        token = asked.headers.get("Authorization", "").removeprefix("Bearer ")
        body = json.loads(asked.body) if asked.body else None
        status, said, headers = host.answer(asked.method, asked.path, body, token)
        time.sleep(host.slowness())
        return status, as_json(said), {"Content-Type": "application/json", **headers}

    with listening(reply) as host.url:
        yield host
