"""What the files under monitoring/ ask Prometheus: every rule's expression, every panel's and every variable's query."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

MONITORING = Path(__file__).resolve().parents[2] / "monitoring"


def expressions() -> Iterator[tuple[str, str]]:
    """(where it stands, expression), a dashboard's variables standing for everything."""
    for file in sorted((MONITORING / "prometheus").glob("*.rules.yaml")):
        for group in yaml.safe_load(file.read_text())["groups"]:
            for rule in group["rules"]:
                yield f"{file.name}: {rule.get('alert') or rule['record']}", rule["expr"]
    for file in sorted((MONITORING / "grafana" / "dashboards").glob("*.json")):
        dashboard = json.loads(file.read_text())
        for variable in dashboard["templating"]["list"]:
            found = re.fullmatch(r"label_values\((.+), \w+\)", variable["definition"])
            assert found, f"{file.name}: variable {variable['name']} is not label_values(…)"
            yield f"{file.name}: ${variable['name']}", found[1]
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                yield (
                    f"{file.name}: {panel['title']} {target['refId']}",
                    re.sub(r"\$\w+", ".*", target["expr"]),
                )
