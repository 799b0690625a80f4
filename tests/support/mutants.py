"""The defaults of a component, and what each could have been instead: what `make mutation` changes.

Of a module's source one expression is wrapped into a call, and the module loaded from memory: nothing is written into the sources.
"""

from __future__ import annotations

import ast
import collections.abc
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType
from typing import Any, cast, get_args, get_origin, get_type_hints, is_typeddict

import pulumi

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "components" / "slipway"
MARK = "__mutant__"
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
        lines[first - 1] = lines[first - 1][:start] + f"{MARK}(".encode() + lines[first - 1][start:]
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
