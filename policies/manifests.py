"""Objects of Kubernetes that lie in files, held against the rules about pods: `python -m policies.manifests FILE…`.

What an object may break says an annotation beside it, as everywhere. A template that is no YAML before its values are filled in is
told as not looked at, and blocks nothing.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import yaml

from policies import pods, variables
from policies.rules import UNKNOWN, Resource
from policies.settings import Settings
from slipway_rules.values import at, each, parsed

_RULES = (pods.PINNED, pods.RESTRICTED, variables.BY_REFERENCE)
_OBJECT = re.compile(r"(?:^|[{,\[]|-\s)\s*[\"']?apiVersion[\"']?\s*:", re.MULTILINE)
_TEMPLATE = re.compile(r"\{\{|\{%")
_FILLED_IN = re.compile(r"(?:\{\{[^{}]*\}\}[:@/-]?)+")


class _Loader(yaml.SafeLoader):
    """What other programs put in, by a tag of their own or a template's braces, is not known here."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        if node.tag.startswith("!") or (
            isinstance(node, yaml.ScalarNode) and _FILLED_IN.fullmatch(node.value)
        ):
            return UNKNOWN
        return cast(Any, super().construct_object(node, deep))  # pyright: ignore[reportUnknownMemberType]


def resources(text: str) -> Iterator[Resource]:
    """The objects of a YAML or JSON file, as Pulumi would declare them."""
    if _OBJECT.search(text):
        body = parsed(text)
        for said in yaml.load_all(text, _Loader) if body is None else [body]:
            for item in _items(said):
                if (by := resource(item)) is not None:
                    yield by


def _items(body: Any) -> Iterator[Any]:
    """What a list holds, written as one or as an object of the kind List."""
    within = at(body, "items") if at(body, "kind") == "List" else body
    if isinstance(within, list):
        for item in each(cast(Any, within)):
            yield from _items(item)
    else:
        yield body


def resource(body: Any) -> Resource | None:
    """An object as Pulumi would declare it; None for what is no object."""
    kind, version = at(body, "kind"), at(body, "apiVersion")
    if not (isinstance(kind, str) and isinstance(version, str)):
        return None
    group = version if "/" in version else f"core/{version}"
    return Resource(f"kubernetes:{group}:{kind}", str(at(body, "metadata.name", "?")), body)


def findings(text: str) -> Iterator[str]:
    """What is wrong with the objects of a YAML or JSON file and not excused, each as rule, object and problem."""
    for by in resources(text):
        for rule in _RULES:
            for problem in rule.find(by):
                if not Settings().excuses(rule.name, by):
                    yield f"{rule.name}: {by.at('kind')} {by.name}: {problem}"


def main(files: list[str]) -> int:
    found: list[str] = []
    for file in files:
        text = Path(file).read_text()
        try:
            for finding in findings(text):
                found.append(f"{file}: {finding}")  # noqa: PERF401  (what was found before an error counts)
        except yaml.YAMLError as error:
            if _TEMPLATE.search(text):
                sys.stdout.write(
                    f"{file}: not looked at: it is a template, and no YAML before it is filled in\n"
                )
            else:
                found.append(f"{file}: it is no YAML: {' '.join(str(error).split())}")
    sys.stdout.write("".join(f"{line}\n" for line in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
