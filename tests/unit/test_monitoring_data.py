"""The files under monitoring/: complete, consistent with each other, and in the package."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from slipway import monitoring_config
from tests.support.monitoring import expressions

REPOSITORY = Path(__file__).resolve().parents[2]
PROMETHEUS = REPOSITORY / "monitoring" / "prometheus"
DASHBOARDS = sorted((REPOSITORY / "monitoring" / "grafana" / "dashboards").glob("*.json"))


def rules(kind: str) -> list[dict[str, Any]]:
    return [
        rule
        for file in sorted(PROMETHEUS.glob("*.rules.yaml"))
        for group in yaml.safe_load(file.read_text())["groups"]
        for rule in group["rules"]
        if kind in rule
    ]


ALERTS = {rule["alert"]: rule for rule in rules("alert")}


def kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()


def test_the_package_holds_the_files_themselves() -> None:
    assert monitoring_config.DATA.resolve() == REPOSITORY / "monitoring"


@pytest.mark.parametrize("name", ALERTS)
def test_each_alert_says_how_bad_what_and_what_to_do(name: str) -> None:
    alert = ALERTS[name]
    assert alert["labels"].keys() == {"severity"}
    assert alert["labels"]["severity"] in ("critical", "warning", "none")
    assert alert["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert alert["annotations"]["runbook_url"] == f"docs/runbooks/{kebab(name)}.md"
    runbook = (REPOSITORY / alert["annotations"]["runbook_url"]).read_text()
    assert runbook.startswith(f"# {name}\n")


def test_there_is_no_runbook_without_an_alert() -> None:
    assert {file.stem for file in (REPOSITORY / "docs/runbooks").glob("*.md")} == {
        kebab(name) for name in ALERTS
    }


def test_each_alert_is_tested_quiet_and_firing() -> None:
    tested: dict[str, set[bool]] = {}
    for file in (PROMETHEUS / "tests").glob("*.test.yaml"):
        for test in yaml.safe_load(file.read_text())["tests"]:
            for case in test.get("alert_rule_test", ()):
                tested.setdefault(case["alertname"], set()).add(bool(case["exp_alerts"]))
    assert {name for name, outcomes in tested.items() if True in outcomes} == set(ALERTS)
    assert {name for name, outcomes in tested.items() if False not in outcomes} == {"Watchdog"}


def test_each_recording_rule_is_tested() -> None:
    tested = {
        case["expr"]
        for file in (PROMETHEUS / "tests").glob("*.test.yaml")
        for test in yaml.safe_load(file.read_text())["tests"]
        for case in test.get("promql_expr_test", ())
    }
    assert {rule["record"] for rule in rules("record")} == tested


def test_what_is_read_is_kept_and_what_is_kept_is_read() -> None:
    """Metrics of the large sources are dropped unless listed: a rule on a dropped one would never fire."""
    jobs = yaml.safe_load((PROMETHEUS / "prometheus.yaml").read_text())["scrape_configs"]
    kept = [
        pattern
        for job in jobs
        for relabel in job.get("metric_relabel_configs", ())
        if relabel["action" if "action" in relabel else "source_labels"] == "keep"
        for pattern in [relabel["regex"]]
    ]
    names = {name for _, expression in expressions() for name in metrics(expression)}
    foreign = {
        name
        for name in names
        if not name.startswith(("prometheus_", "alertmanager_"))
        and name not in ("up", "ALERTS")
        and ":" not in name
    }
    assert {name for name in foreign if not any(re.fullmatch(pattern, name) for pattern in kept)} == set()


def metrics(expression: str) -> set[str]:
    """Names of series in an expression: words that are followed by a selector, a range or an operator, and have an underscore."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\"[^\"]*\"", "", expression)
    bare = re.sub(r"\b(by|on|without|group_left|group_right|ignoring)\s*\([^)]*\)", "", bare)
    words = set(re.findall(r"[a-zA-Z_:][a-zA-Z0-9_:]*", bare))
    functions = {"histogram_quantile", "max_over_time", "predict_linear", "group_left"}
    return {word for word in words if "_" in word or word in ("up", "ALERTS")} - functions


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda file: file.stem)
def test_dashboards_are_stable_and_can_be_told_apart(file: Path) -> None:
    dashboard = json.loads(file.read_text())
    assert file.read_text() == json.dumps(dashboard, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    assert dashboard["uid"] == f"slipway-{file.stem}"
    assert dashboard["editable"] is False
    panels = dashboard["panels"]
    assert [panel["id"] for panel in panels] == list(range(1, len(panels) + 1))
    assert len({panel["title"] for panel in panels}) == len(panels)
    for panel in panels:
        assert panel["datasource"]["uid"] == "prometheus"
        assert panel["fieldConfig"]["defaults"]["unit"]
        position = panel["gridPos"]
        assert position["x"] + position["w"] <= 24


def test_the_dashboards_ask_data_sources_that_are_there() -> None:
    sources = yaml.safe_load((REPOSITORY / "monitoring/grafana/datasources.yaml").read_text())["datasources"]
    assert {source["uid"]: source["url"] for source in sources} == {
        "prometheus": "http://prometheus:9090",
        "alertmanager": "http://alertmanager:9093",
    }
