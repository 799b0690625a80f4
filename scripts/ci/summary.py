"""What the tests said, for a run's summary: `summary.py [REPORTS]` reads what `make test` left there, and prints Markdown.

reports/*.xml are JUnit's, reports/coverage.json is coverage's. reports/durations.json is written for the next run; when there is
one of an earlier run as reports/before.json, the summary tells which tests got slower.
"""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SHOWN = 10
SLOWER, AT_LEAST_SECONDS = 1.5, 2.0
"""A test got slower when it takes half as long again, and two seconds more: less is noise."""
_TEXT = 600


@dataclass(frozen=True)
class Test:
    """One test, by the file that it was in."""

    suite: str
    name: str
    seconds: float
    result: str
    text: str = ""


def tests(reports: Path) -> Iterator[Test]:
    for file in sorted(reports.glob("*.xml")):
        for case in ET.parse(file).getroot().iter("testcase"):  # noqa: S314
            name = f"{case.get('classname', '')}::{case.get('name', '')}"
            seconds = float(case.get("time", 0))
            bad = next(
                (found for kind in ("failure", "error") if (found := case.find(kind)) is not None), None
            )
            if bad is not None:
                yield Test(file.stem, name, seconds, "failed", bad.get("message") or bad.text or "")
            else:
                yield Test(file.stem, name, seconds, "passed" if case.find("skipped") is None else "skipped")


def slower(now: Mapping[str, float], before: Mapping[str, float]) -> list[tuple[str, float, float]]:
    """Tests with their time then and now, the greatest loss first."""
    found = [
        (name, before[name], seconds)
        for name, seconds in now.items()
        if name in before and seconds > max(before[name] * SLOWER, before[name] + AT_LEAST_SECONDS)
    ]
    return sorted(found, key=lambda one: one[1] - one[2])


def markdown(found: Sequence[Test], before: Mapping[str, float], coverage: float | None) -> str:
    return "\n".join(
        [
            *_counts(found, coverage),
            *_failures([test for test in found if test.result == "failed"]),
            *_slower(slower({test.name: test.seconds for test in found}, before), bool(before)),
            *_longest(found),
        ]
    )


def _counts(found: Sequence[Test], coverage: float | None) -> Iterator[str]:
    yield "## Tests\n\n| part | passed | failed | skipped | seconds |\n| --- | ---: | ---: | ---: | ---: |"
    for suite in sorted({test.suite for test in found}):
        own = [test for test in found if test.suite == suite]
        counts = " | ".join(
            str(sum(test.result == r for test in own)) for r in ("passed", "failed", "skipped")
        )
        yield f"| {suite} | {counts} | {sum(test.seconds for test in own):.0f} |"
    if not found:
        yield "| none: no test has left a report | | | | |"
    if coverage is not None:
        yield f"\nLines and branches covered by unit tests: **{coverage:.1f} %**"


def _failures(failed: Sequence[Test]) -> Iterator[str]:
    for test in failed[:SHOWN]:
        # Indented: whatever the text is, nothing in it is markup.
        text = "\n".join(f"    {line}" for line in test.text[:_TEXT].splitlines())
        yield f"\n### Failed: {_code(test.name)}\n\n{text}"
    if len(failed) > SHOWN:
        yield f"\nand {len(failed) - SHOWN} more"


def _slower(found: Sequence[tuple[str, float, float]], compared: bool) -> Iterator[str]:
    if found:
        yield "\n### Slower than before\n\n| test | before, s | now, s |\n| --- | ---: | ---: |"
        yield from (f"| {_code(name)} | {then:.1f} | {now:.1f} |" for name, then, now in found[:SHOWN])
    elif compared:
        yield "\nNo test got slower."


def _longest(found: Sequence[Test]) -> Iterator[str]:
    yield f"\n<details><summary>The {SHOWN} longest</summary>\n\n| test | seconds |\n| --- | ---: |"
    for test in sorted(found, key=lambda test: -test.seconds)[:SHOWN]:
        yield f"| {_code(test.name)} | {test.seconds:.1f} |"
    yield "\n</details>"


def _code(text: str) -> str:
    """A name as code in a table: what a parameter brings into it may be anything."""
    shown = "".join(char if char.isprintable() else "?" for char in text)
    return f"`{shown.replace('`', chr(39)).replace('|', '¦')}`"


def main(folder: str = "reports") -> None:
    reports = Path(folder)
    found = list(tests(reports))
    earlier, covered = reports / "before.json", reports / "coverage.json"
    before: dict[str, float] = json.loads(earlier.read_text()) if earlier.exists() else {}
    coverage = json.loads(covered.read_text())["totals"]["percent_covered"] if covered.exists() else None
    print(markdown(found, before, coverage))
    (reports / "durations.json").write_text(json.dumps({test.name: test.seconds for test in found}))


if __name__ == "__main__":
    main(*sys.argv[1:])
