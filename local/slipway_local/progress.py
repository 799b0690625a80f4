"""How far a long piece of work is and how long it will still take, said on standard error."""

import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TextIO

# A log gets a line this often at least; a terminal's last line is redrawn every second.
LOG_EVERY = 20.0
DRAW_EVERY = 1.0
# A step that took less than this share of what was expected found its work done: it tells no speed.
CACHED = 0.2


class Progress:
    """Steps with expected durations, done one after the other.

    What is expected is corrected by what the steps so far really took: a slower machine is told the truth.
    """

    def __init__(
        self,
        steps: dict[str, float],
        out: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._expected = steps
        self._out = out or sys.stderr
        self._clock = clock
        self._started = clock()
        self._step_started = self._started
        self._taken: dict[str, float] = {}
        self._step: str | None = None
        self._doing = ""
        self._drawing = self._out.isatty()

    @contextmanager
    def step(self, name: str) -> Generator[None]:
        """One step, with a line for each thing that it does, at its end, and in between."""
        self._step, self._step_started = name, self._clock()
        ended = threading.Event()
        ticker = threading.Thread(target=self._tick, args=(ended,), daemon=True)
        ticker.start()
        try:
            yield
        finally:
            ended.set()
            ticker.join()
        self._taken[name] = self._elapsed()
        self._step = None
        self.say(f"{name}: done in {_duration(self._taken[name])}")

    def doing(self, what: str) -> None:
        """Says what the current step does now."""
        self._doing = what
        self._show()

    def say(self, message: str) -> None:
        """A line that stays."""
        self._write(("\r\033[K" if self._drawing else "") + message + "\n")

    def speed(self) -> float:
        """How many times longer than expected the steps take."""
        told = {name: taken for name, taken in self._taken.items() if taken > CACHED * self._expected[name]}
        expected = sum(self._expected[name] for name in told)
        taken = sum(told.values())
        speed = taken / expected if expected else 1.0
        if self._step is None:
            return speed
        # The step at work is counted as soon as it alone shows that things are slower than they seemed.
        return max(speed, (taken + self._elapsed()) / (expected + self._expected[self._step]))

    def remaining(self) -> float:
        """Seconds until all steps are done."""
        speed = self.speed()
        left = sum(seconds for name, seconds in self._expected.items() if name not in self._taken) * speed
        if self._step is None:
            return left
        # A step that takes longer than expected is never said to be over.
        return left - min(self._elapsed(), 0.95 * self._expected[self._step] * speed)

    def fraction(self) -> float:
        """How much is done, 0 to 1."""
        speed = self.speed()
        total = sum(self._expected.values()) * speed
        return 1.0 if total == 0 else 1.0 - self.remaining() / total

    def _elapsed(self) -> float:
        return self._clock() - self._step_started

    def _tick(self, ended: threading.Event) -> None:
        while not ended.wait(DRAW_EVERY if self._drawing else LOG_EVERY):
            self._show()

    def _show(self) -> None:
        if self._step is None:
            return
        number = len(self._taken) + 1
        line = (
            f"[{number}/{len(self._expected)}] {self._step}: {self._doing}, {self.fraction():.0%} of all, "
            f"{_duration(self._clock() - self._started)} gone, about {_duration(self.remaining())} left"
        )
        self._write(f"\r\033[K{line}" if self._drawing else line + "\n")

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
