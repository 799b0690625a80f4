"""One comment for each stack: on any page, in place, of the last commit, whoever else writes."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway_ops import comment, github, thread
from slipway_ops.comment import Mark, marker
from slipway_ops.errors import OperatorError
from slipway_ops.github import Host, HostError, Thread
from slipway_ops.thread import Board
from tests.support.git_host import NUMBER, REPOSITORY, WORKFLOW, Answer, GitHost, serve

MARK = marker("shop", "prod")
OLD, NEW = "a" * 40, "b" * 40


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHost]:
    monkeypatch.setattr(github, "_PAUSE", 0.01)
    monkeypatch.setattr(thread, "_SETTLE_SECONDS", 0.05)
    with serve() as served:
        yield served


def board(host: GitHost, commit: str = OLD, at: str = "2026-01-01T00:00:00", token: str = "t") -> Board:
    there = Thread(Host(host.url, REPOSITORY, token), NUMBER)
    return Board(there, MARK, Mark(at, "r", commit), [commit], lambda _: None)


def shown(host: GitHost) -> list[Mark | None]:
    return [comment.read(body, MARK) for body in host.beginning(MARK)]


def test_it_is_made_once_and_then_edited_in_place(host: GitHost) -> None:
    assert board(host).publish("first")
    (made,) = host.comments
    host.head = NEW
    assert board(host, NEW).publish("second")
    (edited,) = host.comments
    assert edited["id"] == made["id"]
    assert edited["body"].endswith("second")
    assert "first" not in edited["body"]


@pytest.mark.parametrize("pages", [True, False], ids=["github", "gitea"])
@pytest.mark.parametrize("place", [0, 60, 120, 149])
def test_it_is_found_again_among_150_others(host: GitHost, place: int, pages: bool) -> None:
    host.pages = pages
    for number in range(150):
        if number == place:
            host.say(comment.compose(MARK, Mark("2025", "r", NEW), "ours"))
        host.say(f"remark {number}", "somebody")
    assert board(host).publish("new")
    assert len(host.comments) == 151
    (body,) = host.beginning(MARK)
    assert body.endswith("new")


def test_each_stack_has_its_own(host: GitHost) -> None:
    other = marker("shop", "dev")
    host.say(comment.compose(other, Mark("2025", "r", OLD), "dev's"))
    board(host).publish("prod's")
    assert [body.rsplit("\n", 1)[-1] for body in host.beginning(other)] == ["dev's"]
    assert len(host.beginning(MARK)) == 1


def test_what_somebody_else_marked_is_left_alone(host: GitHost) -> None:
    forged = host.say(comment.compose(MARK, Mark("9999", "r", OLD), "all is well"), "mallory")
    quoted = host.say(f"> look\n\n{MARK}\n", WORKFLOW)
    assert board(host).publish("the truth")
    assert "all is well" in forged["body"]
    assert "the truth" not in quoted["body"]
    assert len(host.comments) == 3


def test_a_persons_token_edits_what_that_person_wrote(host: GitHost) -> None:
    host.users["mine"] = "ops"
    other = host.say(comment.compose(MARK, Mark("2025", "r", OLD), "a workflow's"))
    board(host, token="mine").publish("mine")
    assert other["body"].endswith("a workflow's")
    assert host.comments[-1]["user"]["login"] == "ops"


def test_an_older_commit_shows_nothing(host: GitHost) -> None:
    host.head = NEW
    told: list[str] = []
    late = board(host, OLD)
    late.tell = told.append
    assert not late.publish("late")
    assert host.comments == []
    assert told == [
        "the pull request has a newer commit, whose own preview tells more: this one is not shown"
    ]


def test_an_older_commit_does_not_overwrite_a_newer_one(host: GitHost) -> None:
    host.head = NEW
    board(host, NEW).publish("of the new commit")
    assert not board(host, OLD).publish("late")
    (body,) = host.beginning(MARK)
    assert body.endswith("of the new commit")


def test_a_later_run_of_the_same_commit_wins(host: GitHost) -> None:
    assert board(host, at="2026-01-02").publish("later")
    assert not board(host, at="2026-01-01").publish("earlier")
    assert board(host, at="2026-01-03").publish("latest")
    (body,) = host.beginning(MARK)
    assert body.endswith("latest")


def test_a_merge_of_the_head_is_of_the_head(host: GitHost) -> None:
    merge = board(host, OLD)
    merge.commits = ["c" * 40, OLD]
    assert merge.publish("merged")


def test_a_push_marks_what_is_there_as_out_of_date(host: GitHost) -> None:
    board(host, OLD).publish("of the old commit")
    host.head = NEW
    newer = board(host, NEW)
    newer.announce()
    (body,) = host.beginning(MARK)
    assert "> [!WARNING]\n> Out of date: commit `bbbbbbbbbbbb` was pushed after it." in body
    assert body.endswith("of the old commit")
    assert [of and of.outdated for of in shown(host)] == [True]
    newer.announce()
    assert host.beginning(MARK) == [body], "once is enough"
    newer.publish("of the new commit")
    assert "Out of date" not in host.beginning(MARK)[0]
    newer.announce()
    assert "Out of date" not in host.beginning(MARK)[0]


def test_two_that_find_none_leave_one(host: GitHost) -> None:
    raced: list[bool] = []

    def meanwhile(method: str, path: str) -> Answer | None:
        if method == "POST" and not raced:
            raced.append(True)
            host.say(comment.compose(MARK, Mark("2026-01-02", "other", OLD), "the other's"))
        return None

    host.before = meanwhile
    assert not board(host).publish("mine"), "the other one began later"
    (body,) = host.beginning(MARK)
    assert body.endswith("the other's")


def test_what_an_older_commit_wrote_over_it_is_mended(host: GitHost) -> None:
    """Given a run that looked before this one wrote, when it writes after it, then this one writes again."""
    host.head = NEW
    late: list[int] = []

    def meanwhile(method: str, path: str) -> Answer | None:
        if method == "GET" and path.endswith("/comments") and host.beginning(MARK):
            late.append(1)
            if len(late) == 2:
                host.comments[0]["body"] = comment.compose(MARK, Mark("2026", "x", OLD), "late")
        return None

    host.before = meanwhile
    assert board(host, NEW).publish("of the new commit")
    (body,) = host.beginning(MARK)
    assert body.endswith("of the new commit")


def test_a_push_while_it_writes_leaves_no_last_word(host: GitHost) -> None:
    def pushed(method: str, path: str) -> Answer | None:
        if method == "POST":
            host.head = NEW
        return None

    host.before = pushed
    assert not board(host, OLD).publish("old")
    (body,) = host.beginning(MARK)
    assert "Out of date: commit `bbbbbbbbbbbb`" in body


@pytest.mark.parametrize("seed", range(5))
def test_ten_pushes_at_once_leave_one_comment_of_the_last(
    host: GitHost, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given 150 other comments and ten runs at once, each of a commit that another follows, then one comment is left."""
    monkeypatch.setattr(thread, "_SETTLE_SECONDS", 0.2)
    dice = random.Random(seed)  # noqa: S311  (no secrets are made of it)
    host.slowness = lambda: dice.random() * 0.02
    for number in range(150):
        host.say(f"remark {number}", "somebody")
    commits = [f"{number:040x}" for number in range(1, 11)]
    problems: list[BaseException] = []

    def one(commit: str, at: str) -> None:
        try:
            run = board(host, commit, at)
            run.announce()
            time.sleep(dice.random() * 0.05)
            run.publish(f"of {commit}")
        except BaseException as problem:
            problems.append(problem)

    workers = [
        threading.Thread(target=one, args=(commit, f"2026-01-{n:02}")) for n, commit in enumerate(commits)
    ]
    for worker, commit in zip(workers, commits, strict=True):
        host.head = commit
        worker.start()
        time.sleep(dice.random() * 0.03)
    for worker in workers:
        worker.join()
    assert problems == []
    (body,) = host.beginning(MARK)
    assert body.endswith(f"of {commits[-1]}")
    assert "Out of date" not in body
    assert len(host.comments) == 151


BUSY: list[tuple[Answer, int]] = [
    ((502, {"message": "bad gateway"}, {}), 2),
    ((429, {"message": "slow down"}, {"Retry-After": "0"}), 3),
    ((403, {"message": "secondary rate limit"}, {"Retry-After": "0"}), 2),
]


@pytest.mark.parametrize(("answer", "times"), BUSY)
def test_a_host_that_is_busy_is_asked_again(host: GitHost, answer: Answer, times: int) -> None:
    left = {"GET": times, "POST": times, "PATCH": times}

    def busy(method: str, _: str) -> Answer | None:
        left[method] -= 1
        return answer if left[method] >= 0 else None

    host.before = busy
    assert board(host).publish("text")
    assert len(host.beginning(MARK)) == 1


def test_a_comment_that_was_made_although_the_host_failed_is_not_made_twice(host: GitHost) -> None:
    failed: list[bool] = []

    def made_and_failed(method: str, _: str) -> Answer | None:
        if method == "POST" and not failed:
            failed.append(True)
            host.say(comment.compose(MARK, Mark("2026-01-01T00:00:00", "r", OLD), "text"))
            return 504, {"message": "timeout"}, {}
        return None

    host.before = made_and_failed
    assert board(host).publish("text")
    assert len(host.comments) == 1


def test_a_limit_that_is_far_away_is_told(host: GitHost) -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 3000)}
    host.before = lambda _method, _path: (403, {"message": "API rate limit exceeded"}, headers)
    with pytest.raises(
        HostError, match=r"rate limit exceeded \(403\)\n  to do: its limit .* for (2999|300\d) s more"
    ):
        board(host).publish("text")
    assert len(host.seen) == 1


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "permissions: pull-requests: write"),
        (403, "pull-requests: write"),
        (404, "pull request's number"),
        (301, "301"),
    ],
)
def test_a_refusal_is_told_with_what_to_do(host: GitHost, status: int, said: str) -> None:
    host.before = lambda _method, _path: (status, {"message": "no"}, {"Location": "http://127.0.0.1:1/"})
    with pytest.raises(HostError, match=said):
        board(host).publish("text")


def test_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(github, "_PAUSE", 0.001)
    with pytest.raises(HostError, match=r"does not answer.*\(no answer\)"):
        Thread(Host("http://127.0.0.1:1", REPOSITORY, "t"), NUMBER).head()


def test_an_answer_that_is_no_json(host: GitHost) -> None:
    host.before = lambda _method, _path: (200, "<html>", {})
    there = Thread(Host(host.url, REPOSITORY, "t"), NUMBER)
    with pytest.raises(HostError, match="something that is no JSON; see that GITHUB_API_URL"):
        there.head()


def where(found: Thread | None) -> tuple[str, str, int, str] | None:
    return found and (found.host.url, found.host.repository, found.number, found.host.token)


def test_the_place_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_TOKEN", "GITHUB_REPOSITORY", "GITHUB_API_URL", "GITHUB_EVENT_PATH"):
        monkeypatch.delenv(name, raising=False)
    assert github.thread(None) is None
    with pytest.raises(OperatorError, match="set GITHUB_TOKEN and GITHUB_REPOSITORY"):
        github.thread(7)
    monkeypatch.setenv("GITHUB_TOKEN", "t")
    monkeypatch.setenv("GITHUB_REPOSITORY", "team/shop")
    assert github.thread(None) is None
    assert where(github.thread(7)) == ("https://api.github.com", "team/shop", 7, "t")
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 9}}))
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(event))
    monkeypatch.setenv("GITHUB_API_URL", "https://git.example.com/api/v1/")
    assert where(github.thread(None)) == ("https://git.example.com/api/v1", "team/shop", 9, "t")
    event.write_text(json.dumps({"ref": "refs/heads/main"}))
    assert github.thread(None) is None
    event.write_text("{")
    with pytest.raises(OperatorError, match="cannot be read"):
        github.thread(None)
    monkeypatch.setenv("GITHUB_REPOSITORY", "shop")
    with pytest.raises(OperatorError, match="owner/name, got 'shop'"):
        github.thread(7)
    monkeypatch.setenv("GITHUB_REPOSITORY", "team/shop")
    monkeypatch.setenv("GITHUB_API_URL", "file:///etc")
    with pytest.raises(OperatorError, match="must be an address"):
        github.thread(7)
