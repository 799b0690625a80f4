"""What a project's folder holds: which commit it is, and a digest of each file that its program can be made of."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from slipway_ops.project import Project

_MADE_BY_TOOLS = frozenset({".venv", "venv", "__pycache__", "node_modules", ".git", ".pulumi"})
_ANOTHER_REPOSITORY = "160000"
"""The mode by which git marks a submodule."""
_SECONDS = 30


def commits(folder: Path) -> list[str]:
    """The commit that is checked out, and what it merges in, if it is a merge, as hosts check out a pull request. Empty without git."""
    own = _git(folder, "rev-parse", "HEAD")
    said = _git(folder, "cat-file", "commit", "HEAD")  # names its parents in a shallow clone, too
    if own is None or said is None:
        return []
    lines = said.partition("\n\n")[0].splitlines()
    parents = [line.removeprefix("parent ") for line in lines if line.startswith("parent ")]
    return [own.strip(), *parents[1:]]


def reviewed(commits: Sequence[str], head: str) -> str:
    """The commit that people review: the pull request's head, if that is what is checked out, by itself or merged. Empty without git."""
    if head in commits:
        return head
    return commits[0] if commits else ""


def is_changed(folder: Path) -> bool:
    """Whether the folder differs from its commit."""
    return bool(_git(folder, "status", "--porcelain", "--untracked-files=no", "--", "."))


def digests(project: Project) -> dict[str, str]:
    """By path: of everything in the folder that git tracks, but the stacks' files, which are compared key by key. Without git, of what
    is there and no tool made.
    """
    folder = project.folder
    said = _git(folder, "ls-files", "-z", "--stage", "--", ".")
    if said is None:
        tracked = dict.fromkeys(_walk(folder), "")
    else:
        entries = (entry.partition("\t") for entry in said.split("\0") if entry)
        tracked = {path: about for about, _, path in entries}
    found = {path: _digest(folder / path, about) for path, about in sorted(tracked.items()) if _counts(path)}
    return {path: digest for path, digest in found.items() if digest}


def _digest(file: Path, about: str) -> str:
    """Of a file as it lies there; of another repository's checkout, its commit. Empty for what is not there."""
    if about.startswith(_ANOTHER_REPOSITORY):
        return about.split()[1]
    if file.is_symlink() and about:
        return sha256(str(file.readlink()).encode()).hexdigest()
    return sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


def _counts(path: str) -> bool:
    return "/" in path or not (path.startswith("Pulumi.") and path.count(".") > 1)


def _walk(folder: Path) -> Iterator[str]:
    for root, folders, files in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if name not in _MADE_BY_TOOLS)
        for name in files:
            yield (Path(root) / name).relative_to(folder).as_posix()


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=_SECONDS,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout
