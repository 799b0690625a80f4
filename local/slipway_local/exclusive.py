"""One `up` or `down` at a time: a second one waits and says for whom."""

import fcntl
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager

from slipway_local.paths import paths


@contextmanager
def exclusive(what: str) -> Generator[None]:
    """Holds the platform's lock; the kernel lets go of it when the process ends, however it ends."""
    paths().lock.parent.mkdir(parents=True, exist_ok=True)
    with paths().lock.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            print(f"waiting for {lock.read().strip() or 'another run'} to end", file=sys.stderr, flush=True)  # noqa: T201
            fcntl.flock(lock, fcntl.LOCK_EX)
        lock.seek(0)
        lock.truncate()
        lock.write(f"`slipway local {what}` (process {os.getpid()})\n")
        lock.flush()
        yield
