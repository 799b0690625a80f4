"""Writes docs/policies.md, the list of all rules: `python -m policies.reference > docs/policies.md`."""

import sys
from collections.abc import Iterator

from policies.pack import RULES, STACK_RULES
from policies.rules import About

_HEAD = """\
# Policies

Written by `python -m policies.reference` from the rules in [policies/](../policies); a test holds the two together.
How the pack is run, what makes it mandatory and how a rule is excused: [held-previews.md](held-previews.md).

| rule | what |
| --- | --- |
"""


def markdown() -> str:
    """The page."""
    abouts = [rule.about for rule in (*RULES, *STACK_RULES)]
    table = "".join(f"| [{about.name}](#{about.name}) | {about.what} |\n" for about in abouts)
    return _HEAD + table + "".join(part for about in abouts for part in _section(about))


def _section(about: About) -> Iterator[str]:
    yield f"\n## {about.name}\n\n{about.what}\n\n"
    yield f"**Why.** {about.why}\n\n"
    yield f"**How to mend.** {about.mend[0].upper()}{about.mend[1:]}\n"


if __name__ == "__main__":
    sys.stdout.write(markdown())
