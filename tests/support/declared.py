"""What a stack declares, without an engine, a cluster or an account: the scans look at it (scripts/scan.sh).

`python -m tests.support.declared aws prod dev` holds what they ask of AWS against the policy pack, `… kubernetes prod dev
--objects FOLDER` their objects of the cluster, which it also writes to a folder for other programs.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi.runtime import config as runtime_config

from policies import manifests, pack, settings
from policies.rules import Resource, Stack
from policies.settings import Settings
from slipway_rules.values import each
from stacks.environment import Environment
from stacks.settings import load
from tests.unit.mocks import Program, record

_GROUPS = "kubernetes:yaml"


def declare(stack: str) -> tuple[Program, Settings]:
    """Runs the program with Pulumi.<stack>.yaml of this folder against the mocks."""
    config: dict[str, Any] = yaml.safe_load(Path(f"Pulumi.{stack}.yaml").read_text())["config"]
    said: list[Settings] = []

    def build() -> None:
        pulumi.runtime.set_all_config(
            {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}, []
        )
        said.append(settings.load({rule.name for rule in (*pack.RULES, *pack.STACK_RULES)}))
        Environment(load()).outputs()

    program = record(build)
    runtime_config.set_all_config({}, [])
    return program, said[0]


def findings(program: Program, said: Settings, provider: str) -> Iterator[str]:
    """What is wrong with the resources of a provider and not excused, each as rule, resource and problem."""
    inputs = {made.urn: made.inputs for made in program.resources}
    asked = [
        Resource(
            made.type,
            made.name,
            made.inputs,
            made.urn,
            made.protect,
            inputs.get(made.provider.rpartition("::")[0], {}),
            made.uses,
        )
        for made in program.resources
    ]
    asked += [
        by for made in program.resources if made.type.startswith(_GROUPS) for by in _inside(made.inputs)
    ]
    for rule, resource, problem in _problems(asked):
        if resource.type.startswith(f"{provider}:") and not said.excuses(rule, resource):
            yield f"{rule}: {resource.type} {resource.name}: {problem}"


def _inside(group: dict[str, Any]) -> Iterator[Resource]:
    """The objects that a ConfigGroup or ConfigFile makes of texts, files and what it is given; the provider does that in an engine."""
    files = [file for file in (group.get("file"), *each(group.get("files"))) if isinstance(file, str)]
    texts = [text for text in (group.get("yaml"),) if isinstance(text, str)]
    for text in (*texts, *(path.read_text() for file in files for path in sorted(Path().glob(file)))):
        yield from manifests.resources(text)
    for body in each(group.get("objs")):
        if (by := manifests.resource(body)) is not None:
            yield by


def _problems(asked: Sequence[Resource]) -> Iterator[tuple[str, Resource, str]]:
    for rule in pack.RULES:
        for resource in asked:
            for problem in rule.find(resource):
                yield rule.name, resource, problem
    for rule in pack.STACK_RULES:
        for resource, problem in rule.find(Stack(asked)):
            yield rule.name, resource, problem


def write_objects(program: Program, folder: Path) -> None:
    """Every Kubernetes object, one a file."""
    for made in program.resources:
        if made.type.startswith("kubernetes:"):
            body = {key: value for key, value in made.inputs.items() if value is not None}
            (folder / f"{made.name}.json").write_text(json.dumps(body))


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("provider", choices=["aws", "kubernetes"])
    parser.add_argument("stacks", nargs="+")
    parser.add_argument("--objects", type=Path)
    asked = parser.parse_args(arguments)
    blocked = False
    for stack in asked.stacks:
        program, said = declare(stack)
        if asked.objects is not None:
            (asked.objects / stack).mkdir()
            write_objects(program, asked.objects / stack)
        found = list(findings(program, said, asked.provider))
        looked = sum(made.type.startswith(f"{asked.provider}:") for made in program.resources)
        print(*found, f"{stack}: {looked} resources of {asked.provider}, {len(found)} findings", sep="\n")  # noqa: T201
        blocked |= bool(found) and said.level == "mandatory"
    return int(blocked)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
