"""The whole dev environment through the real engine: it stays as it is, whatever it went through, and it goes without a trace.

The last file of this folder, for its last test destroys the environment.
"""

import subprocess

from tests.support.account import Resources, left
from tests.support.environment import Environment, wait_for
from tests.support.project import SLIPWAY


def test_outputs_are_the_contract(environment: Environment) -> None:
    """Given an environment that is up, then it tells url, active and colors."""
    outputs = environment.project.outputs()
    assert outputs["url"] == environment.url
    assert outputs["active"] == "blue"
    assert set(outputs["colors"]) == {"blue", "green"}
    assert all("@sha256:" in color["image"] for color in outputs["colors"].values())
    assert [color["weight"] for color in outputs["colors"].values()] == [100, 0]


def test_second_preview_finds_nothing_to_do(environment: Environment) -> None:
    """Given an unchanged program, then a preview shows no change."""
    environment.project.pulumi("preview", "--expect-no-changes", "--diff")


def test_refresh_is_clean(environment: Environment) -> None:
    """Given that nobody touched anything, then cloud and cluster are what the state says."""
    environment.project.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes", "--diff")


def test_drift_finds_nothing(environment: Environment) -> None:
    """Given what autoscalers, controllers and the command itself have written, then none of it is a change by hand."""
    project = environment.project
    command = [SLIPWAY, "drift", "--stack", project.stack]
    done = subprocess.run(command, cwd=project.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_replicas_belong_to_the_autoscaler(environment: Environment) -> None:
    """Given that the autoscaler wants three pods, when `up` runs, then there are three."""

    def replicas() -> int:
        return int(environment.kubectl("get", "deployment/chat-blue", "--output=jsonpath={.spec.replicas}"))

    def want(pods: int) -> None:
        patch = f'{{"spec": {{"minReplicas": {pods}, "maxReplicas": {pods}}}}}'
        (blue,) = environment.kubectl("get", "hpa", "--selector=slipway/color=blue", "--output=name").split()
        environment.kubectl("patch", blue, "--type=merge", "--patch", patch)

    want(3)
    wait_for(lambda: replicas() == 3, 60, "the autoscaler to scale up")
    environment.project.up()
    assert replicas() == 3
    want(2)


def test_ten_wrong_values_are_one_error(environment: Environment) -> None:
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
    good = environment.project.settings_file.read_text()
    try:
        environment.project.set_all(**{f"slipway:{key}": value for key, value in {**wrong, **nested}.items()})
        run = environment.project.up(check=False)
    finally:
        environment.project.settings_file.write_text(good)
    assert run.code != 0
    for key in [*wrong, *nested]:
        assert f"slipway:{key}" in run.output, run.output
    assert run.output.count("Traceback") == 0, run.output
    environment.project.pulumi("preview", "--expect-no-changes")


def test_destroy_leaves_nothing(environment: Environment, before: Resources) -> None:
    """Given an environment, when it is destroyed, then account and cluster hold what they held before."""
    environment.project.remove()
    assert left(before) == {}
    namespaces = environment.kubectl("get", "namespaces", "--output", "name").split()
    assert not [name for name in namespaces if environment.namespace in name]
