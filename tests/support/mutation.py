"""Changes each default of the components, one at a time, and runs the component's own unit tests: `make mutation`.

A default that no test notices is a survivor. Nothing is written into the sources: each mutant is a process that loads the one
changed module from memory. Of the values that a default could have, the first is taken that the component's checks let through
and that changes what the calls of calls.py make; where none changes that, one that is let through; else the checks notice it.
"""

from __future__ import annotations

import ast
import builtins
import collections.abc
import contextlib
import io
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType
from typing import Any, cast, get_args, get_origin, get_type_hints, is_typeddict
from unittest.mock import patch

import pulumi

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "components" / "slipway"
RESULT = ROOT / "bench" / "mutation" / "result.json"
_MARK = "__mutant__"
_SECONDS = 120
_TRIES = 12
# What an empty list or map may hold, tried in this order until a component takes one.
_TEXTS = (
    "a",
    "/a",
    "a.example.com",
    "10.77.0.0/16",
    "s3",
    "common",
    "subnet-z",
    "arn:aws:iam::123456789012:role/z",
    "BACKUP_JOB_REPORT",
    "a@example.com",
)


@dataclass(frozen=True)
class Default:
    """An expression that is a default, and where it stands."""

    component: str
    name: str
    start: tuple[int, int]
    end: tuple[int, int]
    text: str

    @property
    def file(self) -> Path:
        return LIBRARY / f"{self.component}.py"

    @property
    def key(self) -> str:
        return f"{self.component}.{self.name} at line {self.start[0]}: {self.text}"


def defaults(component: str) -> list[Default]:
    """Every default of a component's module: what `get` falls back to, and what a dataclass's field begins with."""
    source = (LIBRARY / f"{component}.py").read_text()
    tree = ast.parse(source)
    required = _required(tree)
    return [
        Default(
            component,
            name,
            (leaf.lineno, leaf.col_offset),
            (leaf.end_lineno or 0, leaf.end_col_offset or 0),
            ast.get_source_segment(source, leaf) or "",
        )
        for name, expression in _expressions(tree)
        if name not in required
        for leaf in _leaves(expression)
    ]


def _expressions(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str(name)), fallback]):
                yield name, fallback
            case ast.BoolOp(
                op=ast.Or(),
                values=[ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str(name))]), *_],
            ):
                yield name, node.values[-1]
            case ast.ClassDef(decorator_list=[_, *_]):
                for field in node.body:
                    if (
                        isinstance(field, ast.AnnAssign)
                        and field.value
                        and isinstance(field.target, ast.Name)
                    ):
                        yield f"{node.name}.{field.target.id}", field.value
            case _:
                pass


def _leaves(expression: ast.expr) -> Iterator[ast.expr]:
    """Both sides of a choice are defaults; a section's own are found in its own `get`."""
    if isinstance(expression, ast.IfExp):
        yield from _leaves(expression.body)
        yield from _leaves(expression.orelse)
    elif not (isinstance(expression, ast.Call) and ast.unparse(expression).endswith("Args()")):
        yield expression


def _required(tree: ast.Module) -> set[str]:
    """Arguments that have to be given: what `get` falls back to is then only for the checks."""
    return {
        field.target.id
        for shape in ast.walk(tree)
        if isinstance(shape, ast.ClassDef) and "TypedDict" in [ast.unparse(base) for base in shape.bases]
        for field in shape.body
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and not ast.unparse(field.annotation).startswith("NotRequired")
    }


def others(value: Any, enumerations: Sequence[Sequence[str]] = (), samples: Sequence[Any] = ()) -> list[Any]:
    """Values of the same kind that a default could have had instead; `samples` are whole values of an argument's type."""
    match value:
        case bool():
            return [not value]
        case int() | float():
            return [value + 1, value - 1, *(days for days in (30, 60, 120, 180, 365) if days != value)]
        case str():
            siblings = [one for known in enumerations if value in known for one in known if one != value]
            digits = [index for index, letter in enumerate(value) if letter.isdigit()]
            changed = [f"{value[:at]}{(int(value[at]) + 1) % 10}{value[at + 1 :]}" for at in digits]
            return [*siblings, *changed, f"{value}x", f"/{value}", *_TEXTS]
        case dict():
            value = cast(dict[str, Any], value)
            fewer = [{kept: value[kept] for kept in value if kept != one} for one in value]
            more = [{**value, text: text} for text in ("A", *_TEXTS)]
            return [*fewer, *({**value, **sample} for sample in samples), *more]
        case tuple() | list():
            value = cast(list[Any], value)
            fewer = [value[:at] + value[at + 1 :] for at in range(len(value))]
            more = [*(one for sample in samples for one in sample), *_TEXTS]
            return [*fewer, *(type(value)([*value, one]) for one in more)]
        case _:
            return []


class Mutant:
    """What stands in for one default while a mutant runs."""

    def __init__(self, default: Default) -> None:
        self.default = default
        self.chosen = 0
        self.tried = 0
        """How many values there are to try; known when the default has been asked for."""
        self.value: Any = None

    def __call__(self, value: Any) -> Any:
        found = others(value, _enumerations(), [_sample(hint) for hint in self._hints()])
        self.tried = max(self.tried, len(found))
        self.value = found[self.chosen] if self.chosen < len(found) else value
        return self.value

    def _hints(self) -> list[Any]:
        """What the component's shapes say of the argument of this name."""
        module = sys.modules[f"slipway.{self.default.component}"]
        shapes = [shape for shape in vars(module).values() if is_typeddict(shape)]
        hints = [_hints(shape) for shape in shapes]
        return [found[self.default.name] for found in hints if self.default.name in found]

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        if name != f"slipway.{self.default.component}":
            return None
        return spec_from_file_location(name, self.default.file, loader=_Changed(name, self.default))


class _Changed(SourceFileLoader):
    def __init__(self, name: str, default: Default) -> None:
        super().__init__(name, str(default.file))
        self._default = default

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 (importlib's)
        lines = self._default.file.read_bytes().splitlines(keepends=True)
        (first, start), (last, end) = self._default.start, self._default.end
        lines[last - 1] = lines[last - 1][:end] + b")" + lines[last - 1][end:]
        lines[first - 1] = lines[first - 1][:start] + f"{_MARK}(".encode() + lines[first - 1][start:]
        return compile(b"".join(lines), str(self._default.file), "exec", dont_inherit=True)


def _hints(shape: Any) -> dict[str, Any]:
    return get_type_hints(shape, localns={"Output": pulumi.Output, "T": Any})


def _sample(hint: Any) -> Any:
    """Something of an argument's type."""
    kinds = get_args(hint)
    if is_typeddict(hint):
        return {field: _sample(of) for field, of in _hints(hint).items()}
    match get_origin(hint):
        case collections.abc.Mapping:
            return {"z": _sample(kinds[1])}
        case collections.abc.Sequence:
            return [_sample(kinds[0])]
        case None:
            return {int: 7, float: 7.5, bool: True}.get(hint, "z")
        case _:
            return _sample(kinds[0])  # an Input, a Union: what may also be plain


def _enumerations() -> list[Sequence[str]]:
    """The lists of words that the library has: what is one of them could be another."""
    loaded = [module for name, module in list(sys.modules.items()) if name.startswith("slipway.")]
    lists: list[list[Any]] = [
        [*value]
        for module in loaded
        for value in vars(module).values()
        if isinstance(value, tuple | list | dict | frozenset)
    ]
    return [known for known in lists if known and all(isinstance(one, str) for one in known)]


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
    setattr(builtins, _MARK, mutant)
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


def in_a_process(default: Default, usual: list[str]) -> dict[str, str]:
    """The same in a copy of this process, with everything but the library loaded already."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            told = run(default, usual)
        except BaseException as error:  # whatever it is, who started this tells it
            told = {"default": default.key, "value": "", "kind": "", "outcome": f"error: {error!r}"}
        with os.fdopen(writing, "w") as pipe:
            json.dump(told, pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = json.load(pipe)
    os.waitpid(child, 0)
    return told


def main(asked: Sequence[str]) -> int:
    """Every component, or those that are named."""
    import slipway
    from tests.support.calls import COMPONENTS
    from tests.support.reference import programs

    assert slipway
    os.chdir(ROOT)
    programs()  # loads the SDKs' modules once, for all
    components = sorted({one.__module__.removeprefix("slipway.") for one in COMPONENTS.values()})
    todo = [
        (default, usual)
        for component in components
        if not asked or component in asked
        for usual in [made(component)]
        for default in defaults(component)
    ]
    results: list[dict[str, str]] = []
    for default, usual in todo:
        result = in_a_process(default, usual)
        results.append(result)
        sys.stdout.write(
            f"{result['outcome']:9} {result['default']} -> {result['value']} ({result['kind']})\n"
        )
        sys.stdout.flush()
    sys.stdout.write(f"{dict(Counter(result['outcome'].split(':')[0] for result in results))}\n")
    if not asked:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    return int(not all(result["outcome"].startswith("killed") for result in results))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
