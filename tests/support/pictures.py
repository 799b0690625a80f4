"""What a program makes, as a Mermaid picture: one box a kind of resource, arrows from what is needed to what needs it."""

from collections import Counter

from tests.unit.mocks import Program

Edges = set[tuple[str, str]]


def picture(program: Program) -> str:
    """Of a program that makes one component, which is its first resource."""
    root = program.resources[0]
    kinds = {resource.urn: _kind(resource.type) for resource in program.resources[1:]}
    counts = Counter(kinds[urn] for urn in sorted(kinds))
    boxes = {kind: f"n{index}" for index, kind in enumerate(sorted(counts))}
    arrows = {
        (kinds[needed], kinds[resource.urn])
        for resource in program.resources[1:]
        for needed in resource.needs
        if needed in kinds and kinds[needed] != kinds[resource.urn]
    }
    return "\n".join(
        [
            "```mermaid",
            "flowchart LR",
            f'  subgraph component["{_kind(root.type)}"]',
            *(f'    {box}["{kind}{_times(counts[kind])}"]' for kind, box in boxes.items()),
            "  end",
            *sorted(f"  {boxes[needed]} --> {boxes[needing]}" for needed, needing in _direct(arrows)),
            "```",
        ]
    )


def _kind(token: str) -> str:
    """`aws:ec2/vpc:Vpc` is an ec2 Vpc, `kubernetes:apps/v1:Deployment` a Deployment, `pulumi:providers:aws` a provider."""
    package, module, name = token.split(":")
    if package == "pulumi":
        return f"{name} provider"
    return f"{module.split('/')[0]} {name}" if package == "aws" else name


def _times(count: int) -> str:
    return f" ({count})" if count > 1 else ""


def _direct(arrows: Edges) -> Edges:
    """Without those that lead where others lead already, so that a picture shows the order and no more."""

    def leads(start: str, end: str, without: tuple[str, str]) -> bool:
        seen, ahead = {start}, [start]
        while ahead:
            here = ahead.pop()
            following = {
                needing for needed, needing in arrows if needed == here and (needed, needing) != without
            }
            if end in following:
                return True
            ahead += following - seen
            seen |= following
        return False

    return {arrow for arrow in arrows if not leads(*arrow, without=arrow)}
