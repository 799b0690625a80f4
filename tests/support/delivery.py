"""A repository on a Git server of its own, a runner of its workflows, and an environment beside dev that they deliver to."""

from __future__ import annotations

import base64
import os
import secrets
import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from slipway_local import toolchain
from tests.support import gitea
from tests.support.environment import Environment, wait_for
from tests.support.gitea import Gitea, GiteaError
from tests.support.project import REPOSITORY, Project, begin, dev_settings, removed_at_end
from tests.support.workflows import Job, Ran, Runner, listening_for

STACK, NODE_PORT = "piped", 30098
SETTINGS = f"Pulumi.{STACK}.yaml"
HOME = "127.0.0.1:5000/slipway-tests/piped"
TEAM = "team/slipway"
BUILD_ARGS = "NODE_IMAGE=node:24-bookworm-slim SERVER=server.ts HEALTH_PATH=/healthz"
CHECKS = (Job("ci.yml", "unit"), Job("ci.yml", "build"), Job("quality.yml", "docs"))
"""Not the job that runs `make test`: this is one of its tests."""
PREVIEW = Job("preview.yml", "preview", on_platform=True)
DELIVERY = Job("cd.yml", "dev", on_platform=True)
"""Not the job for prod, which is the same workflow on an account's cluster."""
BY_HAND = Job("cd.yml", "by-hand", on_platform=True)
BUILT = "Success - Main Build, push and sign"
AUTHOR = ("git", "-c", "user.name=author", "-c", "user.email=author@example.com")


@dataclass
class Pipeline:
    """A repository on the server, who works on it, and what its stack serves."""

    author: Gitea
    runner: Runner
    folder: Path
    environment: Environment
    hidden: list[str]
    """What must stand in no log and no comment."""
    first: str
    """The image that was there before anything was delivered."""
    logs: list[str] = field(default_factory=list[str])
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
        wait_for(lambda: self._knows(branch), 30, f"the server to know branch {branch}")
        return self.call("POST", "/pulls", {"title": branch, "head": branch, "base": "main"})

    def _knows(self, branch: str) -> bool:
        """Whether the server has taken up a branch, which it does after the push has ended."""
        try:
            self.call("GET", f"/branches/{branch}")
        except GiteaError as error:
            if error.status != 404:
                raise
            return False
        return True

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

    def built(self, commit: str) -> None:
        """Waits until the commit's image is there, or its delivery has ended without one."""
        wait_for(
            lambda: self.runner.said(BUILT) or ("push", commit) in self.runner.ended,
            300,
            "the image to be built",
        )

    def delivered(self, commit: str, seconds: float = 600) -> Ran:
        return self.by_name(self.runner.wait("push", commit, seconds))[DELIVERY.name]

    def previews(self, pull: dict[str, Any]) -> list[str]:
        """The stack's comments on a pull request."""
        said = [one["body"] for one in self.comments(pull) if one["user"]["login"] == "robot"]
        return [body for body in said if body.startswith("<!-- slipway:preview ")]

    def comments(self, pull: dict[str, Any]) -> list[dict[str, Any]]:
        return self.call("GET", f"/issues/{pull['number']}/comments")

    def said(self) -> dict[str, Any]:
        """The stack's file as main has it."""
        there = self.call("GET", f"/contents/Pulumi.{STACK}.yaml?ref=main")
        return yaml.safe_load(base64.b64decode(there["content"]))["config"]

    def by_name(self, ran: list[Ran]) -> dict[str, Ran]:
        self.logs += [one.text for one in ran]
        return {one.job.name: one for one in ran}


@contextmanager
def started(folder: Path) -> Generator[Pipeline]:
    """A new server with a copy of this repository, whose main says what nobody has brought up yet; all of it is gone at the end."""
    toolchain.ensure(["gitea", "act"])
    with gitea.serving("author", "robot") as (author, robot):
        known = _means(folder)
        clone = _clone(folder / "author")
        project = Project(clone, STACK)
        first = _image(clone, known)
        begin(project, yaml.safe_dump(_settings(first), sort_keys=False))
        with removed_at_end(project):
            _share(clone, author)
            runner = Runner(
                robot,
                TEAM,
                folder / "runner",
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
            made = Pipeline(author, runner, clone, environment, hidden, first)
            with listening_for(runner):
                _guard(made)
                yield made


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
    config["slipway:app"]["resources"]["cpu"] = "10m"
    config["slipway:app"]["scaling"]["maxReplicas"] = 2
    config |= {"slipway:blueImage": image, "slipway:greenImage": image}
    return settings


def _share(clone: Path, author: Gitea) -> None:
    """Makes the repository on the server and pushes main to it."""
    author.call("POST", "/orgs", {"username": "team"})
    author.call("POST", "/orgs/team/repos", {"name": "slipway", "default_branch": "main"})
    author.call("PUT", f"/repos/{TEAM}/collaborators/robot", {"permission": "write"})
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
    """What a commit does: one text in one file becomes another."""

    def change(folder: Path) -> None:
        before, found, after = (folder / file).read_text().partition(old)
        assert found, f"{file} has no {old!r}"
        (folder / file).write_text(before + new + after)

    return change
