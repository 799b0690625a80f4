"""The Jobs among a release's gates: a smoke test, a load test, whatever ends with 0 when the release is good.

The pod runs beside the colour, as restricted as the application itself, and has none of its settings and secrets: an image that
tests needs to know where, and no more.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field

from slipway_ops import jobs
from slipway_ops.api import Object, RefusedError, UnreachableError
from slipway_ops.application import Application
from slipway_ops.errors import OperatorError
from slipway_ops.gates import Gate, GateError, Job, Measured
from slipway_ops.jobs import End, Watch
from slipway_ops.steering import AbortedError, Course

_GATE = "slipway/gate"
_CONTAINER = "gate"
_OF_THE_POD = (
    "serviceAccountName",
    "automountServiceAccountToken",
    "enableServiceLinks",
    "securityContext",
    "imagePullSecrets",
    "nodeSelector",
    "affinity",
    "tolerations",
    "priorityClassName",
    "dnsConfig",
    "dnsPolicy",
)
_OF_THE_CONTAINER = ("securityContext", "resources")


class _SkippedError(Exception):
    """Somebody has promoted the release in full."""


@dataclass
class Ending(Gate):
    """A Job is seen once, at its end."""

    def __str__(self) -> str:
        return f"{self.name} {self.verdict}: {self.why}"


@dataclass
class Run:
    """One such Job of one release."""

    app: Application
    name: str
    job: Job
    release: int
    image: str
    """What the release runs."""
    color: str
    look: Callable[[], Course]
    gate: Gate = field(init=False)

    def __post_init__(self) -> None:
        self.gate = Ending(f"job {self.name}", 0, in_a_row=1, why="it was not waited for")

    def to_the_end(self) -> None:
        """Waits for it; GateError when it does not end well. Who ends the wait takes the Job away, unless the lock is lost."""
        app, namespace, gate = self.app, self.app.guard.namespace, self.gate
        for old in jobs.find(app.api, namespace, self._labels):  # its log is kept until it runs again
            jobs.remove(app.api, namespace, old["metadata"]["name"])
        body = self._body(app.look().deployments[self.color] or {})
        name = body["metadata"]["name"]
        jobs.create(app.api, body)
        app.tell(f"Job {name} tests {self.color} with {self.job.image or self.image}")
        watch = Watch(
            app.api, namespace, name, (_CONTAINER,), self.job.timeout_seconds, app.tell, check=self._check
        )
        try:
            end = watch.to_the_end()
        except (UnreachableError, RefusedError) as silence:
            gate.why = str(silence).splitlines()[0]
            raise GateError(str(gate)) from None
        except _SkippedError:
            self._remove(name)
            gate.why = "it was skipped"
            return
        except (AbortedError, KeyboardInterrupt):
            self._remove(name)
            raise
        gate.see(app.tell.seconds, _judged(gate, end))
        if not end.begun:
            raise GateError(str(gate))

    def _remove(self, name: str) -> None:
        try:
            jobs.remove(self.app.api, self.app.guard.namespace, name)
        except OperatorError as error:
            self.app.tell(f"Job {name} could not be taken away: {error}")

    @property
    def _labels(self) -> dict[str, str]:
        return {
            "app.kubernetes.io/name": self.app.guard.route,
            "app.kubernetes.io/component": "gate",
            _GATE: self.name,
        }

    def _check(self) -> None:
        if self.look() is Course.FULL:
            raise _SkippedError

    def _body(self, deployment: Object) -> Object:
        app, namespace = self.app.guard.route, self.app.guard.namespace
        labels = {
            **self._labels,
            "app.kubernetes.io/instance": app,  # under the application's own NetworkPolicy
            "app.kubernetes.io/managed-by": "slipway",
        }
        return {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {
                "name": jobs.named(app, f"gate-{self.name[:30]}-{self.release}"),
                "namespace": namespace,
                "labels": labels,
            },
            "spec": {
                "backoffLimit": 0,
                "template": {
                    "metadata": {"labels": labels},
                    "spec": self._pod(deployment["spec"]["template"]["spec"]),
                },
            },
        }

    def _pod(self, serving: Object) -> Object:
        own: Object = serving["containers"][0]
        empty = [volume for volume in serving.get("volumes", ()) if "emptyDir" in volume]
        names = {volume["name"] for volume in empty}
        service = self.app.guard.colors[self.color].deployment
        env = {
            "COLOR": self.color,
            "COLOR_URL": f"http://{service}.{self.app.guard.namespace}.svc",
            "RELEASE_IMAGE": self.image,
            **self.job.env,
        }
        container: Object = {
            **{key: own[key] for key in _OF_THE_CONTAINER if key in own},
            "name": _CONTAINER,
            "image": self.job.image or self.image,
            "env": [{"name": key, "value": value} for key, value in env.items()],
            "terminationMessagePolicy": "FallbackToLogsOnError",
            "volumeMounts": [mount for mount in own.get("volumeMounts", ()) if mount["name"] in names],
        }
        if self.job.command:
            container["command"] = list(self.job.command)
        return copy.deepcopy(
            {
                **{key: serving[key] for key in _OF_THE_POD if key in serving},
                "restartPolicy": "Never",
                "activeDeadlineSeconds": self.job.timeout_seconds,  # of the pod: a Job's own would remove pod and log
                "containers": [container],
                "volumes": empty,
            }
        )


def _judged(gate: Gate, end: End) -> Measured:
    """One that ran is good or bad; one that never began says nothing of the release."""
    return Measured({gate.name: 0 if end.well else 1} if end.begun else {}, {gate.name: str(end)})
