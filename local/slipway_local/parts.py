"""What a part of the platform is: one process under the supervisor, and how it is known to be ready."""

import hashlib
import json
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

Ready = Callable[[], str | None]


@dataclass(frozen=True)
class Part:
    """One process. It names only paths below the cache: it outlives the checkout that started it."""

    name: str
    command: Sequence[str]
    ready: Ready
    """Asked again and again: None when the part serves, else what it lacks. It answers within a second."""
    start_seconds: float
    """How long the part usually takes until it is ready: the weight in the progress display."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    files: Mapping[Path, str] = field(default_factory=dict[Path, str])
    """Configuration that the command reads: written before the start; a change restarts the part."""
    after: tuple[str, ...] = ()
    """Parts that must be ready before this one is started."""
    pid_files: tuple[Path, ...] = ()
    """What a killed one leaves: the next would not start while any process has that number."""

    @property
    def definition(self) -> str:
        """Changes with everything that asks for a restart."""
        files = {str(path): text for path, text in self.files.items()}
        described = json.dumps([list(self.command), dict(self.environment), files], sort_keys=True)
        return hashlib.sha256(described.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class PartStatus:
    """How one part is doing; what `slipway local status --json` prints."""

    name: str
    state: str
    """running, starting, stopped, failing or absent."""
    ready: bool
    detail: str
    """Why it is not ready; empty when it is."""
    pid: int | None = None
    since: str | None = None
    """When its process was started, in ISO 8601."""


def connects(address: tuple[str, int] | Path) -> str | None:
    """Readiness of a part that serves as soon as something listens at its TCP address or Unix socket."""
    family = socket.AF_UNIX if isinstance(address, Path) else socket.AF_INET
    with socket.socket(family) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(address) if isinstance(address, Path) else address)
        except OSError as error:
            return f"{address} does not answer: {error.strerror or error}"
    return None


def in_order(parts: Sequence[Part]) -> list[Part]:
    """The parts so that each comes after those it names."""
    waiting, ordered = {part.name: part for part in parts}, list[Part]()
    while waiting:
        startable = [part for part in waiting.values() if not waiting.keys() & set(part.after)]
        if not startable:
            raise ValueError(f"parts wait for each other: {', '.join(sorted(waiting))}")
        ordered += startable
        for part in startable:
            del waiting[part.name]
    return ordered


def longest_wait(parts: Sequence[Part]) -> float:
    """How long these parts usually take together: as long as the longest chain of parts that wait for each other."""
    seconds: dict[str, float] = {}
    for part in in_order(parts):
        seconds[part.name] = part.start_seconds + max(
            (seconds.get(name, 0.0) for name in part.after), default=0.0
        )
    return max(seconds.values(), default=0.0)
