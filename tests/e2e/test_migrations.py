"""Migrations on a real PostgreSQL, by node-pg-migrate: whatever they do, who serves goes on serving.

It does not prove RDS: the database is a pod of the stack, and the application that of examples/app-with-migrations.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.command import ended
from tests.support.environment import Environment, wait_for
from tests.support.load import load
from tests.support.project import REPOSITORY, SLIPWAY

EXAMPLE = REPOSITORY / "examples" / "app-with-migrations"
REPOSITORY_NAME = "127.0.0.1:5000/slipway/visits"
HALF_WAY = "ALTER TABLE visits ADD COLUMN half text;\nINSERT INTO visits (served_by) SELECT 1/0;\n"


def pushed(name: str, folder: Path, *arguments: str) -> str:
    reference = f"{REPOSITORY_NAME}:{name}"
    command = ["docker", "build", "--quiet", "--network=host", f"--tag={reference}", *arguments, str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    subprocess.run(["docker", "push", "--quiet", reference], check=True, capture_output=True)
    return reference


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The example's three releases, and one whose migration fails in its second statement."""
    found = {
        f"r{number}": pushed(f"r{number}", EXAMPLE, f"--build-arg=RELEASE={number}") for number in (1, 2, 3)
    }
    folder: Path = tmp_path_factory.mktemp("half-way")
    (folder / "0003_half-way.sql").write_text(HALF_WAY)
    (folder / "Dockerfile").write_text(f"FROM {found['r2']}\nCOPY 0003_half-way.sql migrations/\n")
    return {**found, "half-way": pushed("half-way", folder)}


@pytest.fixture(scope="module")
def stack(environment: Environment, images: dict[str, str]) -> Iterator[Environment]:
    """The environment with a database and release 1 of the example in green, which serves. Afterwards as it was before."""
    file = environment.project.settings_file
    before = file.read_text()
    settings = yaml.safe_load(before)
    settings["config"] |= {
        "slipway:database": {
            "kind": "in-cluster",
            "storage": "ephemeral",
            "removal": "destroy",
            "cpu": "50m",
        },
        "slipway:migration": {"command": ["node", "migrate.js"], "timeoutSeconds": 60, "lockSeconds": 2},
    }
    file.write_text(yaml.safe_dump(settings, sort_keys=False))
    try:
        environment.project.up()
        secrets = kubectl(environment, "get", "secrets", "--output=json")
        (secret,) = (one for one in json.loads(secrets)["items"] if "password" in one.get("data", {}))
        password = subprocess.run(
            ["base64", "--decode"],
            input=secret["data"]["password"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        url = f"postgresql://app:{password}@database.{environment.namespace}-database.svc:5432/app"
        environment.project.pulumi("config", "set", "--secret", "--path", "slipway:secrets.DATABASE_URL", url)
        environment.project.up()
        done = ended(environment, "deploy", images["r1"])
        assert done.returncode == 0, done.stdout + done.stderr
        assert newest(environment)["schema"] | {"serving": ""} == {
            "before": "0",
            "after": "0001_visits",
            "serving": "",
        }
        yield environment
    finally:
        file.write_text(before)
        environment.project.up()


def kubectl(environment: Environment, *arguments: str) -> str:
    """In the database's namespace."""
    command = ["kubectl", f"--namespace={environment.namespace}-database", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def ask(environment: Environment, statement: str, database: str = "app") -> str:
    psql = ["psql", "--username=app", "--tuples-only", "--no-align", f"--command={statement}", database]
    return kubectl(environment, "exec", "database-0", "--", *psql).strip()


def newest(environment: Environment) -> dict[str, Any]:
    return json.loads(ended(environment, "history", "--json").stdout)["releases"][0]


@contextmanager
def locked(environment: Environment) -> Generator[None]:
    """A session that has read the table and does not end its transaction."""
    statements = "BEGIN; SELECT count(*) FROM visits; SELECT pg_sleep(60)"
    command = ["kubectl", f"--namespace={environment.namespace}-database", "exec", "database-0", "--"]
    held = subprocess.Popen(
        [*command, "psql", "--username=app", f"--command={statements}", "app"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    sleeps = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'BEGIN;%' AND wait_event = 'PgSleep'"
    try:
        wait_for(lambda: ask(environment, sleeps), 20, "the session that holds the lock")
        yield
    finally:
        ask(environment, sleeps.replace("pid", "pg_terminate_backend(pid)"))
        held.wait(30)


def test_expand_under_traffic(stack: Environment, images: dict[str, str]) -> None:
    """Given release 1 under load, when release 2 expands the schema, then both serve on it, forth, back and forth again."""
    with load(f"{stack.url}/visits", rate=50) as traffic:
        done = ended(stack, "deploy", images["r2"])
        back = ended(stack, "rollback")
        forth = ended(stack, "switch")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "migrated: the schema is at 0002_served-by, it was at 0001_visits" in done.stdout
    assert "database app_before_" in done.stdout, "the copy before"
    assert (back.returncode, forth.returncode) == (0, 0), back.stderr + forth.stderr
    assert not traffic.failed, traffic.failed[:5]
    assert {answer.color for answer in traffic.answers} == {"blue", "green"}
    served = ask(stack, "SELECT count(color), count(served_by) FROM visits").split("|")
    assert all(int(number) > 0 for number in served), "both releases wrote, each in its way"
    assert sum(map(int, served)) == len(traffic.answers), "each visit is there once"


def test_one_that_fails_half_way(stack: Environment, images: dict[str, str]) -> None:
    """Given release 2 serving, when a migration fails in its second statement, then the first is taken back and nothing moved."""
    file = stack.project.settings_file.read_text()
    with load(f"{stack.url}/visits", rate=50) as traffic:
        done = ended(stack, "deploy", images["half-way"])
    assert done.returncode == 1
    for part in (
        "failed: exit code 1",
        "division by zero",
        "the schema is at 0002_served-by, as before",
        "nothing else was changed",
    ):
        assert part in done.stderr, done.stderr
    columns = "SELECT string_agg(column_name, ' ' ORDER BY column_name) FROM information_schema.columns WHERE table_name = 'visits'"
    assert ask(stack, columns) == "at color id served_by"
    assert stack.project.settings_file.read_text() == file
    assert not traffic.failed, traffic.failed[:5]
    assert {answer.color for answer in traffic.answers} == {"blue"}


def test_one_that_waits_for_a_lock(stack: Environment, images: dict[str, str]) -> None:
    """Given a session that keeps a lock, when a migration needs the table, then it gives up in time and names who has it."""
    with locked(stack), load(f"{stack.url}/visits", rate=20) as traffic:
        done = ended(stack, "deploy", images["r3"])
    assert done.returncode == 1
    for part in (
        "lock timeout",
        "visits is locked (AccessShareLock) by process",
        "psql",
        "the schema is at 0002_served-by, as before",
    ):
        assert part in done.stderr, done.stderr
    assert not traffic.failed, traffic.failed[:5]
    assert traffic.percentile(1) < 5, (
        "requests waited for the migration no longer than it waited for the lock"
    )


def test_a_killed_command_and_a_contract(stack: Environment, images: dict[str, str]) -> None:
    """Given a command that is killed in the middle of a contracting migration, then the same command takes its result,
    and no image that needs what is gone gets traffic again.
    """
    file = stack.project.settings_file
    file.write_text(file.read_text().replace("lockSeconds: 2", "lockSeconds: 30"))
    with load(f"{stack.url}/visits", rate=20) as traffic:
        with locked(stack):
            command = [str(SLIPWAY), "deploy", images["r3"], "--stack", stack.project.stack]
            killed = subprocess.Popen(command, cwd=stack.project.folder, stdout=subprocess.PIPE, text=True)
            assert killed.stdout is not None
            for line in killed.stdout:
                if "MIGRATION 0003" in line:
                    break
            killed.kill()
            killed.wait(10)
        done = ended(stack, "deploy", images["r3"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "found: the migration of release" in done.stdout
    assert not traffic.failed, traffic.failed[:5]
    schema = newest(stack)["schema"]
    assert (schema["after"], schema["oldest"]) == ("0003_no-color", "0002_served-by")
    copies = ask(stack, "SELECT max(datname) FROM pg_database WHERE datname LIKE 'app_before_%'")
    assert int(ask(stack, "SELECT count(color) FROM visits", copies)) > 0, (
        "what was taken away is in the copy"
    )

    refused = ended(stack, "deploy", images["r1"])
    assert refused.returncode == 1
    assert "was made for schema 0001_visits and cannot run on the present one" in refused.stderr, (
        refused.stderr
    )
    assert ended(stack, "rollback").returncode == 0, "release 2 does without what is gone"
    assert ended(stack, "switch").returncode == 0
    stack.project.set("slipway:blueImage", images["r1"])
    stack.project.up()
    back = ended(stack, "rollback")
    assert back.returncode == 1
    assert "cannot run on the present one" in back.stderr
    assert stack.version() == {"version": "3", "color": "green"}
