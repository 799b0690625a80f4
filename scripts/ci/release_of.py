"""Which image a stack is asked to release: `slipway status --json | release_of.py STACK [BUILT]` prints it, or nothing.

The branch says what is wanted, the cluster what is live. A commit that gives the colour without traffic another image asks for
that one. BUILT, the image of the branch's application, goes to every stack that serves its repository, unless a colour has it
already: one that was rolled back is not brought out again by the next commit.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

MADE = "build:"
"""What stands before the name of an image that the stack builds itself, as part of the update."""


def release(config: Mapping[str, Any], live: Mapping[str, str], built: str) -> str:
    """The image, or nothing. `config` is the stack's file, `live` the image of each colour; without one nothing is up yet."""
    if not live:
        return ""
    if built and built not in live.values() and _repository(built) in map(_repository, _images(config)):
        return built
    idle = "green" if config["slipway:active"] == "blue" else "blue"
    wanted = config[f"slipway:{idle}Image"]
    return "" if wanted.startswith(MADE) or wanted in live.values() else wanted


def _images(config: Mapping[str, Any]) -> list[str]:
    """What the colours run; what the stack builds, by the repository that it goes to."""
    made = {f"{MADE}{name}": image["repository"] for name, image in config.get("slipway:images", {}).items()}
    named = (config[f"slipway:{color}Image"] for color in ("blue", "green"))
    return [made.get(image, image) for image in named]


def _repository(image: str) -> str:
    path, _, name = image.partition("@")[0].rpartition("/")
    return f"{path}/{name.partition(':')[0]}"


def main(stack: str, built: str = "") -> None:
    config = yaml.safe_load(Path(f"Pulumi.{stack}.yaml").read_text())["config"]
    text = sys.stdin.read()
    colors: dict[str, Any] = json.loads(text)["colors"] if text.strip() else {}
    print(release(config, {color: said["image"] for color, said in colors.items()}, built))


if __name__ == "__main__":
    main(*sys.argv[1:])
