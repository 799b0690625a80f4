"""The whole dev environment through the real engine: once up, it stays as it is, and it goes without a trace."""

from collections.abc import Iterator

import pytest

from tests.support.account import Resources, left, resources
from tests.support.environment import Environment, bring_up, wait_for


@pytest.fixture(scope="module")
def before() -> Resources:
    """The account before the environment came up."""
    return resources()


@pytest.fixture(scope="module")
def engine(before: Resources, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """An environment of this file's own, because its last test destroys it."""
    up = bring_up(tmp_path_factory.mktemp("engine"), "engine", node_port=30082, max_replicas=4)
    yield up
    if "engine" in up.project.pulumi("stack", "ls", "--json").output:
        up.project.remove()


def test_outputs_are_the_contract(engine: Environment) -> None:
    """Given an environment that is up, then it tells url, active and colors."""
    outputs = engine.project.outputs()
    assert outputs["url"] == engine.url
    assert outputs["active"] == "blue"
    assert set(outputs["colors"]) == {"blue", "green"}
    assert all("@sha256:" in color["image"] for color in outputs["colors"].values())
    assert [color["weight"] for color in outputs["colors"].values()] == [100, 0]


def test_second_preview_finds_nothing_to_do(engine: Environment) -> None:
    """Given an unchanged program, then a preview shows no change."""
    engine.project.pulumi("preview", "--expect-no-changes", "--diff")


def test_refresh_is_clean(engine: Environment) -> None:
    """Given that nobody touched anything, then cloud and cluster are what the state says."""
    engine.project.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes", "--diff")


def test_replicas_belong_to_the_autoscaler(engine: Environment) -> None:
    """Given that the autoscaler wants three pods, when `up` runs, then there are three."""

    def replicas() -> int:
        return int(engine.kubectl("get", "deployment/chat-blue", "--output=jsonpath={.spec.replicas}"))

    def want(least: int) -> None:
        engine.kubectl(
            "patch", "hpa/chat-blue", "--type=merge", f'--patch={{"spec":{{"minReplicas":{least}}}}}'
        )

    want(3)
    wait_for(lambda: replicas() == 3, 60, "the autoscaler to scale up")
    engine.project.up()
    assert replicas() == 3
    want(2)


def test_ten_wrong_values_are_one_error(engine: Environment) -> None:
    """Given ten wrong values at once, then one error names all ten with what is right, and nothing is changed."""
    wrong = {
        "active": "purple",
        "strategy": "big-bang",
        "canaryWeight": "140",
        "blueImage": "not an image",
        "greenImage": "build:nothing",
        "actve": "blue",
    }
    nested = {
        "app.port": "99999",
        "app.healthPath": "healthz",
        "gateway.nodePort": "80",
        "network.nat": "sometimes",
    }
    good = engine.project.settings_file.read_text()
    try:
        for key, value in wrong.items():
            engine.project.set(f"slipway:{key}", value)
        for path, value in nested.items():
            engine.project.pulumi("config", "set", "--path", f"slipway:{path}", value)
        run = engine.project.up(check=False)
    finally:
        engine.project.settings_file.write_text(good)
    assert run.code != 0
    for key in [*wrong, *nested]:
        assert f"slipway:{key}" in run.output, run.output
    assert run.output.count("Traceback") == 0, run.output
    engine.project.pulumi("preview", "--expect-no-changes")


def test_destroy_leaves_nothing(engine: Environment, before: Resources) -> None:
    """Given an environment, when it is destroyed, then account and cluster hold what they held before."""
    engine.project.remove()
    assert left(before) == {}
    namespaces = engine.kubectl("get", "namespaces", "--output", "name").split()
    assert not [name for name in namespaces if "engine" in name]
