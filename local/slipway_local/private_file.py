"""Files that hold keys, or stand beside some: for their owner alone, and never half written."""

from pathlib import Path


def write_private(path: Path, content: bytes) -> None:
    """Whole or not at all: a start that is killed must not leave half a key. A file that says this already is left."""
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.touch(mode=0o600)
    unfinished.chmod(0o600)
    unfinished.write_bytes(content)
    unfinished.replace(path)
