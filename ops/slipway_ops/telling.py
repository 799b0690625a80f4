"""What a command says while it works: for people a line as it happens, for programs one JSON object at its end."""

from __future__ import annotations

import json
import time
from typing import Any

import click


class Telling:
    """Lines with the seconds since the command's start."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self._started = time.monotonic()
        self.lines: list[dict[str, Any]] = []

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def __call__(self, text: str) -> None:
        """Says one thing."""
        self.lines.append({"seconds": round(self.seconds, 3), "text": text})
        if not self.as_json:
            click.echo(f"{self.seconds:7.2f} s  {text}")

    def result(self, report: dict[str, Any]) -> None:
        """Says how it ended, to a program."""
        if self.as_json:
            click.echo(json.dumps({**report, "told": self.lines}, indent=2))
