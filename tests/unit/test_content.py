"""The content hash of a build context: what changes it and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.content import content_hash


@pytest.fixture
def context(tmp_path: Path) -> Path:
    for path in ("Dockerfile", "src/a.ts", "src/deep/b.ts", "node_modules/x/index.js", "notes.md", "keep.md"):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)
    return tmp_path


def changes(context: Path, path: str) -> bool:
    before = content_hash(context, "Dockerfile")
    (context / path).write_text("changed")
    return content_hash(context, "Dockerfile") != before


@pytest.mark.parametrize(
    ("ignore", "path", "counts"),
    [
        ("", "src/a.ts", True),
        ("node_modules", "node_modules/x/index.js", False),
        ("node_modules/", "node_modules/x/index.js", False),
        ("**/deep", "src/deep/b.ts", False),
        ("src/**", "src/deep/b.ts", False),
        ("*.md", "notes.md", False),
        ("*.ts", "src/a.ts", True),  # a star stays in its folder
        ("**/*.ts", "src/a.ts", False),
        ("# notes.md", "notes.md", True),
        ("*.md\n!keep.md", "keep.md", True),
        ("*.md\n!keep.md", "notes.md", False),
        ("?otes.md", "notes.md", False),
        ("Dockerfile", "Dockerfile", True),  # the build reads it all the same
    ],
)
def test_what_counts(context: Path, ignore: str, path: str, counts: bool) -> None:
    (context / ".dockerignore").write_text(ignore)
    assert changes(context, path) is counts


def test_the_folder_s_own_place_does_not_count(
    context: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "copy"
    context.rename(elsewhere)
    before = content_hash(elsewhere, "Dockerfile")
    elsewhere.rename(context)
    assert content_hash(context, "Dockerfile") == before


def test_names_modes_and_links_count(context: Path) -> None:
    hashes = [content_hash(context, "Dockerfile")]
    (context / "src/a.ts").rename(context / "src/c.ts")
    hashes.append(content_hash(context, "Dockerfile"))
    (context / "src/c.ts").chmod(0o755)
    hashes.append(content_hash(context, "Dockerfile"))
    (context / "link").symlink_to("notes.md")
    hashes.append(content_hash(context, "Dockerfile"))
    assert len(set(hashes)) == 4
