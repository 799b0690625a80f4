"""What a command says while it works: for people a line as it happens, for programs one JSON object at its end."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

if TYPE_CHECKING:
    from slipway_ops.ink import Ink


_IMAGES = re.compile(r"[iI]mage$|^runs$")
"""What reports call an image: `image`, `slipway:greenImage`, what a release `runs`."""


def ink() -> Ink:
    """It hides the environment's secrets, and what looks like one. Loaded when something is said: the traffic must not wait for it."""
    from slipway_ops import ink, masking, stack_secrets

    return ink.Ink(masking.Masker(stack_secrets.of_environment()))


class Telling:
    """Lines with the seconds since the command's start.

    What others wrote, as logs, is among them: they are masked, and do a terminal no harm.
    """

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
        return self.ink.plain(text)

    @cached_property
    def ink(self) -> Ink:
        """Who knows a stack's own secrets puts another in its place."""
        return ink()

    def result(self, report: dict[str, Any]) -> None:
        """Says how it ended, to a program."""
        if self.as_json:
            _print(json.dumps({**self._masked_all(report), "told": self.lines}, indent=2))

    def _masked_all(self, value: Any, name: str = "") -> Any:
        if isinstance(value, str):
            return self.ink.image(value) if _IMAGES.search(name) else self.masked(value)
        if isinstance(value, dict):
            items = cast("dict[str, Any]", value).items()
            return {self.masked(key): self._masked_all(item, key) for key, item in items}
        if isinstance(value, list | tuple):
            return [*map(self._masked_all, cast("list[Any]", value))]
        return value


def _print(text: str) -> None:
    """A terminal that is gone, or a full disk behind a pipe, stops no release half way: from then on nothing is printed."""
    try:
        click.echo(text)
    except OSError:
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115  (until the command's end)
