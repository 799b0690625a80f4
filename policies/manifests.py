"""Objects of Kubernetes that lie in files, held against the rules about pods: `python -m policies.manifests FILE…`.

What an object may break says an annotation beside it, as everywhere.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from policies import pods, variables
from policies.rules import Resource
from policies.settings import Settings
from slipway_rules.values import at

_RULES = (pods.PINNED, pods.RESTRICTED, variables.BY_REFERENCE)
_OBJECT = re.compile(r"^\s*[\"']?apiVersion[\"']?\s*:", re.MULTILINE)


def resources(text: str) -> Iterator[Resource]:
    """The objects of a YAML or JSON file, as Pulumi would declare them."""
    if _OBJECT.search(text):
        for body in yaml.safe_load_all(text):
            if (by := resource(body)) is not None:
                yield by


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
    found = [f"{file}: {finding}" for file in files for finding in findings(Path(file).read_text())]
    sys.stdout.write("".join(f"{line}\n" for line in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
