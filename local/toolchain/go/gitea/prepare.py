"""Copies Gitea to gitea/ as one program that needs neither a C compiler nor files beside it.

Its templates, translations and the like are packed into it, as in the publisher's build; SQLite is one in Go. What a browser loads is
not in the module: the API is whole, its pages are bare.
"""

import shutil
import subprocess
import sys
from pathlib import Path

UNUSED = ("*_test.go", "contrib", "docker", "snap", "tests", "tools", "web_src")
PACKED = {
    "modules/migration/schemas_{}.go": "modules/migration/schemas",
    "modules/options/options_{}.go": "options",
    "modules/public/public_{}.go": "public",
    "modules/templates/templates_{}.go": "templates",
}
"""The Go files that say whether a folder is packed or read from the disk."""
FLAGS = ("-buildvcs=false", "-trimpath", "-gcflags=all=-dwarf=false", "-ldflags=-s -w")
"""Those of the build: what is compiled for the packing is not compiled again."""
SQLITE = """package setting

import (
	_ "github.com/ncruces/go-sqlite3/driver"
	_ "github.com/ncruces/go-sqlite3/embed"
)

func init() {
	EnableSQLite3 = true
	SupportedDatabaseTypes = append(SupportedDatabaseTypes, "sqlite3")
}
"""


def main(work: Path, source: Path) -> None:
    copy = work / "gitea"
    shutil.rmtree(copy, ignore_errors=True)
    ignored = shutil.ignore_patterns(*UNUSED)
    shutil.copytree(source, copy, ignore=ignored, copy_function=shutil.copyfile)
    (copy / "modules/setting/database_sqlite.go").write_text(SQLITE)
    _choose(copy / "modules/setting/asset_{}.go", "static", "dynamic")
    packer = work / "pack"
    subprocess.run(
        ["go", "build", *FLAGS, "-o", str(packer), "gitea/build/generate-bindata.go"], cwd=work, check=True
    )
    for pattern, folder in PACKED.items():
        package = _choose(copy / pattern, "bindata", "dynamic")
        subprocess.run([packer, copy / folder, package / "bindata.dat"], check=True)


def _choose(pattern: Path, chosen: str, other: str) -> Path:
    """Of two files with opposite build tags one goes, and the other needs its tag no more."""
    Path(str(pattern).format(other)).unlink()
    file = Path(str(pattern).format(chosen))
    before, tag, after = file.read_text().partition("//go:build bindata\n")
    if not tag:
        sys.exit(f"{file} is not as it was: look at what changed")
    file.write_text(before + after)
    return file.parent


main(Path(sys.argv[1]), Path(sys.argv[3]))
