"""What the gates of a release measure of its colour: by the stack's Prometheus, by requests, by what Kubernetes says of its pods.

What cannot be measured is left out, with the reason: a gate without a measurement is not passed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from slipway.guard import Guard
from slipway.traffic import measured_as
from slipway_ops import prometheus, requesting, status
from slipway_ops.api import Object, RefusedError, UnreachableError
from slipway_ops.application import Application
from slipway_ops.errors import OperatorError
from slipway_ops.gates import Gates, Measured, of_http

_RESTARTS = "restarts"


@dataclass
class Meter:
    """Of one colour, from the moment on at which its image was brought up."""

    app: Application
    color: str
    gates: Gates
    _before: dict[str, int] = field(init=False)
    _most: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self._before = self._restarts() if self.gates.restarts is not None else {}
        self._most = dict(self._before)

    def requests(self) -> Measured:
        """What can be measured without traffic."""
        values: dict[str, float] = {}
        why: dict[str, str] = {}
        for name, check in self.gates.http.items():
            gate = of_http(name)
            try:
                failed, said = requesting.failed(self.app, self.color, check)
            except UnreachableError as silence:
                why[gate] = _first_line(silence)
            else:
                values[gate] = failed
                why[gate] = said
        return Measured(values, why)

    def all(self) -> Measured:
        """Everything that is asked for."""
        requests = self.requests()
        values, why = dict(requests.values), dict(requests.why)
        found, silence = self._of_gateway()
        values |= found
        for name, query in queries(self.app.guard, self.color, self.gates).items():
            try:
                value = prometheus.value(self.app, query)
            except (prometheus.SilentError, UnreachableError) as error:
                why[name] = _first_line(error)
            else:
                values |= {} if value is None else {name: value}
        why |= dict.fromkeys(("error_ratio", "p99_seconds"), silence) if silence else {}
        if self.gates.restarts is not None:
            try:
                values[_RESTARTS] = self._restarted()
            except (UnreachableError, RefusedError) as error:
                why[_RESTARTS] = _first_line(error)
        return Measured(values, why)

    def _of_gateway(self) -> tuple[Mapping[str, float], str]:
        """What the gateway measured, and why that is not known."""
        if not self.app.said.monitored:
            return {}, ""
        try:
            found, silence = status.measured(self.app)
        except UnreachableError as error:
            return {}, _first_line(error)
        return found.get(self.color, {}), "; ".join(silence)

    def _restarted(self) -> int:
        """How often containers were started again; a pod that is gone counts on as it was last seen."""
        for pod, restarts in self._restarts().items():
            self._most[pod] = max(restarts, self._most.get(pod, 0))
        return sum(self._most.values()) - sum(self._before.values())

    def _restarts(self) -> dict[str, int]:
        selector = self.app.guard.colors[self.color].selector
        wanted = ",".join(f"{key}={value}" for key, value in selector.items())
        path = f"/api/v1/namespaces/{self.app.guard.namespace}/pods"
        found: list[Object] = (self.app.api.get(path, labelSelector=wanted) or {"items": []})["items"]
        return {pod["metadata"]["uid"]: _restarts_of(pod) for pod in found}


def _restarts_of(pod: Object) -> int:
    containers: list[Any] = pod.get("status", {}).get("containerStatuses", [])
    return sum(container.get("restartCount", 0) for container in containers)


def queries(guard: Guard, color: str, gates: Gates) -> dict[str, str]:
    """PromQL, one value each, by the names of the gates that ask for it.

    The burn rate is that of https://sre.google/workbook/alerting-on-slos/: how many times as fast as the objective of
    slipway:monitoring.availabilityPercent allows. Processor time is held against the limit, and where there is none, as App makes it,
    against what is requested. Of several pods the fullest counts.
    """
    pods = f'namespace="{guard.namespace}",pod=~"{guard.colors[color].deployment}-[a-z0-9]+-[a-z0-9]+"'
    answered = f'application="{measured_as(guard.namespace, guard.route)}",color="{color}"'
    over = f"[{gates.burn_minutes}m]"
    requests, failed = (
        f"sum(rate(traefik_service_requests_total{{{answered}{more}}}{over}))"
        for more in ("", ',code=~"5.."')
    )
    cpu = ",".join([pods, 'resource="cpu"'])
    memory = ",".join([pods, 'resource="memory"'])
    asked = {
        "burn_rate": (
            gates.burn_rate,
            f"({failed} or vector(0)) / ({requests} > 0) / scalar(slipway:objective:error_ratio)",
        ),
        "cpu_ratio": (
            gates.cpu_percent,
            f"max(sum by (pod) (rate(container_cpu_usage_seconds_total{{{pods}}}[1m])) / sum by (pod) "
            f"(kube_pod_container_resource_limits{{{cpu}}} or kube_pod_container_resource_requests{{{cpu}}}))",
        ),
        "memory_ratio": (
            gates.memory_percent,
            f"max(sum by (pod) (container_memory_working_set_bytes{{{pods}}}) / sum by (pod) "
            f"(kube_pod_container_resource_limits{{{memory}}}))",
        ),
    }
    return {name: query for name, (limit, query) in asked.items() if limit is not None}


def _first_line(error: OperatorError | prometheus.SilentError) -> str:
    return str(error).splitlines()[0]
