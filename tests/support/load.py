"""Constant load on one loopback address, request by request: who answered, when, with what."""

import base64
import csv
import json
import math
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

MOST_SECONDS = 180


@dataclass(frozen=True)
class Answer:
    """One request. Times are seconds since the epoch, latency is in seconds."""

    sent: float
    latency: float
    status: int
    error: str
    color: str | None


@dataclass
class Load:
    """A running attack; `answers` is filled once it has ended."""

    started: float
    answers: list[Answer] = field(default_factory=list)

    @property
    def failed(self) -> list[Answer]:
        return [answer for answer in self.answers if answer.status != 200]

    def percentile(self, part: float) -> float:
        """Latency in seconds that this part of all requests stayed within."""
        latencies = sorted(answer.latency for answer in self.answers)
        return latencies[math.ceil(part * len(latencies)) - 1]

    def moved_to(self, color: str) -> float:
        """When the last request was sent that another colour answered: from then on all traffic was on `color`."""
        others = [answer.sent for answer in self.answers if answer.color not in (None, color)]
        if not others:
            raise AssertionError(f"no request was answered by another colour than {color}: nothing moved")
        if not any(answer.color == color for answer in self.answers):
            raise AssertionError(f"{color} never answered: the traffic did not move")
        return max(others)


def _color(body: str) -> str | None:
    try:
        return json.loads(base64.b64decode(body))["color"]
    except (ValueError, KeyError, TypeError):
        return None


def _read(results: Path) -> list[Answer]:
    encoded = subprocess.run(
        ["vegeta", "encode", "--to", "csv", str(results)], check=True, capture_output=True, text=True
    ).stdout
    csv.field_size_limit(10_000_000)
    return [
        Answer(int(row[0]) / 1e9, int(row[2]) / 1e9, int(row[1]), row[5], _color(row[6]))
        for row in csv.reader(encoded.splitlines())
    ]


@contextmanager
def load(url: str, *, rate: int, seconds: int | None = None, host: str = "") -> Generator[Load]:
    """Sends `rate` requests a second, for `seconds` or, without them, until a second after the block has ended.

    The block runs during the load; one that outlasts it is an error, for what it does at its end would meet no request.
    At most 2,000 requests a second for three minutes, to loopback alone; `host` is the virtual host that is asked for.
    """
    if urlsplit(url).hostname != "127.0.0.1":
        raise ValueError(f"load goes to loopback alone, not to {url}")
    if not (0 < rate <= 2000 and 0 < (seconds or MOST_SECONDS) <= MOST_SECONDS):
        raise ValueError(f"load is bounded: {rate}/s for {seconds} s is too much")
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results.bin"
        attack = subprocess.Popen(
            [
                "vegeta",
                "attack",
                f"-rate={rate}",
                f"-duration={seconds or MOST_SECONDS}s",
                "-timeout=35s",
                f"-output={results}",
            ],
            stdin=subprocess.PIPE,
        )
        assert attack.stdin is not None
        attack.stdin.write(f"GET {url}\n{f'Host: {host}' if host else ''}\n".encode())
        attack.stdin.close()
        running = Load(started=time.time())
        try:
            yield running
            assert attack.poll() is None, f"the load ended before what it was to accompany: {attack.args}"
            if seconds is None:
                time.sleep(1)
                attack.terminate()  # it sends no more, and waits for the answers to what it has sent
            attack.wait(timeout=(seconds or 0) + 60)
        finally:
            if attack.poll() is None:
                attack.kill()
                attack.wait()
        running.answers = _read(results)
