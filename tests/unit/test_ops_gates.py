"""The gates of a release: what each measures, what it says, and that only what passes is promoted."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from slipway_ops import asking, jobs, project
from slipway_ops.steering import Course
from slipway_ops.telling import Telling
from tests.support.api_server import Answer, Object, deployment_path
from tests.support.loopback import Asked, Reply, listening
from tests.support.stack import FILE, Stack, ready

PODS, JOBS = "/api/v1/namespaces/dev/pods", "/apis/batch/v1/namespaces/dev/jobs"
QUERY = "/api/v1/namespaces/dev-monitoring/services/prometheus:9090/proxy/api/v1/query"
VERSION = "/api/v1/namespaces/dev/services/chat-green:80/proxy/version"
GREEN = {
    "app.kubernetes.io/name": "chat",
    "app.kubernetes.io/instance": "chat",
    "slipway/color": "green",
}


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    monkeypatch.setattr(jobs, "PAUSE_SECONDS", 0.01)
    with ready(tmp_path, monkeypatch) as made:
        yield made


def say(stack: Stack, gates: str, monitored: bool = False) -> None:
    more = "  slipway:monitoring: {}\n" if monitored else ""
    stack.file.write_text(f"{FILE}{more}  slipway:gates: {gates}\n")


def asked(stack: Stack, path: str) -> int:
    return sum(found == path for _, found, _ in stack.cluster.seen)


def kept(stack: Stack) -> list[tuple[int, str, str]]:
    """Share, gate and verdict, by the record."""
    (record,) = stack.cluster.records
    return [
        (step["share"], gate["name"], gate["verdict"])
        for step in record["steps"]
        for gate in step.get("gates", ())
    ]


# Requests


def test_a_request_is_asked_before_any_traffic_and_with_it(stack: Stack) -> None:
    say(stack, "{seconds: 0, http: {version: {path: /version, json: {release.color: green}, text: color}}}")
    moments: list[str] = []
    stack.cluster.put(VERSION, {"release": {"color": "green"}})
    stack.cluster.before = lambda _, path: moments.append(stack.shares) if path == VERSION else None
    done = stack.run("deploy", "chat:2")
    assert done.exit_code == 0, done.output
    assert moments == ["100/0", "100/0", "0/100", "0/100"], "each time two in a row"
    assert "http version passing: 0, at most 0" in done.output
    assert kept(stack) == [(0, "http version", "passing"), (100, "http version", "passing")]


WRONG: dict[str, tuple[str, Answer, str]] = {
    "status": ("", (500, {"error": "no database"}), "answers 500, not 200: "),
    "wanted": ("status: 204", (200, {}), "answers 200, not 204: {}"),
    "text": ("text: ready", (200, {"is": "not"}), "does not say 'ready': "),
    "field": ("json: {is.up: true}", (200, {"is": {"up": False}}), "says is.up false, not true"),
    "gone": ("json: {is.up: true}", (200, {"is": "up"}), "says is.up null, not true"),
    "json": ("json: {is: up}", (200, "plain"), "answers no JSON: plain"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_request_that_fails_keeps_the_traffic_away(stack: Stack, kind: str) -> None:
    asks, answer, told = WRONG[kind]
    say(stack, f"{{seconds: 0, http: {{up: {{path: /version, {asks}}}}}}}")
    stack.cluster.before = lambda _, path: answer if path == VERSION else None
    done = stack.run("deploy", "chat:2")
    assert done.exit_code == 1
    assert f"http up failing: 1, at most 0 (GET /version {told}" in done.output
    assert "undone: blue serves as before" in done.output
    assert (stack.shares, kept(stack)) == ("100/0", [(0, "http up", "failing")])
    assert stack.cluster.records[0]["result"] == "returned"
    assert stack.cluster.records[0]["traffic_moved"] is None


@pytest.mark.parametrize(
    ("passes", "wrong", "code"), [(3, 2, 0), (3, 3, 1), (5, 0, 0), (5, 1, 1), (1, 4, 0), (1, 5, 1)]
)
def test_so_many_of_so_many(stack: Stack, passes: int, wrong: int, code: int) -> None:
    say(stack, f"{{seconds: 0, http: {{up: {{path: /version, of: 5, passes: {passes}}}}}}}")
    counted: list[int] = []

    def first_ones_fail(_: str, path: str) -> Answer | None:
        if path != VERSION:
            return None
        counted.append(1)
        return (503, {}) if (len(counted) - 1) % (wrong + passes) < wrong else (200, {})

    stack.cluster.before = first_ones_fail
    assert stack.run("deploy", "chat:2").exit_code == code


def test_an_api_server_that_is_silent_measures_nothing(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    from slipway_ops import requesting
    from slipway_ops.api import UnreachableError

    def silent(*_: Any) -> Any:
        raise UnreachableError("the API server does not answer\n  to do: …")

    monkeypatch.setattr(requesting, "failed", silent)
    say(stack, "{seconds: 0, http: {up: {path: /version}}}")
    done = stack.run("deploy", "chat:2")
    told = "http up missing: nothing was measured, at most 0 (the API server does not answer)"
    assert (done.exit_code, told in done.output) == (1, True), done.output


def at_preview(stack: Stack, reply: Callable[[Asked], Reply], preview: str) -> str:
    with listening(reply) as url:
        text = f"at: {url}/" if "{host}" not in preview else f"at: {url}"
        host = urlsplit(url).hostname
        say(stack, f"{{seconds: 0, http: {{up: {{path: /up, {text}, status: 302}}}}}}")
        section = f"preview: {preview.format(host=host)}"
        stack.file.write_text(stack.file.read_text().replace("healthPath", f"{section}, healthPath"))
        return stack.run("deploy", "chat:2").output


def test_at_the_preview_address_by_its_header(stack: Stack) -> None:
    seen: list[str | None] = []

    def redirects(request: Asked) -> Reply:
        seen.append(request.headers.get("X-Color"))
        return 302, b"", {"Location": "http://127.0.0.1:1/"}

    output = at_preview(stack, redirects, "{{header: X-Color}}")
    assert "done: green serves chat:2" in output, output
    assert set(seen) == {"green"}


def test_at_the_preview_address_by_its_host(stack: Stack) -> None:
    output = at_preview(stack, lambda _: (302, b"", {}), "{{header: X-Color, hostnames: ['{host}']}}")
    assert "done: green serves chat:2" in output, output


def test_a_preview_address_that_does_not_answer_is_a_failure(stack: Stack) -> None:
    say(stack, "{http: {up: {path: /up, at: 'http://127.0.0.1:1'}}}")
    text = stack.file.read_text().replace("healthPath", "preview: {header: X-Color}, healthPath")
    stack.file.write_text(text)
    done = stack.run("deploy", "chat:2")
    assert done.exit_code == 1
    assert "(GET http://127.0.0.1:1/up does not answer: " in done.output


# Jobs


class Controllers:
    """A Job ends like this."""

    def __init__(self, stack: Stack, code: int = 0, pod: Object | None = None) -> None:
        self.stack, self.code, self.pod = stack, code, pod
        self.on_look: Callable[[], Any] = lambda: None
        self.ends = True
        stack.cluster.before = self
        spec: Object = {
            "serviceAccountName": "chat",
            "securityContext": {"runAsUser": 1000},
            "volumes": [{"name": "tmp", "emptyDir": {}}, {"name": "files", "configMap": {}}],
            "containers": [
                {
                    "image": "chat:2",
                    "env": [{"name": "KEY", "value": "secret"}],
                    "envFrom": [{"secretRef": {"name": "chat-secrets"}}],
                    "securityContext": {"readOnlyRootFilesystem": True},
                    "resources": {"limits": {"memory": "256Mi"}},
                    "volumeMounts": [
                        {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108
                        {"name": "files", "mountPath": "/f"},
                    ],
                }
            ],
        }
        comes_up = stack.up

        def up(*arguments: Any) -> int:
            changes = comes_up(*arguments)
            deployment = stack.cluster.objects[deployment_path("green")]
            image = deployment["spec"]["template"]["spec"]["containers"][0]["image"]
            deployment["spec"]["template"]["spec"] = json.loads(json.dumps(spec).replace("chat:2", image))
            return changes

        from slipway_ops import update

        update.up = up  # the fixture's own patch puts it back

    def __call__(self, method: str, path: str) -> Answer | None:
        if method != "GET" or not path.startswith(f"{JOBS}/"):
            return (200, "tested\n") if path.endswith("/log") else None
        name = path.rsplit("/", 1)[1]
        self.on_look()
        if self.ends:
            kind = "Failed" if self.code else "Complete"
            self.stack.cluster.objects[path]["status"] = {"conditions": [{"type": kind, "status": "True"}]}
        state: Object = {"terminated": {"exitCode": self.code}} if self.ends else {"running": {}}
        status = self.pod or {"containerStatuses": [{"name": "gate", "state": state}]}
        metadata = {"name": f"{name}-x", "uid": "p", "labels": {"batch.kubernetes.io/job-name": name}}
        self.stack.cluster.put(f"{PODS}/{name}-x", {"metadata": metadata, "status": status})
        return None

    @property
    def made(self) -> list[Object]:
        return [body for method, path, body in self.stack.cluster.seen if (method, path) == ("POST", JOBS)]

    @property
    def left(self) -> list[str]:
        return [path for path in self.stack.cluster.objects if path.startswith(f"{JOBS}/")]


LOAD = "{seconds: 0, jobs: {load: {image: 'k6:1', command: [k6, run], env: {VUS: '5'}, timeoutSeconds: 60}}}"


def test_a_job_ends_well_before_any_traffic(stack: Stack) -> None:
    say(stack, LOAD)
    controllers = Controllers(stack)
    moments: list[str] = []
    controllers.on_look = lambda: moments.append(stack.shares)
    done = stack.run("deploy", "chat:2")
    assert done.exit_code == 0, done.output
    assert set(moments) == {"100/0"}
    assert "gate: tested" in done.output
    assert "job load passing: ended well" in done.output
    assert kept(stack) == [(0, "job load", "passing")]
    (job,) = controllers.made
    assert job["metadata"]["name"] == "chat-gate-load-1"
    labels = job["spec"]["template"]["metadata"]["labels"]
    assert labels == job["metadata"]["labels"]
    assert labels["app.kubernetes.io/component"] == "gate"
    assert labels["app.kubernetes.io/instance"] == "chat"
    assert "slipway/color" not in labels, "no Service may take it for a colour's pod"
    assert job["spec"]["backoffLimit"] == 0
    assert job["spec"]["template"]["spec"] == {
        "serviceAccountName": "chat",
        "securityContext": {"runAsUser": 1000},
        "restartPolicy": "Never",
        "activeDeadlineSeconds": 60,
        "volumes": [{"name": "tmp", "emptyDir": {}}],
        "containers": [
            {
                "securityContext": {"readOnlyRootFilesystem": True},
                "resources": {"limits": {"memory": "256Mi"}},
                "name": "gate",
                "image": "k6:1",
                "command": ["k6", "run"],
                "env": [
                    {"name": "COLOR", "value": "green"},
                    {"name": "COLOR_URL", "value": "http://chat-green.dev.svc"},
                    {"name": "RELEASE_IMAGE", "value": "chat:2"},
                    {"name": "VUS", "value": "5"},
                ],
                "terminationMessagePolicy": "FallbackToLogsOnError",
                "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108
            }
        ],
    }, "none of the application's settings and secrets"


def test_a_job_of_the_release_s_own_image(stack: Stack) -> None:
    say(stack, "{seconds: 0, jobs: {smoke: {command: [node, smoke.js]}}}")
    controllers = Controllers(stack)
    old = {"app.kubernetes.io/name": "chat", "app.kubernetes.io/component": "gate", "slipway/gate": "smoke"}
    stack.cluster.put(f"{JOBS}/chat-gate-smoke-0", {"metadata": {"name": "chat-gate-smoke-0", "labels": old}})
    assert stack.run("deploy", "chat:2").exit_code == 0
    (job,) = controllers.made
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert (container["image"], container["command"]) == ("chat:2", ["node", "smoke.js"])
    assert controllers.left == [f"{JOBS}/chat-gate-smoke-1"], "its log is kept until the next one"


def test_a_job_that_fails_keeps_the_traffic_away(stack: Stack) -> None:
    say(stack, LOAD)
    Controllers(stack, code=99)
    done = stack.run("deploy", "chat:2")
    assert done.exit_code == 1
    assert "job load failing: failed: exit code 99; its last lines:\n    tested" in done.output
    assert kept(stack) == [(0, "job load", "failing")]
    assert (stack.shares, stack.cluster.records[0]["result"]) == ("100/0", "returned")


def test_a_job_that_never_began_says_nothing_of_the_release(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(stack, LOAD)
    waiting = {"waiting": {"reason": "InvalidImageName", "message": "k6:1 is no image"}}
    pod = {"containerStatuses": [{"name": "gate", "state": waiting, "image": "k6:1"}]}
    controllers = Controllers(stack, pod=pod)
    controllers.ends = False
    done = stack.run("deploy", "chat:2")
    assert done.exit_code == 1
    assert "job load missing: did not begin: pod chat-gate-load-1-x: k6:1 is no image" in done.output
    assert kept(stack) == [(0, "job load", "missing")]
    assert controllers.left == []


@contextmanager
def asking_while_it_runs(stack: Stack, course: Course) -> Generator[Controllers]:
    """Somebody at another terminal, who asks this as soon as the Job is there; it does not end by itself."""
    say(stack, LOAD)
    controllers = Controllers(stack)
    controllers.ends = False

    def ask() -> None:
        while not controllers.left:
            time.sleep(0.01)
        asking.run(project.find(stack.folder, "dev"), course, False, Telling(as_json=True))

    somebody = threading.Thread(target=ask)
    somebody.start()
    yield controllers
    somebody.join()


def test_a_job_ends_with_an_abort(stack: Stack) -> None:
    with asking_while_it_runs(stack, Course.ABORT) as controllers:
        done = stack.run("deploy", "chat:2")
    assert (done.exit_code, controllers.left) == (1, [])
    assert kept(stack) == [(0, "job load", "missing")]
    assert stack.cluster.records[0]["result"] == "aborted"


def test_a_job_that_cannot_be_taken_away_is_told(stack: Stack) -> None:
    with asking_while_it_runs(stack, Course.ABORT) as controllers:
        refuse: Answer = (403, {"message": "jobs is forbidden"})
        stack.cluster.before = lambda method, path: (
            refuse if (method, path) == ("DELETE", f"{JOBS}/chat-gate-load-1") else controllers(method, path)
        )
        done = stack.run("deploy", "chat:2")
    assert "Job chat-gate-load-1 could not be taken away: " in done.output
    assert stack.cluster.records[0]["result"] == "aborted"


def test_promoted_in_full_skips_a_job(stack: Stack) -> None:
    with asking_while_it_runs(stack, Course.FULL) as controllers:
        done = stack.run("deploy", "chat:2")
    assert done.exit_code == 0, done.output
    assert "job load missing: it was skipped" in done.output
    assert (stack.shares, controllers.left) == ("0/100", [])


def test_a_job_that_cannot_be_seen_says_nothing_of_the_release(stack: Stack) -> None:
    say(stack, LOAD)
    controllers = Controllers(stack)
    stack.cluster.before = lambda method, path: (
        (403, {"message": "no"})
        if method == "GET" and path == f"{JOBS}/chat-gate-load-1"
        else controllers(method, path)
    )
    done = stack.run("deploy", "chat:2")
    assert "job load missing: " in done.output
    assert (done.exit_code, stack.shares) == (1, "100/0")


# Prometheus and pods

SERIES = {
    "burn_rate": ("burnRate: 14.4", "burn_rate", "14.4"),
    "cpu_ratio": ("cpuPercent: 90", "cpu_ratio", "0.9"),
    "memory_ratio": ("memoryPercent: 80", "memory_ratio", "0.8"),
}


def answering(stack: Stack, value: Callable[[str], str | None]) -> list[str]:
    """A Prometheus that answers each query with one value, and its recorded series with none failed."""
    queries: list[str] = []
    errors = {"__name__": "application_color:gateway_errors:ratio_rate1m", "color": "green"}
    answer = stack.cluster.answer

    def before(method: str, target: str, body: Any) -> Answer:
        if urlsplit(target).path != QUERY:
            return answer(method, target, body)
        query = parse_qs(urlsplit(target).query)["query"][0]
        if query.startswith("{"):
            return 200, {"data": {"result": [{"metric": errors, "value": [0, "0"]}]}}
        queries.append(query)
        found = value(query)
        result: list[Object] = [] if found is None else [{"metric": {}, "value": [0, found]}]
        return 200, {"data": {"result": result}}

    stack.cluster.answer = before  # pyright: ignore[reportAttributeAccessIssue]
    return queries


@pytest.mark.parametrize("name", SERIES)
@pytest.mark.parametrize(
    ("value", "code", "verdict"),
    [
        ("0.5", 0, "passing: 0.5"),
        ("99", 1, "failing: 99"),
        (None, 1, "missing: nothing was measured"),
        ("NaN", 1, "missing"),
    ],
)
def test_what_prometheus_is_asked(
    stack: Stack, name: str, value: str | None, code: int, verdict: str
) -> None:
    key, gate, limit = SERIES[name]
    say(stack, f"{{seconds: 0, {key}}}", monitored=True)
    queries = answering(stack, lambda _: value)
    done = stack.run("deploy", "chat:2")
    assert done.exit_code == code, done.output
    assert f"{gate} {verdict}" in done.output
    assert f", at most {limit}" in done.output
    assert len(queries) == 2


def test_the_queries(stack: Stack) -> None:
    say(
        stack, "{seconds: 0, burnRate: 2, burnMinutes: 30, cpuPercent: 90, memoryPercent: 90}", monitored=True
    )
    queries = answering(stack, lambda _: "0")
    assert stack.run("deploy", "chat:2").exit_code == 0
    burn, cpu, memory = queries[:3]
    of = 'application="dev-chat",color="green"'
    assert burn == (
        f'(sum(rate(traefik_service_requests_total{{{of},code=~"5.."}}[30m])) or vector(0))'
        f" / (sum(rate(traefik_service_requests_total{{{of}}}[30m])) > 0)"
        " / scalar(slipway:objective:error_ratio)"
    )
    pods = 'namespace="dev",pod=~"chat-green-[a-z0-9]+-[a-z0-9]+"'
    assert f"rate(container_cpu_usage_seconds_total{{{pods}}}[1m])" in cpu
    limits, requests = (
        f'kube_pod_container_resource_{kind}{{{pods},resource="cpu"}}' for kind in ("limits", "requests")
    )
    assert f"({limits} or {requests})" in cpu
    assert f"container_memory_working_set_bytes{{{pods}}}" in memory
    assert f'kube_pod_container_resource_limits{{{pods},resource="memory"}}' in memory


def test_a_prometheus_that_goes_down_is_not_promoted(stack: Stack) -> None:
    say(stack, "{seconds: 1, burnRate: 2}", monitored=True)
    queries = answering(stack, lambda _: "0")
    up = stack.cluster.answer

    def down(method: str, target: str, body: Any) -> Answer:
        if urlsplit(target).path == QUERY and len(queries) > 1:
            return 503, {"message": "no endpoints available"}
        return up(method, target, body)

    stack.cluster.answer = down  # pyright: ignore[reportAttributeAccessIssue]
    done = stack.run("deploy", "chat:2")
    assert done.exit_code == 1
    silent = "(Prometheus in dev-monitoring does not answer (status 503))"
    assert f"error_ratio missing: 0, at most 0.01 {silent}" in done.output, done.output
    assert f"burn_rate missing: 0, at most 2 {silent}" in done.output
    assert (stack.shares, stack.cluster.records[0]["result"]) == ("100/0", "returned")


def pod(stack: Stack, name: str, *restarts: int) -> None:
    statuses = [{"restartCount": count} for count in restarts]
    stack.cluster.put(
        f"{PODS}/{name}",
        {"metadata": {"name": name, "uid": name, "labels": GREEN}, "status": {"containerStatuses": statuses}},
    )


@pytest.mark.parametrize(("limit", "code"), [(0, 1), (2, 1), (3, 0)])
def test_restarts_are_counted_from_the_moment_that_it_was_up(stack: Stack, limit: int, code: int) -> None:
    say(stack, f"{{seconds: 1, restarts: {limit}}}")
    pod(stack, "a", 5, 1)
    looks: list[int] = []

    def crash(method: str, path: str) -> None:
        if path != PODS:
            return
        looks.append(1)
        if len(looks) == 2:
            stack.cluster._lock.release()  # pyright: ignore[reportPrivateUsage]
            pod(stack, "a", 6, 1)
            pod(stack, "b", 2)
            stack.cluster._lock.acquire()  # pyright: ignore[reportPrivateUsage]
        if len(looks) == 3:
            stack.cluster.objects.pop(f"{PODS}/b")  # what is gone has crashed all the same

    stack.cluster.before = crash
    done = stack.run("deploy", "chat:2")
    assert done.exit_code == code, done.output
    assert f"restarts {'failing' if code else 'passing'}: 3, at most {limit}" in done.output


def test_pods_that_may_not_be_read(stack: Stack) -> None:
    say(stack, "{seconds: 0, restarts: 0}")
    looks: list[int] = []

    def forbid(_: str, path: str) -> Answer | None:
        if path == PODS:
            looks.append(1)
        return (403, {"message": "pods is forbidden"}) if path == PODS and len(looks) > 1 else None

    stack.cluster.before = forbid
    done = stack.run("deploy", "chat:2")
    assert done.exit_code == 1
    assert "restarts missing: nothing was measured, at most 0 (" in done.output
    assert "pods is forbidden" in done.output


# The section, as the command reads it


def test_dry_run_says_what_would_be_asked(stack: Stack) -> None:
    say(
        stack, "{seconds: 9, http: {up: {path: /version}}, jobs: {load: {command: [a]}, k6: {image: 'k6:1'}}}"
    )
    done = stack.run("deploy", "chat:2", "--dry-run")
    for told in (
        "would ask green for /version, then and at each step",
        "would run the Job load with chat:2 against green",
        "would run the Job k6 with k6:1 against green",
        "then watch it for 9 s",
    ):
        assert told in done.output, done.output


def test_every_mistake_at_once(stack: Stack) -> None:
    say(
        stack,
        "{seconds: soon, burnRate: 1, burnMinutes: 0, restarts: true, http: {a: {path: x, of: 21, status: no, json: [], text: 5}, "
        "b: 7, c: {path: /, at: 'ftp://x'}, d: {path: /, at: 'https://x'}, e: {path: /, of: 2, passes: 3}}, "
        "jobs: {f: {}, g: {command: x, env: []}, h: {image: 'build:v1', timeoutSeconds: 0}}}",
    )
    done = stack.run("deploy", "chat:2")
    assert done.exit_code == 1
    for key, right in {
        "seconds": "a number, got 'soon'",
        "burnRate": "beside slipway:monitoring, which measures, got 1",
        "burnMinutes": "1-1440, got 0",
        "restarts": "0-1000, got True",
        "http.a.path": "a path that starts with /, got 'x'",
        "http.a.of": "1-20, got 21",
        "http.a.status": "100-599, got False",
        "http.a.json": "fields and what they must be, got []",
        "http.a.text": "text, got 5",
        "http.b": "a section, got 7",
        "http.c.at": "an address without a path, as https://chat.example.com, got 'ftp://x'",
        "http.d.at": "at one of slipway:app.preview.hostnames, or beside slipway:app.preview.header, got 'https://x'",
        "http.e.passes": "1-2, got 3",
        "jobs.f.command": "there, or image: the release's own image is the application, got nothing",
        "jobs.g.command": "a list of words, got 'x'",
        "jobs.g.env": "variables, got []",
        "jobs.h.image": "an image that is there already, got 'build:v1'",
        "jobs.h.timeoutSeconds": "1-3600, got 0",
    }.items():
        assert f"slipway:gates.{key} must be {right}" in done.output, (key, done.output)
    assert stack.cluster.seen == []


@pytest.mark.parametrize("key", ["http", "jobs"])
def test_what_is_no_sections_by_name(stack: Stack, key: str) -> None:
    say(stack, f"{{{key}: [a]}}")
    assert f"slipway:gates.{key} must be sections by name, got ['a']" in stack.run("deploy", "chat:2").output
