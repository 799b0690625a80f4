"""Migrations of `slipway deploy`, against an API server in memory whose Jobs do what a test says."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from slipway_ops import jobs, lease, migration
from slipway_ops.lease import Doing
from tests.support.api_server import LEASE, Answer, Object
from tests.support.migrating import (
    JOBS,
    SECTION,
    Controllers,
    changed,
    left_job,
    made_jobs,
    ready_to_migrate,
    released,
)
from tests.support.stack import FILE, SMOKE, Stack

IN_CLUSTER = "  slipway:database: {kind: in-cluster}\n"


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    with ready_to_migrate(tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
def controllers(stack: Stack) -> Controllers:
    made = Controllers(stack.cluster)
    stack.cluster.before = made
    return made


def test_it_migrates_before_the_idle_colour_gets_the_image(stack: Stack, controllers: Controllers) -> None:
    before_up: list[list[str]] = []
    controllers.on_look = lambda: before_up.append(list(stack.happened))
    done = stack.run("deploy", "chat:2")
    assert done.exit_code == 0, done.output
    assert before_up
    assert not any(before_up), "nothing was brought up while the migration ran"
    assert "migrate: > 0002_sender" in done.output
    assert done.output.count("migrate: ALTER TABLE") == 1
    assert "migrated: the schema is at 0002_sender, it was at 0001" in done.output
    (record,) = stack.cluster.records
    assert record["result"] == "succeeded"
    assert record["schema"] == {"before": "0001", "after": "0002_sender", "serving": "chat:1"}


def test_a_job_s_name_fits_into_a_label() -> None:
    assert jobs.named("chat", "migrate-7") == "chat-migrate-7"
    assert jobs.named("a" * 50 + "-" + "b" * 12, "migrate-1234") == "a" * 50 + "-migrate-1234"
    assert len(jobs.named("a" * 63, "gate-x-1")) == 63


def test_the_job_is_the_application_with_another_command(stack: Stack, controllers: Controllers) -> None:
    stack.run("deploy", "chat:2")
    (job,) = made_jobs(stack)
    assert (job["kind"], job["metadata"]["name"], job["metadata"]["namespace"]) == (
        "Job",
        "chat-migrate-1",
        "dev",
    )
    assert job["metadata"]["annotations"] == {"slipway/release": "1", "slipway/image": "chat:2"}
    assert job["spec"]["backoffLimit"] == 0
    labels = job["spec"]["template"]["metadata"]["labels"]
    assert labels["app.kubernetes.io/instance"] == "chat"
    assert "slipway/color" not in labels, "no Service and no Deployment may take it for a colour's pod"
    pod = job["spec"]["template"]["spec"]
    (container,) = pod.pop("containers")
    assert pod == {
        "serviceAccountName": "chat",
        "automountServiceAccountToken": False,
        "restartPolicy": "Never",
        "activeDeadlineSeconds": 60,
        "securityContext": {"runAsUser": 1000},
        "imagePullSecrets": [{"name": "login"}],
        "volumes": [{"name": "cache", "emptyDir": {}}],
    }
    assert container == {
        "name": "migrate",
        "image": "chat:2",
        "command": ["npm", "run", "migrate"],
        "env": [
            {"name": "COLOR", "value": "blue"},
            {"name": "PGOPTIONS", "value": "-c work_mem=8MB -c lock_timeout=5s"},
            {"name": "SERVING_SCHEMA", "value": ""},
        ],
        "envFrom": [{"secretRef": {"name": "chat-secrets-1"}}],
        "resources": {"limits": {"memory": "256Mi"}},
        "securityContext": {"readOnlyRootFilesystem": True},
        "volumeMounts": [{"name": "cache", "mountPath": "/cache"}],
    }


def test_what_the_file_says_of_it(stack: Stack, controllers: Controllers) -> None:
    section = yaml.safe_dump(
        {
            "slipway:migration": {
                "command": ["alembic", "upgrade", "head"],
                "image": "migrations:7",
                "timeoutSeconds": 900,
                "lockSeconds": 2,
                "env": {"COLOR": "none", "PGAPPNAME": "migration"},
                "addressVariable": "PG_URL",
            }
        },
        default_flow_style=True,
        width=1000,
    ).strip()[1:-1]
    stack.file.write_text(FILE + IN_CLUSTER + f"  {section}\n")
    released(stack, 1, "chat:1", after="0001")
    stack.run("deploy", "chat:2")
    pod = made_jobs(stack)[0]["spec"]["template"]["spec"]
    assert pod["activeDeadlineSeconds"] == 900
    (migrate,), (copying,) = pod["containers"], pod["initContainers"]
    assert migrate["image"] == "migrations:7"
    assert migrate["env"] == [
        {"name": "PGOPTIONS", "value": "-c work_mem=8MB -c lock_timeout=2s"},
        {"name": "SERVING_SCHEMA", "value": "0001"},
        {"name": "COLOR", "value": "none"},
        {"name": "PGAPPNAME", "value": "migration"},
    ]
    assert copying["image"] == "docker.io/library/postgres:17-trixie"
    assert {"name": "SLIPWAY_ADDRESS", "value": "PG_URL"} in copying["env"]
    assert {"name": "SLIPWAY_RELEASE", "value": "2"} in copying["env"]
    assert copying["envFrom"] == [{"secretRef": {"name": "chat-secrets-1"}}]
    assert copying["securityContext"] == {"readOnlyRootFilesystem": True}


@pytest.mark.parametrize(
    ("database", "backup", "image"),
    [
        ("{kind: in-cluster, version: '16'}", "", "docker.io/library/postgres:16-trixie"),
        (
            "{kind: in-cluster, image: registry.example.com/postgres:17}",
            "",
            "registry.example.com/postgres:17",
        ),
        ("{kind: in-cluster}", ", backup: none", None),
        ("{kind: rds}", ", backup: none", None),
    ],
)
def test_the_copy_before(
    stack: Stack, controllers: Controllers, database: str, backup: str, image: str | None
) -> None:
    stack.file.write_text(
        FILE + f"  slipway:database: {database}\n  slipway:migration: {{command: [m]{backup}}}\n"
    )
    stack.run("deploy", "chat:2")
    pod = made_jobs(stack)[0]["spec"]["template"]["spec"]
    assert [one["image"] for one in pod.get("initContainers", ())] == ([image] if image else [])


PSQL = """\
#!/bin/sh
case "$*" in
  *current_database*) echo app ;;
  *"FROM pg_database"*) printf 'app_before_20260102_030405_7\\napp_before_20260101_030405_12\\n' ;;
  *"holds what was there"*) ;;
  *--command*) echo "$*" | sed 's/.*--command=//; s/ postgresql:.*//' >>"$LOG"; case "$*" in *DROP*_7*) exit 1 ;; esac ;;
  *) exit "$LOADS" ;;
esac
"""


@pytest.mark.parametrize("loads", [0, 3])
def test_what_the_copy_does(tmp_path: Path, loads: int) -> None:
    """Against a psql that says what it was asked, and that cannot drop one of the older copies."""
    for name, text in {"psql": PSQL, "pg_dump": "#!/bin/sh\n"}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    log = tmp_path / "log"
    variables = {"SLIPWAY_ADDRESS": "PG_URL", "PG_URL": "postgresql://db/app", "SLIPWAY_RELEASE": "1"}
    path = f"{tmp_path}:/usr/bin:/bin"
    done = subprocess.run(
        ["bash", "-c", migration._COPY_SCRIPT],  # pyright: ignore[reportPrivateUsage]
        env={**variables, "PATH": path, "LOG": str(log), "LOADS": str(loads)},
        capture_output=True,
        text=True,
        check=False,
    )
    made, *dropped = log.read_text().splitlines()
    copy = re.fullmatch(r'CREATE DATABASE "(app_before_\d{8}_\d{6}_1)"', made)
    assert copy, made
    if loads:
        assert (done.returncode, dropped) == (1, [f'DROP DATABASE "{copy[1]}"']), "no half of a copy stays"
        return
    assert done.returncode == 0, done.stderr
    assert dropped == [
        f'DROP DATABASE "app_before_{old}"' for old in ("20260102_030405_7", "20260101_030405_12")
    ]
    assert "database app_before_20260102_030405_7, an older copy, could not be dropped" in done.stderr


def test_one_that_fails_changes_nothing(stack: Stack, controllers: Controllers) -> None:
    controllers.exit, controllers.message = 1, "before 0001\nafter 0001\n"
    controllers.log = "> 0002_sender\nERROR: division by zero\n"
    done = stack.run("deploy", "chat:2")
    assert done.exit_code == 1
    for part in (
        "the migration of chat:2 (release 1, Job dev/chat-migrate-1) failed: exit code 1; its last lines:",
        "    ERROR: division by zero",
        "the schema is at 0001, as before",
        "nothing else was changed: blue serves chat:1 as before",
    ):
        assert part in done.output, done.output
    assert stack.happened == []
    assert stack.file.read_text() == FILE + SECTION
    assert changed(stack) == [("POST", JOBS)]
    (record,) = stack.cluster.records
    assert (record["result"], record["schema"]) == (
        "failed",
        {"before": "0001", "stopped_at": "0001", "serving": "chat:1"},
    )
    assert "holderIdentity" not in stack.cluster.objects[LEASE]["spec"]


def test_no_secret_of_its_log_is_told_or_recorded(
    stack: Stack, controllers: Controllers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tools print the address of the database when they cannot connect."""
    monkeypatch.setenv("DB_PASSWORD", "correct-horse")
    controllers.exit = 1
    controllers.log = "cannot connect to postgres://chat:hunter2@db/chat\nnor with correct-horse\n"
    outputs = [stack.run("deploy", "chat:2", *more).output for more in ((), ("--json",))]
    page = stack.folder / "page.html"
    stack.run("report", "--out", str(page))
    outputs += [json.dumps(stack.cluster.records), page.read_text()]
    for output in outputs:
        assert "postgres://chat:[secret]@db/chat" in output
        assert "nor with [secret]" in output
        assert "hunter2" not in output
        assert "correct-horse" not in output


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("before 0001\nafter 0002\n", "the schema is at 0002, it was at 0001"),
        (
            "before 0001\n",
            "which version the schema has now is not known: it was at 0001 before; the release before left it at 0001",
        ),
        ("", "is not known: the migration did not say; the release before left it at 0001"),
        ("after the end\n", "is not known: the migration did not say"),
    ],
)
def test_what_state_the_schema_is_in(stack: Stack, controllers: Controllers, message: str, told: str) -> None:
    released(stack, 1, "chat:1", after="0001")
    controllers.exit, controllers.message, controllers.log = 1, message, ""
    done = stack.run("deploy", "chat:2")
    assert "failed: exit code 1; it wrote nothing" in done.output
    assert told in done.output, done.output


@pytest.mark.parametrize(
    ("pod", "told"),
    [
        (
            {
                "reason": "DeadlineExceeded",
                "containerStatuses": [{"name": "migrate", "state": {"terminated": {"exitCode": 137}}}],
            },
            "did not end within 60 s and was stopped",
        ),
        (
            {
                "containerStatuses": [
                    {"name": "migrate", "state": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}
                ]
            },
            "failed: it ran out of memory",
        ),
        (
            {
                "initContainerStatuses": [{"name": "copy", "state": {"terminated": {"exitCode": 2}}}],
                "containerStatuses": [
                    {"name": "migrate", "state": {"waiting": {"reason": "PodInitializing"}}}
                ],
            },
            'did not begin, because "copy" before it failed: exit code 2',
        ),
    ],
)
def test_how_it_can_fail(stack: Stack, controllers: Controllers, pod: Object, told: str) -> None:
    released(stack, 1, "chat:1", after="0001")
    controllers.exit, controllers.pod = 1, pod
    done = stack.run("deploy", "chat:2")
    assert told in done.output, done.output
    assert ("no statement of it ran: the schema is as it was, at 0001" in done.output) == ("copy" in told)
    assert stack.happened == []


def test_one_that_cannot_begin_is_taken_away(stack: Stack, controllers: Controllers) -> None:
    waiting = {"reason": "InvalidImageName", "message": "couldn't parse"}
    controllers.exit = -1
    controllers.pod = {
        "containerStatuses": [{"name": "migrate", "image": "chat:2", "state": {"waiting": waiting}}]
    }
    done = stack.run("deploy", "chat:2")
    assert done.exit_code == 1
    assert "did not begin: pod chat-migrate-1-x: couldn't parse" in done.output
    assert "no statement of it ran: the schema is as it was" in done.output
    assert changed(stack) == [("POST", JOBS), ("DELETE", f"{JOBS}/chat-migrate-1")]


def test_one_that_never_ends_by_itself(
    stack: Stack, controllers: Controllers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_START_SECONDS", -60)
    controllers.exit = -1
    controllers.pod = {"containerStatuses": []}
    done = stack.run("deploy", "chat:2")
    assert "did not begin: its pod neither ends nor says why" in done.output


def test_one_that_somebody_takes_away(stack: Stack, controllers: Controllers) -> None:
    controllers.on_look = lambda: stack.cluster.objects.pop(f"{JOBS}/chat-migrate-1", None)
    assert "was taken away by somebody else" in stack.run("deploy", "chat:2").output


@pytest.mark.parametrize("status", [500, 403])
def test_an_api_server_that_is_unwell_for_a_moment(
    stack: Stack, controllers: Controllers, status: int
) -> None:
    left = [status]

    def unwell(method: str, path: str) -> Answer | None:
        if (method, path) == ("GET", f"{JOBS}/chat-migrate-1") and left:
            return left.pop(), {"message": "not now"}
        return controllers(method, path)

    stack.cluster.before = unwell
    done = stack.run("deploy", "chat:2")
    if status == 500:
        assert done.exit_code == 0, done.output
        assert "Job chat-migrate-1 goes on, but it cannot be seen" in done.output
    else:
        assert done.exit_code == 1
        assert "the migration goes on unseen: Job dev/chat-migrate-1" in done.output
        assert stack.happened == []


def test_an_api_server_that_stays_unwell_is_not_watched_for_ever(
    stack: Stack, controllers: Controllers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_START_SECONDS", -60)
    unwell: Answer = (500, {"message": "not now"})
    stack.cluster.before = lambda method, path: (
        unwell if (method, path) == ("GET", f"{JOBS}/chat-migrate-1") else controllers(method, path)
    )
    done = stack.run("deploy", "chat:2")
    assert done.exit_code == 1
    assert "the migration goes on unseen: Job dev/chat-migrate-1" in done.output
    assert stack.happened == []


def test_a_log_that_may_not_be_read_is_told(stack: Stack, controllers: Controllers) -> None:
    forbidden: Answer = (403, {"message": "pods/log is forbidden"})
    stack.cluster.before = lambda method, path: (
        forbidden if path.endswith("/log") else controllers(method, path)
    )
    done = stack.run("deploy", "chat:2")
    assert done.exit_code == 0
    assert "(its log cannot be read: 403" in done.output


def test_ctrl_c_leaves_it_at_work(stack: Stack, controllers: Controllers) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    watched = jobs.Watch._look  # pyright: ignore[reportPrivateUsage]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs.Watch, "_look", stop)
        done = stack.run("deploy", "chat:2")
    assert jobs.Watch._look is watched  # pyright: ignore[reportPrivateUsage]
    assert done.exit_code == 1
    assert "stopped; what has begun of the migration goes on" in done.output
    assert (stack.cluster.records[0]["result"], stack.happened) == ("interrupted", [])
    again = stack.run("deploy", "chat:2")
    assert "found: the migration of release 1 (Job chat-migrate-1) still runs: waiting for it" in again.output
    assert again.exit_code == 0
    assert len(made_jobs(stack)) == 1


def dead(stack: Stack, image: str) -> None:
    """A deployment that was killed during its migration."""
    doing = Doing("deploy", "blue", "green", image, earlier="chat:0", pid=2**22 + 1)
    noted = {"slipway/doing": json.dumps(doing.__dict__)}
    spec = {"holderIdentity": doing.identity, "renewTime": lease._micro(lease.now())}  # pyright: ignore[reportPrivateUsage]
    stack.cluster.put(LEASE, {"metadata": {"annotations": noted}, "spec": spec})
    released(stack, 1, image, result="running")


def test_who_loses_the_lock_leaves_it_at_work(
    stack: Stack, controllers: Controllers, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    controllers.on_look = lambda: looked.append("x")

    def check(_: Any) -> None:
        if looked:
            raise lease.LostError("the lock of this application was lost")

    monkeypatch.setattr(lease.Lease, "check", check)
    done = stack.run("deploy", "chat:2")
    assert done.exit_code == 1
    assert "what has begun of the migration goes on" in done.output
    assert stack.cluster.records[0]["result"] == "running", "whoever has the lock now closes it"
    assert stack.happened == []


@pytest.mark.parametrize(
    ("end", "told", "made"),
    [
        ("", "still runs: waiting for it", 0),
        ("Complete", "has ended well: taking its result", 0),
        ("Failed", "", 1),
    ],
)
def test_what_a_killed_command_left_is_taken_up(
    stack: Stack, controllers: Controllers, end: str, told: str, made: int
) -> None:
    dead(stack, "chat:2")
    left_job(stack, 1, "chat:2", end)
    controllers.looks = 0 if end == "Complete" else 2
    done = stack.run("deploy", "chat:2")
    assert done.exit_code == 0, done.output
    assert told in done.output
    assert len(made_jobs(stack)) == made
    assert stack.cluster.records[-1]["schema"]["after"] == "0002_sender"


def test_what_a_killed_command_made_of_the_schema_is_known(stack: Stack, controllers: Controllers) -> None:
    released(stack, 1, "chat:0", before="0", after="0001")
    released(stack, 2, "chat:1", before="0001", after="0002")
    released(stack, 3, "chat:3", result="interrupted")
    name = left_job(stack, 3, "chat:3", "Complete")
    controllers.looks, controllers.message = 0, "before 0002\nafter 0003\noldest 0002\n"
    controllers.look(name)
    done = stack.run("switch", "green")
    assert done.exit_code == 1
    assert (
        "chat:0 was made for schema 0001 and cannot run on the present one: release 3 (chat:3)" in done.output
    )
    assert stack.run("deploy", "chat:4").exit_code == 0


def test_two_never_run_at_once(stack: Stack, controllers: Controllers) -> None:
    dead(stack, "chat:2")
    left_job(stack, 1, "chat:2")
    done = stack.run("deploy", "chat:3")
    assert done.exit_code == 1
    assert "the migration of release 1 (chat:2) still runs: Job dev/chat-migrate-1" in done.output
    assert made_jobs(stack) == []
    assert stack.happened == []


def test_an_ended_release_is_migrated_anew(stack: Stack, controllers: Controllers) -> None:
    released(stack, 1, "chat:2", result="failed", before="0001", after="0002")
    left_job(stack, 1, "chat:2", "Complete")
    assert stack.run("deploy", "chat:2").exit_code == 0
    assert [job["metadata"]["name"] for job in made_jobs(stack)] == ["chat-migrate-2"]


def test_three_jobs_are_kept(stack: Stack, controllers: Controllers) -> None:
    for number in range(1, 6):
        released(stack, number, f"chat:{number}")
        left_job(stack, number, f"chat:{number}", "Complete")
    stack.run("deploy", "chat:9")
    left = sorted(path.rsplit("-", 1)[1] for path in stack.cluster.objects if path.startswith(JOBS))
    assert left == ["4", "5", "6"]


def contract(stack: Stack) -> None:
    """Release 3 took away what images made for 0001 need."""
    released(stack, 1, "chat:1", before="0", after="0001", serving="chat:0")
    released(stack, 2, "chat:2", before="0001", after="0002")
    released(stack, 3, "chat:3", before="0002", after="0003", oldest="0002")


@pytest.mark.parametrize(
    "command", [("rollback",), ("switch", "blue"), ("switch", "blue", "--dry-run"), ("deploy", "chat:1")]
)
def test_an_image_that_cannot_run_on_the_schema_is_refused(
    stack: Stack, controllers: Controllers, command: tuple[str, ...]
) -> None:
    contract(stack)
    stack.file.write_text(
        (FILE + SECTION).replace("active: blue", "active: green").replace("chat:0", "chat:3")
    )
    stack.cluster.deployment("green", 3, image="chat:3")
    stack.cluster.route(blue=0, green=100)
    done = stack.run(*command)
    assert done.exit_code == 1
    assert (
        "chat:1 was made for schema 0001 and cannot run on the present one: release 3 (chat:3) left it at 0003, "
        "which takes images made for 0002 or newer; nothing was changed"
    ) in done.output
    assert stack.shares == "0/100"
    assert {method for method, _, _ in stack.cluster.seen} == {"GET"}


def test_going_back_to_a_release_migrates_nothing(stack: Stack, controllers: Controllers) -> None:
    released(stack, 1, "chat:1", before="0", after="0001")
    released(stack, 2, "chat:2", before="0001", after="0002")
    stack.file.write_text(
        (FILE + SECTION)
        .replace("active: blue", "active: green")
        .replace("chat:1", "chat:2")
        .replace("chat:0", "chat:3")
    )
    stack.cluster.deployment("blue", 3, image="chat:2")
    stack.cluster.deployment("green", 3, image="chat:3")
    stack.cluster.route(blue=0, green=100)
    stack.cluster.put(SMOKE.replace("green", "blue"), {})
    before = stack.file.read_text()
    done = stack.run("rollback", "--to", "1")
    assert done.exit_code == 0, done.output
    assert made_jobs(stack) == []
    assert stack.shares == "100/0"
    stack.file.write_text(before)
    stack.cluster.deployment("blue", 3, image="chat:2")
    stack.cluster.route(blue=0, green=100)
    released(stack, 4, "chat:4", before="0002", after="0003", oldest="0002")
    assert "chat:1 was made for schema 0001 and cannot run" in stack.run("rollback", "--to", "1").output
    assert stack.shares == "0/100"


def test_an_image_that_is_built_can_be_gone_back_to(stack: Stack, controllers: Controllers) -> None:
    released(stack, 1, "build:v1")
    done = stack.run("rollback", "--to", "1")
    assert done.exit_code == 0, done.output
    assert (made_jobs(stack), stack.image("green")) == ([], "build:v1")


def test_an_image_that_can_is_not(stack: Stack, controllers: Controllers) -> None:
    contract(stack)
    stack.cluster.deployment("green", 3, image="chat:2")
    assert stack.run("switch", "green").exit_code == 0
    assert stack.shares == "0/100"


def test_what_is_not_known_is_told(stack: Stack, controllers: Controllers) -> None:
    contract(stack)
    controllers.message = "before 0003\nafter 0003\noldest 0002\n"
    done = stack.run("deploy", "chat:from-elsewhere")
    assert done.exit_code == 0
    assert "whether chat:from-elsewhere can run on the present schema is not known" in done.output


def test_expand_and_contract_at_once_is_told(stack: Stack, controllers: Controllers) -> None:
    released(stack, 1, "chat:1", before="0", after="0001")
    controllers.message = "before 0001\nafter 0003\noldest 0002\n"
    done = stack.run("deploy", "chat:3")
    assert done.exit_code == 0
    assert "! blue still serves chat:1, which cannot run on this schema" in done.output
    assert stack.run("rollback").exit_code == 1


def test_an_undone_release_says_that_its_schema_stays(stack: Stack, controllers: Controllers) -> None:
    def broken(method: str, path: str) -> Answer | None:
        return (500, {}) if path == SMOKE else controllers(method, path)

    stack.cluster.before = broken
    done = stack.run("deploy", "chat:2")
    assert "undone: blue serves as before" in done.output
    assert "the schema stays at 0002_sender, it was at 0001; no migration is taken back" in done.output
    assert stack.cluster.records[0]["schema"]["after"] == "0002_sender"


def test_an_image_that_the_stack_builds_has_no_name_yet(stack: Stack, controllers: Controllers) -> None:
    done = stack.run("deploy", "build:v2")
    assert done.exit_code == 1
    assert "build:v2 is built by pulumi up, so its migration cannot run before" in done.output
    stack.file.write_text(FILE + "  slipway:migration: {command: [m], image: 'migrations:2'}\n")
    assert stack.run("deploy", "build:v2").exit_code == 0


def test_dry_run(stack: Stack, controllers: Controllers) -> None:
    stack.file.write_text(FILE + IN_CLUSTER + SECTION)
    done = stack.run("deploy", "chat:2", "--dry-run")
    assert "would copy the database, then run npm run migrate in a Job with chat:2" in done.output
    assert {method for method, _, _ in stack.cluster.seen} == {"GET"}


def test_without_the_section_there_is_none(stack: Stack, controllers: Controllers) -> None:
    stack.file.write_text(FILE)
    assert stack.run("deploy", "chat:2").exit_code == 0
    assert not [path for _, path, _ in stack.cluster.seen if "/batch/" in path]
    assert stack.cluster.records[0]["schema"] == {}


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ("x", "slipway:migration must be a section, got 'x'"),
        ("{}", "slipway:migration.command must be a list of words, got nothing"),
        ("{command: npm}", "slipway:migration.command must be a list of words, got 'npm'"),
        ("{command: [m], env: x}", "slipway:migration.env must be variables, got 'x'"),
        (
            "{command: [m], lockSeconds: 0}",
            "slipway:migration.lockSeconds must be a number of seconds, got 0",
        ),
        (
            "{command: [m], timeoutSeconds: long}",
            "slipway:migration.timeoutSeconds must be a number of seconds",
        ),
        (
            "{command: [m], backup: copy}",
            "slipway:migration.backup must be none, or left out, with this slipway:database, got 'copy'",
        ),
        (
            "{command: [m], backup: copy}\n  slipway:database: {kind: rds}",
            "slipway:migration.backup must be snapshot or none with this slipway:database, got 'copy'",
        ),
        (
            "{command: [m], backup: snapshot}\n  slipway:database: {kind: in-cluster}",
            "slipway:migration.backup must be copy or none with this slipway:database, got 'snapshot'",
        ),
    ],
)
def test_a_section_that_is_wrong(stack: Stack, section: str, told: str) -> None:
    stack.file.write_text(FILE + f"  slipway:migration: {section}\n")
    assert told in stack.run("deploy", "chat:2").output
    assert stack.cluster.seen == []
