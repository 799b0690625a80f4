"""The SDK finder: the same classes as without it, out of fewer modules. Each case is a fresh interpreter."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
HEAD = "import json, sys\nimport pulumi_aws as aws\n"
NETWORK = ROOT / "components/slipway/network.py"


def fresh(code: str, *, on_demand: bool = True) -> Any:
    """What the code leaves in `told`, after an interpreter of its own has run it."""
    install = "import stacks\n" if on_demand else ""
    done = subprocess.run(
        [sys.executable, "-c", f"{install}{HEAD}{code}\nprint(json.dumps(told))"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def used(*files: Path) -> list[str]:
    """The names of the SDKs that these files use, as `aws.ec2.Vpc`, also in annotations that are text."""
    names: set[str] = set()
    for file in files:
        tree = ast.parse(file.read_text())
        texts = [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        quoted = [ast.parse(text) for text in texts if re.fullmatch(r"(\w+\[str, )?aws\.[\w.]+\]?", text)]
        names |= {
            ast.unparse(node)
            for part in (tree, *quoted)
            for node in ast.walk(part)
            if isinstance(node, ast.Attribute)
        }
    return sorted(name for name in names if name.startswith("aws.") and name.count(".") == 2)


def qualified(names: list[str], *, on_demand: bool = True) -> dict[str, str]:
    code = f"found = {{name: eval(name) for name in {names!r}}}\n"
    code += "told = {name: f'{it.__module__}.{it.__qualname__}' for name, it in found.items()}"
    return fresh(code, on_demand=on_demand)


def test_every_class_that_components_use_is_the_one_of_the_plain_import() -> None:
    names = used(*sorted((ROOT / "components/slipway").glob("*.py")))
    assert {"aws.ec2.Vpc", "aws.backup.PlanRuleArgs", "aws.kms.Key"} <= {*names}
    assert qualified(names) == qualified(names, on_demand=False)


def test_a_class_stays_the_same_object_once_the_whole_package_is_loaded() -> None:
    code = "before = aws.ec2.Vpc\naws.ec2.SecurityGroupIngressArgs\nfrom pulumi_aws.ec2.vpc import Vpc\n"
    assert fresh(f"{code}told = before is aws.ec2.Vpc is Vpc") is True


def test_a_network_loads_no_module_that_it_does_not_use() -> None:
    code = f"for name in {used(NETWORK)!r}: eval(name)\n"
    loaded = fresh(f"{code}told = [name for name in sys.modules if name.startswith('pulumi_aws.ec2.')]")
    assert "pulumi_aws.ec2.vpc" in loaded
    assert "pulumi_aws.ec2.instance" not in loaded
    assert len(loaded) < 20


def test_a_name_that_has_no_module_comes_from_the_whole_package() -> None:
    name = "aws.ec2.SecurityGroupIngressArgs"
    assert qualified([name]) == {name: "pulumi_aws.ec2._inputs.SecurityGroupIngressArgs"}
    made = "told = aws.ec2.SecurityGroupIngressArgs(from_port=1, to_port=2, protocol='tcp').from_port"
    assert fresh(made) == 1


@pytest.mark.parametrize("name", ["aws.ec2.get_vpc", "aws.ec2.get_vpc_output"])
def test_a_function_is_a_function_at_each_look(name: str) -> None:
    assert fresh(f"told = [callable({name}), callable({name})]") == [True, True]


def test_a_module_of_a_package_is_a_module() -> None:
    code = "told = [aws.ec2.outputs.__name__, 'pulumi_aws.ec2.instance' in sys.modules]"
    assert fresh(code) == ["pulumi_aws.ec2.outputs", False]


@pytest.mark.parametrize("name", ["aws.ec2.Nonesuch", "aws.ec2.VPC"])
def test_a_name_that_does_not_exist_is_an_attribute_error(name: str) -> None:
    code = (
        f"told = []\nfor _ in 'ab':\n  try: {name}\n  except AttributeError as error: told.append(str(error))"
    )
    last = name.rsplit(".", 1)[-1]
    assert [f"'{last}'" in said for said in fresh(code)] == [True, True]
