"""Changes each default of the components, one at a time, and runs the component's own unit tests: `make mutation`.

A default that no test notices is a survivor. Nothing is written into the sources: each mutant is a process that loads the one
changed module from memory. Of the values that a default could have, the first is taken that the component's checks let through
and that changes what the calls of calls.py make; where none changes that, one that is let through; else the checks notice it.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import json
import os
import platform
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib import import_module
from unittest.mock import patch

from tests.support.mutants import MARK, ROOT, Default, Mutant, defaults

RESULTS = ROOT / "bench" / "mutation" / "results.json"
_SECONDS = 120
_TRIES = 12
# What each mutant would otherwise load for itself.
_LOADED_ONCE = ("pytest", "hypothesis", "xdist.plugin", "pytest_cov.plugin", "pytest_timeout")


def made(component: str) -> list[str]:
    """What each of the component's calls registers, or the error that it ends with."""
    from slipway.validation import ArgumentError
    from tests.support.calls import calls
    from tests.unit.mocks import record

    found: list[str] = []
    for call in calls()[_class(component)]:
        try:
            with (
                patch("secrets.token_urlsafe", str),
                patch("secrets.token_hex", str),
            ):  # no password of its own each time
                registered = record(call.build).resources
            found.append(repr(sorted(repr((one.urn, one.inputs, one.protect)) for one in registered)))
        except ArgumentError as error:
            found.append(f"refused: {error}")
    return found


def _choose(mutant: Mutant, usual: list[str]) -> str:
    """Sets the mutant to the value that says most, and says what that is."""
    mutant.chosen = sys.maxsize
    made(mutant.default.component)
    let_through: list[int] = []
    for choice in range(min(mutant.tried, _TRIES)):
        mutant.chosen = choice
        changed = made(mutant.default.component)
        if any(one.startswith("refused") for one in changed):
            continue
        if changed != usual:
            return "changes what is made"
        let_through.append(choice)
    mutant.chosen = let_through[0] if let_through else 0
    return "changes nothing that calls.py makes" if let_through else "is refused, or not asked for"


def run(default: Default, usual: list[str]) -> dict[str, str]:
    """One mutant, in this process, which is of no use afterwards."""
    for name in [name for name in sys.modules if name.split(".")[0] in ("slipway", "stacks", "tests")]:
        if name != __name__:
            del sys.modules[name]
    mutant = Mutant(default)
    setattr(builtins, MARK, mutant)
    sys.meta_path.insert(0, mutant)
    kind = _choose(mutant, usual)
    own = sorted(str(file) for file in (ROOT / "tests" / "unit").glob(f"test_{default.component}*.py"))
    outcome = _outcome(*own)
    if outcome == "survived":
        outcome = _outcome(
            str(ROOT / "tests" / "unit" / "test_defaults.py"), "-k", f"{_class(default.component)}-"
        )
        outcome = "killed by defaults.json" if outcome == "killed" else outcome
    return {"default": default.key, "value": repr(mutant.value), "kind": kind, "outcome": outcome}


def _outcome(*tests: str) -> str:
    """What the tests made of the mutant."""
    import pytest

    with contextlib.redirect_stdout(io.StringIO()) as told:
        code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", f"--timeout={_SECONDS}", *tests])
    return {0: "survived", 1: "killed"}.get(int(code), f"error {code}: {told.getvalue()[-400:]}")


def _class(component: str) -> str:
    from tests.support.calls import COMPONENTS

    (name,) = [name for name, one in COMPONENTS.items() if one.__module__ == f"slipway.{component}"]
    return name


def _begin(default: Default, usual: list[str]) -> tuple[int, int]:
    """The same in a copy of this process, with everything but the library loaded already: its number, and where it tells."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    os.close(reading)
    try:
        told = run(default, usual)
    except BaseException as error:  # whatever it is, who started this tells it
        told = {"default": default.key, "value": "", "kind": "", "outcome": f"error: {error!r}"}
    with os.fdopen(writing, "w") as pipe:
        json.dump(told, pipe)
    os._exit(0)


def run_all(todo: Sequence[tuple[Default, list[str]]]) -> Iterator[dict[str, str]]:
    """As many at once as there are processors; each is told when it has ended."""
    waiting, running = [*todo], dict[int, int]()
    while waiting or running:
        if waiting and len(running) < (os.cpu_count() or 1):
            child, pipe = _begin(*waiting.pop(0))
            running[child] = pipe
            continue
        child, _ = os.wait()
        with os.fdopen(running.pop(child)) as told:
            yield json.load(told)


def main(asked: Sequence[str]) -> int:
    """Every component, or those that are named."""
    os.chdir(ROOT)
    begun = time.monotonic()
    results: list[dict[str, str]] = []
    with tempfile.TemporaryDirectory(prefix="slipway-mutation-") as compiled:
        # Compiled once, whatever PYTHONDONTWRITEBYTECODE says: each mutant loads the library and its tests anew.
        sys.dont_write_bytecode, sys.pycache_prefix = False, compiled
        for result in run_all(_todo(asked)):
            results.append(result)
            sys.stdout.write(
                f"{result['outcome']:9} {result['default']} -> {result['value']} ({result['kind']})\n"
            )
            sys.stdout.flush()
    summary = dict(Counter(result["outcome"].split(":")[0] for result in results))
    sys.stdout.write(f"{summary}\n")
    if not asked:
        written = {
            "command": "make mutation",
            "date": datetime.now(UTC).date().isoformat(),
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
            "seconds": round(time.monotonic() - begun),
            "defaults": len(results),
            "summary": summary,
            "mutants": sorted(results, key=lambda result: result["default"]),
        }
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n")
    return int(not all(result["outcome"].startswith("killed") for result in results))


def _todo(asked: Sequence[str]) -> list[tuple[Default, list[str]]]:
    """Each default with what its component makes as it is; on the way everything is loaded that mutants have in common."""
    from tests.support.calls import COMPONENTS
    from tests.support.reference import programs

    programs()
    for module in _LOADED_ONCE:
        import_module(module)
    components = sorted({one.__module__.removeprefix("slipway.") for one in COMPONENTS.values()})
    return [
        (default, usual)
        for component in components
        if not asked or component in asked
        for usual in [made(component)]
        for default in defaults(component)
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
