"""The policy pack under the real engine: dev and prod keep to it, and what breaks it is refused."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.project import REPOSITORY, Project, begin, copy_of_program, dev_settings

PACK = ("--policy-pack", "policies")
PROVIDER = {
    "region": "eu-central-1",
    "skip_credentials_validation": True,
    "skip_metadata_api_check": True,
    "skip_requesting_account_id": True,
}
TABLE = """
import pulumi, pulumi_aws as aws
tags = {{"project": "p", "environment": "e", "owner": "o", "cost-centre": "c", "backup": "daily"}}
provider = aws.Provider("aws", default_tags={{"tags": tags}}, **{provider})
aws.dynamodb.Table(
    "orders",
    attributes=[{{"name": "{key}", "type": "S"}}],
    hash_key="{key}",
    billing_mode="PAY_PER_REQUEST",
    deletion_protection_enabled=False,
    opts=pulumi.ResourceOptions(provider=provider, protect={protect}),
)
"""


def prod_settings() -> dict[str, Any]:
    return yaml.safe_load((REPOSITORY / "Pulumi.prod.yaml").read_text())


def preview(folder: Path, stack: str, settings: dict[str, Any]) -> tuple[int, str]:
    project = copy_of_program(folder, stack, settings)
    run = project.pulumi("preview", *PACK, check=False)
    project.pulumi("stack", "rm", "--yes")
    return run.code, run.output


def test_dev_is_advised(tmp_path: Path) -> None:
    """Given Pulumi.dev.yaml, when it breaks a rule, then its preview tells it and passes."""
    code, output = preview(tmp_path, "policies-dev", dev_settings())
    assert code == 0, output
    assert "[advisory]  monitored  (slipway:index:App: chat)" in output, output
    assert "[mandatory]" not in output, output


def test_prod_keeps_to_the_pack(tmp_path: Path) -> None:
    """Given Pulumi.prod.yaml, whose policies are mandatory, then its preview passes without a violation."""
    code, output = preview(tmp_path, "policies-prod", prod_settings())
    assert code == 0, output
    assert "✅ slipway@" in output, output


def test_prod_is_refused_when_it_breaks_a_rule(tmp_path: Path) -> None:
    """Given prod with one pod of each colour, then its preview fails, naming rule, resource, reason and mending."""
    settings = prod_settings()
    settings["config"]["slipway:app"]["scaling"]["minReplicas"] = 1
    code, output = preview(tmp_path, "policies-broken", settings)
    assert code != 0
    assert "[mandatory]  replicated  (kubernetes:apps/v1:Deployment: chat-blue-deployment)" in output, output
    for part in ("found: chat-blue-deployment: it may have 1 pod; 2 is the least", "why:", "mend:"):
        assert part in output, output


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Project]:
    """A stack with one table that holds data; nothing protects it yet, as in a stack that is older than the pack."""
    (tmp_path / "Pulumi.yaml").write_text((REPOSITORY / "Pulumi.yaml").read_text())
    (tmp_path / ".venv").symlink_to(REPOSITORY / ".venv")
    project = Project(tmp_path, "policies-shop")
    program(project)
    begin(project, "config: {}\n")
    project.up()
    yield project
    program(project)
    project.up()
    project.remove()


def program(project: Project, key: str = "id", protect: bool = False) -> None:
    text = TABLE.format(provider=PROVIDER, key=key, protect=protect)
    (project.folder / "__main__.py").write_text(text)


def held(project: Project, command: str = "preview", *flags: str) -> tuple[int, str]:
    run = subprocess.run(
        [REPOSITORY / "scripts/held.sh", command, project.stack, *flags],
        cwd=project.folder,
        check=False,
        capture_output=True,
        text=True,
    )
    return run.returncode, run.stdout + run.stderr


def except_the_table(shop: Project) -> None:
    for rule in ("deletion-protection", "encrypted-at-rest"):
        shop.pulumi("config", "set", "--path", f"slipway:policyExceptions.{rule}.orders", "a test")


def test_an_update_that_breaks_a_rule_is_stopped_before_anything_changes(shop: Project) -> None:
    """Given a table that nothing protects, then a held update leaves stack and table as they are; a good one goes through."""
    before = shop.pulumi("stack", "export").output
    program(shop, key="number")
    code, output = held(shop, "up", "--yes")
    assert code != 0, output
    assert "[mandatory]  data-protected  (aws:dynamodb/table:Table: orders)" in output, output
    assert "Updating (" not in output, output
    assert shop.pulumi("stack", "export").output == before

    program(shop, protect=True)
    except_the_table(shop)
    code, output = held(shop, "up", "--yes")
    assert code == 0, output
    (table,) = (
        resource
        for resource in json.loads(shop.pulumi("stack", "export").output)["deployment"]["resources"]
        if resource["type"] == "aws:dynamodb/table:Table"
    )
    assert table["protect"] is True


def test_a_table_is_replaced_only_when_the_stack_file_names_it(shop: Project) -> None:
    """Given a change that replaces a table, then it is refused until the stack file says so by name."""
    program(shop)
    code, output = held(shop)
    assert code != 0
    assert "[mandatory]  data-protected  (aws:dynamodb/table:Table: orders)" in output, output

    # Protected in the same step, so the pack has nothing to say, and the engine, which asks both, lets it through.
    program(shop, key="number", protect=True)
    except_the_table(shop)
    code, output = held(shop)
    assert code == 1, output
    assert "data-protected: this update replaces urn:pulumi:policies-shop::" in output, output

    shop.pulumi("config", "set", "--path", "slipway:allowReplacement[0]", "orders")
    code, output = held(shop)
    assert code == 0, output
    shop.pulumi("config", "rm", "--path", "slipway:allowReplacement")

    program(shop, protect=True)
    shop.up()
    program(shop, key="number", protect=True)
    refused = shop.pulumi("up", "--yes", check=False)
    assert refused.code != 0, "a protected table is refused by the engine itself, without the pack"
    assert "protect" in refused.output
