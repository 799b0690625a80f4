"""Tells people that a workflow fails, and when it works again: `notify.py` in a job that a `workflow_run` event started.

Where to, by what is set: SLACK_WEBHOOK_URL, WEBHOOK_URL (the same as JSON), SMTP_URL with MAIL_FROM and MAIL_TO.
A run that ends as the one before it did is not told again, but for a failure, which is told each time.
"""

from __future__ import annotations

import json
import os
import smtplib
import sys
import urllib.request
from collections.abc import Mapping
from dataclasses import asdict
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import unquote, urlsplit

from runs import SECONDS, Run, RunError, before, of_event

SMTP, SMTPS = 587, 465


def said(run: Run, earlier: Run | None) -> str | None:
    """What there is to tell in one line, or nothing."""
    where = f"{run.workflow} on {run.branch} at {run.commit[:9]}"
    if run.is_bad:
        since = "" if earlier is None or not earlier.is_bad else ", as before"
        return f"FAILED: {where}{since}"
    if run.result == "success" and earlier is not None and earlier.is_bad:
        return f"works again: {where}"
    return None


def send(text: str, run: Run, environment: Mapping[str, str]) -> list[str]:
    """Tells every place that is set; which those are. One that does not answer keeps no other from being told."""
    ways = {"SLACK_WEBHOOK_URL": _slack, "WEBHOOK_URL": _webhook, "SMTP_URL": _mail}
    told: list[str] = []
    failed: list[str] = []
    for name, way in ways.items():
        if not environment.get(name):
            continue
        try:
            way(text, run, environment)
            told.append(name)
        except (OSError, smtplib.SMTPException) as error:
            failed.append(f"{name}: {error}")
    if failed:
        raise RunError(f"not told everywhere: {'; '.join(failed)}")
    return told


def _slack(text: str, run: Run, environment: Mapping[str, str]) -> None:
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    _post(environment["SLACK_WEBHOOK_URL"], {"text": f"{plain}\n<{run.url}|the run>"})


def _webhook(text: str, run: Run, environment: Mapping[str, str]) -> None:
    known = asdict(run) | {"started": run.started.isoformat(), "ended": run.ended.isoformat()}
    _post(environment["WEBHOOK_URL"], {"text": text, "failed": run.is_bad, **known})


def _post(url: str, body: Mapping[str, object]) -> None:
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310 - the operator's own
    with urllib.request.urlopen(request, timeout=SECONDS):  # noqa: S310
        pass


def _mail(text: str, run: Run, environment: Mapping[str, str]) -> None:
    url = urlsplit(
        environment["SMTP_URL"]
    )  # smtp://user:password@host:587, smtps://… is TLS from the first byte
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = (
        text,
        environment["MAIL_FROM"],
        environment["MAIL_TO"],
    )
    message.set_content(f"{text}\n\n{run.url}\n")
    whole = url.scheme == "smtps"
    kind = smtplib.SMTP_SSL if whole else smtplib.SMTP
    with kind(url.hostname or "", url.port or (SMTPS if whole else SMTP), timeout=SECONDS) as server:
        if url.username and not whole:
            server.starttls()
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
        server.send_message(message)


def main() -> None:
    run = of_event(Path(os.environ["GITHUB_EVENT_PATH"]))
    text = said(run, before(run))
    if text is None:
        print(f"notify: {run.workflow} ended with {run.result}; nothing new")
        return
    told = send(text, run, os.environ)
    print(f"notify: {text}; told by {', '.join(told) or 'nobody: no address is set'}")


if __name__ == "__main__":
    try:
        main()
    except RunError as error:
        sys.exit(f"notify: {error}")
