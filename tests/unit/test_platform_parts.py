"""The order of the platform's parts, and what makes one of them start anew."""

from dataclasses import replace
from pathlib import Path

import pytest

from slipway_local.parts import Part, connects, in_order, longest_wait


def part(name: str, *after: str) -> Part:
    return Part(name, ["/bin/true"], lambda: None, start_seconds=1, after=after)


def test_each_part_comes_after_those_it_needs() -> None:
    ordered = [
        one.name
        for one in in_order(
            [part("kubelet", "api", "containerd"), part("api", "etcd"), part("containerd"), part("etcd")]
        )
    ]
    assert ordered.index("etcd") < ordered.index("api") < ordered.index("kubelet")
    assert ordered.index("containerd") < ordered.index("kubelet")
    assert len(ordered) == 4


def test_a_circle_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="parts wait for each other: a, b"):
        in_order([part("a", "b"), part("b", "a"), part("c")])


def test_definition_changes_with_all_that_asks_for_a_restart() -> None:
    base = part("kubelet")
    changed = [
        replace(base, command=["/bin/true", "--verbose"]),
        replace(base, environment={"LANG": "C"}),
        replace(base, files={Path("/etc/kubelet"): "a"}),
        replace(base, files={Path("/etc/kubelet"): "b"}),
    ]
    assert len({base.definition, *(one.definition for one in changed)}) == 5
    assert base.definition == replace(base, start_seconds=9).definition


def test_connects_says_what_does_not_answer(tmp_path: Path) -> None:
    assert (
        connects(tmp_path / "none.sock") == f"{tmp_path}/none.sock does not answer: No such file or directory"
    )


def test_parts_that_do_not_wait_for_each_other_start_together() -> None:
    chain = [part("etcd"), part("api", "etcd"), part("kubelet", "api")]
    assert longest_wait([*chain, part("registry")]) == 3
    assert longest_wait(chain[1:]) == 2
    assert longest_wait([]) == 0
