"""What an image runs as and is built from, read from its Dockerfile: `python -m policies.dockerfiles FILE…`.

Linters look at single instructions. Whether an image runs as root is a matter of all of them: of the last stage, of the stage that
that one is built from, and of the arguments in between. https://docs.docker.com/reference/dockerfile/
"""

from __future__ import annotations

import re
import sys
from collections import deque
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

_INSTRUCTION = re.compile(r"\s*(?P<name>[A-Za-z]+)\s+(?P<rest>.*\S)\s*")
_WITH_TEXTS = re.compile(r"\s*(?:ONBUILD\s+)?(?:ADD|COPY|RUN)\s+(?P<rest>.*)", re.IGNORECASE)
_WORD = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+""")
_HEREDOC = re.compile(r"""\d*<<(?P<indented>-?)(?P<quote>["']?)(?P<end>[^<"'\s]+)(?P=quote)""")
"""A whole word, as BuildKit takes it: `<<<` and `1<<2` are the shell's, and so is what stands within quotes."""
_FROM = re.compile(r"(?:--\S+\s+)*(?P<base>\S+)(?:\s+AS\s+(?P<name>\S+))?", re.IGNORECASE)
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::([-+])([^}]*))?\})")
_EXCUSE = re.compile(r"#\s*slipway/exception-(?P<rule>[\w-]+):\s*\S")
USER, BASE = "image-user", "image-base"


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Name and argument of each instruction, without comments, line breaks and the texts of here-documents."""
    lines = deque(text.splitlines())
    while lines:
        line = lines.popleft()
        if line.lstrip().startswith("#"):
            continue
        while line.endswith("\\"):
            following = lines.popleft() if lines else ""
            line = line if following.lstrip().startswith("#") else line[:-1] + following
        if found := _INSTRUCTION.fullmatch(line):
            _leave_out_texts(line, lines)
            yield found["name"].upper(), found["rest"]


def _leave_out_texts(line: str, following: deque[str]) -> None:
    with_texts = _WITH_TEXTS.fullmatch(line)
    for found in map(_HEREDOC.fullmatch, _WORD.findall(with_texts["rest"] if with_texts else "")):
        if found is not None:
            texts = [text.lstrip("\t") if found["indented"] else text for text in following]
            for _ in range(texts.index(found["end"]) + 1 if found["end"] in texts else 0):
                following.popleft()


@dataclass
class _Stage:
    user: str = ""
    arguments: dict[str, str] = field(default_factory=dict[str, str])
    environment: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def values(self) -> dict[str, str]:
        """ENV wins over ARG, whichever comes last."""
        return {**self.arguments, **self.environment}


class Image:
    """An image as its Dockerfile describes it; `user` is empty where nothing names one."""

    def __init__(self, text: str) -> None:
        self.bases: list[str] = []
        """What its stages are built from, other stages left out."""
        self._stages: dict[str, _Stage] = {}
        outer: dict[str, str] = {}
        stage = _Stage()
        for instruction, rest in instructions(text):
            if instruction == "FROM":
                stage = self._begin(_filled(rest, outer))
            elif instruction == "ARG" and not self._stages:
                outer |= _assigned(rest, outer, outer)
            elif instruction == "ARG":
                stage.arguments |= _assigned(rest, {**outer, **stage.arguments}, stage.values)
            elif instruction == "ENV":
                stage.environment |= _assigned(rest, {}, stage.values)
            elif instruction == "USER":
                stage.user = _bare(_filled(rest, stage.values))
        self.user = stage.user

    def _begin(self, text: str) -> _Stage:
        """A stage has all that the stage has which it is built from."""
        said = _FROM.match(text)
        base, name = (said["base"], said["name"]) if said else (text, None)
        if base.lower() not in self._stages:
            self.bases.append(base)
        stage = deepcopy(self._stages.get(base.lower(), _Stage()))
        self._stages[(name or str(len(self._stages))).lower()] = stage
        return stage


def _assigned(rest: str, outer: Mapping[str, str], inner: Mapping[str, str]) -> dict[str, str]:
    """What ARG and ENV set: `A=1 B=2`, `A 1`, and the bare name of what was set outside."""
    pairs = re.findall(r"(\w+)=(\"[^\"]*\"|'[^']*'|\S*)", rest)
    if not pairs:
        name, _, value = rest.partition(" ")
        pairs = [(name, value or outer.get(name, ""))]
    return {name: _filled(_bare(value), inner) for name, value in pairs}


def _bare(text: str) -> str:
    return text.strip().strip("\"'")


def _filled(text: str, values: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        known, sign, word = values.get(found[1] or found[2], ""), found[3], found[4] or ""
        if sign == "+":
            return word if known else ""
        return known or word

    return _VARIABLE.sub(value, text)


def is_root(user: str) -> bool:
    """Whether a USER is root, by its name or number, or is none at all."""
    account = user.partition(":")[0]
    return account in ("", "root") or (account.isdecimal() and int(account) == 0)


def findings(text: str) -> Iterator[str]:
    """What is wrong with a Dockerfile and not excused in it by `# slipway/exception-RULE: reason`."""
    image, excused = Image(text), {found["rule"] for found in map(_EXCUSE.match, text.splitlines()) if found}
    if is_root(image.user) and USER not in excused:
        yield f"{USER}: it runs as {image.user or 'root, for its last stage names no user'}: end with USER and an account, as 1000:1000"
    for base in image.bases:
        if BASE not in excused and not _is_fixed(base):
            yield f"{BASE}: {base or 'an argument without a value'} has no version: name a tag other than latest, or a digest"


def _is_fixed(image: str) -> bool:
    tag = image.rsplit("/", 1)[-1].partition(":")[2]
    return image == "scratch" or "@sha256:" in image or tag not in ("", "latest")


def main(files: list[str]) -> int:
    found = [f"{file}: {finding}" for file in files for finding in findings(Path(file).read_text())]
    sys.stdout.write("".join(f"{line}\n" for line in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
