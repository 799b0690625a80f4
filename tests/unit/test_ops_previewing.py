"""`slipway preview` and `slipway up`, whole: a pulumi made of a few lines says what the real one says, a Git host listens."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from slipway_ops import comment, github, previewing, thread
from slipway_ops.cli import main
from slipway_ops.comment import marker
from tests.support import planted
from tests.support.git_host import NUMBER, REPOSITORY, Answer, GitHost, serve
from tests.support.preview_events import (
    BUCKET,
    CONFIG_MAP,
    DATABASE,
    ROUTE,
    Event,
    diagnostic,
    finding,
    refreshed,
    route,
    same,
    step,
)

PULUMI = """#!{python} -IS
import json, pathlib, sys
folder = pathlib.Path({folder!r})
said = json.loads((folder / "said.json").read_text())
arguments = sys.argv[1:]
with (folder / "calls").open("a") as calls:
    calls.write(json.dumps(arguments) + "\\n")
if arguments[0] == "version":
    print("v3.220.0")
elif arguments[:2] == ["stack", "export"]:
    print(said["state"])
elif arguments[0] == "config":
    print(json.dumps(said["config"]))
else:
    if "--save-plan" in arguments:
        pathlib.Path(arguments[arguments.index("--save-plan") + 1]).write_text("pulumi's own plan")
    for event in said[arguments[0]]:
        print(json.dumps(event), flush=True)
    print(said["stderr"], file=sys.stderr)
    sys.exit(said["code"].get(arguments[0], 0))
"""
FILE = """\
config:
  shop:password: {secure: v1:abc}
  slipway:active: green
"""
MARK = marker("shop", "prod")
TRAFFIC = step(
    "update",
    ROUTE,
    "chat-route",
    route(blue=100, green=0),
    route(blue=0, green=100),
    diff={"spec.rules[0].backendRefs[0].weight": "update", "spec.rules[0].backendRefs[1].weight": "update"},
)


def state(*resources: dict[str, Any]) -> str:
    return json.dumps(
        {
            "version": 3,
            "deployment": {"manifest": {"time": "2026-01-01T00:00:00+00:00"}, "resources": resources},
        }
    )


class Shop:
    """A project in a git checkout, and what its pulumi says."""

    def __init__(self, folder: Path, tools: Path) -> None:
        self.folder, self.tools = folder, tools
        program = tools / "pulumi"
        program.write_text(PULUMI.format(python=sys.executable, folder=str(tools)))
        program.chmod(0o755)
        self.said: dict[str, Any] = {
            "state": state({"urn": "urn:a", "outputs": {"x": 1}, "modified": "2026-01-01"}),
            "config": {"shop:password": {"value": planted.SEALED["password"], "secret": True}},
            "preview": [TRAFFIC],
            "up": [],
            "code": {},
            "stderr": "",
        }
        self.file = folder / "Pulumi.prod.yaml"
        self.plan = tools / "plan.json"
        self.event = tools / "none"
        (folder / "Pulumi.yaml").write_text("name: shop\n")
        (folder / "__main__.py").write_text("program\n")
        self.file.write_text(FILE)
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit = self.committed("first")

    def pull_request(self, host: GitHost, commit: str) -> None:
        """That is what the pull request is at."""
        host.head = commit
        self.event.write_text(json.dumps({"pull_request": {"number": NUMBER, "head": {"sha": commit}}}))

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        done = subprocess.run(
            ["git", "-C", str(self.folder), *who, *arguments], check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def committed(self, message: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        self.commit = self.git("rev-parse", "HEAD")
        return self.commit

    def run(self, command: str, *arguments: str) -> Result:
        (self.tools / "said.json").write_text(json.dumps(self.said))
        (self.tools / "calls").unlink(missing_ok=True)
        return CliRunner().invoke(main, [command, *arguments, "--cwd", str(self.folder), "--stack", "prod"])

    def previewed(self, *events: Event, code: int = 0) -> Result:
        self.said["preview"], self.said["code"] = [*events], {"preview": code}
        return self.run("preview", "--plan", str(self.plan))

    @property
    def calls(self) -> list[list[str]]:
        lines = (self.tools / "calls").read_text().splitlines()
        return [json.loads(line) for line in lines if json.loads(line)[0] != "version"]

    def up(self) -> Result:
        return self.run("up", "--plan", str(self.plan))


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    for name in list(os.environ):
        if name.startswith("GITHUB_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GITHUB_TOKEN", planted.SHAPED["github"])
    (tmp_path / "tools").mkdir()
    (tmp_path / "shop").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'tools'}:{os.environ['PATH']}")
    return Shop(tmp_path / "shop", tmp_path / "tools")


@pytest.fixture
def host(shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[GitHost]:
    """A pull request at the shop's commit, in the environment of a workflow."""
    monkeypatch.setattr(github, "_PAUSE", 0.01)
    monkeypatch.setattr(thread, "_SETTLE_SECONDS", 0.01)
    with serve() as served:
        served.head = shop.commit
        shop.event = tmp_path / "event.json"
        shop.event.write_text(json.dumps({"pull_request": {"number": NUMBER, "head": {"sha": shop.commit}}}))
        monkeypatch.setenv("GITHUB_API_URL", served.url)
        monkeypatch.setenv("GITHUB_REPOSITORY", REPOSITORY)
        monkeypatch.setenv("GITHUB_EVENT_PATH", str(tmp_path / "event.json"))
        yield served


def test_it_is_shown_on_standard_output(shop: Shop) -> None:
    result = shop.run("preview")
    assert result.exit_code == 0
    assert "**prod traffic: 100 % blue → 100 % green**" in result.output
    assert f"Of commit `{shop.commit}` and state `" in result.output
    assert [call[0] for call in shop.calls] == ["stack", "config", "preview"]
    assert "--refresh" not in shop.calls[-1]


def test_the_comment_and_the_summary(
    shop: Shop, host: GitHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://git.example.com")
    monkeypatch.setenv("GITHUB_RUN_ID", "42")
    result = shop.run("preview", "--comment", "--diff", str(tmp_path / "artefacts" / "diff.md"))
    assert result.exit_code == 0, result.output
    assert "the pull request has it as a comment" in result.output
    (body,) = host.beginning(MARK)
    assert "100 % blue → 100 % green" in body
    assert (
        "The whole diff: `diff.md` among the artefacts of [this run](https://git.example.com/team/shop/actions/runs/42)"
        in body
    )
    assert "100 % blue → 100 % green" in (tmp_path / "summary.md").read_text()
    assert "+ spec.rules[0].backendRefs[0].weight: 0" in (tmp_path / "artefacts" / "diff.md").read_text()
    of = comment.read(body, MARK)
    assert of and of.commit == shop.commit


def test_for_programs(shop: Shop, host: GitHost) -> None:
    report = json.loads(shop.run("preview", "--comment", "--json").output)
    assert report["changes"] == {"update": 1}
    assert report["traffic"] == [
        {"app": "chat", "was": {"blue": 100, "green": 0}, "now": {"blue": 0, "green": 100}}
    ]
    assert report["shown"] == ["comment"]
    assert report["commit"] == shop.commit


def test_without_a_pull_request_it_goes_to_standard_output(shop: Shop) -> None:
    result = shop.run("preview", "--comment")
    assert result.exit_code == 0
    assert "there is no pull request to comment on" in result.output
    assert "100 % blue → 100 % green" in result.output


def test_a_merge_that_the_host_checked_out(shop: Shop, host: GitHost) -> None:
    shop.git("checkout", "--quiet", "-b", "change", "HEAD~0")
    shop.pull_request(host, shop.committed("a change"))
    shop.git("checkout", "--quiet", "main")
    shop.committed("main moves")
    shop.git("merge", "--quiet", "--no-ff", "--message", "merge", "change")
    assert shop.run("preview", "--comment").exit_code == 0
    (body,) = host.beginning(MARK)
    assert f"Of commit `{host.head}`" in body


def test_a_branch_that_merged_main(shop: Shop, host: GitHost) -> None:
    shop.git("checkout", "--quiet", "-b", "change")
    shop.git("checkout", "--quiet", "main")
    main = shop.committed("main moves")
    shop.git("checkout", "--quiet", "change")
    shop.committed("a change")
    shop.git("merge", "--quiet", "--no-ff", "--message", "up to date", "main")
    shop.pull_request(host, shop.committed("more"))
    assert shop.run("preview", "--comment").exit_code == 0
    shop.git("reset", "--quiet", "--hard", "HEAD~1")
    shop.pull_request(host, shop.git("rev-parse", "HEAD"))
    assert shop.run("preview", "--comment").exit_code == 0
    assert f"Of commit `{host.head}`" in host.beginning(MARK)[0]
    assert main not in host.beginning(MARK)[0]


def test_a_shallow_clone_of_a_merge(shop: Shop, host: GitHost, tmp_path: Path) -> None:
    """Given what a workflow checks out, one commit deep, then the pull request's head is still known."""
    shop.git("checkout", "--quiet", "-b", "change")
    shop.pull_request(host, shop.committed("a change"))
    shop.git("checkout", "--quiet", "main")
    shop.git("merge", "--quiet", "--no-ff", "--message", "merge", "change")
    shallow = tmp_path / "shallow"
    subprocess.run(
        ["git", "clone", "--quiet", "--depth=1", f"file://{shop.folder}", str(shallow)], check=True
    )
    shop.folder = shallow
    assert shop.run("preview", "--comment").exit_code == 0
    assert f"Of commit `{host.head}`" in host.beginning(MARK)[0]


def test_a_host_that_fails_hides_no_preview(shop: Shop, host: GitHost) -> None:
    def failing(method: str, _: str) -> Answer | None:
        return (422, {"message": "no comments today"}, {}) if method == "POST" else None

    host.before = failing
    result = shop.run("preview", "--comment")
    assert result.exit_code == 1
    assert "no comments today" in result.output
    assert "100 % blue → 100 % green" in result.output


def test_a_failing_preview_says_why_in_the_comment(shop: Shop, host: GitHost) -> None:
    shop.said |= {
        "preview": [diagnostic("error", "no such bucket")],
        "code": {"preview": 255},
        "stderr": "error: preview failed",
    }
    result = shop.run("preview", "--comment", "--plan", str(shop.plan))
    assert result.exit_code == 1
    assert "the preview failed; nothing was changed\n  no such bucket" in result.output
    (body,) = host.beginning(MARK)
    assert "❌ This preview failed" in body
    assert "no such bucket" in body
    assert not shop.plan.exists()


def test_what_keeps_a_preview_from_beginning_is_in_the_comment(shop: Shop, host: GitHost) -> None:
    shop.said["state"] = "x"
    (shop.tools / "pulumi").write_text(
        '#!/bin/sh\necho "error: wrong passphrase $GITHUB_TOKEN" >&2\nexit 255\n'
    )
    result = shop.run("preview", "--comment")
    assert result.exit_code == 1
    (body,) = host.beginning(MARK)
    assert (
        "There is no preview\n\n```\npulumi stack export failed; nothing was changed: error: wrong passphrase [secret]\n```"
        in body
    )
    assert "ghp_" not in result.output


def test_policies_refuse(shop: Shop, host: GitHost) -> None:
    shop.said |= {"preview": [finding("images-pinned", "mandatory", "no digest")], "code": {"preview": 1}}
    result = shop.run("preview", "--comment")
    assert result.exit_code == 1
    assert "images-pinned: db: no digest" in result.output
    assert "refused by policies" in host.beginning(MARK)[0]


def test_data_that_would_be_lost_is_refused(shop: Shop) -> None:
    result = shop.previewed(step("delete", DATABASE, "orders", {}))
    assert result.exit_code == 1
    assert "the update would take away what holds data: urn:" in result.output
    assert "name it in slipway:allowReplacement of Pulumi.prod.yaml" in result.output
    assert not shop.plan.exists()
    shop.file.write_text(f"{FILE}  slipway:allowReplacement: [orders]\n")
    assert shop.previewed(step("delete", DATABASE, "orders", {})).exit_code == 0


def test_the_projects_own_policies_are_asked(shop: Shop) -> None:
    (shop.folder / "policies").mkdir()
    (shop.folder / "policies" / "PulumiPolicy.yaml").write_text("runtime: python\n")
    shop.run("preview")
    assert shop.calls[-1][shop.calls[-1].index("--policy-pack") + 1] == str(shop.folder / "policies")
    other = shop.tools / "pack"
    other.mkdir()
    shop.run("preview", "--policy-pack", str(other))
    assert shop.calls[-1][shop.calls[-1].index("--policy-pack") + 1] == str(other)


def test_no_secret_gets_out_anywhere(
    shop: Shop, host: GitHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given thirty secrets of fifteen kinds, then none is in comment, log, artefact, summary, plan or JSON."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    seal = "4dabf18193072939515e22adb298388d"
    sealed = [
        {seal: "1b47061264138c4ac30d75fd1eb44270", "plaintext": json.dumps(text)}
        for text in planted.MADE.values()
    ]
    names = [name for name in planted.SEALED if name != "password"]
    shop.file.write_text(FILE + "".join(f"  shop:{name}: {{secure: v1:abc}}\n" for name in names))
    shop.said["config"] |= {f"shop:{name}": {"value": planted.SEALED[name], "secret": True} for name in names}
    properties = planted.properties()
    shop.said |= {
        "state": state({"urn": "urn:a", "outputs": {"made": sealed}}),
        "preview": [
            step("update", CONFIG_MAP, planted.SEALED["password"], {"shown": 1}, properties),
            step("create", BUCKET, "b", None, properties),
            step("create", "kubernetes:core/v1:Secret", "s", None, {"data": {"a": planted.IN_SECRET}}),
            *(
                diagnostic(severity, text)
                for severity in ("error", "warning", "info")
                for text in planted.texts()
            ),
            *(finding("policy", "mandatory", text) for text in planted.texts()),
        ],
        "stderr": "\n".join(planted.texts()),
    }
    outputs: list[str] = []
    for code in (255, 0):  # the last one saves a plan
        for arguments in (["--comment", "--json"], []):
            shop.said["code"] = {"preview": code}
            files = ["--diff", str(tmp_path / "diff.md"), "--plan", str(shop.plan)]
            outputs.append(shop.run("preview", *arguments, *files).output)
            outputs += [path.read_text() for path in (tmp_path / "diff.md", tmp_path / "summary.md")]
            outputs += host.beginning(MARK)
    outputs.append(shop.plan.read_text())
    assert [word for word in planted.words() for output in outputs if word in output] == []
    assert any("shown-value" in output for output in outputs)


def test_a_pipe_stays_what_it_is(shop: Shop) -> None:
    pipe = shop.tools / "pipe"
    os.mkfifo(pipe)
    refused = shop.run("preview", "--plan", str(pipe))
    assert refused.exit_code == 1
    assert f"{pipe} is no regular file, and a plan is kept in one; nothing was changed" in refused.output
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert shop.run("preview", "--diff", str(pipe)).exit_code == 0
        assert "100 % blue → 100 % green" in os.read(reader, 65536).decode()
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_a_link_stays_what_it_is(shop: Shop) -> None:
    file, link = shop.tools / "file", shop.tools / "link"
    file.write_text("as it was")
    link.symlink_to(file)
    assert "is no regular file" in shop.run("preview", "--plan", str(link)).output
    assert file.read_text() == "as it was"
    assert shop.run("preview", "--diff", str(link)).exit_code == 0
    assert link.is_symlink()
    assert "100 % blue → 100 % green" in file.read_text()


def test_the_diff_on_standard_output(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """By another name for it: a mistake must not take the machine's own away."""
    named = shop.tools / "stdout"
    monkeypatch.setattr(previewing, "_STDOUT", named)
    assert shop.run("preview", "--diff", str(named)).output.count("100 % blue → 100 % green") == 2
    assert not named.exists()


def test_a_diff_that_cannot_be_written_leaves_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    (shop.tools / "out").mkdir()
    monkeypatch.setattr(Path, "replace", full)
    result = shop.run("preview", "--diff", str(shop.tools / "out" / "diff.md"))
    assert result.exit_code == 1
    assert (
        "diff.md cannot be written: No space left on device\n  to do: name a file in a folder"
        in result.output
    )
    assert [*(shop.tools / "out").iterdir()] == []


def test_an_unchanged_stack_gets_what_was_reviewed(shop: Shop) -> None:
    assert shop.previewed(TRAFFIC, same(CONFIG_MAP, "c", {})).exit_code == 0
    assert "--refresh" in shop.calls[-1]
    reviewed = json.loads(shop.plan.read_text())
    assert reviewed["commit"] == shop.commit
    result = shop.up()
    assert result.exit_code == 0, result.output
    assert [call[0] for call in shop.calls] == ["stack", "config", "preview", "up"]
    up = shop.calls[-1]
    assert "--refresh" in up
    assert up[up.index("--plan") + 1] == shop.calls[-2][shop.calls[-2].index("--save-plan") + 1]
    assert not Path(up[up.index("--plan") + 1]).exists(), "Pulumi's own plan is gone"
    assert "0 changed, as plan" in result.output


def test_a_squashed_merge_of_the_same_files_is_the_same(shop: Shop) -> None:
    shop.previewed(TRAFFIC)
    shop.committed("the merge")
    (shop.folder / "Pulumi.dev.yaml").write_text("config: {}\n")
    shop.committed("another stack's file")
    assert shop.up().exit_code == 0


CHANGES: dict[str, tuple[Callable[[Shop], object], str]] = {
    "code": (
        lambda shop: (shop.folder / "__main__.py").write_text("other\n"),
        "the code changed since: __main__.py",
    ),
    "more code": (
        lambda shop: ((shop.folder / "more.py").write_text("other\n"), shop.committed("more")),
        "the code changed since: more.py",
    ),
    "what a program may read": (
        lambda shop: (
            (shop.folder / "venv").mkdir(),
            (shop.folder / "venv" / "names.md").write_text("other\n"),
            shop.committed("more"),
        ),
        "the code changed since: venv/names.md",
    ),
    "configuration": (
        lambda shop: shop.file.write_text(FILE.replace("green", "blue")),
        "the stack's file changed since: slipway:active",
    ),
    "a secret": (
        lambda shop: shop.file.write_text(FILE.replace("v1:abc", "v1:def")),
        "the stack's file changed since: shop:password",
    ),
    "state": (
        lambda shop: shop.said.update(state=state({"urn": "urn:a", "outputs": {"x": 2}})),
        "somebody updated the stack",
    ),
    "a secret in the state": (
        lambda shop: shop.said.update(
            state=state({"urn": "urn:a", "outputs": {"x": 1, "s": {"plaintext": "1"}}})
        ),
        "the state changed since: it was ",
    ),
    "cloud": (
        lambda shop: shop.said.update(
            preview=[
                *refreshed(CONFIG_MAP, "settings", {"a": 1}, {"a": 2}, a="update"),
                TRAFFIC,
            ]
        ),
        "the cloud changed since: settings: a",
    ),
    "another value": (
        lambda shop: shop.said.update(
            preview=[
                step(
                    "update",
                    ROUTE,
                    "chat-route",
                    route(blue=100, green=0),
                    route(blue=10, green=90),
                    diff={
                        "spec.rules[0].backendRefs[0].weight": "update",
                        "spec.rules[0].backendRefs[1].weight": "update",
                    },
                )
            ]
        ),
        "the update would do something else now: chat-route (update): spec.rules[0].backendRefs[0].weight",
    ),
    "one step more": (
        lambda shop: shop.said.update(preview=[TRAFFIC, step("create", BUCKET, "b", None, {"bucket": "x"})]),
        "the update would do something else now: b (create): bucket",
    ),
    "one step less": (
        lambda shop: shop.said.update(preview=[]),
        "the update would do something else now: chat-route (update) no longer",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_changed_since_the_review_is_refused(shop: Shop, what: str) -> None:
    assert shop.previewed(TRAFFIC).exit_code == 0
    change, said = CHANGES[what]
    change(shop)
    result = shop.up()
    assert result.exit_code == 1
    assert "this is not what was reviewed as plan" in result.output
    assert said in result.output
    assert "to do: make the review anew" in result.output
    assert "up" not in [call[0] for call in shop.calls]


def test_what_lies_about_is_no_change(shop: Shop) -> None:
    shop.previewed(TRAFFIC)
    (shop.folder / "artefact.json").write_text("{}")
    assert shop.up().exit_code == 0


def test_links_and_other_repositories_count(shop: Shop) -> None:
    def link(to: str, commit: str) -> None:
        (shop.folder / "link").unlink(missing_ok=True)
        (shop.folder / "link").symlink_to(to)
        shop.git("add", "link")
        shop.git("update-index", "--add", "--cacheinfo", f"160000,{commit},module")

    link("a", "1" * 40)
    shop.previewed(TRAFFIC)
    link("b", "2" * 40)
    assert "the code changed since: link, module" in shop.up().output


def test_everything_that_differs_is_told_at_once(shop: Shop) -> None:
    shop.previewed(TRAFFIC)
    for what in ("code", "configuration", "state"):
        CHANGES[what][0](shop)
    said = shop.up().output
    assert all(CHANGES[what][1] in said for what in ("code", "configuration", "state"))


def test_what_only_the_state_says_of_itself_is_no_change(shop: Shop) -> None:
    shop.previewed(TRAFFIC)
    shop.said["state"] = state(
        {"urn": "urn:a", "outputs": {"x": 1}, "modified": "2026-02-02", "sourcePosition": "a#1"}
    )
    assert shop.up().exit_code == 0


def test_names_that_are_made_up_each_time_are_no_change(shop: Shop) -> None:
    def named(end: str) -> list[Event]:
        auto = {"metadata": {"name": f"settings-{end}", "annotations": {"pulumi.com/autonamed": "true"}}}
        return [
            step("create", CONFIG_MAP, "settings", None, auto),
            step("create", BUCKET, "uploads", None, {"__defaults": ["bucket"], "bucket": f"uploads-{end}"}),
            step("create", CONFIG_MAP, "user", None, {"data": {"url": f"s3://uploads-{end}/settings-{end}"}}),
        ]

    shop.previewed(*named("4f2a91c"))
    shop.said["preview"] = named("0d9e77b")
    assert shop.up().exit_code == 0, shop.up().output


def test_another_stacks_plan(shop: Shop) -> None:
    shop.previewed(TRAFFIC)
    said = json.loads(shop.plan.read_text()) | {"stack": "dev"}
    shop.plan.write_text(json.dumps(said))
    assert "it is a plan of shop/dev, this is shop/prod" in shop.up().output


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 1}', '{"a": 1}'])
def test_no_plan(shop: Shop, text: str) -> None:
    shop.plan.write_text(text)
    result = shop.up()
    assert result.exit_code == 1
    assert "is no plan of `slipway preview --plan`" in result.output


def test_a_plan_of_another_format(shop: Shop) -> None:
    shop.previewed(TRAFFIC)
    shop.plan.write_text(json.dumps(json.loads(shop.plan.read_text()) | {"format": 2, "more": 1}))
    assert "a plan of format 2, this slipway reads 1" in shop.up().output


def test_a_plan_that_is_not_there(shop: Shop) -> None:
    assert "cannot be read: No such file" in shop.up().output


def test_an_update_that_fails_says_why_without_secrets(shop: Shop) -> None:
    shop.previewed(TRAFFIC)
    shop.said |= {
        "up": [diagnostic("error", f"login as {planted.SEALED['password']} failed")],
        "code": {"up": 1},
    }
    result = shop.up()
    assert result.exit_code == 1
    assert "login as [secret] failed" in result.output


def test_a_preview_that_fails_before_the_update(shop: Shop) -> None:
    shop.previewed(TRAFFIC)
    shop.said |= {"preview": [diagnostic("error", "no cloud")], "code": {"preview": 1}}
    result = shop.up()
    assert "the preview failed; nothing was changed\n  no cloud" in result.output


def test_a_folder_without_git(shop: Shop, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    for name in ("Pulumi.yaml", "__main__.py", "Pulumi.prod.yaml"):
        (plain / name).write_bytes((shop.folder / name).read_bytes())
    (plain / "linked").symlink_to(shop.tools)
    (shop.tools / "module.py").write_text("x")
    shop.folder = plain
    result = shop.previewed(TRAFFIC)
    assert "Of a folder without git" in result.output
    assert "linked/module.py" in json.loads(shop.plan.read_text())["code"]
    assert shop.run("preview", "--comment", "--pull-request", "7").exit_code == 1
