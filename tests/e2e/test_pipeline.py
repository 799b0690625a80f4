"""The pipeline on a real Git server: from a pull request to what is served, a bad commit that is undone, and a person's way back.

Gitea is the server, `act` runs the workflows (docs/pipeline.md says what of GitHub that is not). The tests are one story, in this order.
"""

from __future__ import annotations

import base64
import os
import secrets
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from slipway_local import toolchain
from tests.support import gitea
from tests.support.environment import Environment, wait_for
from tests.support.gitea import Gitea, GiteaError
from tests.support.load import load
from tests.support.project import REPOSITORY, Project, begin, dev_settings, removed_at_end
from tests.support.workflows import Job, Ran, Runner, listening_for

STACK, NODE_PORT = "piped", 30098
HOME = "127.0.0.1:5000/slipway-tests/piped"
TEAM = "team/slipway"
BUILD_ARGS = "NODE_IMAGE=node:24-bookworm-slim SERVER=server.ts HEALTH_PATH=/healthz"
CHECKS = (Job("ci.yml", "unit"), Job("ci.yml", "build"), Job("quality.yml", "docs"))
"""Not the job that runs `make test`: this is one of its tests."""
PREVIEW = Job("preview.yml", "preview", on_platform=True)
DELIVERY = Job("cd.yml", "dev", on_platform=True)
"""Not the job for prod, which is the same workflow on an account's cluster."""
BY_HAND = Job("cd.yml", "by-hand", on_platform=True)
MOST_SECONDS = {"build": 300, "tests": 600, "deploy": 120, "rollback": 60}
SERVER = "apps/chat/server.ts"
GOOD, BAD = (
    '  if (path === "/version") answer(',
    '  if (path !== "/healthz") response.writeHead(500).end(release);\n  else if (path === "/version") answer(',
)
SETTINGS = f"Pulumi.{STACK}.yaml"
AUTHOR = ("git", "-c", "user.name=author", "-c", "user.email=author@example.com")
RATE = 50
Record = Callable[[str, object], None]
BUILT = "Success - Main Build, push and sign"


@dataclass
class Pipeline:
    """A repository on the server, who works on it, and what its stack serves."""

    author: Gitea
    robot: Gitea
    runner: Runner
    folder: Path
    environment: Environment
    hidden: list[str]
    """What must stand in no log and no comment."""
    logs: list[str] = field(default_factory=list[str])
    first: str = ""
    """The image that was there before anything was delivered."""
    pull: dict[str, Any] = field(default_factory=dict[str, Any])
    """The first pull request."""

    def git(self, *arguments: str) -> str:
        command = [*AUTHOR, "-C", self.folder, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        return self.author.call(method, f"/repos/{TEAM}{path}", body)

    def propose(self, branch: str, change: Callable[[Path], None]) -> dict[str, Any]:
        """A branch off main with this change, pushed; its pull request."""
        self.git("fetch", "--quiet", "origin")
        self.git("switch", "--quiet", "--force-create", branch, "origin/main")
        change(self.folder)
        self.git("commit", "--quiet", "--all", "--message", branch)
        self.git("push", "--quiet", "origin", branch)
        return self.call("POST", "/pulls", {"title": branch, "head": branch, "base": "main"})

    def checked(self, pull: dict[str, Any], seconds: float) -> dict[str, Ran]:
        return self.by_name(self.runner.wait("pull_request", pull["head"]["sha"], seconds))

    def merge(self, pull: dict[str, Any]) -> str:
        """Merges it as soon as the server lets it; the commit."""

        def merged() -> bool:
            try:
                self.call("POST", f"/pulls/{pull['number']}/merge", {"Do": "merge"})
            except GiteaError as error:
                if error.status != 405 or "try again" not in str(error):  # it still looks for conflicts
                    raise
                return False
            return True

        wait_for(merged, 30, "the server to merge")
        return self.call("GET", f"/pulls/{pull['number']}")["merge_commit_sha"]

    def delivered(self, commit: str, seconds: float = 420) -> Ran:
        return self.by_name(self.runner.wait("push", commit, seconds))[DELIVERY.name]

    def comments(self, pull: dict[str, Any]) -> list[dict[str, Any]]:
        return self.call("GET", f"/issues/{pull['number']}/comments")

    def said(self) -> dict[str, Any]:
        """The stack's file as main has it."""
        there = self.call("GET", f"/contents/Pulumi.{STACK}.yaml?ref=main")
        return yaml.safe_load(base64.b64decode(there["content"]))["config"]

    def by_name(self, ran: list[Ran]) -> dict[str, Ran]:
        self.logs += [one.text for one in ran]
        return {one.job.name: one for one in ran}


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A new server with a copy of this repository, whose main says what nobody has brought up yet."""
    folder = tmp_path_factory.mktemp("pipeline")
    with pytest.MonkeyPatch.context() as changed, gitea.serving("author", "robot") as (author, robot):
        changed.setenv("AWS_ACCESS_KEY_ID", "000000000098")
        known = _means(folder)
        clone = _clone(folder / "author")
        project = Project(clone, STACK)
        first = _image(clone, known)
        begin(project, yaml.safe_dump(_settings(first), sort_keys=False))
        with removed_at_end(project):
            _share(clone, author, robot)
            runner = Runner(
                robot,
                TEAM,
                _folder(folder / "runner"),
                variables={
                    "IMAGE_REPOSITORY": HOME,
                    "COSIGN_KEY": known["COSIGN_KEY"],
                    "COSIGN_PUBLIC_KEY": known["COSIGN_PUBLIC_KEY"],
                    "PULUMI_BACKEND_URL": os.environ["PULUMI_BACKEND_URL"],
                    "SLIPWAY_REVIEWED_STACKS": f'["{STACK}"]',
                },
                environment={**known, "PLANS_DIR": str(folder / "plans")},
                jobs={
                    "pull_request": (*CHECKS, PREVIEW),
                    "push": (DELIVERY,),
                    "workflow_dispatch": (BY_HAND,),
                },
            )
            hidden = [author.token, robot.token, known["COSIGN_PASSWORD"]]
            environment = Environment(project, f"http://127.0.0.1:{NODE_PORT}")
            made = Pipeline(author, robot, runner, clone, environment, hidden, first=first)
            with listening_for(runner):
                _guard(made)
                yield made


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def _means(folder: Path) -> dict[str, str]:
    """A key for signatures, and what else the runner's machine says of itself."""
    password = secrets.token_urlsafe(24)
    cosign = toolchain.program("cosign") / "bin/cosign"
    subprocess.run(
        [cosign, "generate-key-pair"],
        cwd=folder,
        env={**os.environ, "COSIGN_PASSWORD": password},
        check=True,
        capture_output=True,
    )
    return {
        "COSIGN_KEY": str(folder / "cosign.key"),
        "COSIGN_PUBLIC_KEY": str(folder / "cosign.pub"),
        "COSIGN_PASSWORD": password,
        "IMAGE_REPOSITORY": HOME,
        "BUILD_ARGS": BUILD_ARGS,
        "DOCKER": "/usr/bin/docker",  # Debian's, whose BuildKit needs no plug-in
    }


def _clone(folder: Path) -> Path:
    """This repository as it lies here, committed, with an environment of another name: dev may be up beside it."""
    subprocess.run(["git", "clone", "--quiet", REPOSITORY, folder], check=True)
    listed = subprocess.run(
        ["git", "-C", REPOSITORY, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    for name in filter(None, listed):
        source, copy = REPOSITORY / name, folder / name
        copy.unlink(missing_ok=True)
        if source.is_symlink():
            copy.symlink_to(source.readlink())
        elif source.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(source.read_bytes())
            copy.chmod(source.stat().st_mode)
    (folder / ".venv").symlink_to(REPOSITORY / ".venv")
    delivery = folder / ".github/workflows/cd.yml"
    said = delivery.read_text().replace("stack: dev", f"stack: {STACK}")
    delivery.write_text(said.replace("[dev, prod]", f"[{STACK}, prod]"))
    for arguments in (("add", "--all"), ("commit", "--quiet", "--message", f"An environment {STACK}")):
        subprocess.run([*AUTHOR, "-C", folder, *arguments], check=True, capture_output=True)
    return folder


def _image(clone: Path, known: dict[str, str]) -> str:
    """The application's image, built and signed as the pipeline does it; by its digest."""
    done = subprocess.run(
        ["scripts/ci/image.sh"],
        cwd=clone,
        env={**os.environ, **known},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _settings(image: str) -> dict[str, Any]:
    """Dev's, with its own port, and the same image in both colours."""
    settings = dev_settings()
    config = settings["config"]
    del config["slipway:images"], config["docker:registryAuth"]
    config["slipway:gateway"]["nodePort"] = NODE_PORT
    config["slipway:app"]["resources"]["cpu"] = "50m"
    config["slipway:app"]["scaling"]["maxReplicas"] = 2
    config |= {"slipway:blueImage": image, "slipway:greenImage": image}
    return settings


def _share(clone: Path, author: Gitea, robot: Gitea) -> None:
    """Makes the repository on the server and pushes main to it."""
    author.call("POST", "/orgs", {"username": "team"})
    author.call("POST", "/orgs/team/repos", {"name": "slipway", "default_branch": "main"})
    who = robot.call("GET", "/user")["login"]
    author.call("PUT", f"/repos/{TEAM}/collaborators/{who}", {"permission": "write"})
    for arguments in (
        ("add", "--all"),
        ("commit", "--quiet", "--message", f"What {STACK} is"),
        ("remote", "set-url", "origin", author.address(TEAM)),
        ("push", "--quiet", "origin", "HEAD:refs/heads/main"),
    ):
        subprocess.run([*AUTHOR, "-C", clone, *arguments], check=True, capture_output=True)


def _guard(pipeline: Pipeline) -> None:
    """The webhook, and main as docs/pipeline.md asks: checks before a merge, and the workflows' own commits let through."""
    hook = {"url": pipeline.runner.url, "content_type": "json"}
    events = ["push", "pull_request", "pull_request_sync"]
    pipeline.call("POST", "/hooks", {"type": "gitea", "config": hook, "events": events, "active": True})
    rule = {
        "rule_name": "main",
        "enable_push": True,
        "enable_push_whitelist": True,
        "push_whitelist_usernames": ["robot"],
        "enable_status_check": True,
        "status_check_contexts": [PREVIEW.context],
        "block_admin_merge_override": True,
    }
    pipeline.call("POST", "/branch_protections", rule)


def edit(file: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        before, found, after = (folder / file).read_text().partition(old)
        assert found, f"{file} has no {old!r}"
        (folder / file).write_text(before + new + after)

    return change


def kept(record: Callable[[str, object], None], kind: str, seconds: float) -> None:
    """A figure, held to the mission's target."""
    record(f"{kind}_seconds", round(seconds, 1))
    assert seconds < MOST_SECONDS[kind]


def previews(pipeline: Pipeline, pull: dict[str, Any]) -> list[str]:
    """The stack's comments on a pull request."""
    said = [comment["body"] for comment in pipeline.comments(pull) if comment["user"]["login"] == "robot"]
    return [body for body in said if body.startswith("<!-- slipway:preview ")]


def test_a_pull_request_is_checked(pipeline: Pipeline, record_property: Record) -> None:
    """Given a new repository, when a pull request is opened, then its checks run, and it is not merged before they are over."""
    name = "    name: chat\n"
    pull = pipeline.propose("first", edit(SETTINGS, name, f"{name}    env: {{GREETING: hello}}\n"))
    with pytest.raises(GiteaError, match="405"):
        pipeline.call("POST", f"/pulls/{pull['number']}/merge", {"Do": "merge"})
    ran = pipeline.checked(pull, 1200)
    assert [one.text[-3000:] for one in ran.values() if not one.good] == []
    told = pipeline.call("GET", f"/commits/{pull['head']['sha']}/status")
    assert told["state"] == "success"
    assert {one["context"] for one in told["statuses"]} == {job.context for job in (*CHECKS, PREVIEW)}
    kept(record_property, "build", ran["build"].jobs["build"])
    kept(record_property, "tests", ran["unit"].jobs["unit"])
    pipeline.pull = pull


def test_its_preview_is_a_comment(pipeline: Pipeline) -> None:
    """Given that nothing is up yet, then the comment says where the traffic will go, and of which commit it is."""
    (body,) = previews(pipeline, pipeline.pull)
    assert "traffic: nobody → 100 % blue" in body
    assert pipeline.pull["head"]["sha"][:12] in body


def test_its_merge_is_delivered(pipeline: Pipeline, record_property: Record) -> None:
    """Given checks that are good, when it is merged, then the environment comes up as it was reviewed."""
    ran = pipeline.delivered(pipeline.merge(pipeline.pull))
    assert ran.good, ran.text[-6000:]
    assert f"plan: {STACK} as reviewed at {pipeline.pull['head']['sha']}" in ran.text
    assert f"smoke: {pipeline.environment.url}/ answers" in ran.text
    assert pipeline.environment.version()["color"] == "blue"
    record_property("bring_up_seconds", ran.seconds)


def test_a_bad_commit_is_undone(pipeline: Pipeline, record_property: Record) -> None:
    """Given a commit whose server is alive and answers nobody, when it is merged, then the traffic comes back by itself."""
    pipeline.runner.jobs["pull_request"] = (PREVIEW,)
    pull = pipeline.propose("bad", edit(SERVER, GOOD, BAD))
    assert pipeline.checked(pull, 240)[PREVIEW.name].good
    commit = pipeline.merge(pull)
    wait_for(lambda: pipeline.runner.said(BUILT), 300, "the image to be built")
    with load(f"{pipeline.environment.url}/version", rate=RATE) as traffic:
        ran = pipeline.delivered(commit)
    assert not ran.good
    assert "smoke: " in ran.text, ran.text[-6000:]
    assert {answer.color for answer in traffic.failed} == {"green"}, traffic.failed[:5]
    assert pipeline.environment.version()["color"] == "blue"
    assert pipeline.said()["slipway:active"] == "blue"
    record_property("undone_requests", len(traffic.answers))
    record_property("undone_lost", len(traffic.failed))
    seen = [answer.sent for answer in traffic.failed]
    record_property("undone_seconds", round(max(seen) - min(seen), 1))


def test_what_is_mended_is_released(pipeline: Pipeline, record_property: Record) -> None:
    """Given the commit that mends it, when it is merged under load, then it serves, and no request was lost."""
    pull = pipeline.propose("mended", edit(SERVER, BAD, f"  // What was bad is mended.\n{GOOD}"))
    assert pipeline.checked(pull, 240)[PREVIEW.name].good
    commit = pipeline.merge(pull)
    wait_for(lambda: pipeline.runner.said(BUILT), 300, "the image to be built")
    with load(f"{pipeline.environment.url}/version", rate=RATE) as traffic:
        ran = pipeline.delivered(commit)
    assert ran.good, ran.text[-6000:]
    assert traffic.failed == []
    assert pipeline.environment.version()["color"] == "green"
    live = pipeline.said()
    assert live["slipway:active"] == "green"
    assert live["slipway:greenImage"] != live["slipway:blueImage"] == pipeline.first
    record_property("image_seconds", ran.jobs["image"])
    record_property("deploy_requests", len(traffic.answers))
    kept(record_property, "deploy", ran.jobs["run"])


def test_a_comment_follows_its_pull_request(pipeline: Pipeline) -> None:
    """Given a pull request that moves the traffic, when it is pushed to again, then its one comment is of the new commit."""
    pull = pipeline.propose("flip", edit(SETTINGS, "slipway:active: green", "slipway:active: blue"))
    assert pipeline.checked(pull, 240)[PREVIEW.name].good
    (body,) = previews(pipeline, pull)
    assert "traffic: 100 % green → 100 % blue" in body
    edit(SETTINGS, "GREETING: hello", "GREETING: again")(pipeline.folder)
    pipeline.git("commit", "--quiet", "--all", "--message", "again")
    pipeline.git("push", "--quiet", "origin", "flip")
    commit = pipeline.git("rev-parse", "HEAD")
    pipeline.runner.wait("pull_request", commit, 240)
    (body,) = previews(pipeline, pull)
    assert commit[:12] in body


def test_a_person_rolls_back(pipeline: Pipeline, record_property: Record) -> None:
    """Given a release that is live, when somebody starts `cd` with rollback, then the former version serves."""
    commit = pipeline.runner.dispatch("cd.yml", command="rollback", stack=STACK)
    ran = pipeline.by_name(pipeline.runner.wait("workflow_dispatch", commit, 240))[BY_HAND.name]
    assert ran.good, ran.text[-6000:]
    assert pipeline.environment.version()["color"] == "blue"
    assert pipeline.said()["slipway:active"] == "blue"
    kept(record_property, "rollback", ran.jobs["run"])


def test_the_workflows_own_commits_start_nothing(pipeline: Pipeline) -> None:
    """Given what the releases have committed to main, then none of it was delivered."""
    commits = pipeline.call("GET", "/commits?sha=main&limit=50")
    own = {one["sha"] for one in commits if one["commit"]["message"].startswith(f"{STACK} serves what")}
    assert len(own) == 3
    assert own.isdisjoint(commit for _, commit in pipeline.runner.ended if _ == "push")


def test_no_secret_is_told(pipeline: Pipeline) -> None:
    """Given all that the runs have printed and written on pull requests, then no token and no password is in it."""
    told = [*pipeline.logs, *(str(pipeline.comments({"number": number})) for number in range(1, 5))]
    assert [text for text in told if any(hidden in text for hidden in pipeline.hidden)] == []
