"""Which image a push asks a stack to release: `release_of.py STACK BEFORE [BUILT]` prints it, or nothing.

A release stands in the diff: a commit that gives the colour without traffic another image asks for it. An image that this
run has built goes to every stack that serves its repository.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

NOTHING = "0" * 40
"""What a push says it comes from when its branch is new."""


def release(before: dict[str, Any], after: dict[str, Any], built: str) -> str:
    """The image, or nothing. Both are what stands under `config:`."""
    if built and _repository(built) in {_repository(image) for image in _images(after)}:
        return built
    idle = "green" if after["slipway:active"] == "blue" else "blue"
    wanted = after[f"slipway:{idle}Image"]
    serving = after[f"slipway:{after['slipway:active']}Image"]
    return wanted if wanted not in (serving, before.get(f"slipway:{idle}Image", wanted)) else ""


def _images(config: dict[str, Any]) -> list[str]:
    """What the colours run; what the stack builds itself, by the repository that it goes to."""
    made = {f"build:{name}": image["repository"] for name, image in config.get("slipway:images", {}).items()}
    named = (config[f"slipway:{color}Image"] for color in ("blue", "green"))
    return [made.get(image, image) for image in named]


def _repository(image: str) -> str:
    path, _, name = image.partition("@")[0].rpartition("/")
    return f"{path}/{name.partition(':')[0]}"


def _config(text: str) -> dict[str, Any]:
    return yaml.safe_load(text)["config"]


def main(stack: str, before: str, built: str = "") -> None:
    file = f"Pulumi.{stack}.yaml"
    after = _config(Path(file).read_text())
    former = after
    if before and before != NOTHING:
        command = ["git", "show", f"{before}:{file}"]
        former = _config(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    print(release(former, after, built))


if __name__ == "__main__":
    main(*sys.argv[1:])
