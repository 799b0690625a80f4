"""What the pipeline tells: notifications, metrics, the summary of the tests."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from email import message_from_string
from pathlib import Path
from typing import Any

import metrics
import notify
import pytest
import runs
import summary
from runs import Run, RunError

from tests.support.loopback import Asked, Loopback, serving

BEGUN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ADDRESSES = ("SLACK_WEBHOOK_URL", "WEBHOOK_URL", "SMTP_URL", "PUSHGATEWAY_URL", "TEXTFILE_DIR")


def run(number: int = 7, result: str = "success", api: str = "http://127.0.0.1:1") -> dict[str, Any]:
    """A run as GitHub's API shows it."""
    return {
        "name": "cd",
        "conclusion": result,
        "head_branch": "main",
        "head_sha": "0123456789abcdef",
        "html_url": "https://example.com/runs/7",
        "run_started_at": "2026-03-01T12:00:00Z",
        "updated_at": "2026-03-01T12:01:30Z",
        "run_number": number,
        "url": f"{api}/runs/{number}",
        "workflow_url": f"{api}/workflows/3",
    }


JOBS = [
    {"name": 'say "dev"', "conclusion": "success", "started_at": "2026-03-01T12:00:10Z", "completed_at": "2026-03-01T12:00:40Z"},
    {"name": "prod", "conclusion": "failure", "started_at": "2026-03-01T12:00:40Z", "completed_at": "2026-03-01T12:01:30Z"},
    {"name": "by hand", "conclusion": "skipped", "started_at": "2026-03-01T12:00:40Z", "completed_at": "2026-03-01T12:00:40Z"},
]  # fmt: skip


@pytest.fixture
def server() -> Generator[Loopback]:
    """GitHub's API, Slack, a webhook and a Pushgateway in one."""

    def answer(asked: Asked) -> Any:
        if asked.method != "GET":
            return 503 if asked.path == "/broken" else 200
        if asked.path.startswith("/runs/7/jobs"):
            return {"jobs": JOBS}
        if asked.path == "/runs/7/attempts/1":
            return run(result="failure")
        former = [run(8), run(6, "cancelled"), run(5, "failure"), run(4)]
        return {"workflow_runs": former} if asked.path.startswith("/workflows/3/runs") else 404

    with serving(answer) as server:
        yield server


@pytest.fixture
def event(tmp_path: Path, server: Loopback, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets the job's environment for a run that ended so."""
    for name in ADDRESSES:
        monkeypatch.delenv(name, raising=False)

    def begin(result: str) -> None:
        file = tmp_path / "event.json"
        file.write_text(json.dumps({"workflow_run": run(result=result, api=server.url)}))
        monkeypatch.setenv("GITHUB_EVENT_PATH", str(file))
        monkeypatch.setenv("GITHUB_TOKEN", "job-token")

    return begin


def of(result: str) -> Run:
    seconds = timedelta(seconds=90)
    return Run("cd", result, "main", "0123456789abcdef", "u", BEGUN, BEGUN + seconds, 7, "a", "w", None)


@pytest.mark.parametrize(
    ("result", "earlier", "told"),
    [
        ("failure", None, "FAILED: cd on main at 012345678"),
        ("failure", "success", "FAILED: cd on main at 012345678"),
        ("timed_out", "failure", "FAILED: cd on main at 012345678, as before"),
        ("success", "failure", "works again: cd on main at 012345678"),
        ("success", "success", None),
        ("success", None, None),
        ("cancelled", "failure", None),
    ],
)
def test_failures_are_told_each_time_and_recoveries_once(
    result: str, earlier: str | None, told: str | None
) -> None:
    assert notify.said(of(result), None if earlier is None else of(earlier)) == told


def test_the_run_before_is_the_last_one_with_a_result(server: Loopback, event: Callable[[str], None]) -> None:
    event("success")
    found = runs.before(runs._run(run(api=server.url)))  # pyright: ignore[reportPrivateUsage]
    assert found is not None
    assert (found.number, found.result) == (5, "failure")
    assert "branch=main" in server.asked[0].path
    assert server.asked[0].headers["Authorization"] == "Bearer job-token"


def test_a_run_that_works_when_it_is_run_again_works_again(
    server: Loopback, event: Callable[[str], None]
) -> None:
    """A second attempt has the first one's number, and nothing else comes between them."""
    event("success")
    again = run(api=server.url) | {"previous_attempt_url": f"{server.url}/runs/7/attempts/1"}
    found = runs.before(runs._run(again))  # pyright: ignore[reportPrivateUsage]
    assert found is not None
    assert (found.number, found.result) == (7, "failure")


def test_every_place_that_is_set_is_told(
    server: Loopback,
    event: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    event("success")
    monkeypatch.setenv("SLACK_WEBHOOK_URL", f"{server.url}/slack")
    monkeypatch.setenv("WEBHOOK_URL", f"{server.url}/hook")
    notify.main()
    slack, hook = (json.loads(asked.body) for asked in server.asked if asked.method == "POST")
    assert slack == {"text": "works again: cd on main at 012345678\n<https://example.com/runs/7|the run>"}
    assert hook["text"] == "works again: cd on main at 012345678"
    assert (hook["failed"], hook["workflow"], hook["started"]) == (False, "cd", "2026-03-01T12:00:00+00:00")
    assert "told by SLACK_WEBHOOK_URL, WEBHOOK_URL" in capsys.readouterr().out


def test_a_place_that_does_not_answer_keeps_no_other_from_being_told(
    server: Loopback, event: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    event("failure")
    monkeypatch.setenv("SLACK_WEBHOOK_URL", f"{server.url}/broken")
    monkeypatch.setenv("WEBHOOK_URL", f"{server.url}/hook")
    with pytest.raises(RunError, match="not told everywhere: SLACK_WEBHOOK_URL: HTTP Error 503"):
        notify.main()
    assert [asked.path for asked in server.asked if asked.method == "POST"] == ["/broken", "/hook"]


def test_mail_goes_out_encrypted_before_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    did: list[str] = []

    class Server:
        def __init__(self, host: str, port: int, timeout: float) -> None:
            did.append(f"{host}:{port} {timeout:.0f}")

        def __enter__(self) -> Server:
            return self

        def __exit__(self, *_: object) -> None: ...

        def starttls(self) -> None:
            did.append("tls")

        def login(self, user: str, password: str) -> None:
            did.append(f"{user} {password}")

        def send_message(self, message: Any) -> None:
            did.append(message_from_string(message.as_string())["Subject"])

    monkeypatch.setattr("smtplib.SMTP", Server)
    places = {
        "SMTP_URL": "smtp://ci%40x:pa%3Ass@mail.example.com",
        "MAIL_FROM": "a@example.com",
        "MAIL_TO": "b@example.com",
    }
    assert notify.send("FAILED: cd", of("failure"), places) == ["SMTP_URL"]
    assert did == ["mail.example.com:587 20", "tls", "ci@x pa:ss", "FAILED: cd"]


def test_metrics_are_prometheus_s(event: Callable[[str], None], capsys: pytest.CaptureFixture[str]) -> None:
    event("failure")
    metrics.main()
    said = capsys.readouterr().out
    assert 'pipeline_run_success{workflow="cd",branch="main"} 0\n' in said
    assert 'pipeline_run_duration_seconds{workflow="cd",branch="main"} 90\n' in said
    assert 'pipeline_run_ended_timestamp_seconds{workflow="cd",branch="main"} 1772366490\n' in said
    assert 'pipeline_job_duration_seconds{workflow="cd",branch="main",job="say \\"dev\\""} 30\n' in said
    assert 'pipeline_job_success{workflow="cd",branch="main",job="prod"} 0\n' in said
    assert "by hand" not in said
    assert said.count("# TYPE") == 5


def test_metrics_go_to_a_gateway_or_into_a_file(
    server: Loopback, event: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    event("success")
    monkeypatch.setenv("TEXTFILE_DIR", str(tmp_path))
    metrics.main()
    text = (tmp_path / "pipeline_cd.prom").read_text()
    monkeypatch.setenv("PUSHGATEWAY_URL", f"{server.url}/")
    metrics.main()
    (pushed,) = (asked for asked in server.asked if asked.method == "PUT")
    assert (pushed.path, pushed.body) == ("/metrics/job/pipeline/workflow/cd", text)


def test_another_event_is_refused(tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text('{"push": {}}')
    with pytest.raises(RunError, match="is no event of workflow_run: it has push"):
        runs.of_event(tmp_path / "event.json")


REPORT = """<testsuites><testsuite>
<testcase classname="tests.unit.test_a" name="test_one" time="1.5"/>
<testcase classname="tests.unit.test_a" name="test_two[&lt;b&gt;|`x`]" time="9">
<failure message="assert 1 == 2 &lt;img src=x&gt;"/></testcase>
<testcase classname="tests.unit.test_a" name="test_three" time="0"><skipped/></testcase>
</testsuite></testsuites>"""


def test_the_summary_has_counts_failures_and_what_got_slower(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "unit.xml").write_text(REPORT)
    (tmp_path / "coverage.json").write_text('{"totals": {"percent_covered": 93.25}}')
    slow = "tests.unit.test_a::test_two[<b>|`x`]"
    (tmp_path / "before.json").write_text(json.dumps({slow: 3, "tests.unit.test_a::test_one": 1.4}))
    summary.main(str(tmp_path))
    said = capsys.readouterr().out
    assert "| unit | 1 | 1 | 1 | 10 |" in said
    assert "covered by unit tests: **93.2 %**" in said
    assert "\n    assert 1 == 2 <img src=x>" in said, "indented, so it is no markup"
    assert "| `tests.unit.test_a::test_two[<b>¦'x']` | 3.0 | 9.0 |" in said
    assert "test_one` | 1.4" not in said, "a tenth of a second is noise"
    assert json.loads((tmp_path / "durations.json").read_text())[slow] == 9


def test_a_summary_without_reports_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    summary.main(str(tmp_path))
    assert "no test has left a report" in capsys.readouterr().out


def test_the_dashboard_asks_for_what_is_measured() -> None:
    file = Path(__file__).parents[2] / "monitoring/pipeline/dashboard.json"
    dashboard = json.loads(file.read_text())
    assert file.read_text() == json.dumps(dashboard, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    asked = {
        name
        for panel in dashboard["panels"]
        for target in panel["targets"]
        for name in re.findall(r"pipeline_\w+", target["expr"])
    }
    known = set(
        re.findall(
            r"^(pipeline_\w+)", metrics.exposition(of("success"), [runs.Job("a", "success", 1)]), re.MULTILINE
        )
    )
    assert asked == known
