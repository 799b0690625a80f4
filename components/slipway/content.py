"""What a Docker build context holds, as one hash: the same files give the same hash on every machine."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path


def content_hash(context: Path, dockerfile: str) -> str:
    """SHA-256 over path, executable bit and bytes of every file that the build can see."""
    digest = hashlib.sha256()
    for path in sorted(_files(context, _ignore_rules(context)) | {dockerfile}):
        file = context / path
        data = str(file.readlink()).encode() if file.is_symlink() else file.read_bytes()
        digest.update(f"{path}\0{int(os.access(file, os.X_OK))}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()


Rules = list[tuple[re.Pattern[str], bool]]


def _ignore_rules(context: Path) -> Rules:
    file = context / ".dockerignore"
    return list(_parse(file.read_text().splitlines())) if file.exists() else []


def _parse(lines: Iterable[str]) -> Iterator[tuple[re.Pattern[str], bool]]:
    """.dockerignore's lines as (pattern, ignored?); the last that matches wins (https://docs.docker.com/build/concepts/context/#dockerignore-files)."""
    for line in map(str.strip, lines):
        if not line or line.startswith("#"):
            continue
        ignored = not line.startswith("!")
        yield _pattern(line.lstrip("!").strip("/")), ignored


def _pattern(glob: str) -> re.Pattern[str]:
    """A glob of Docker's: `*` stays inside a folder, `**` crosses folders, a folder covers all that is in it."""
    out, index = "", 0
    while index < len(glob):
        if glob.startswith("**/", index):
            out, index = out + "(?:.*/)?", index + 3
        elif glob.startswith("**", index):
            out, index = out + ".*", index + 2
        else:
            out += {"*": "[^/]*", "?": "[^/]"}.get(glob[index], re.escape(glob[index]))
            index += 1
    return re.compile(out + "(?:/.*)?")


def _files(context: Path, rules: Rules) -> set[str]:
    reopened = any(not ignored for _, ignored in rules)

    def ignored(path: str) -> bool:
        verdict = False
        for pattern, ignore in rules:
            if pattern.fullmatch(path):
                verdict = ignore
        return verdict

    found: set[str] = set()
    for folder, folders, files in os.walk(context):
        inside = Path(folder).relative_to(context).as_posix()
        prefix = "" if inside == "." else f"{inside}/"
        if not reopened:  # nothing below an ignored folder can come back: do not walk node_modules
            folders[:] = [name for name in folders if not ignored(prefix + name)]
        found |= {prefix + name for name in files if not ignored(prefix + name)}
    return found
