"""Which stack of which project is meant, and what its file says that a release needs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slipway.guard import Guard, app_colors
from slipway.readiness import ROLLOUT_SECONDS
from slipway.traffic import COLORS, MAX_REPLICAS, MIN_REPLICAS, STRATEGIES, weights
from slipway_ops import gate_section, migration, stack_file, yaml_file
from slipway_ops.errors import OperatorError
from slipway_ops.gates import Gates
from slipway_ops.migration import Migration

_MOST = 1000
_ALL = 100


@dataclass(frozen=True)
class Project:
    """A folder with Pulumi.yaml, and one stack."""

    folder: Path
    stack: str

    @property
    def file(self) -> Path:
        return self.folder / f"Pulumi.{self.stack}.yaml"


@dataclass(frozen=True)
class Said:
    """What the stack's file says of the application and of its traffic."""

    app: str
    active: str
    strategy: str
    canary_weight: int
    mirror_percent: int
    images: Mapping[str, str]
    min_replicas: int
    max_replicas: int
    monitored: bool
    health_path: str
    gates: Gates | None
    migration: Migration | None

    @property
    def weights(self) -> dict[str, int]:
        return weights(self.active, self.strategy, self.canary_weight)

    def leftover(self, live: Mapping[str, int]) -> bool:
        """Whether the file has a canary's share, and the live weights are others."""
        return self.canary_weight > 0 and self.strategy == "canary" and live != self.weights

    def guard(self, namespace: str, say: Any) -> Guard:
        return Guard(
            colors=app_colors(self.app, namespace),
            route=self.app,
            min_replicas=self.min_replicas,
            max_replicas=self.max_replicas,
            timeout=ROLLOUT_SECONDS,
            say=say,
        )


def find(start: Path, stack: str | None) -> Project:
    """The project that `start` lies in, and the stack: the one asked for, $PULUMI_STACK's, or the selected one."""
    for folder in (start, *start.parents):
        if (folder / "Pulumi.yaml").exists():
            break
    else:
        raise OperatorError(
            f"there is no Pulumi.yaml in {start} or above it; go to the project, or name it with --cwd"
        )
    name = stack or os.environ.get("PULUMI_STACK") or _selected(folder / "Pulumi.yaml")
    files = sorted(file.name[7:-5] for file in folder.glob("Pulumi.*.yaml"))
    if name is None:
        raise OperatorError(
            f"no stack is selected in {folder}; name one with --stack: {', '.join(files) or 'there is none'}"
        )
    project = Project(folder, name.rsplit("/", 1)[-1])
    if project.stack not in files:
        raise OperatorError(
            f"there is no {project.file}; stacks with a file are {', '.join(files) or 'none'}"
        )
    return project


def _selected(file: Path) -> str | None:
    """What `pulumi stack select` noted. Read here, because asking pulumi takes longer than moving the traffic."""
    import hashlib
    import json

    home = Path(os.environ.get("PULUMI_HOME") or os.path.expanduser("~/.pulumi"))  # noqa: PTH111  (Path's own raises without a home)
    key = hashlib.sha1(str(file).encode(), usedforsecurity=False).hexdigest()
    name = (yaml_file.mapping(yaml_file.load(file)) or {}).get("name")
    try:
        return json.loads((home / "workspaces" / f"{name}-{key}-workspace.json").read_text()).get("stack")
    except (OSError, ValueError, AttributeError):
        return None


def say(project: Project) -> Said:
    """The stack's file, read; OperatorError lists every mistake in what a release reads."""
    config = stack_file.read(project.file)
    mistakes: list[str] = []

    def wrong(key: str, right: str, got: object) -> None:
        mistakes.append(
            f"{project.file.name}: slipway:{key} must be {right}, got {'nothing' if got is None else repr(got)}"
        )

    def chosen(key: str, choices: tuple[str, ...], default: str | None = None) -> str:
        value = config.get(f"slipway:{key}", default)
        if value not in choices:
            wrong(key, f"one of {', '.join(choices)}", value)
        return str(value)

    def whole(key: str, value: Any, low: int, high: int) -> int:
        number = int(value) if isinstance(value, str) and value.isdecimal() else value
        if isinstance(number, bool) or not isinstance(number, int) or not low <= number <= high:
            wrong(key, f"{low}-{high}", value)
            return low
        return number

    section = yaml_file.section(config.get("slipway:app")) or {}
    app, scaling = section.get("name"), yaml_file.section(section.get("scaling", {}))
    if not isinstance(app, str):
        wrong("app.name", "the application's name", app)
    if scaling is None:
        wrong("app.scaling", "a section", section["scaling"])
        scaling = {}
    images = {color: config.get(f"slipway:{color}Image") for color in COLORS}
    for color, image in images.items():
        if not isinstance(image, str):
            wrong(f"{color}Image", "an image", image)
    said = Said(
        app=str(app),
        active=chosen("active", COLORS),
        strategy=chosen("strategy", STRATEGIES, STRATEGIES[0]),
        canary_weight=whole("canaryWeight", config.get("slipway:canaryWeight", 0), 0, _ALL),
        mirror_percent=whole("mirrorPercent", config.get("slipway:mirrorPercent", 0), 0, _ALL),
        images={color: str(image) for color, image in images.items()},
        min_replicas=whole("app.scaling.minReplicas", scaling.get("minReplicas", MIN_REPLICAS), 1, _MOST),
        max_replicas=whole("app.scaling.maxReplicas", scaling.get("maxReplicas", MAX_REPLICAS), 1, _MOST),
        monitored="slipway:monitoring" in config,
        health_path=str(section.get("healthPath", "/")),
        gates=gate_section.read(config, wrong),
        migration=migration.read(config, wrong),
    )
    if mistakes:
        raise OperatorError("\n  ".join([f"{project.file} cannot be used; nothing was changed.", *mistakes]))
    return said
