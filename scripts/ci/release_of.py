"""Which images a merge is about, by what `slipway status --json` says on standard input before its update:

`release_of.py update STACK` prints those that the update starts, `release_of.py release STACK [BUILT]` the one to release, or nothing.

The branch says what is wanted, the cluster what is live. A commit that gives the colour without traffic another image asks for
that one. BUILT, the image of the branch's application, goes to every stack that serves its repository, unless a colour has it
already: one that was rolled back is not brought out again by the next commit. PyYAML is all that it needs.
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


def starts(config: Mapping[str, Any], live: Mapping[str, str]) -> list[str]:
    """The images that no colour runs yet; what the stack builds itself is made by the update, and so has no name before it."""
    wanted = {config[f"slipway:{color}Image"] for color in ("blue", "green")}
    return sorted(image for image in wanted - set(live.values()) if not image.startswith(MADE))


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


def main(what: str, stack: str, built: str = "") -> None:
    config = yaml.safe_load(Path(f"Pulumi.{stack}.yaml").read_text())["config"]
    colors: dict[str, Any] = json.load(sys.stdin).get("colors", {})
    live = {color: said["image"] for color, said in colors.items()}
    print(*(starts(config, live) if what == "update" else [release(config, live, built)]), sep="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
