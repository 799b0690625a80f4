"""The programs of the local platform: installed once per user, keyed by what defines them.

CACHE/toolchain/<program>/<version>-<key>/bin/ holds a program; the folder appears whole or not at all.
"""

import fcntl
import os
import shutil
import sys
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from slipway_local import download, gobuild
from slipway_local.cluster import Kind
from slipway_local.download import UnreachableError
from slipway_local.parts import connects
from slipway_local.paths import paths
from slipway_local.programs import Download, Program, table
from slipway_local.progress import Progress

# What a download counts for in the progress display, in seconds.
DOWNLOAD_SECONDS = 10.0


class ToolchainError(Exception):
    """A program was asked for that there is not, or that is not installed."""


def ensure(names: Iterable[str] | None = None) -> None:
    """Installs what is missing of these programs, or of all; says how far it is on standard error."""
    programs = _select(names)
    if any(_installed(program) is None for program in programs):
        with _lock():
            _install([program for program in programs if _installed(program) is None])
    for program in programs:
        _link(program)


def program(name: str) -> Path:
    """The folder of an installed program; its binaries lie in bin/."""
    (found,) = _select([name])
    return _home(found)


def bin_dirs() -> list[Path]:
    """The bin folders for PATH. A plugin's is not among them: the engine finds it at home, and warns of one on PATH."""
    homes = (_installed(program) for program in table().values() if not (program.plugin or program.beside))
    return [home / "bin" for home in homes if home is not None]


def homes() -> list[Path]:
    """The folders of all programs that are installed, and of the plugins as the engine finds them."""
    installed = [program for program in table().values() if _installed(program) is not None]
    return [*map(_home, installed), *(_plugin_folder(program) for program in installed if program.plugin)]


def names(kind: Kind, *, extras: bool) -> list[str]:
    """The programs that the platform, with this kind of cluster, and dev are made of; with the extras, those of the tests and of
    other components too."""
    return [
        name
        for name, program in table().items()
        if not program.asked
        and (extras or not program.extra)
        and (not program.clusters or kind in program.clusters)
    ]


def is_installed(name: str) -> bool:
    """Whether a program of the table is there."""
    return _installed(table()[name]) is not None


def missing(kind: Kind) -> list[str]:
    """The names of the programs, but for the extras, that are not installed."""
    return [name for name in names(kind, extras=False) if not is_installed(name)]


def _select(names: Iterable[str] | None) -> list[Program]:
    asked = set(table() if names is None else names)
    if unknown := asked - set(table()):
        raise ToolchainError(f"no program {', '.join(sorted(unknown))}; there are {', '.join(table())}")
    return [program for name, program in table().items() if name in asked]


def _installed(program: Program) -> Path | None:
    if program.download is not None and (home := program.downloaded(program.download)).is_dir():
        return home
    if not program.root.is_dir():
        return None
    home = program.built(gobuild.go().version)
    return home if home.is_dir() else None


def _home(program: Program) -> Path:
    home = _installed(program)
    if home is None:
        raise ToolchainError(f"{program.name} {program.version} is not installed: run `slipway local up`")
    return home


@contextmanager
def _lock() -> Generator[None]:
    """Only one process installs at a time; the others wait and find the work done."""
    paths().toolchain.mkdir(parents=True, exist_ok=True)
    with (paths().toolchain / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            sys.stderr.write(f"waiting: process {file.read()} is installing the toolchain\n")
            sys.stderr.flush()
            fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _install(programs: list[Program]) -> None:
    official = _official(programs)
    built = [program for program in programs if program.name not in official]
    progress = Progress(
        {one.name: DOWNLOAD_SECONDS if one.name in official else float(one.seconds) for one in programs}
    )
    if official:
        progress.say(f"toolchain: {len(official)} programs come from their publishers and are verified")
    if built:
        gobuild.require(built)
        why = "" if official else "; official downloads are not reached from here"
        progress.say(f"toolchain: {len(built)} programs are built from Go modules{why}")
    # A program's modules are fetched while the one before it compiles: network and cores are busy together.
    with ThreadPoolExecutor(max_workers=1) as ahead:
        prepared = {program.name: ahead.submit(gobuild.prepare, program) for program in built}
        try:
            for program in programs:
                with progress.step(program.name):
                    _install_one(program, official.get(program.name), prepared.get(program.name), progress)
        finally:
            ahead.shutdown(cancel_futures=True)


def _official(programs: list[Program]) -> dict[str, Download]:
    """The official builds that are used: all that there are, if the first of them answers."""
    candidates = {program.name: program.download for program in programs if program.download is not None}
    if candidates and download.reachable(next(iter(candidates.values()))):
        return candidates
    return {}


def _install_one(
    program: Program, official: Download | None, prepared: Future[Path] | None, progress: Progress
) -> None:
    home = None
    if official is not None:
        try:
            home = _download(program, official, progress)
        except UnreachableError as error:
            gobuild.require([program])
            progress.say(f"{program.name}: {error}; it is built from Go modules instead")
    home = home or _build(program, prepared, progress)
    # What runs may be of an older version, which another checkout wants; a later build cleans up.
    unused = connects(paths().supervisor_socket) is not None
    for old in program.root.iterdir():
        if old != home and (unused or old.name.startswith(".")):
            shutil.rmtree(old)


def _download(program: Program, official: Download, progress: Progress) -> Path:
    progress.doing(f"downloading {program.version}")
    home = program.downloaded(official)
    with _partial(program, home) as bin_dir:
        download.fetch(program, official, bin_dir)
    return home


def _build(program: Program, prepared: Future[Path] | None, progress: Progress) -> Path:
    progress.doing(f"fetching modules of {program.version}")
    work = prepared.result() if prepared is not None else gobuild.prepare(program)
    progress.doing(f"building {program.version}")
    home = program.built(gobuild.go().version)
    with _partial(program, home) as bin_dir:
        gobuild.build(program, work, bin_dir)
    return home


@contextmanager
def _partial(program: Program, home: Path) -> Generator[Path]:
    """An empty bin folder; when all went well its parent is renamed, and that installs the program."""
    partial = home.with_name(f".{home.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    (partial / "bin").mkdir(parents=True)
    yield partial / "bin"
    for name in program.links:
        (partial / "bin" / name).symlink_to(program.binaries[0])
    partial.rename(home)


def _link(program: Program) -> None:
    """Shows a program where the engine looks for it: among its plugins, or beside Pulumi itself.

    Hard links: Pulumi resolves symbolic ones, and then warns of a helper in a place that it did not expect.
    """
    folders: list[Path] = []
    if program.plugin is not None:
        folders.append(_plugin_folder(program))
    if program.beside is not None and (host := _installed(table()[program.beside])) is not None:
        folders.append(host / "bin")
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        for binary in program.binaries:
            source, link = _home(program) / "bin" / binary, folder / binary
            if not (link.exists() and link.samefile(source)):
                link.unlink(missing_ok=True)
                link.hardlink_to(source)


def _plugin_folder(program: Program) -> Path:
    return paths().pulumi / "plugins" / f"resource-{program.plugin}-v{program.version}"
