"""What a command says while it works: for people a line as it happens, for programs one JSON object at its end."""

from __future__ import annotations

import json
import os
import sys
import time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from slipway_ops.masking import Masker


def masker() -> Masker:
    """Of the environment's secrets, and of what looks like one. Loaded when something is said: the traffic must not wait for it."""
    from slipway_ops import masking, stack_secrets

    return masking.Masker(stack_secrets.of_environment())


class Telling:
    """Lines with the seconds since the command's start. What others wrote, as logs, is among them: they are masked."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self._started = time.monotonic()
        self.lines: list[dict[str, Any]] = []

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def __call__(self, text: str) -> None:
        """Says one thing."""
        seconds = self.seconds
        text = self.masked(text)
        self.lines.append({"seconds": round(seconds, 3), "text": text})
        if not self.as_json:
            _print(f"{seconds:7.2f} s  {text}")

    def masked(self, text: str) -> str:
        return self._masker.text(text)

    @cached_property
    def _masker(self) -> Masker:
        return masker()

    def result(self, report: dict[str, Any]) -> None:
        """Says how it ended, to a program."""
        if self.as_json:
            _print(json.dumps({**report, "told": self.lines}, indent=2))


def _print(text: str) -> None:
    """A terminal that is gone, or a full disk behind a pipe, stops no release half way: from then on nothing is printed."""
    try:
        click.echo(text)
    except OSError:
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115  (until the command's end)
