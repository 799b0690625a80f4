"""What the pipeline does to an environment: which image, whose credentials, which plan, what is committed; and a version."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import aws_login
import pytest
import yaml
from release_of import release, starts

from scripts import release as version
from tests.support.loopback import Asked, serving

REPOSITORY = Path(__file__).parents[2]
SCRIPTS = REPOSITORY / "scripts/ci"
OLD, NEW, BUILT = (f"registry.example.com/chat@sha256:{letter * 64}" for letter in "abc")
HEAD = "f" * 40


def config(blue: str = OLD, green: str = OLD, active: str = "blue") -> dict[str, Any]:
    return {"slipway:active": active, "slipway:blueImage": blue, "slipway:greenImage": green}


@pytest.mark.parametrize(
    ("said", "live", "built", "expected"),
    [
        (config(), {}, BUILT, ""),
        (config(), {"blue": OLD, "green": OLD}, "", ""),
        (config(green=NEW), {"blue": OLD, "green": OLD}, "", NEW),
        (config(blue=NEW, active="green"), {"blue": OLD, "green": OLD}, "", NEW),
        (config(green=NEW), {"blue": OLD, "green": NEW}, "", ""),
        (config(), {"blue": OLD, "green": NEW}, BUILT, BUILT),
        (config(), {"blue": OLD, "green": BUILT}, BUILT, ""),
        (config(), {"blue": OLD, "green": OLD}, BUILT.replace("/chat", "/shop"), ""),
        (config(blue="build:v1", green="build:v2"), {"blue": OLD, "green": NEW}, "", ""),
        (
            {**config(green="build:v2"), "slipway:images": {"v2": {"repository": "registry.example.com/chat"}}},
            {"blue": NEW, "green": NEW},
            BUILT,
            BUILT,
        ),
    ],
    ids=[
        "nothing is up",
        "nothing changed",
        "the idle colour's image changed",
        "whichever colour that is",
        "it is there already",
        "an application was built",
        "it was rolled back",
        "another application was built",
        "what the stack builds comes with the update",
        "a stack that built its images takes the pipeline's",
    ],
)  # fmt: skip
def test_the_image_that_a_stack_is_asked_to_release(
    said: dict[str, Any], live: Mapping[str, str], built: str, expected: str
) -> None:
    assert release(said, live, built) == expected


@pytest.mark.parametrize(
    ("said", "live", "expected"),
    [
        (config(green=NEW), {"blue": OLD, "green": OLD}, [NEW]),
        (config(green=NEW), {"blue": OLD, "green": NEW}, []),
        (config(green=NEW), {}, [OLD, NEW]),
        (config(green="build:v2"), {"blue": OLD, "green": OLD}, []),
    ],
    ids=["one is new", "they run already", "nothing is up", "one is not built yet"],
)
def test_the_images_that_an_update_starts(
    said: dict[str, Any], live: Mapping[str, str], expected: list[str]
) -> None:
    assert starts(said, live) == expected


# --- which images may be released, and what is built ---


@pytest.mark.parametrize("tag", ["", ":v2"])
def test_an_image_of_our_own_is_not_let_through_for_a_tag_beside_its_digest(tmp_path: Path, tag: str) -> None:
    (tmp_path / ".venv/bin").mkdir(parents=True)
    script = stub(tmp_path, "scripts/ci/verify.sh", (SCRIPTS / "verify.sh").read_text())
    stub(tmp_path, ".venv/bin/python", "echo /none")  # where cosign is
    image = f"registry.example.com:5000/chat{tag}@sha256:{'a' * 64}"
    known = {"IMAGE_REPOSITORY": "registry.example.com:5000/chat", "COSIGN_PUBLIC_KEY": "key"}
    done = subprocess.run(
        [script, image], env=os.environ | known, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "is not signed as it has to be" in done.stderr) == (1, True)


def stub(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text if text.startswith("#!") else f"#!/usr/bin/env bash\n{text}\n")
    file.chmod(0o755)
    return file


Build = Callable[..., list[str]]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Runs image.sh in a repository of its own, with a registry that has the image or not; the calls that it made."""
    for name in ("apps/chat/server.ts", "docker/Dockerfile"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("x")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "start")
    script = stub(tmp_path, "scripts/ci/image.sh", (SCRIPTS / "image.sh").read_text())
    note = 'echo "${0##*/} $*" >>calls\n'
    stub(tmp_path, "scripts/ci/verify.sh", f'{note}[ "$SIGNED" = true ]')
    stub(tmp_path, "scripts/ci/sign.sh", note)
    stub(
        tmp_path,
        "bin/docker",
        f'{note}case $1 in pull) [ "$THERE" = true ] ;; image) echo "$IMAGE_REPOSITORY@sha256:1" ;; esac',
    )

    def build(*, there: bool, signed: bool = True, **environment: str) -> list[str]:
        known = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "IMAGE_REPOSITORY": "r.example.com/chat"}
        known |= {"THERE": str(there).lower(), "SIGNED": str(signed).lower()}
        (tmp_path / "calls").unlink(missing_ok=True)
        done = subprocess.run(
            [script], env=os.environ | known | environment, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == (0, "r.example.com/chat@sha256:1\n"), done.stderr
        return (tmp_path / "calls").read_text().splitlines()

    return build


def test_the_image_is_built_as_dev_builds_it(build: Build) -> None:
    calls = build(there=False)
    (made,) = (call.split() for call in calls if call.startswith("docker build"))
    images = yaml.safe_load((REPOSITORY / "Pulumi.dev.yaml").read_text())["config"]["slipway:images"]
    same = {"SERVER", "HEALTH_PATH"}
    for image in images.values():
        assert {f"{name}={value}" for name, value in image["buildArgs"].items() if name in same} <= set(made)
        assert (Path(made[-1]) / image["dockerfile"]).name == Path(made[made.index("--file") + 1]).name
    assert (REPOSITORY / made[made.index("--file") + 1]).exists()
    assert calls[-2] == "sign.sh image r.example.com/chat@sha256:1 apps/chat"


def test_other_arguments_make_another_image(build: Build) -> None:
    former, present = build(there=True), build(there=True, BUILD_ARGS="SERVER=server.js")
    assert former[0].startswith("docker pull")
    assert former[0] != present[0]


def test_what_the_registry_has_is_taken_if_it_is_signed(build: Build) -> None:
    assert [call.split()[0] for call in build(there=True)] == ["docker", "docker", "verify.sh", "docker"]


def test_what_was_pushed_and_not_signed_is_built_again(build: Build) -> None:
    calls = build(there=True, signed=False)
    built = next(n for n, call in enumerate(calls) if call.startswith("docker build"))
    assert calls.index("sign.sh image r.example.com/chat@sha256:1 apps/chat") > built


# --- whether the application answers ---


@pytest.mark.parametrize(
    ("answers", "seconds", "code", "asked"),
    [
        ([503, 200], "60", 0, 21),
        ([200] * 5 + [503] + [200] * 20, "60", 1, 6),
        ([503] * 20, "1", 1, 2),
    ],
    ids=["it takes a moment", "not each time", "not in time"],
)
def test_after_its_first_answer_an_application_has_to_answer_each_time(
    tmp_path: Path, answers: list[int], seconds: str, code: int, asked: int
) -> None:
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {'slipway:app': {healthPath: /healthz}}")
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to(sys.executable)
    left = iter(answers)
    with serving(lambda _: next(left, 200)) as server:
        stub(tmp_path, "bin/pulumi", f"echo {server.url}")
        done = subprocess.run(
            [SCRIPTS / "smoke.sh", "dev", seconds],
            cwd=tmp_path,
            env=os.environ | {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == code, done.stdout + done.stderr
    assert len(server.asked) == asked


def test_a_job_takes_its_role_by_its_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {"AccessKeyId": "ASIA1", "SecretAccessKey": "secret", "SessionToken": "session"}

    def answer(asked: Asked) -> Any:
        if asked.method == "GET":
            return {"value": "the-token"}
        return {
            "AssumeRoleWithWebIdentityResponse": {"AssumeRoleWithWebIdentityResult": {"Credentials": given}}
        }

    with serving(answer) as server:
        monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"{server.url}/token?api-version=1")
        monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "bearer-token")
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        monkeypatch.setenv("GITHUB_ENV", str(tmp_path / "env"))
        aws_login.main("arn:aws:iam::123456789012:role/deploy", "eu-west-1")
    token, sts = server.asked
    assert token.path == "/token?api-version=1&audience=sts.amazonaws.com"
    assert token.headers["Authorization"] == "bearer bearer-token"
    assert "WebIdentityToken=the-token" in sts.body
    assert "RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fdeploy" in sts.body
    assert (tmp_path / "env").read_text().splitlines() == [
        "AWS_ACCESS_KEY_ID=ASIA1",
        "AWS_SECRET_ACCESS_KEY=secret",
        "AWS_SESSION_TOKEN=session",
        "AWS_REGION=eu-west-1",
    ]
    masked = {line.removeprefix("::add-mask::") for line in capsys.readouterr().out.splitlines()[:3]}
    assert masked == set(given.values())


def test_a_job_that_may_not_ask_for_a_token_is_told_what_it_lacks() -> None:
    with pytest.raises(aws_login.LoginError, match="id-token: write"):
        aws_login.token({})


def test_a_refusal_is_told_with_its_reason() -> None:
    with serving(lambda _: 403) as server, pytest.raises(aws_login.LoginError, match=r"refuses \(403\)"):
        aws_login.credentials("arn:x", "eu-west-1", "token", {"AWS_ENDPOINT_URL": server.url})


# --- the reviewed plan ---


def archive(text: str) -> bytes:
    with io.BytesIO() as whole:
        with zipfile.ZipFile(whole, "w") as file:
            file.writestr("plan-prod.json", text)
        return whole.getvalue()


def artifact(address: str, **run: Any) -> dict[str, Any]:
    known = {"head_sha": HEAD, "repository_id": 1, "head_repository_id": 1}
    return {"expired": False, "archive_download_url": address, "workflow_run": known | run}


Find = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def find(tmp_path: Path) -> Find:
    """Runs `plan.sh find prod` on a merged commit, against an API that answers so."""

    def find(answer: Callable[[str, Asked], Any], **environment: str) -> subprocess.CompletedProcess[str]:
        with serving(lambda asked: answer(server.url, asked)) as server:
            return subprocess.run(
                [SCRIPTS / "plan.sh", "find", "prod"],
                cwd=tmp_path,
                env={
                    **os.environ,
                    "GITHUB_API_URL": server.url,
                    "GITHUB_REPOSITORY": "acme/chat",
                    "GITHUB_SHA": "e" * 40,
                    "GITHUB_TOKEN": "job-token",
                    **environment,
                },
                capture_output=True,
                text=True,
                check=False,
            )

    return find


def github(*artifacts: Callable[[str], dict[str, Any]]) -> Callable[[str, Asked], Any]:
    def answer(url: str, asked: Asked) -> Any:
        if asked.path.endswith("/pulls"):
            return [{"head": {"sha": HEAD}}]
        if "/actions/artifacts?" in asked.path:
            return {"artifacts": [made(url) for made in artifacts]}
        return archive("reviewed") if asked.path == "/zip" else 404

    return answer


def test_the_plan_of_the_merged_pull_request_is_found(find: Find, tmp_path: Path) -> None:
    done = find(github(lambda url: artifact(f"{url}/zip")))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "reports/plan-prod.json").read_text() == "reviewed"
    assert f"prod as reviewed at {HEAD}" in done.stdout


@pytest.mark.parametrize("forged", [{"head_repository_id": 2}, {"head_sha": "d" * 40}], ids=["a fork's", "another commit's"])  # fmt: skip
def test_a_plan_that_another_run_left_under_the_name_is_none(find: Find, forged: dict[str, Any]) -> None:
    done = find(github(lambda url: artifact(f"{url}/zip", **forged)))
    assert done.returncode == 1
    assert f"there is no artifact plan-prod-{HEAD}" in done.stderr


def test_a_commit_that_nobody_has_reviewed_is_refused(find: Find) -> None:
    def answer(_: str, asked: Asked) -> Any:
        return [] if asked.path.endswith("/pulls") else 404

    done = find(answer)
    assert done.returncode == 1
    assert "was merged by no pull request" in done.stderr
    assert "open a pull request" in done.stderr


@pytest.mark.parametrize("path", ["/pulls", "/actions/artifacts"])
def test_a_right_that_is_missing_is_told(find: Find, path: str) -> None:
    whole = github()

    def answer(url: str, asked: Asked) -> Any:
        return 403 if path in asked.path else whole(url, asked)

    done = find(answer)
    assert done.returncode == 1
    assert "403" in done.stderr
    assert "give the job `pull-requests: read` and `actions: read`" in done.stderr


def test_a_plan_that_was_not_kept_is_told(find: Find, tmp_path: Path) -> None:
    done = find(github(), PLANS_DIR=str(tmp_path))
    assert done.returncode == 1
    assert f"plan: there is no file {tmp_path}/prod-{HEAD}.json" in done.stderr
    assert "run the preview of the pull request again" in done.stderr


def test_elsewhere_plans_lie_in_a_folder(find: Find, tmp_path: Path) -> None:
    (tmp_path / f"prod-{HEAD}.json").write_text("kept")

    def gitea(_: str, asked: Asked) -> Any:
        return {"head": {"sha": HEAD}} if asked.path.endswith("/pull") else 404

    done = find(gitea, PLANS_DIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "reports/plan-prod.json").read_text() == "kept"


# --- what is live is committed ---


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A clone of acme/chat.git with a stack's file in it."""
    server, clone = tmp_path / "server/acme/chat", tmp_path / "clone"
    server.mkdir(parents=True)
    git(server, "init", "--quiet", "--bare", "--initial-branch", "main")
    git(tmp_path, "clone", "--quiet", str(server), str(clone))
    git(clone, "switch", "--quiet", "--create", "main")
    (clone / "Pulumi.dev.yaml").write_text("config: {slipway:active: blue}\n")
    git(clone, "add", ".")
    git(clone, "commit", "--quiet", "--message", "start")
    git(clone, "push", "--quiet", "origin", "main")
    return clone


def keep(checkout: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SCRIPTS / "keep.sh", "dev"],
        cwd=checkout,
        env={
            **os.environ,
            "GITHUB_SERVER_URL": f"file://{checkout.parent}/server",
            "GITHUB_REPOSITORY": "acme/chat",
            "GITHUB_REF_NAME": "main",
            "GITHUB_TOKEN": "t",
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_is_live_is_committed_onto_what_others_have_pushed(checkout: Path) -> None:
    other = checkout.parent / "other"
    git(checkout.parent, "clone", "--quiet", str(checkout.parent / "server/acme/chat"), str(other))
    (other / "README").write_text("x")
    git(other, "add", ".")
    git(other, "commit", "--quiet", "--message", "somebody else's")
    git(other, "push", "--quiet", "origin", "main")
    (checkout / "Pulumi.dev.yaml").write_text("config: {slipway:active: green}\n")
    done = keep(checkout)
    assert done.returncode == 0, done.stderr
    git(other, "pull", "--quiet")
    assert git(other, "log", "--format=%s").splitlines() == [
        "dev serves what Pulumi.dev.yaml says [skip ci]",
        "somebody else's",
        "start",
    ]
    assert "green" in (other / "Pulumi.dev.yaml").read_text()


def test_what_others_have_changed_too_is_left_to_a_person(checkout: Path) -> None:
    other = checkout.parent / "other"
    git(checkout.parent, "clone", "--quiet", str(checkout.parent / "server/acme/chat"), str(other))
    (other / "Pulumi.dev.yaml").write_text("config: {slipway:active: purple}\n")
    git(other, "commit", "--quiet", "--all", "--message", "somebody else's")
    git(other, "push", "--quiet", "origin", "main")
    (checkout / "Pulumi.dev.yaml").write_text("config: {slipway:active: green}\n")
    done = keep(checkout)
    assert done.returncode == 1
    assert "commit it by hand, or the next release undoes it" in done.stderr
    assert "+config: {slipway:active: green}" in done.stderr
    assert "rebas" not in git(checkout, "status")


def test_nothing_is_committed_when_nothing_changed(checkout: Path) -> None:
    done = keep(checkout)
    assert (done.returncode, done.stdout) == (0, "keep: Pulumi.dev.yaml is as it was committed\n")


# --- whether there is anything to build ---


@pytest.mark.parametrize(
    ("changed", "code"),
    [("docs/a.md", "false"), ("README.md", "false"), ("docs/picture.svg", "false"), ("app.py", "true")],
)
def test_documentation_alone_is_not_built(checkout: Path, changed: str, code: str) -> None:
    git(checkout, "switch", "--quiet", "--create", "change")
    (checkout / changed).parent.mkdir(exist_ok=True)
    (checkout / changed).write_text("x")
    git(checkout, "add", ".")
    git(checkout, "commit", "--quiet", "--message", "change")
    git(checkout, "switch", "--quiet", "--detach", "main")
    git(checkout, "merge", "--quiet", "--no-ff", "--message", "merge", "change")
    assert changes(checkout) == f"code={code}\n"


def test_what_is_no_merge_counts_as_code(checkout: Path) -> None:
    assert changes(checkout) == "code=true\n"


def changes(checkout: Path) -> str:
    known = {name: value for name, value in os.environ.items() if name != "GITHUB_OUTPUT"}
    return subprocess.run(
        [SCRIPTS / "changes.sh"], cwd=checkout, env=known, check=True, capture_output=True, text=True
    ).stdout


# --- a version ---

CHANGES = "# Changelog\n\n## Unreleased\n\n### Added\n- A thing.\n\n## 0.1.0 - 2026-01-01\n\n- First.\n"


def test_a_version_takes_what_was_unreleased() -> None:
    said = version.released(CHANGES, "0.2.0", "2026-02-03")
    assert said.startswith("# Changelog\n\n## Unreleased\n\n## 0.2.0 - 2026-02-03\n\n### Added\n- A thing.\n")
    assert version.section(said, "## 0.2.0 - ") == "### Added\n- A thing."
    assert version.section(said, version.UNRELEASED) == ""


def test_a_version_without_a_change_is_refused() -> None:
    with pytest.raises(version.ReleaseError, match="a version without a change is none"):
        version.released(version.released(CHANGES, "0.2.0", "d"), "0.3.0", "d")


def test_versions_go_up() -> None:
    project = '[build-system]\nrequires = ["x"]\n[project]\nversion = "0.10.0"\n'
    assert 'version = "0.11.0"' in version.numbered(project, "0.11.0")
    with pytest.raises(version.ReleaseError, match=r"must be 0\.10\.0 or higher, got 0\.9\.0"):
        version.numbered(project, "0.9.0")


def test_a_version_is_a_commit_and_a_signed_tag(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    for setting in (
        "gpg.format=ssh",
        f"user.signingKey={tmp_path}/key",
        "user.name=t",
        "user.email=t@example.com",
    ):
        git(checkout, "config", *setting.split("=", 1))
    (checkout / "CHANGELOG.md").write_text(CHANGES)
    (checkout / "pyproject.toml").write_text('version = "0.1.0"\n')
    git(checkout, "add", ".")
    git(checkout, "commit", "--quiet", "--message", "before")
    for name, value in {
        "ROOT": checkout,
        "CHANGELOG": checkout / "CHANGELOG.md",
        "PROJECT": checkout / "pyproject.toml",
    }.items():
        monkeypatch.setattr(version, name, value)
    with pytest.raises(version.ReleaseError, match=r"make state VERSION=0\.2\.0"):
        version.release("0.2.0")
    state = checkout / "tests/engine/released/0.2.0.json"
    state.parent.mkdir(parents=True)
    state.write_text(json.dumps({}))
    (checkout / "stray").touch()
    with pytest.raises(version.ReleaseError, match=r"not committed:\n.*stray"):
        version.release("0.2.0")
    (checkout / "stray").unlink()
    version.release("0.2.0")
    assert git(checkout, "show", "--name-only", "--format=%s", "HEAD").splitlines() == [
        "Version 0.2.0",
        "",
        "CHANGELOG.md",
        "pyproject.toml",
        "tests/engine/released/0.2.0.json",
    ]
    (tmp_path / "signers").write_text(f"t@example.com {(tmp_path / 'key.pub').read_text()}")
    git(checkout, "-c", f"gpg.ssh.allowedSignersFile={tmp_path}/signers", "tag", "--verify", "v0.2.0")
    with pytest.raises(version.ReleaseError, match=r"there is a tag v0\.2\.0"):
        version.release("0.2.0")

    git(checkout, "tag", "--delete", "v0.2.0")  # as if it had not been signed
    committed = git(checkout, "rev-parse", "HEAD")
    version.release("0.2.0")
    assert git(checkout, "rev-parse", "v0.2.0^{commit}") == committed

    git(checkout, "tag", "--delete", "v0.2.0")
    later = version.CHANGELOG.read_text().replace("## Unreleased\n", "## Unreleased\n\n- Later.\n", 1)
    version.CHANGELOG.write_text(later)
    git(checkout, "commit", "--quiet", "--all", "--message", "later")
    with pytest.raises(version.ReleaseError, match=r"0\.2\.0 already, and changes that came after it"):
        version.release("0.2.0")
