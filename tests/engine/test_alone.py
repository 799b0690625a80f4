"""Every component by its shortest call, in a stack that has nothing else: up, unchanged, removable, gone without a trace.

One stack holds them all, because each is alone in it: none takes anything from another. What the calls take for granted, a
VPC and an EKS cluster, the program makes; volumes, which a cluster with a StorageClass makes by itself, are here beforehand.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from tests.support import released, shortest
from tests.support.account import Resources, left, resources
from tests.support.calls import COMPONENTS
from tests.support.project import REPOSITORY, Project, dev_settings

STACK = "alone"
SEALED = "4dabf18193072939515e22adb298388d"  # the key by which Pulumi marks a secret
DOCKERFILE = "FROM node:24-bookworm-slim\nUSER 1000:1000\n"
VOLUMES = 6
PROJECT = f"name: {STACK}\nruntime: {{name: python, options: {{virtualenv: .venv}}}}\n"


def settings(image: str) -> dict[str, Any]:
    """The emulator's keys as dev has them, and what the program asks for."""
    dev = dev_settings()
    return {
        "encryptionsalt": dev["encryptionsalt"],
        "config": {
            **{key: value for key, value in dev["config"].items() if key.startswith(("aws:", "docker:"))},
            "alone:image": image,
            "alone:repository": "127.0.0.1:5000/slipway/alone",
            "alone:context": "./image",
        },
    }


def kubectl(*arguments: str, given: str | None = None) -> str:
    done = subprocess.run(["kubectl", *arguments], input=given, check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def volumes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Folders of this machine as volumes, for the claims of those that keep data."""
    node = {"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]}
    root = tmp_path_factory.mktemp("volumes")
    for index in range(VOLUMES):
        folder = root / str(index)
        folder.mkdir()
        volume: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": f"{STACK}-{index}", "labels": {"slipway-test": STACK}},
            "spec": {
                "storageClassName": shortest.VOLUMES,
                "capacity": {"storage": "100Gi"},
                "accessModes": ["ReadWriteOnce"],
                "persistentVolumeReclaimPolicy": "Retain",
                "local": {"path": str(folder)},
                "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [node]}]}},
            },
        }
        kubectl("apply", "--server-side", "--filename=-", given=json.dumps(volume))
    yield
    kubectl("delete", "persistentvolumes", f"--selector=slipway-test={STACK}")


@pytest.fixture(scope="module")
def before() -> Resources:
    """The account before the stack came up."""
    return resources()


@pytest.fixture(scope="module")
def alone(
    before: Resources, volumes: None, image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    """The stack, up."""
    folder = tmp_path_factory.mktemp(STACK)
    (folder / "image").mkdir()
    (folder / "image" / "Dockerfile").write_text(DOCKERFILE)
    (folder / ".venv").symlink_to(REPOSITORY / ".venv")
    (folder / "Pulumi.yaml").write_text(PROJECT)
    (folder / "__main__.py").write_text(shortest.program())
    project = Project(folder, STACK)
    text = yaml.safe_dump(settings(image))
    project.settings_file.write_text(text)
    if project.exists():  # a run that was killed
        remove(project)
        project.settings_file.write_text(text)
    project.pulumi("stack", "init")
    try:
        project.up()
        yield project
    finally:
        if project.exists():
            remove(project)


def remove(project: Project) -> None:
    """As a person does it: says that what holds data may go, applies that, and destroys."""
    project.set("destroy", "true")
    project.up(check=False)  # what could not be brought up cannot be changed; whether all goes is seen next
    project.remove()


def test_it_holds_every_component(alone: Project) -> None:
    """Given the stack, then its state has each component of the library."""
    state = json.loads(alone.pulumi("stack", "export").output)
    types = {resource["type"] for resource in state["deployment"]["resources"]}
    assert {f"slipway:index:{name}" for name in COMPONENTS} <= types


def test_the_provider_knows_every_property(alone: Project) -> None:
    """Given the state, then each property that was set in AWS came back: some resources pass over what they do not know."""
    resources = json.loads(alone.pulumi("stack", "export").output)["deployment"]["resources"]
    made = [one for one in resources if one["type"].startswith("aws:") and "inputs" in one]
    assert [gap for one in made for gap in missing(one["inputs"], one["outputs"], one["urn"])] == []
    assert len(made) > 100


def missing(given: Any, told: Any, at: str) -> Iterator[str]:
    """The paths of what stands in `given` and not in `told`. Members of lists may come back in another order."""
    if isinstance(given, dict) and isinstance(told, dict) and SEALED not in given:
        for key, value in cast(dict[str, Any], given).items():
            if not key.startswith("__") and value is not None:
                yield from missing(value, told[key], f"{at}.{key}") if key in told else [f"{at}.{key}"]
    elif isinstance(given, list) and isinstance(told, list):
        for member in cast(list[Any], given):
            gaps = [[*missing(member, other, f"{at}[]")] for other in cast(list[Any], told)]
            yield from min(gaps, key=len, default=[f"{at}[]"])


def test_second_preview_finds_nothing_to_do(alone: Project) -> None:
    """Given an unchanged program, then a preview shows no change."""
    alone.pulumi("preview", "--expect-no-changes", "--diff")


def test_refresh_is_clean(alone: Project) -> None:
    """Given that nobody touched anything, then cloud and cluster are what the state says."""
    alone.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes", "--diff")


def test_an_upgrade_of_this_state_would_lose_nothing(
    alone: Project, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Given this stack's state and program as a release keeps them, then this library would replace nothing."""
    kept = released.keep(alone)
    if file := request.config.getoption("--release-state"):
        kept.write(Path(file))
    assert released.losses(kept, STACK, tmp_path) == []


def test_an_upgrade_that_replaces_is_told(alone: Project, tmp_path: Path) -> None:
    """Given that state, when the library would want another address block, then the VPC and all within are told as replaced."""

    def moved(program: str) -> str:
        here = "Network('alone-network', {"
        assert here in program
        return program.replace(here, f"{here}'cidr': '10.21.0.0/16', ")

    found = released.losses(released.keep(alone).with_program(moved), STACK, tmp_path)
    assert [one for one in found if one.startswith("replace ") and one.endswith("::alone-network-vpc")], found


def test_destroy_leaves_nothing(alone: Project, before: Resources) -> None:
    """Given that what holds data may go, when all is destroyed, then account and cluster hold what they held before."""
    remove(alone)
    assert left(before) == {}
    kinds = "namespaces,clusterroles,clusterrolebindings,gatewayclasses"
    assert not [name for name in kubectl("get", kinds, "--output=name").split() if STACK in name]
