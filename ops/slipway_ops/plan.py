"""What was reviewed, kept so that it can be asked later whether the same is about to happen.

It holds digests, never values: of the state, of the program's files, of each key of the stack's file, of every property that the
update sets. So the file may lie where artefacts lie. Why it is not Pulumi's own plan: docs/decisions/0020-plans-are-digests.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from slipway_ops.differences import ABSENT, leaves
from slipway_ops.errors import OperatorError
from slipway_ops.preview_steps import CREATE, Preview, Step
from slipway_rules.values import at, each

FORMAT = 1
_SHOWN = 10
Digests = Mapping[str, str]


@dataclass(frozen=True)
class Plan:
    """One preview, as digests."""

    project: str
    stack: str
    commit: str
    made: str
    state: str
    code: Digests
    config: Digests
    drift: Mapping[str, Digests]
    """By resource: what the cloud was, other than the state said."""
    steps: Mapping[str, Digests]
    """By resource: its operation, and its properties as the update sets them."""

    @property
    def digest(self) -> str:
        """Of all that is asked for again; the comment on the pull request names it."""
        asked = {key: value for key, value in asdict(self).items() if key not in ("commit", "made")}
        return digest(asked)[:12]

    def save(self, file: Path) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps({"format": FORMAT, **asdict(self)}, indent=1, sort_keys=True) + "\n")
        except OSError as error:
            raise unwritable(file, error) from None


def is_replaceable(file: Path) -> bool:
    """Whether another file may take its place: a link, a device or a pipe keeps it."""
    return not file.is_symlink() and (file.is_file() or not file.exists())


def unwritable(file: Path, error: OSError) -> OperatorError:
    return OperatorError(
        f"{file} cannot be written: {error.strerror}\n  to do: name a file in a folder that you may write to"
    )


def clear(file: Path) -> None:
    """Takes an earlier preview's plan away: it must not pass for this one's. OperatorError where no plan can be kept."""
    try:
        if not is_replaceable(file):
            raise OperatorError(
                f"{file} is no regular file, and a plan is kept in one; nothing was changed\n  to do: name another for --plan"
            )
        file.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(file, error) from None


def load(file: Path) -> Plan:
    """A saved plan; OperatorError when it is none."""
    try:
        said: dict[str, Any] = json.loads(file.read_text())
        if (written := said.pop("format")) != FORMAT:
            raise OperatorError(
                f"{file} is a plan of format {written}, this slipway reads {FORMAT}: make it anew"
            )
        return Plan(**said)
    except OSError as error:
        raise OperatorError(f"{file} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise OperatorError(f"{file} is no plan of `slipway preview --plan`: {error}") from None


def digest(value: Any) -> str:
    """Of any plain value."""
    return sha256(json.dumps(value, sort_keys=True, default=str).encode("utf-8", "surrogatepass")).hexdigest()


def of_config(config: Mapping[str, Any]) -> dict[str, str]:
    """Secrets are in it as the file has them, encrypted."""
    return {key: digest(value) for key, value in config.items()}


def of_steps(preview: Preview) -> dict[str, Digests]:
    """Those that change something. Names that Pulumi makes up anew each time count as equal."""
    made_up = _made_up(preview.changed)
    return {f"{step.urn} ({step.operation})": dict(_properties(step, made_up)) for step in preview.changed}


def of_drift(preview: Preview) -> dict[str, Digests]:
    return {
        step.urn: {change.path: _value(change.now, None) for change in step.changes} for step in preview.drift
    }


def before(reviewed: Plan, now: Plan) -> list[str]:
    """What differs that is known without a preview, as sentences."""
    found: list[str] = []
    if (reviewed.project, reviewed.stack) != (now.project, now.stack):
        found.append(
            f"it is a plan of {reviewed.project}/{reviewed.stack}, this is {now.project}/{now.stack}"
        )
        return found
    if changed := _keys(reviewed.code, now.code):
        found.append(f"the code changed since: {_some(changed)}")
    if changed := _keys(reviewed.config, now.config):
        found.append(f"the stack's file changed since: {_some(changed)}")
    if reviewed.state != now.state:
        found.append(
            f"the state changed since: it was {reviewed.state[:12]}, it is {now.state[:12]}; somebody updated the stack"
        )
    return found


def after(reviewed: Plan, now: Plan) -> list[str]:
    """What a preview of now would do, or finds, other than the reviewed one."""
    found: list[str] = []
    if moved := [*_moved(reviewed.drift, now.drift)]:
        found.append(f"the cloud changed since: {_some(moved)}")
    if moved := [*_moved(reviewed.steps, now.steps)]:
        found.append(f"the update would do something else now: {_some(moved)}")
    return found


def _moved(old: Mapping[str, Digests], new: Mapping[str, Digests]) -> Iterator[str]:
    for key in sorted(old.keys() | new.keys()):
        name = key.rsplit("::", 1)[-1]
        if key not in new:
            yield f"{name} no longer"
        elif key not in old:
            yield f"{name}: {', '.join(sorted(new[key])[:_SHOWN])}" if new[key] else name
        elif properties := _keys(old[key], new[key]):
            yield f"{name}: {', '.join(properties[:_SHOWN])}"


def _keys(old: Digests, new: Digests) -> list[str]:
    return sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))


def _some(found: list[str]) -> str:
    more = f", and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more


def _properties(step: Step, made_up: re.Pattern[str] | None) -> Iterator[tuple[str, str]]:
    if step.operation == CREATE:
        for path, value in leaves(step.new):
            if not path.rsplit(".", 1)[-1].startswith("__defaults"):
                yield path, _value(value, made_up)
    for change in step.changes:
        yield change.path, _value(change.now, made_up)


def _value(value: Any, made_up: re.Pattern[str] | None) -> str:
    if value is ABSENT:
        return "absent"
    text = json.dumps(value, sort_keys=True, default=str)
    return digest(made_up.sub("…", text) if made_up else text)


def _made_up(steps: Iterable[Step]) -> re.Pattern[str] | None:
    """The physical names that are made up: they end in random letters, here and wherever another resource names them."""
    found: set[str] = set()
    for step in steps:
        if at(step.new, "metadata.annotations") and _is_autonamed(step.new):
            found.add(str(at(step.new, "metadata.name", "")))
        for key in each(step.new.get("__defaults")):
            value = step.new.get(key)
            if isinstance(value, str) and len(value) > len(step.name) and value.startswith(step.name):
                found.add(value)
    longest_first = sorted(map(re.escape, found - {""}), key=len, reverse=True)
    return re.compile("|".join(longest_first)) if longest_first else None


def _is_autonamed(properties: Mapping[str, Any]) -> bool:
    annotations = cast("Mapping[str, Any]", at(properties, "metadata.annotations", {}))
    return annotations.get("pulumi.com/autonamed") == "true"
