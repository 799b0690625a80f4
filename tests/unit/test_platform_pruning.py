"""What `up` removes from the cache: former versions that nobody has used for two weeks, and nothing else."""

import os
import subprocess
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from slipway_local import pruning, runtime, toolchain
from slipway_local.paths import paths
from slipway_local.programs import Program

DAY = 24 * 3600


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    paths.cache_clear()
    yield
    paths.cache_clear()


def made(folder: Path, days_ago: float) -> Path:
    folder.mkdir(parents=True)
    (folder / "program").touch()
    at = time.time() - days_ago * DAY
    os.utime(folder, (at, at))
    return folder


def test_former_versions_go_after_two_weeks() -> None:
    old = [
        made(paths().toolchain / "emulator/former", 15),
        made(paths().toolchain / "traefik/3.4.0-former", 14.1),
        made(paths().toolchain / "traefik/.3.4.0-former.partial", 400),
        made(paths().pulumi / "plugins/resource-aws-v6.0.0", 15),
    ]
    of_another_checkout = [
        made(paths().toolchain / "emulator/another", 13.9),
        made(paths().toolchain / "traefik/3.6.0-another", 0),
        made(paths().pulumi / "plugins/resource-aws-v8.0.0", 1),
    ]
    not_ours = made(paths().pulumi / "plugins/resource-random-v4.0.0", 400)
    assert sorted(pruning.prune()) == sorted(old)
    assert not any(folder.exists() for folder in old)
    assert all(folder.exists() for folder in [*of_another_checkout, not_ours])


def test_what_this_checkout_names_is_kept_however_old_and_marked_as_used() -> None:
    named = [made(environment.folder, 400) for environment in runtime.ALL]
    assert pruning.prune() == []
    assert all(time.time() - folder.stat().st_mtime < 60 for folder in named)


def test_installed_programs_and_their_plugins_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    program = toolchain.table()["pulumi-resource-aws"]
    home = made(program.root / f"{program.version}-now", 400)

    def installed(one: Program) -> Path | None:
        return home if one == program else None

    monkeypatch.setattr(toolchain, "_installed", installed)
    plugin = made(paths().pulumi / f"plugins/resource-aws-v{program.version}", 400)
    assert toolchain.homes() == [home, plugin]
    assert pruning.prune() == []


def test_what_runs_is_kept() -> None:
    folder = made(paths().toolchain / "etcd/3.5.0-former", 400)
    (folder / "sleep").symlink_to("/bin/sleep")
    made_at = time.time() - 400 * DAY
    os.utime(folder, (made_at, made_at))
    with subprocess.Popen([folder / "sleep", "60"]) as running:
        try:
            assert pruning.prune() == []
        finally:
            running.kill()
    assert pruning.prune() == [folder]


def test_logs_and_images_are_no_versions_of_programs() -> None:
    others = [made(paths().toolchain / "logs", 400), made(paths().toolchain / "base-image/24.1-former", 400)]
    assert pruning.prune() == []
    assert all((folder / "program").exists() for folder in others)
