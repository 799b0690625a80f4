"""Where a preview is shown: as a comment on the pull request, in the run's summary, on standard output."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slipway_ops import checkout, comment, github, stack_secrets, yaml_file
from slipway_ops.comment import Mark
from slipway_ops.errors import OperatorError
from slipway_ops.fitting import LIMIT
from slipway_ops.ink import Ink
from slipway_ops.masking import Masker
from slipway_ops.project import Project
from slipway_ops.summary import Report, render
from slipway_ops.telling import Telling
from slipway_ops.thread import Board

if TYPE_CHECKING:
    from slipway_ops.previewing import Order

_SUMMARY = "GITHUB_STEP_SUMMARY"
_SAFE_URL = re.compile(r"https?://[\w.:/-]+")


def board(project: Project, order: Order, tell: Telling) -> Board | None:
    """The stack's place on the pull request's thread; None when a comment is not asked for, or there is no pull request."""
    if not order.comment:
        return None
    thread = github.thread(order.pull_request)
    if thread is None:
        tell(
            "there is no pull request to comment on (GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_EVENT_PATH or --pull-request)"
        )
        return None
    commits = checkout.commits(project.folder)
    if not commits:
        raise OperatorError(
            f"{project.folder} is no git checkout: which commit the comment is of cannot be said"
        )
    at = order.began.isoformat(timespec="microseconds")
    of = Mark(at, secrets.token_hex(4), checkout.reviewed(commits, github.event_head()))
    mark = comment.marker(_name(project), project.stack)
    return Board(thread, mark, of, commits, tell)


def show(report: Report, ink: Ink, board: Board | None, tell: Telling) -> list[str]:
    """Shows it everywhere that it belongs; where that is."""
    return _put(render(report, ink, LIMIT), board, tell)


def failed(project: Project, board: Board | None, why: str, tell: Telling) -> None:
    """Shows why there is no preview at all."""
    ink = Ink(Masker(stack_secrets.of_environment()))
    title = f"## Preview of {ink.code(project.stack)} in {ink.code(_name(project))}"
    text = f"{title}\n\n### ❌ There is no preview\n\n{ink.block(why)}\n"
    _put(text, board, tell)


def whole(diff: Path | None, ink: Ink) -> str:
    """A sentence that says where the diff with everything is: the run that has it as its artefact."""
    if diff is None:
        return ""
    server, repository, run = (
        os.environ.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    )
    url = f"{server}/{repository}/actions/runs/{run}"
    file = ink.code(diff.name)
    return f"{file} among the artefacts of [this run]({url})" if run and _SAFE_URL.fullmatch(url) else file


def _put(text: str, board: Board | None, tell: Telling) -> list[str]:
    shown: list[str] = []
    if summary := os.environ.get(_SUMMARY):
        try:
            with Path(summary).open("a", encoding="utf-8") as file:
                file.write(f"{text}\n")
            shown.append("summary")
        except OSError as error:
            tell(f"the run's summary, {_SUMMARY}, cannot be written: {error}")
    try:
        if board and board.publish(text):
            shown.append("comment")
            tell("the pull request has it as a comment")
    except OperatorError:
        _print(text, tell)  # what was found is not lost with the host
        raise
    if not shown and not board:
        _print(text, tell)
        shown.append("output")
    return shown


def _print(text: str, tell: Telling) -> None:
    if not tell.as_json:
        click.echo(text)


def _name(project: Project) -> str:
    return str((yaml_file.mapping(yaml_file.load(project.folder / "Pulumi.yaml")) or {}).get("name"))
