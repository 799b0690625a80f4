"""A runner of workflows: what a Git server's webhook tells becomes runs of `act` on this machine, as a self-hosted runner's.

One job at a time, in one folder that it keeps, by the programs that are on PATH. Each run is told to the server as a status of its commit.
"""

from __future__ import annotations

import json
import os
import queue
import re
import subprocess
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from slipway_local import toolchain
from tests.support.environment import wait_for
from tests.support.gitea import Gitea
from tests.support.loopback import Asked, Reply, as_json, listening

ACTIONS = Path(__file__).parent / "actions"
SKIP = "[skip ci]"
OPENED = {"opened", "synchronized", "reopened"}
PLATFORM = ("AWS_", "PULUMI_", "KUBE", "DOCKER_", "SSL_CERT_", "GOGC", "GOMEMLIMIT")
"""What `slipway local exec` adds. A job that no environment is named to has none of it, as on a machine of GitHub's."""
OF_THE_TEST = ("PYTHON", "PYTEST_")
_USES = re.compile(r"uses: ([\w.-]+/[\w.-]+)@([0-9a-f]{40})")


@dataclass(frozen=True)
class Job:
    """A job of a workflow, run with those that it needs."""

    workflow: str
    name: str
    on_platform: bool = False

    @property
    def context(self) -> str:
        """What its status is called."""
        return f"{self.workflow} / {self.name}"


@dataclass(frozen=True)
class Event:
    """What has happened, as the server tells it, and the commit that is looked at."""

    name: str
    said: Mapping[str, Any]
    commit: str


@dataclass(frozen=True)
class Ran:
    """One run that has ended; `seconds` of it all, and of each of its jobs."""

    job: Job
    good: bool
    seconds: float
    jobs: Mapping[str, float]
    text: str


def event_of(kind: str, said: Mapping[str, Any]) -> Event | None:
    """What a webhook tells, if anything is run for it: a pull request with new commits, or what was pushed to main."""
    if kind == "pull_request" and said["action"] in OPENED:
        return Event(kind, said, said["pull_request"]["head"]["sha"])
    if kind == "push" and said["ref"] == "refs/heads/main" and SKIP not in said["head_commit"]["message"]:
        return Event(kind, said, said["after"])
    return None


def job_seconds(lines: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """How long each job took, by what `act --json` wrote while it ran; jobs that were skipped are not there."""
    times: dict[str, list[datetime]] = {}
    for line in lines:
        if "stepID" in line:
            times.setdefault(line["jobID"], []).append(datetime.fromisoformat(line["time"]))
    return {job: (max(found) - min(found)).total_seconds() for job, found in times.items()}


def third_party(workflows: Path) -> dict[str, Path]:
    """The actions that workflows take from elsewhere, and what stands in for each."""
    used = {found.groups() for file in workflows.glob("*.yml") for found in _USES.finditer(file.read_text())}
    return {
        f"{name}@{commit}": ACTIONS / ("checkout" if name == "actions/checkout" else "on_github")
        for name, commit in used
    }


@dataclass
class Runner:
    """Takes events, runs the jobs that are wanted for them, one after the other."""

    server: Gitea
    repository: str
    folder: Path
    variables: Mapping[str, str]
    environment: Mapping[str, str]
    jobs: dict[str, Sequence[Job]]
    """By event; a test changes what it wants."""
    url: str = ""
    ended: dict[tuple[str, str], list[Ran]] = field(default_factory=dict[tuple[str, str], list[Ran]])
    saying: Path | None = None
    """The log of the run that is under way."""
    broken: Exception | None = None
    _events: queue.Queue[Event | None] = field(default_factory=queue.Queue[Event | None])
    _number: int = 0

    @property
    def checkout(self) -> Path:
        return self.folder / "work"

    def dispatch(self, workflow: str, **inputs: str) -> str:
        """What a person starts by hand, on main; its commit."""
        commit = self.server.call("GET", f"/repos/{self.repository}/branches/main")["commit"]["id"]
        said = {"ref": "refs/heads/main", "inputs": inputs, "workflow": f".github/workflows/{workflow}"}
        self._events.put(Event("workflow_dispatch", said, commit))
        return commit

    def wait(self, event: str, commit: str, seconds: float) -> list[Ran]:
        """The runs of an event of this commit, all ended."""

        def over() -> bool:
            if self.broken:
                raise self.broken
            return (event, commit) in self.ended

        wait_for(over, seconds, f"the runs of {event} {commit[:9]}; see {self.saying}")
        return self.ended[event, commit]

    def said(self, text: str) -> bool:
        """Whether the run that is under way has said this."""
        return self.saying is not None and self.saying.exists() and text in self.saying.read_text()

    def hear(self, asked: Asked) -> Reply:
        """What the server's webhook asks."""
        kind = next(value for name, value in asked.headers.items() if name.lower() == "x-github-event")
        if event := event_of(kind, json.loads(asked.body)):
            self._events.put(event)
        return 200, as_json({}), {}

    def work(self) -> None:
        """Until it is told to stop, or something goes wrong that is no run's fault."""
        try:
            while event := self._events.get():
                commit = self._commit(event)
                ran = [self._run(event, job, commit) for job in self.jobs[event.name]]
                self.ended[event.name, event.commit] = ran
        except Exception as error:  # told to the test, which waits in another thread
            self.broken = error

    def stop(self) -> None:
        self._events.put(None)

    def _commit(self, event: Event) -> str:
        """The commit that GitHub would run: of a pull request the merge into its base, which Gitea does not make."""
        self._git("fetch", "--quiet", "--prune", "origin", "+refs/heads/*:refs/remotes/origin/*")
        if event.name != "pull_request":
            return event.commit
        base = f"origin/{event.said['pull_request']['base']['ref']}"
        self._git("checkout", "--quiet", "--force", "--detach", base)
        self._git("fetch", "--quiet", "origin", f"refs/pull/{event.said['number']}/head")
        self._git("merge", "--quiet", "--no-ff", "--no-edit", event.commit)
        return self._git("rev-parse", "HEAD")

    def _git(self, *arguments: str) -> str:
        who = ("-c", "user.name=runner", "-c", "user.email=runner@example.com")
        command = ["git", "-C", self.checkout, *who, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"git {arguments[0]}: {done.stderr}"
        return done.stdout.strip()

    def _run(self, event: Event, job: Job, commit: str) -> Ran:
        self._number += 1
        self._git("checkout", "--quiet", "--force", "--detach", commit)  # what is run is what it says
        self._tell(event, job, "pending")
        self.saying = log = self.folder / f"{self._number}.log"
        begun = time.monotonic()
        with log.open("w") as file:
            code = subprocess.run(
                self._command(event, job, commit),
                cwd=self.checkout,
                env=self._environment(job),
                stdout=file,
                stderr=subprocess.STDOUT,
                check=False,
            ).returncode
        seconds = time.monotonic() - begun
        self._tell(event, job, "success" if code == 0 else "failure")
        lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
        text = "".join(f"{line['msg'].rstrip()}\n" for line in lines)
        return Ran(job, code == 0, seconds, job_seconds(lines), text)

    def _command(self, event: Event, job: Job, commit: str) -> list[str]:
        file = self.folder / f"{self._number}.json"
        file.write_text(json.dumps(event.said))
        secrets = self.folder / "secrets"  # neither in the arguments nor in a job's environment
        secrets.touch(mode=0o600)
        secrets.write_text(f"GITHUB_TOKEN={self.server.token}\n")
        told = {
            "GITHUB_SERVER_URL": self.server.url,
            "GITHUB_API_URL": self.server.api,
            "GITHUB_REPOSITORY": self.repository,
            "GITHUB_RUN_ID": str(self._number),
            "SHA_REF": commit,
        }
        actions = third_party(self.checkout / ".github/workflows")
        return [
            str(toolchain.program("act") / "bin/act"),
            event.name,
            "--json",
            f"--workflows=.github/workflows/{job.workflow}",
            f"--job={job.name}",
            f"--eventpath={file}",
            "--platform=ubuntu-24.04=-self-hosted",
            "--actor=robot",
            "--concurrent-jobs=1",
            "--no-cache-server",
            "--no-skip-checkout",
            f"--action-cache-path={self.folder / 'act'}",
            f"--secret-file={secrets}",
            *(f"--env={name}={value}" for name, value in told.items()),
            *(f"--var={name}={value}" for name, value in self.variables.items()),
            *(f"--local-repository={action}={stand_in}" for action, stand_in in sorted(actions.items())),
        ]

    def _environment(self, job: Job) -> dict[str, str]:
        foreign = OF_THE_TEST if job.on_platform else (*OF_THE_TEST, *PLATFORM)
        known = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        if job.on_platform:
            known |= self.environment
        known |= {"ACT_DISABLE_VERSION_CHECK": "1", "GIT_TERMINAL_PROMPT": "0"}
        return {**known, "RUNNER_FOLDER": str(self.checkout)}

    def _tell(self, event: Event, job: Job, state: str) -> None:
        body = {"context": job.context, "state": state}
        self.server.call("POST", f"/repos/{self.repository}/statuses/{event.commit}", body)


@contextmanager
def listening_for(runner: Runner) -> Generator[Runner]:
    """It clones the repository, listens for the webhook and works, until the block ends."""
    address = f"{runner.server.url}/{runner.repository}.git"
    runner.folder.mkdir()
    subprocess.run(["git", "clone", "--quiet", address, runner.checkout], check=True)
    worker = threading.Thread(target=runner.work)
    with listening(runner.hear) as runner.url:
        worker.start()
        try:
            yield runner
        finally:
            runner.stop()
            worker.join()
