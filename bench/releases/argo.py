"""Argo Rollouts on the local node, built from its Go module: the controller in a pod, its own command, one application."""

import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import yaml

from slipway_local.gobuild import go
from slipway_local.programs import BUILD_FLAGS, LINK_FLAGS
from tests.support.environment import wait_for
from tests.support.project import Run

HERE = Path(__file__).parent / "argo"
MODULE = "github.com/argoproj/argo-rollouts"
VERSION = "v1.8.3"
NAMESPACE = "bench-argo"
HOST = "argo.bench.test"
IMAGE = f"127.0.0.1:5000/bench/argo-rollouts:{VERSION}"


@dataclass(frozen=True)
class Argo:
    """A Rollout that serves the image in `blue`, behind the gateway that is named."""

    image: str
    gateway: str
    programs: Path

    def install(self) -> None:
        """Builds it, brings the controller up, and the application in blue."""
        _build(self.programs)
        manifests = Path(_run(go().path, "list", "-m", "-f", "{{.Dir}}", MODULE, cwd=HERE)) / "manifests"
        _kubectl("create", "namespace", NAMESPACE)
        _kubectl(
            "apply", "--server-side", f"--filename={manifests / 'crds'}", "--validate=false", check=False
        )
        _kubectl(
            "apply",
            f"--namespace={NAMESPACE}",
            "--filename=-",
            given=_controller(manifests / "namespace-install.yaml"),
        )
        _kubectl(
            "rollout", "status", "deployment/argo-rollouts", f"--namespace={NAMESPACE}", "--timeout=120s"
        )
        self._apply("blue")
        self._wait("Healthy")

    def remove(self) -> None:
        """Deletes everything, the definitions too."""
        _kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=120s")
        found = json.loads(_kubectl("get", "crd", "--output=json"))["items"]
        names = [each["metadata"]["name"] for each in found if each["spec"]["group"] == "argoproj.io"]
        if names:
            _kubectl("delete", "crd", *names)
        _kubectl("delete", "clusterrole", "--selector=app.kubernetes.io/part-of=argo-rollouts")

    def prepare(self, color: str, release: int) -> None:
        """A new version, ready behind the preview service and waiting for its promotion.

        One that ran a moment ago would not wait: Argo takes it for the way back.
        """
        self._apply(color, release)
        self._wait("Paused")

    def promote(self) -> Run:
        """The traffic to the new version."""
        return self._command("promote", "chat")

    def undo(self) -> Run:
        """The traffic back to the version before."""
        return self._command("undo", "chat")

    def settle(self) -> None:
        """Waits until the controller has nothing more to do."""
        self._wait("Healthy")

    def _command(self, *arguments: str) -> Run:
        started = time.time()
        done = subprocess.run(
            [self.programs / "kubectl-argo-rollouts", *arguments, f"--namespace={NAMESPACE}"],
            check=True,
            capture_output=True,
            text=True,
        )
        return Run(done.returncode, done.stdout, time.time() - started, started)

    def _apply(self, color: str, release: int = 0) -> None:
        text = Template((HERE / "rollout.yaml").read_text()).substitute(
            namespace=NAMESPACE,
            image=self.image,
            color=color,
            release=release,
            gateway=self.gateway,
            host=HOST,
        )
        _kubectl("apply", "--filename=-", given=text)

    def _wait(self, phase: str) -> None:
        def reached() -> bool:
            found = _kubectl("get", "rollouts.argoproj.io/chat", f"--namespace={NAMESPACE}", "--output=json")
            rollout: dict[str, Any] = json.loads(found)
            status = rollout.get("status", {})
            seen = status.get("observedGeneration") == str(rollout["metadata"]["generation"])
            return seen and status.get("phase") == phase

        wait_for(reached, 120, f"Argo's rollout to be {phase}")


def _build(programs: Path) -> None:
    for name in ("rollouts-controller", "kubectl-argo-rollouts"):
        subprocess.run(
            [
                go().path,
                "build",
                *BUILD_FLAGS,
                f"-ldflags={LINK_FLAGS}",
                "-o",
                str(programs / name),
                f"{MODULE}/cmd/{name}",
            ],
            cwd=HERE,
            env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=mod"},
            check=True,
        )
    (programs / "Dockerfile").write_text((HERE / "Dockerfile").read_text())
    _run("docker", "build", "--quiet", "--tag", IMAGE, str(programs))
    _run("docker", "push", "--quiet", IMAGE)


def _controller(manifest: Path) -> str:
    objects = list(yaml.safe_load_all(manifest.read_text()))
    for each in objects:
        if each["kind"] == "Deployment":
            (container,) = each["spec"]["template"]["spec"]["containers"]
            container |= {"image": IMAGE, "imagePullPolicy": "IfNotPresent"}
        if each["kind"] == "RoleBinding":
            for subject in each["subjects"]:
                subject["namespace"] = NAMESPACE
    return yaml.safe_dump_all(objects)


def _kubectl(*arguments: str, given: str | None = None, check: bool = True) -> str:
    return _run("kubectl", *arguments, given=given, check=check)


def _run(*command: str, given: str | None = None, cwd: Path | None = None, check: bool = True) -> str:
    done = subprocess.run(command, input=given, cwd=cwd, capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout.strip()
