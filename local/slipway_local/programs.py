"""The table of programs, local/toolchain/programs.toml, and the key that tells one version from the next."""

import hashlib
import json
import platform
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from slipway_local.paths import paths, repository

# The flags of every build. They are the same for all programs, so that one build's cache serves the next.
BUILD_FLAGS = ("-buildvcs=false", "-trimpath", "-gcflags=all=-dwarf=false")
LINK_FLAGS = "-s -w"


class TableError(Exception):
    """programs.toml says something that cannot be understood."""


@dataclass(frozen=True)
class Build:
    """How a program is built from Go modules."""

    packages: Mapping[str, str]
    ldflags: str = ""
    prepare: str | None = None
    files: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Download:
    """Where the official build lies, and how it is verified."""

    url: str
    sha256: str = ""
    checksums: str = ""
    strip: str = ""


@dataclass(frozen=True)
class Program:
    """One [program.<name>] of the table."""

    name: str
    version: str
    binaries: tuple[str, ...]
    seconds: int
    build: Build
    folder: Path
    links: tuple[str, ...] = ()
    plugin: str | None = None
    beside: str | None = None
    extra: bool = False
    asked: bool = False
    clusters: tuple[str, ...] = ()
    source: str = ""
    sum: str = ""
    download: Download | None = None

    @property
    def root(self) -> Path:
        """Where every installed version of the program lies."""
        return paths().toolchain / self.name

    def built(self, go_version: str) -> Path:
        """The folder of the program as built by this Go."""
        pinned = [self.source, self.sum] if self.source else []
        return self._home(BUILD_FLAGS, LINK_FLAGS, go_version, asdict(self.build), self._sources(), *pinned)

    def downloaded(self, official: Download) -> Path:
        """The folder of the program as its publisher built it."""
        return self._home(asdict(official))

    def _home(self, *parts: object) -> Path:
        definition = [self.binaries, self.links, *parts]
        digest = hashlib.sha256(json.dumps(definition, sort_keys=True).encode()).hexdigest()
        return self.root / f"{self.version}-{digest[:8]}"

    def _sources(self) -> dict[str, str]:
        """The digest of each file of the program's folder."""
        return {
            str(path.relative_to(self.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in self.folder.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }


def machine() -> str:
    """The machine's kind as the table writes it: linux-amd64."""
    architectures = {"x86_64": "amd64", "aarch64": "arm64"}
    found = platform.machine()
    return f"{platform.system().lower()}-{architectures.get(found, found)}"


@cache
def table() -> dict[str, Program]:
    """All programs by name, in build order."""
    folder = repository() / "local" / "toolchain"
    return parse((folder / "programs.toml").read_text(), folder / "go", machine())


def parse(text: str, modules: Path, kind: str) -> dict[str, Program]:
    """The programs of a table, with the downloads for one kind of machine."""
    programs: dict[str, Program] = {}
    for name, entry in tomllib.loads(text)["program"].items():
        try:
            programs[name] = _program(name, dict(entry), modules / name, kind)
        except (TypeError, KeyError, ValueError) as error:
            raise TableError(
                f"programs.toml: [program.{name}] is not as its head describes: {error}"
            ) from error
    return programs


def _program(name: str, entry: dict[str, Any], folder: Path, kind: str) -> Program:
    version = entry.pop("version")
    build = Build(**entry.pop("build"))
    download = entry.pop("download", {}).get(kind)
    if download is not None:
        download = Download(**{key: value.replace("{version}", version) for key, value in download.items()})
        if bool(download.sha256) == bool(download.checksums):
            raise ValueError("a download needs either sha256 or checksums")
        if not all(url.startswith("https://") for url in (download.url, download.checksums) if url):
            raise ValueError("a download's addresses must begin with https://")
    return Program(
        name=name,
        version=version,
        binaries=tuple(entry.pop("binaries")),
        links=tuple(entry.pop("links", ())),
        clusters=tuple(entry.pop("clusters", ())),
        build=Build(build.packages, build.ldflags.replace("{version}", version), build.prepare, build.files),
        folder=folder,
        download=download,
        **entry,
    )
