"""What `slipway:gates` of the stack's file says. It is checked whole by the stack's own program; here what is used, by type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf
from typing import Any, cast
from urllib.parse import urlsplit

from slipway_ops import yaml_file
from slipway_ops.gates import Gates, Http, Job

Wrong = Callable[[str, str, object], None]
"""Takes a mistake: the key, what is right, what came."""

_BY_PROMETHEUS = {
    "errorPercent": "error_percent",
    "p99Seconds": "p99_seconds",
    "burnRate": "burn_rate",
    "cpuPercent": "cpu_percent",
    "memoryPercent": "memory_percent",
}
_NUMBERS = {"seconds": "seconds", **_BY_PROMETHEUS}
_WHOLE = {"burnMinutes": (1, 1440, "burn_minutes"), "restarts": (0, 1000, "restarts")}
_MOST_REQUESTS = 20
_LONGEST_JOB = 3600


def read(config: Mapping[str, Any], wrong: Wrong) -> Gates | None:
    """The section; None when there is none."""
    if "slipway:gates" not in config:
        return None
    said = yaml_file.section(config["slipway:gates"])
    if said is None:
        wrong("gates", "a section", config["slipway:gates"])
        return None
    monitored = "slipway:monitoring" in config
    given: dict[str, Any] = {} if monitored else {"error_percent": None}
    for key, name in _NUMBERS.items():
        value = said.get(key)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < inf:
            wrong(f"gates.{key}", "a number", value)
        elif key in _BY_PROMETHEUS and not monitored:
            wrong(f"gates.{key}", "beside slipway:monitoring, which measures", value)
        else:
            given[name] = value
    for key, (low, high, name) in _WHOLE.items():
        if key in said:
            given[name] = _whole(said[key], low, high, f"gates.{key}", wrong)
    if said.get("smoke", "health") not in ("health", "none"):
        wrong("gates.smoke", "health or none", said["smoke"])
    preview = yaml_file.mapping((yaml_file.mapping(config.get("slipway:app")) or {}).get("preview")) or {}
    http = {
        name: _http(check, f"gates.http.{name}", preview, wrong)
        for name, check in _named(said, "http", wrong).items()
    }
    jobs = {name: _job(job, f"gates.jobs.{name}", wrong) for name, job in _named(said, "jobs", wrong).items()}
    return Gates(**given, http=http, jobs=jobs, smoke=said.get("smoke") != "none")


def _named(said: Mapping[str, Any], key: str, wrong: Wrong) -> dict[str, dict[str, Any]]:
    """Sections by names of one's own."""
    sections = yaml_file.mapping(said.get(key, {}))
    if sections is None:
        wrong(f"gates.{key}", "sections by name", said[key])
        return {}
    found: dict[str, dict[str, Any]] = {}
    for name, section in sections.items():
        inner = yaml_file.section(section)
        if inner is None:
            wrong(f"gates.{key}.{name}", "a section", section)
        else:
            found[name] = inner
    return found


def _http(said: Mapping[str, Any], key: str, preview: Mapping[str, Any], wrong: Wrong) -> Http:
    path, at, fields = said.get("path"), said.get("at", ""), yaml_file.mapping(said.get("json", {}))
    if not isinstance(path, str) or not path.startswith("/"):
        wrong(f"{key}.path", "a path that starts with /", path)
    if fields is None:
        wrong(f"{key}.json", "fields and what they must be", said["json"])
    if not isinstance(said.get("text", ""), str):
        wrong(f"{key}.text", "text", said["text"])
    header = ""
    if at:
        header = str(preview.get("header", ""))
        address = urlsplit(str(at))
        if address.scheme not in ("http", "https") or not address.hostname or address.path.strip("/"):
            wrong(f"{key}.at", "an address without a path, as https://chat.example.com", at)
        elif address.hostname in cast("list[Any]", preview.get("hostnames") or ()):
            header = ""
        elif not header:
            wrong(
                f"{key}.at",
                "at one of slipway:app.preview.hostnames, or beside slipway:app.preview.header",
                at,
            )
    of = _whole(said.get("of", 1), 1, _MOST_REQUESTS, f"{key}.of", wrong)
    return Http(
        path=str(path),
        at=str(at).rstrip("/"),
        header=header,
        status=_whole(said.get("status", 200), 100, 599, f"{key}.status", wrong),
        json=fields or {},
        text=str(said.get("text", "")),
        passes=_whole(said.get("passes", of), 1, of, f"{key}.passes", wrong),
        of=of,
    )


def _job(said: Mapping[str, Any], key: str, wrong: Wrong) -> Job:
    words, env = said.get("command", []), yaml_file.mapping(said.get("env", {}))
    command = cast("list[object]", words) if isinstance(words, list) else []
    if not isinstance(words, list):
        wrong(f"{key}.command", "a list of words", words)
    if env is None:
        wrong(f"{key}.env", "variables", said["env"])
    if not command and "image" not in said:
        wrong(f"{key}.command", "there, or image: the release's own image is the application", None)
    image = said.get("image", "")
    if not isinstance(image, str) or image.startswith("build:"):
        wrong(f"{key}.image", "an image that is there already", image)
    return Job(
        command=tuple(map(str, command)),
        image=str(image),
        env={name: str(value) for name, value in (env or {}).items()},
        timeout_seconds=_whole(
            said.get("timeoutSeconds", 300), 1, _LONGEST_JOB, f"{key}.timeoutSeconds", wrong
        ),
    )


def _whole(value: Any, low: int, high: int, key: str, wrong: Wrong) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        wrong(key, f"{low}-{high}", value)
        return low
    return value
