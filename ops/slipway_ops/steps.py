"""What `slipway deploy --steps` says: shares of the traffic in turn, and where to pause for a person."""

from __future__ import annotations

from dataclasses import dataclass

from slipway_ops.errors import OperatorError

ALL = 100
_PAUSE = "pause"


@dataclass(frozen=True)
class Step:
    """Per cent of the traffic, and whether to stay there until somebody promotes it."""

    share: int
    pauses: bool = False


def parse(text: str) -> tuple[Step, ...]:
    """`10,pause,50,100`: a pause belongs to the share before it; the first one, to none of the traffic."""
    steps: list[Step] = []
    for word in (part.strip() for part in text.split(",")):
        if word != _PAUSE:
            steps.append(Step(_share(word, text)))
        elif not steps:
            steps.append(Step(0, pauses=True))
        elif steps[-1].pauses:
            raise OperatorError(f"--steps: after a pause comes a share, got {text}")
        else:
            steps[-1] = Step(steps[-1].share, pauses=True)
    shares = [step.share for step in steps]
    if shares[-1] != ALL or shares != sorted(set(shares)):
        raise OperatorError(f"--steps must rise from 1 or more to 100, got {text}")
    return tuple(steps)


def _share(word: str, text: str) -> int:
    if not (word.isascii() and word.isdecimal()):
        raise OperatorError(f"--steps: {text!r} is not a list as 5,25,50,100 or 10,pause,100")
    if not 1 <= int(word) <= ALL:
        raise OperatorError(f"--steps must rise from 1 or more to 100, got {text}")
    return int(word)
