"""A repository's issues, by GitHub's REST API: https://docs.github.com/en/rest/issues/issues"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slipway_ops.github import Host, author


@dataclass(frozen=True)
class Issue:
    """One open issue."""

    number: int
    body: str
    url: str


class Issues:
    """Those of one repository that this token's owner wrote: anybody can write a marker."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._path = f"{host.path}/issues"

    def open_ones(self) -> list[Issue]:
        """The open ones, oldest first; the host lists pull requests among them, which are none."""
        me = self._host.me()
        found: list[Issue] = []
        for said in self._host.all(self._path, state="open"):
            login, by_program = author(said)
            if not said.get("pull_request") and (login == me if me else by_program):
                found.append(_issue(said))
        return found

    def create(self, title: str, body: str) -> Issue:
        return _issue(self._host.call("POST", self._path, {"title": title, "body": body})[0])

    def edit(self, issue: Issue, title: str, body: str) -> None:
        self._host.call("PATCH", f"{self._path}/{issue.number}", {"title": title, "body": body})

    def close(self, issue: Issue, why: str) -> None:
        """With a comment that says why."""
        self._host.call("POST", f"{self._path}/{issue.number}/comments", {"body": why})
        self._host.call("PATCH", f"{self._path}/{issue.number}", {"state": "closed"})


def _issue(said: Mapping[str, Any]) -> Issue:
    return Issue(int(said["number"]), str(said.get("body") or ""), str(said.get("html_url") or ""))
