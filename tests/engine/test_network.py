"""A network that grows: two zones to three, a tier more, IPv6. What is there stays, by the engine and by the ids in the account."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.project import REPOSITORY, Project, begin, dev_settings, removed_at_end

PROGRAM = """
import pulumi
from slipway import Network

network = Network("network", pulumi.Config().require_object("network"))
pulumi.export("vpc", network.vpc_id)
for tier in ("private", "public", "isolated"):
    pulumi.export(tier, getattr(network, f"{tier}_subnet_ids"))
"""
LEAST: dict[str, Any] = {
    "zones": ["eu-central-1a", "eu-central-1b"],
    **{"nat": "none", "flow_logs": "none", "gateway_endpoints": []},  # they take time, and stand in no subnet
}
GROWN: list[dict[str, Any]] = [
    {"zones": ["eu-central-1a", "eu-central-1b", "eu-central-1c"]},
    {"tiers": ["private", "public", "isolated"]},
    {"ipv6": "dual-stack"},
]


def configure(project: Project, network: dict[str, Any]) -> None:
    settings = {key: value for key, value in dev_settings()["config"].items() if key.startswith("aws:")}
    settings["network:network"] = network
    project.settings_file.write_text(yaml.safe_dump({"config": settings}))


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    (tmp_path / "Pulumi.yaml").write_text(
        yaml.safe_dump({"name": "network", "runtime": {"name": "python", "options": {"virtualenv": ".venv"}}})
    )
    (tmp_path / "__main__.py").write_text(PROGRAM)
    (tmp_path / ".venv").symlink_to(REPOSITORY / ".venv")
    project = Project(tmp_path, "network-growth")
    configure(project, LEAST)
    begin(project, project.settings_file.read_text())
    with removed_at_end(project):
        yield project


def test_growing_replaces_nothing(project: Project) -> None:
    """Given a network over two zones, when it gets a zone, a tier and IPv6, then nothing that was there is made anew."""
    project.up()
    before, network = project.outputs(), LEAST
    for more in GROWN:
        network = {**network, **more}
        configure(project, network)
        planned = json.loads(project.pulumi("preview", "--json").output)["steps"]
        assert {step["op"] for step in planned} <= {"same", "create", "update"}, planned
        project.up()
        after = project.outputs()
        assert after["vpc"] == before["vpc"]
        for tier in ("private", "public", "isolated"):
            assert after[tier][: len(before[tier])] == before[tier], (more, tier)
        before = after
    project.pulumi("preview", "--expect-no-changes", "--diff")
    project.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes", "--diff")
