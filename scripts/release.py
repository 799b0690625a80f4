"""Makes a version: `release.py 1.4.0` writes number and changelog into one commit and tags it, signed. Nothing is pushed.

`release.py --notes` prints what CHANGELOG.md says of the present version, or of what is to come. docs/releasing.md has what comes before.
"""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
CHANGELOG, PROJECT = ROOT / "CHANGELOG.md", ROOT / "pyproject.toml"
UNRELEASED = "## Unreleased"
_VERSION = re.compile(r"\d+\.\d+\.\d+")
_NUMBER = re.compile(r'^version = "(\d+\.\d+\.\d+)"$', re.MULTILINE)


class ReleaseError(Exception):
    """What is not ready for a version."""


def released(changelog: str, version: str, day: str) -> str:
    """The changelog with what was unreleased under the version, and room for what comes."""
    if not section(changelog, UNRELEASED).strip():
        raise ReleaseError(
            f"CHANGELOG.md has nothing under `{UNRELEASED}`: a version without a change is none"
        )
    return changelog.replace(f"{UNRELEASED}\n", f"{UNRELEASED}\n\n## {version} - {day}\n", 1)


def section(changelog: str, heading: str) -> str:
    """What stands under a heading, up to the next one of its kind."""
    _, found, rest = f"{changelog}\n".partition(f"{heading}")
    if not found:
        raise ReleaseError(f"CHANGELOG.md has no heading `{heading}`")
    body = rest.partition("\n")[2]
    return re.split(r"^## ", body, maxsplit=1, flags=re.MULTILINE)[0].strip()


def numbered(project: str, version: str) -> str:
    """pyproject.toml with the version, which has to be the next one up."""
    found = _NUMBER.search(project)
    if found is None:
        raise ReleaseError('pyproject.toml has no line `version = "…"`')
    former = found.group(1)
    if _numbers(version) < _numbers(former):
        raise ReleaseError(f"the version must be {former} or higher, got {version}")
    return _NUMBER.sub(f'version = "{version}"', project, count=1)


def notes() -> str:
    changelog = CHANGELOG.read_text()
    found = _NUMBER.search(PROJECT.read_text())
    heading = f"## {found.group(1)} - " if found else UNRELEASED
    return section(changelog, heading if heading in changelog else UNRELEASED)


def release(version: str) -> None:
    if not _VERSION.fullmatch(version):
        raise ReleaseError(f"the version must be as 1.4.0, got {version!r}")
    if _git("tag", "--list", f"v{version}"):
        raise ReleaseError(f"there is a tag v{version} already")
    state = ROOT / f"tests/engine/released/{version}.json"
    of_ours = (".", f":!{state.relative_to(ROOT)}")
    if other := _git("status", "--porcelain", "--untracked-files=all", "--", *of_ours):
        raise ReleaseError(f"a version holds what was reviewed; this is not committed:\n{other}")
    if not state.exists():
        raise ReleaseError(
            f"there is no {state.relative_to(ROOT)}, which later versions are held against: make state VERSION={version}"
        )
    changelog = CHANGELOG.read_text()
    if f"\n## {version} - " not in changelog:
        changelog = released(changelog, version, f"{datetime.now(UTC):%Y-%m-%d}")
    elif section(changelog, UNRELEASED):  # else the tag alone is missing, as after a signature that failed
        raise ReleaseError(f"CHANGELOG.md has a {version} already, and changes that came after it")
    project = numbered(PROJECT.read_text(), version)
    CHANGELOG.write_text(changelog)
    PROJECT.write_text(project)
    _git("add", str(CHANGELOG), str(PROJECT), str(state))
    if _git("diff", "--cached", "--name-only"):
        _git("commit", "--quiet", "--message", f"Version {version}")
    _git("tag", "--sign", "--message", f"Version {version}", f"v{version}")
    print(f"v{version} is tagged; to publish: git push --atomic origin HEAD:main v{version}")


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ReleaseError(f"git {' '.join(arguments)} failed: {done.stderr.strip()}")
    return done.stdout.strip()


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def main(argument: str = "") -> None:
    if argument == "--notes":
        print(notes())
    else:
        release(argument)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except ReleaseError as error:
        sys.exit(f"release: {error}")
