"""What a project's folder holds: which commit it is, and a digest of each file that its program can be made of."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from slipway_ops.project import Project

_IS_NO_PROGRAM = frozenset({".venv", "venv", "__pycache__", "node_modules", ".git", ".pulumi"})
_SECONDS = 30


def commits(folder: Path) -> list[str]:
    """The commit that is checked out, and what it merges in, if it is a merge, as hosts check out a pull request. Empty without git."""
    said = _git(folder, "rev-list", "--parents", "--max-count=1", "HEAD")
    if said is None:
        return []
    own, *parents = said.split()
    return [own, *parents[1:]]


def is_changed(folder: Path) -> bool:
    """Whether the folder differs from its commit."""
    return bool(_git(folder, "status", "--porcelain", "--", "."))


def digests(project: Project) -> dict[str, str]:
    """By path: of everything in the folder but other stacks' files, prose, and what git ignores."""
    folder = project.folder
    said = _git(folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", ".")
    paths = [part for part in said.split("\0") if part] if said else sorted(_walk(folder))
    found: dict[str, str] = {}
    for path in paths:
        file = folder / path
        if _counts(path) and file.is_file():
            found[path] = sha256(file.read_bytes()).hexdigest()
    return found


def _counts(path: str) -> bool:
    name = path.rsplit("/", 1)[-1]
    of_a_stack = "/" not in path and name.startswith("Pulumi.") and name.count(".") > 1  # compared key by key
    return not (of_a_stack or name.endswith(".md") or _IS_NO_PROGRAM & {*path.split("/")})


def _walk(folder: Path) -> Iterator[str]:
    for root, folders, files in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if name not in _IS_NO_PROGRAM)
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
