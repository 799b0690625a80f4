"""The trimmed AWS provider speaks the language of the pinned pulumi-aws SDK.

Offline and without the provider: this holds the committed table against the installed SDK. That the provider
does with a property what the SDK's users expect of it is for the engine tests.
"""

import importlib.metadata
import importlib.util
import json
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

PROVIDER = Path(__file__).parents[2] / "local" / "toolchain" / "go" / "pulumi-resource-aws"
TABLE: dict[str, dict[str, dict[str, Any]]] = json.loads((PROVIDER / "bridge" / "tokens.json").read_text())


@cache
def sdk_folder() -> Path:
    spec = importlib.util.find_spec("pulumi_aws")
    assert spec is not None, "pulumi-aws is not installed"
    assert spec.origin is not None
    return Path(spec.origin).parent


@cache
def sdk_tokens(pattern: str) -> dict[str, Path]:
    """The tokens that the pattern finds in the SDK, each with the file it is in."""
    return {
        token: file for file in sdk_folder().rglob("*.py") for token in re.findall(pattern, file.read_text())
    }


def resource_tokens() -> dict[str, Path]:
    return sdk_tokens(r'\n@pulumi\.type_token\("(aws:[^"]+)"\)\n')


def function_tokens() -> dict[str, Path]:
    return sdk_tokens(r"pulumi\.runtime\.invoke\('(aws:[^']+)'")


def test_the_provider_reports_the_version_of_the_installed_sdk() -> None:
    programs = tomllib.loads((PROVIDER.parents[1] / "programs.toml").read_text())["program"]
    assert programs["pulumi-resource-aws"]["version"] == importlib.metadata.version("pulumi-aws")


def test_every_resource_token_is_in_the_sdk() -> None:
    tokens = [entry["token"] for entry in TABLE["resources"].values()]
    assert sorted(set(tokens) - resource_tokens().keys()) == []
    assert len(set(tokens)) == len(tokens), "two Terraform resources have the same token"


def test_every_function_token_is_in_the_sdk() -> None:
    tokens = [entry["token"] for entry in TABLE["functions"].values()]
    assert sorted(set(tokens) - function_tokens().keys()) == []
    assert len(set(tokens)) == len(tokens), "two Terraform data sources have the same token"


def test_every_renamed_property_is_in_the_sdk() -> None:
    files = resource_tokens() | function_tokens()
    unknown = [
        f"{terraform}.{name}: {field['name']}"
        for section in TABLE.values()
        for terraform, entry in section.items()
        for name, field in entry.get("fields", {}).items()
        if "name" in field and not has_getter(files[entry["token"]], field["name"])
    ]
    assert unknown == []


def has_getter(file: Path, name: str) -> bool:
    text = file.read_text()
    return (
        f'@pulumi.getter(name="{name}")' in text
        or re.search(rf"@pulumi\.getter\n.*    def {name}\(", text) is not None
    )


def test_every_resource_that_the_provider_treats_specially_is_in_the_table() -> None:
    """The provider would end at its start on a name that is not."""
    named = {
        name
        for file in (PROVIDER / "bridge").glob("*.go")
        for name in re.findall(r'"(aws_[a-z0-9_]+)"', file.read_text())
    }
    assert sorted(named - TABLE["resources"].keys()) == []
