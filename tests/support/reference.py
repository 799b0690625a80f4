"""What is written from the library itself: the reference pages, the files of URNs and of defaults. `make docs` writes them.

The words come from the docstrings, by griffe, which reads the sources; the pictures from what the calls of calls.py register.
"""

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import chdir
from functools import cache
from pathlib import Path
from typing import Any

import griffe

from tests.support.calls import COMPONENTS, Call, calls
from tests.support.defaults import resolved
from tests.support.pictures import picture
from tests.unit.mocks import Program, record

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "reference"
URNS = ROOT / "tests" / "unit" / "urns.json"
DEFAULTS = ROOT / "tests" / "unit" / "defaults.json"
_SHAPE = ("argument", "type", "default", "what it is")


def urns(program: Program) -> set[str]:
    """The names of all resources, and those that their aliases keep."""
    found = {urn for resource in program.resources for urn in (resource.urn, *resource.former)}
    return {urn.split("::", 2)[2] for urn in found}


def known_urns() -> dict[str, list[str]]:
    """What urns.json says."""
    return json.loads(URNS.read_text()) if URNS.exists() else {}


@cache
def library() -> Any:
    """The sources of slipway, as griffe reads them."""
    return griffe.load("slipway", search_paths=[ROOT / "components"])


@cache
def programs() -> dict[str, Program]:
    """What each call of calls.py makes, by its key."""
    with chdir(ROOT):
        return {call.key: record(call.build) for of_component in calls().values() for call in of_component}


def defaults() -> dict[str, Any]:
    """What each call of calls.py ends in, by its key."""
    with chdir(ROOT):
        return {
            call.key: resolved(COMPONENTS[name], call)
            for name, of_component in calls().items()
            for call in of_component
        }


def texts() -> dict[Path, str]:
    """Every file that `make docs` writes, with what is to stand in it."""
    pages = [_Page(library()[name].final_target, calls()[name]) for name in COMPONENTS]
    # Names are added, never taken out: one that is to go is taken out by hand, and seen in a review.
    names = {key: sorted(urns(made) | {*known_urns().get(key, ())}) for key, made in programs().items()}
    return {
        PAGES / "README.md": _index(pages),
        **{PAGES / page.file: page.text() for page in pages},
        URNS: json.dumps(names, indent=2, sort_keys=True) + "\n",
        DEFAULTS: json.dumps(defaults(), indent=2, sort_keys=True, ensure_ascii=False) + "\n",
    }


def write() -> None:
    """Writes what is not up to date."""
    PAGES.mkdir(exist_ok=True)
    for path, text in texts().items():
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


class _Page:
    """One component's page."""

    def __init__(self, component: Any, calls: list[Call]) -> None:
        self.name: str = component.name
        self.file = f"{component.module.name}.md"
        summary, _, self._about = _doc(component.module).partition("\n")
        self.summary = _sentence(summary.removeprefix(f"{self.name}: "))
        self._component, self._module, self._calls = component, component.module, calls

    def text(self) -> str:
        return "\n\n".join(part for part in self._parts() if part) + "\n"

    def _parts(self) -> Iterator[str]:
        yield f"# {self.name}"
        yield self.summary
        yield _doc(self._component)
        yield _list(self._about)
        for call in self._calls:
            yield f"## {call.title or 'The shortest call'}"
            yield f"```python\n{call.code}\n```"
            yield picture(programs()[call.key])
        yield "## Arguments"
        yield from self._arguments()
        yield "## Outputs"
        yield _table(("output", "type", "what it is"), self._outputs())
        path = f"components/slipway/{self._module.name}.py"
        yield f"Source: [{path}](../../{path})"

    def _arguments(self) -> Iterator[str]:
        """Its own, then those of each argument that has arguments itself."""
        own = self._module[f"{self.name}Args"]
        yield _table(_SHAPE, _fields(own))
        for shape in _shapes_below(own):
            yield f"### {shape.name}"
            yield _doc(shape)
            yield _table(_SHAPE, _fields(shape))

    def _outputs(self) -> Iterator[tuple[str, ...]]:
        for name, output in self._component.attributes.items():
            if output.has_docstring:
                kind = re.sub(r"^pulumi\.Output\[(.*)\]$", r"\1", str(output.annotation))
                yield f"`{name}`", f"`{kind}`", _doc(output)


def _shapes_below(shape: Any) -> list[Any]:
    """The library's own classes that a class's fields name, each followed by those that its fields name."""
    found: list[Any] = []
    for field in shape.attributes.values():
        for name in re.findall(r"\w+", str(field.annotation)):
            member = shape.module.members.get(name)
            if member is None or (member.is_alias and not member.target_path.startswith("slipway.")):
                continue
            below = member.final_target if member.is_alias else member
            if below.is_class and below not in found:
                found += [one for one in (below, *_shapes_below(below)) if one not in found]
    return found


def _fields(shape: Any) -> Iterator[tuple[str, ...]]:
    for name, field in shape.attributes.items():
        annotation = str(field.annotation)
        optional = re.fullmatch(r"NotRequired\[(.*)\]", annotation)
        kind = (optional[1] if optional else annotation).replace("pulumi.", "")
        text = _doc(field)
        yield f"`{name}`", f"`{kind}`", default(text) if optional else "required", text


def default(text: str) -> str:
    """What a field's docstring says of its default: "Default 2." at its end, or "`none` (default)" among its choices."""
    if found := re.search(r"Default (`[^`]*`|.+?(?=[,;]|\.\s|\.$|$))", text):
        return found[1]
    if found := re.search(r"(`[^`]+`) \(default", text):
        return found[1]
    return "none" if ", required" in text else ""  # required beside another argument: the text says which


def _index(pages: Iterable[_Page]) -> str:
    rows = ((f"[{page.name}]({page.file})", page.summary) for page in pages)
    return f"# Reference\n\n`make docs` writes these pages from the components.\n\n{_table(('component', 'what it is'), rows)}\n"


def _doc(documented: Any) -> str:
    return documented.docstring.value if documented.docstring else ""


def _list(lines: str) -> str:
    """What is not built, what it holds and what it costs: a line each in the module's docstring."""
    joined = re.sub(r"\n(?=[a-z(`])", " ", lines.strip())
    return "\n".join(f"- {line}" for line in joined.splitlines() if line)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    def cell(text: str) -> str:
        return " ".join(text.split()).replace("|", "\\|")

    return "\n".join(f"| {' | '.join(map(cell, row))} |" for row in (head, ("---",) * len(head), *rows))


if __name__ == "__main__":
    write()
