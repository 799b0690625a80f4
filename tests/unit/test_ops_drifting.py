"""`slipway drift`: what it says, what it changes, and what it refuses, over a pulumi made of a few lines."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from slipway_ops import by_hand, drift_issue, drifting, previewing
from slipway_ops.cli import main
from slipway_ops.drifted import Drift
from slipway_ops.drifting import Order
from slipway_ops.errors import OperatorError
from slipway_ops.github import Host
from slipway_ops.ink import Ink
from slipway_ops.issues import Issues
from slipway_ops.masking import Masker
from slipway_ops.project import Project
from slipway_ops.telling import Telling

PULUMI = """#!/usr/bin/env python3
import json, os, pathlib, sys
if sys.argv[1] == "version":
    print("v3.220.0")
    sys.exit()
folder = pathlib.Path({folder!r})
if sys.argv[1:3] == ["stack", "export"]:
    print((folder / "state").read_text())
    sys.exit()
with (folder / "calls").open("a") as calls:
    calls.write(json.dumps([os.environ.get("PULUMI_K8S_ENABLE_PATCH_FORCE", ""), *sys.argv[1:]]) + "\\n")
runs = json.loads((folder / "runs").read_text())
run = runs.pop(0)
(folder / "runs").write_text(json.dumps(runs))
for line in run.get("out", []):
    print(json.dumps(line), flush=True)
print(run.get("err", ""), file=sys.stderr)
sys.exit(run.get("code", 0))
"""
BUCKET = "urn:pulumi:dev::shop::aws:s3/bucket:Bucket::files"
CLEAN: dict[str, Any] = {"out": []}


def metadata(op: str, urn: str = BUCKET, old: Any = None, new: Any = None, **diff: str) -> dict[str, Any]:
    states = {
        side: {"inputs": value, "outputs": value} if value is not None else None
        for side, value in (("old", old), ("new", new))
    }
    detailed = {path: {"diffKind": kind} for path, kind in diff.items()}
    return {"op": op, "urn": urn, "type": urn.split("::")[2], **states, "detailedDiff": detailed}


def refreshed(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"out": [{"resOutputsEvent": {"metadata": step}} for step in steps]}


def foreseen(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"out": [{"resourcePreEvent": {"metadata": step}} for step in steps]}


SECRET = "hunter-two"
SEALED = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": f'"{SECRET}"'}
CHANGED = refreshed(metadata("update", old={"acl": "private"}, new={"acl": "public-read"}, acl="update"))
UPDATED = foreseen(metadata("update", old={"acl": "public-read"}, new={"acl": "private"}, acl="update"))


class Stack:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
        (folder / "Pulumi.dev.yaml").write_text("config:\n  slipway:active: blue\n")
        (folder / "pulumi").write_text(PULUMI.format(folder=str(folder)))
        (folder / "pulumi").chmod(0o755)
        (folder / "state").write_text("{}")
        self.tell = Telling(as_json=True)

    def answers(self, *runs: dict[str, Any]) -> None:
        (self.folder / "runs").write_text(json.dumps(runs))

    def drift(self, *runs: dict[str, Any], **order: bool) -> dict[str, Any]:
        self.answers(*runs)
        return drifting.run(Project(self.folder, "dev"), Order(**order), self.tell)

    @property
    def calls(self) -> list[list[str]]:
        return [json.loads(line)[1:] for line in (self.folder / "calls").read_text().splitlines()]

    @property
    def said(self) -> list[str]:
        return [line["text"] for line in self.tell.lines]


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stack:
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("PULUMI_K8S_ENABLE_PATCH_FORCE", "")
    for name in ("GITHUB_TOKEN", "GITHUB_REPOSITORY", "GITHUB_API_URL"):
        monkeypatch.delenv(name, raising=False)
    return Stack(tmp_path)


def test_nothing_is_found_and_nothing_is_changed(stack: Stack) -> None:
    report = stack.drift(refreshed(metadata("same", old={}, new={})), fix=True)
    assert report == {"command": "drift", "project": "shop", "stack": "dev", "clean": True, "drift": []}
    assert stack.said == ["clean: 1 resources are as Pulumi's state says"]
    ((*arguments,),) = stack.calls
    assert arguments[:3] == ["refresh", "--preview-only", "--json"]


def test_what_is_found_is_said(stack: Stack) -> None:
    report = stack.drift(CHANGED)
    assert report["clean"] is False
    assert [(one["resource"], one["property"], one["was"], one["is"]) for one in report["drift"]] == [
        ("files", "acl", '"private"', '"public-read"')
    ]
    assert stack.said == [
        "drift: 1 differences in 1 of 1 resources",
        '  files (Bucket): acl was "private", is "public-read"',
    ]
    assert len(stack.calls) == 1


def test_it_is_brought_back_and_compared_again(stack: Stack) -> None:
    report = stack.drift(
        CHANGED, CLEAN, UPDATED, CLEAN, refreshed(metadata("same", old={}, new={})), fix=True
    )
    assert report["clean"] is True
    assert [one["property"] for one in report["mended"]] == ["acl"]
    assert [call[0] for call in stack.calls] == ["refresh", "preview", "preview", "up", "refresh"]
    _, before, after, up, _ = stack.calls
    assert "--refresh" not in before
    assert "--refresh" in after
    assert "--refresh" in up
    assert "would update files (Bucket)" in stack.said
    forced = [json.loads(line)[0] for line in (stack.folder / "calls").read_text().splitlines()]
    assert forced == ["", "true", "true", "true", "true"]


def test_what_is_not_released_yet_is_not_released_by_the_way(stack: Stack) -> None:
    with pytest.raises(
        OperatorError, match=r"would release that too; nothing was changed\n  would update files \(Bucket\)"
    ):
        stack.drift(CHANGED, UPDATED, fix=True)
    assert [call[0] for call in stack.calls] == ["refresh", "preview"]


@pytest.mark.parametrize("op", ["replace", "delete"])
def test_what_holds_data_is_not_lost_by_the_way(stack: Stack, op: str) -> None:
    lost = foreseen(metadata(op, old={}, new={}))
    with pytest.raises(
        OperatorError, match=rf"mending would lose data; no update was made\n  would {op} files \(Bucket\)"
    ):
        stack.drift(CHANGED, CLEAN, lost, fix=True)
    assert [call[0] for call in stack.calls] == ["refresh", "preview", "preview"]


def test_a_stack_that_names_it_lets_it_go(stack: Stack) -> None:
    (stack.folder / "Pulumi.dev.yaml").write_text("config:\n  slipway:allowReplacement: [files]\n")
    lost = foreseen(metadata("replace", old={}, new={}))
    assert stack.drift(CHANGED, CLEAN, lost, CLEAN, CLEAN, fix=True)["clean"] is True


def test_a_preview_that_fails_ends_it(stack: Stack) -> None:
    with pytest.raises(OperatorError, match=r"the preview failed; no update was made\n  error: no such role"):
        stack.drift(CHANGED, {"code": 1, "err": "error: no such role"}, fix=True)


def test_a_cluster_that_does_not_answer_is_no_drift(stack: Stack) -> None:
    said = {
        "diagnosticEvent": {"severity": "error", "message": "configured Kubernetes cluster is unreachable"}
    }
    with pytest.raises(
        OperatorError,
        match=r"could not be compared with the state: configured Kubernetes cluster is unreachable",
    ):
        stack.drift({"out": [said], "code": 1})


def test_no_secret_of_the_stack_is_in_what_pulumi_says(stack: Stack) -> None:
    state = {"deployment": {"resources": [{"outputs": {"x": SEALED}}]}}
    (stack.folder / "state").write_text(json.dumps(state))

    def said(severity: str) -> dict[str, Any]:
        return {"diagnosticEvent": {"severity": severity, "message": f"login {SECRET}"}}

    looking = {"out": [said("info#err"), *CHANGED["out"]]}
    with pytest.raises(OperatorError) as failed:
        stack.drift(looking, CLEAN, UPDATED, {"out": [said("info#err"), said("error")], "code": 1}, fix=True)
    assert stack.tell.masked(str(failed.value)) == "login [secret]"
    assert stack.said.count("login [secret]") == 2
    assert SECRET not in json.dumps(stack.tell.lines)


def test_what_was_added_by_hand_is_handed_back(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[Any] = []
    monkeypatch.setattr(by_hand, "hand_back", handed.append)
    urn = "urn:pulumi:dev::shop::kubernetes:core/v1:ConfigMap::settings"
    owner: dict[str, Any] = {
        "manager": "kubectl-edit",
        "operation": "Update",
        "fieldsV1": {"f:data": {"f:debug": {}}},
    }
    live: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings", "uid": "u", "managedFields": [owner]},
        "data": {"debug": "on"},
    }
    step = metadata("same", urn, old={"data": {}}, new=live)
    stack.drift(refreshed(step), CLEAN, CLEAN, CLEAN, CLEAN, fix=True)
    ((it, added),) = handed[0].items()
    assert (it.kind, it.name, [one.path for one in added]) == ("ConfigMap", "settings", [("data", "debug")])
    assert "taking away data.debug of settings (ConfigMap)" in stack.said


@pytest.mark.parametrize(("answer", "code"), [(CLEAN, 0), (CHANGED, 2), ({"code": 1}, 1)])
def test_the_exit_code_tells(stack: Stack, answer: dict[str, Any], code: int) -> None:
    stack.answers(answer)
    done = CliRunner().invoke(main, ["drift", "--stack", "dev", "--cwd", str(stack.folder), "--json"])
    assert done.exit_code == code
    assert ("error" in json.loads(done.stdout)) is (code == 1)


def test_an_issue_without_a_host_is_refused_before_anything_is_read(stack: Stack) -> None:
    with pytest.raises(OperatorError, match="set GITHUB_TOKEN and GITHUB_REPOSITORY"):
        stack.drift(issue=True)
    assert not (stack.folder / "calls").exists()


class FakeHost(Host):
    """The issues of one repository, in memory."""

    def __init__(self) -> None:
        super().__init__("https://git.example.com/api/v1", "team/shop", "token")
        self.issues: list[dict[str, Any]] = []
        self.comments: list[tuple[str, str]] = []

    def add(self, body: str, **more: Any) -> None:
        number = len(self.issues) + 1
        url = f"https://git.example.com/team/shop/issues/{number}"
        said = {
            "id": number,
            "number": number,
            "body": body,
            "html_url": url,
            "state": "open",
            "user": {"login": "bot"},
        }
        self.issues.append(said | more)

    def call(self, method: str, path: str, body: Any = None) -> tuple[Any, dict[str, str]]:
        if path == "/user":
            return {"login": "bot"}, {}
        assert path.startswith("/repos/team/shop/issues"), path
        rest = path.removeprefix("/repos/team/shop/issues").partition("?")[0].strip("/")
        if method == "GET":
            return [one for one in self.issues if one["state"] == "open"], {"Link": ""}
        if method == "POST" and not rest:
            self.add(body["body"], title=body["title"])
            return self.issues[-1], {}
        if method == "POST":
            self.comments.append((rest, body["body"]))
            return {}, {}
        self.issues[int(rest) - 1] |= body
        return {}, {}


def looked(stack: Stack, *secrets: str) -> previewing.Looked:
    masker, project = Masker(secrets), Project(stack.folder, "dev")
    state: Any = None
    return previewing.Looked(project, "shop", {}, state, "", Ink(masker), masker)


def keep(stack: Stack, host: FakeHost, *found: Drift) -> Any:
    return drift_issue.keep(looked(stack), [*found], Issues(host), stack.tell)


ACL = Drift(BUCKET, "aws:s3/bucket:Bucket", "changed", "acl", '"private"', '"public-read"')


def test_one_issue_is_opened_kept_and_closed(stack: Stack) -> None:
    host = FakeHost()
    host.add("somebody else's")
    assert keep(stack, host) == {}
    assert keep(stack, host, ACL)["done"] == "opened"
    assert host.issues[1]["title"] == "Drift in shop/dev"
    assert '`acl` was `"private"`, is `"public-read"`' in host.issues[1]["body"]
    gone = Drift(BUCKET, "aws:s3/bucket:Bucket", "deleted")
    assert keep(stack, host, gone) == {"number": 2, "url": host.issues[1]["html_url"], "done": "updated"}
    assert "**`files`** `aws:s3/bucket:Bucket` was deleted" in host.issues[1]["body"]
    assert keep(stack, host)["done"] == "closed"
    assert [one["state"] for one in host.issues] == ["open", "closed"]
    assert host.comments == [("2/comments", "Cloud and cluster are again as Pulumi's state says.")]
    assert keep(stack, host, ACL)["number"] == 3


def test_of_two_issues_the_older_is_kept(stack: Stack) -> None:
    host = FakeHost()
    keep(stack, host, ACL)
    host.add(host.issues[0]["body"])
    assert keep(stack, host, ACL)["number"] == 1
    assert [one["state"] for one in host.issues] == ["open", "closed"]


def test_whose_issue_it_is_counts(stack: Stack) -> None:
    """A stranger's issue with the marker, and a pull request with it, are left alone."""
    host = FakeHost()
    keep(stack, host, ACL)
    body = host.issues.pop()["body"]
    host.add(body, user={"login": "stranger"})
    host.add(body, pull_request={"url": "…"})
    assert keep(stack, host, ACL)["number"] == 3


def test_markup_in_values_is_harmless_and_secrets_are_masked(stack: Stack) -> None:
    one = Drift(
        BUCKET, "aws:s3/bucket:Bucket", "added", "tags.x", found='"@everyone ``<b>\u202e hush-hush-hush"'
    )
    text = drift_issue.text("shop/dev", "dev", [one], looked(stack, "hush-hush-hush").ink)
    assert "hush" not in text
    assert "\u202e" not in text
    assert '```"@everyone ``<b>\\u{202e} [secret]"```' in text


def test_a_very_long_issue_is_cut_between_resources(stack: Stack) -> None:
    many: Sequence[Drift] = [
        Drift(f"{BUCKET}{number}", "aws:s3/bucket:Bucket", "changed", "acl", "a" * 100, "b" * 100)
        for number in range(1000)
    ]
    text = drift_issue.text("shop/dev", "dev", many, looked(stack).ink)
    assert len(text) < 65_536
    assert "1000 places of 1000 resources" in text
    assert "more\n" in text
    assert "slipway drift --fix --stack dev" in text
