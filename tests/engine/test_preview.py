"""What is reviewed is what is applied: preview, comment and plan against a real stack, and each way in which it can change meanwhile."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from slipway_ops.comment import marker
from tests.support import planted
from tests.support.git_host import NUMBER, REPOSITORY, GitHost, serve
from tests.support.project import REPOSITORY as CHECKOUT
from tests.support.project import SLIPWAY, Project, Run, begin, dev_settings

STACK, NAMESPACE = "reviewed", "slipway-reviewed"
PROJECT = "name: reviewed\nruntime: {name: python, options: {virtualenv: .venv}}\n"
PROGRAM = """
import json
from pathlib import Path

import pulumi
from slipway.manifest import Manifest

planted = json.loads(Path("planted.json").read_text())
config = pulumi.Config()
active = config.require("active")
share = {active: 100, {"blue": "green", "green": "blue"}[active]: 0}


async def told(args: pulumi.ResourceHookArgs) -> None:
    pulumi.log.info("the hook ran")


def labelled(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult:
    return pulumi.ResourceTransformResult({**args.props}, args.opts)


class Settings(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("reviewed:index:Settings", name, {}, opts)
        inside = pulumi.ResourceOptions(parent=self)
        v1 = {"apiVersion": "v1"}
        home = Manifest(f"{name}-namespace", {**v1, "kind": "Namespace", "metadata": {"name": "NAMESPACE"}}, inside)
        here = {"namespace": home.metadata["name"]}
        hooks = pulumi.ResourceHookBinding(before_update=[pulumi.ResourceHook("told", told)])
        hooked = pulumi.ResourceOptions(parent=self, hooks=hooks)
        fixed = {"metadata": {**here, "name": "fixed"}, "data": {"active": active, "seen": config.require("shown")}}
        Manifest(f"{name}-fixed", {**v1, "kind": "ConfigMap", **fixed}, inside)
        made = Manifest(f"{name}-made", {**v1, "kind": "ConfigMap", "metadata": here, "data": {"active": active}}, inside)
        added = {"metadata": {**here}, "data": {"of": made.metadata["name"], "active": active}}
        if active == "green":
            extra = Manifest(f"{name}-extra", {**v1, "kind": "ConfigMap", **added}, inside)
            Manifest(
                f"{name}-planted", {**v1, "kind": "ConfigMap", "metadata": here, "data": planted["data"]}, inside
            )
            for text in planted["texts"]:
                pulumi.log.warn(text)
            Manifest(f"{name}-user", {**v1, "kind": "ConfigMap", "metadata": here, "data": {"of": extra.metadata["name"]}}, inside)
        Manifest(
            f"{name}-secret",
            {**v1, "kind": "Secret", "metadata": here, "stringData": {"word": config.require_secret("password"), "at": active}},
            inside,
        )
        backends = [{"name": f"chat-{color}", "port": 80, "weight": share[color]} for color in ("blue", "green")]
        Manifest(
            f"{name}-route",
            {
                "apiVersion": "gateway.networking.k8s.io/v1",
                "kind": "HTTPRoute",
                "metadata": {**here, "name": "chat"},
                "spec": {"rules": [{"backendRefs": backends}]},
            },
            hooked,
        )
        self.register_outputs({"active": active})


Settings("settings", pulumi.ResourceOptions(transforms=[labelled]))
pulumi.export("password", config.require_secret("password"))
pulumi.export("made", pulumi.Output.secret(planted["made"]))
""".replace("NAMESPACE", NAMESPACE)


def kubectl(*arguments: str) -> str:
    done = subprocess.run(
        ["kubectl", "--namespace", NAMESPACE, *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout


@dataclass
class Review:
    """A stack in a git checkout, and the pull request that changes it."""

    project: Project
    host: GitHost
    plan: Path
    diff: Path
    environment: dict[str, str] = field(default_factory=dict[str, str])

    def slipway(self, *arguments: str) -> Run:
        done = subprocess.run(
            [str(SLIPWAY), *arguments, "--stack", STACK, "--cwd", str(self.project.folder)],
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )
        return Run(done.returncode, done.stdout + done.stderr, 0, 0)

    def preview(self) -> Run:
        """What CI does on the pull request."""
        git(self.project.folder, "commit", "--quiet", "--all", "--allow-empty", "--message", "a change")
        self.host.head = git(self.project.folder, "rev-parse", "HEAD")
        return self.slipway("preview", "--comment", "--plan", str(self.plan), "--diff", str(self.diff))

    def up(self) -> Run:
        return self.slipway("up", "--plan", str(self.plan))

    @property
    def active(self) -> list[str]:
        return [kubectl("get", "configmap", "fixed", "--output", "jsonpath={.data.active}"), *self.weights]

    @property
    def weights(self) -> list[str]:
        return kubectl(
            "get", "httproute", "chat", "--output", "jsonpath={.spec.rules[0].backendRefs[*].weight}"
        ).split()


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    done = subprocess.run(
        ["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture(scope="module")
def review(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Review]:
    """The stack is up with blue; the change under review is green, and more."""
    folder, outside = tmp_path_factory.mktemp("reviewed"), tmp_path_factory.mktemp("outside")
    (folder / ".venv").symlink_to(CHECKOUT / ".venv")
    (folder / "Pulumi.yaml").write_text(PROJECT)
    (folder / "__main__.py").write_text(PROGRAM)
    data = {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in planted.properties().items()
    }
    told = {"data": data, "texts": planted.texts(), "made": planted.MADE}
    (folder / "planted.json").write_text(json.dumps(told))
    (folder / ".gitignore").write_text(".venv\n__pycache__\n")
    git(folder, "init", "--quiet")
    project = Project(folder, STACK)
    begin(project, f"encryptionsalt: {dev_settings()['encryptionsalt']}\n")
    event = outside / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": NUMBER}}))
    try:
        project.set_all(active="blue", shown="first")
        sealed = [word for name, value in planted.SEALED.items() for word in ("--secret", f"{name}={value}")]
        project.pulumi("config", "set-all", *sealed)
        project.up()
        git(folder, "add", "--all")
        with serve() as host:
            environment = {
                "GITHUB_API_URL": host.url,
                "GITHUB_TOKEN": "planted-token-of-the-host",
                "GITHUB_REPOSITORY": REPOSITORY,
                "GITHUB_EVENT_PATH": str(event),
                "GITHUB_STEP_SUMMARY": str(outside / "summary.md"),
            }
            yield Review(project, host, outside / "plan.json", outside / "diff.md", environment)
    finally:
        project.remove()


@pytest.fixture(scope="module")
def previewed(review: Review) -> Run:
    review.project.set_all(active="green", shown="`<b>@everyone</b>` \u202e")
    return review.preview()


def test_the_comment_says_what_would_happen(review: Review, previewed: Run) -> None:
    """Given a change of the active colour, then the comment says so in words, and what else changes."""
    assert previewed.code == 0, previewed.output
    (body,) = review.host.beginning(marker("reviewed", STACK))
    assert "- 🚦 **reviewed traffic: 100 % blue → 100 % green**" in body
    assert "- Nothing that holds data is replaced or deleted." in body
    assert "### Changes: **3** to create, **1** to update, **3** to replace, **2** unchanged" in body
    assert '- data.seen: "first"\n+ data.seen: "`<b>@everyone</b>` \\u{202e}"' in body
    assert f"Of commit `{review.host.head}`" in body


def test_no_secret_is_in_any_of_it(review: Review, previewed: Run) -> None:
    """Given secrets in configuration, state, values and messages, then comment, log, summary, diff and plan are without them."""
    files = (review.diff, review.plan, Path(review.environment["GITHUB_STEP_SUMMARY"]))
    told = [
        *review.host.beginning(marker("reviewed", STACK)),
        previewed.output,
        *(file.read_text() for file in files),
    ]
    secrets = [*planted.words(), "planted-token-of-the-host"]
    assert [word for word in secrets if any(word in text for text in told)] == []
    assert "shown-value" in review.diff.read_text()
    assert "in colours" in told[0]


def test_a_change_of_the_code_is_refused(review: Review, previewed: Run) -> None:
    program = review.project.folder / "__main__.py"
    program.write_text(f"{PROGRAM}\npulumi.export('more', 1)\n")
    refused = review.up()
    program.write_text(PROGRAM)
    assert refused.code == 1
    assert "the code changed since: __main__.py" in refused.output
    assert review.active == ["blue", "100", "0"]


def test_a_change_in_the_cloud_is_refused(review: Review, previewed: Run) -> None:
    changed: dict[str, Any] = {"data": {"seen": "by hand"}}
    kubectl("patch", "configmap", "fixed", "--type=merge", "--patch", json.dumps(changed))
    refused = review.up()
    kubectl("patch", "configmap", "fixed", "--type=merge", "--patch", json.dumps({"data": {"seen": "first"}}))
    assert refused.code == 1
    assert "the cloud changed since: settings-fixed: " in refused.output
    assert review.active == ["blue", "100", "0"]


def test_unchanged_it_is_applied(review: Review, previewed: Run) -> None:
    """Given that nothing changed, then the update is made: names that are made up anew keep nobody from it."""
    applied = review.up()
    assert applied.code == 0, applied.output
    assert "done: 7 changed, as plan" in applied.output
    assert "the hook ran" in applied.output
    assert review.active == ["green", "0", "100"]
    review.project.pulumi("preview", "--expect-no-changes")


def test_a_change_of_the_state_is_refused(review: Review, previewed: Run) -> None:
    """Given that the stack was updated after the review, as the test before has done, then the plan is refused."""
    refused = review.up()
    assert refused.code == 1
    assert "the state changed since: it was " in refused.output
    assert "somebody updated the stack" in refused.output
    assert "the code changed" not in refused.output
