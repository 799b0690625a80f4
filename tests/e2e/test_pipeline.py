"""The pipeline on a real Git server: from a pull request to what is served, a bad commit that is undone, and a person's way back.

Gitea is the server, `act` runs the workflows (docs/pipeline.md says what of GitHub that is not). The tests are one story, in this order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.delivery import BY_HAND, CHECKS, PREVIEW, SETTINGS, STACK, Pipeline, edit, started
from tests.support.gitea import GiteaError
from tests.support.load import load

pytestmark = pytest.mark.pipeline
MOST_SECONDS = {"build": 300, "tests": 600, "deploy": 120, "rollback": 60}
SERVER = "apps/chat/server.ts"
GOOD, BAD = (
    '  if (path === "/version") answer(',
    '  if (!path?.startsWith("/healthz")) response.writeHead(500).end(release);\n  else if (path === "/version") answer(',
)
RATE = 50
Record = Callable[[str, object], None]


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("AWS_ACCESS_KEY_ID", "000000000098")  # an account of its own
        with started(tmp_path_factory.mktemp("pipeline")) as made:
            yield made


def kept(record: Record, kind: str, seconds: float) -> None:
    """A figure, held to its target."""
    record(f"{kind}_seconds", round(seconds, 1))
    assert seconds < MOST_SECONDS[kind]


@pytest.mark.timeout(2400)  # with the server's start, the packages and the unit tests
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
    (body,) = pipeline.previews(pipeline.pull)
    assert "traffic: nobody → 100 % blue" in body
    assert pipeline.pull["head"]["sha"][:12] in body


def test_its_merge_is_delivered(pipeline: Pipeline, record_property: Record) -> None:
    """Given checks that are good, when it is merged, then the environment comes up as it was reviewed."""
    ran = pipeline.delivered(pipeline.merge(pipeline.pull))
    assert ran.good, ran.text[-6000:]
    assert f"plan: {STACK} as reviewed at {pipeline.pull['head']['sha']}" in ran.text
    assert f"smoke: {pipeline.environment.url}/ answers" in ran.text
    assert pipeline.environment.version()["color"] == "blue"
    record_property("bring_up_seconds", round(ran.seconds, 1))


def test_a_bad_commit_is_undone(pipeline: Pipeline, record_property: Record) -> None:
    """Given a commit whose server is alive and answers nobody, when it is merged, then the traffic comes back by itself."""
    pipeline.runner.jobs["pull_request"] = (PREVIEW,)
    pull = pipeline.propose("bad", edit(SERVER, GOOD, BAD))
    assert pipeline.checked(pull, 240)[PREVIEW.name].good
    commit = pipeline.merge(pull)
    pipeline.built(commit)
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
    pipeline.built(commit)
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
    (body,) = pipeline.previews(pull)
    assert "traffic: 100 % green → 100 % blue" in body
    edit(SETTINGS, "GREETING: hello", "GREETING: again")(pipeline.folder)
    pipeline.git("commit", "--quiet", "--all", "--message", "again")
    pipeline.git("push", "--quiet", "origin", "flip")
    commit = pipeline.git("rev-parse", "HEAD")
    pipeline.runner.wait("pull_request", commit, 240)
    (body,) = pipeline.previews(pull)
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
