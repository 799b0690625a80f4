"""The firewall rules that `slipway local down` takes out, and those that it must leave."""

import pytest

from slipway_local import firewall
from slipway_local.firewall import chains, removal

BEFORE = """\
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OFFICE - [0:0]
-A INPUT -j OFFICE
-A OFFICE -s 10.0.0.0/8 -j ACCEPT
COMMIT
"""
RUNNING = """\
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OFFICE - [0:0]
:KUBE-FIREWALL - [0:0]
:KUBE-FORWARD - [0:0]
:CNI-FORWARD - [0:0]
-A INPUT -j OFFICE
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m comment --comment "CNI firewall plugin rules" -j CNI-FORWARD
-A OFFICE -s 10.0.0.0/8 -j ACCEPT
-A OFFICE -m comment --comment "not one of the KUBE-FORWARD rules" -j ACCEPT
-A KUBE-FIREWALL -j DROP
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-1 - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A KUBE-SERVICES -d 10.198.0.1/32 -j KUBE-SVC-1
COMMIT
"""


def test_removes_our_chains_and_what_leads_to_them() -> None:
    assert removal(RUNNING, chains(BEFORE)) == (
        "*filter\n"
        "-D INPUT -j KUBE-FIREWALL\n"
        '-D FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD\n'
        '-D FORWARD -m comment --comment "CNI firewall plugin rules" -j CNI-FORWARD\n'
        "-F KUBE-FIREWALL\n"
        "-F KUBE-FORWARD\n"
        "-F CNI-FORWARD\n"
        "-X KUBE-FIREWALL\n"
        "-X KUBE-FORWARD\n"
        "-X CNI-FORWARD\n"
        "COMMIT\n"
        "*nat\n"
        '-D PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES\n'
        "-F KUBE-SERVICES\n"
        "-F KUBE-SVC-1\n"
        "-X KUBE-SERVICES\n"
        "-X KUBE-SVC-1\n"
        "COMMIT\n"
    )


def test_leaves_what_another_cluster_had_made_before() -> None:
    assert removal(RUNNING, chains(RUNNING)) == ""


def test_an_empty_firewall_needs_nothing() -> None:
    assert removal("", {}) == ""
    assert chains("") == {}


@pytest.mark.parametrize(
    "running", ["", "*filter\n-A OUTPUT -j SLIPWAY-SERVICES\nCOMMIT\n"], ids=["new", "again"]
)
def test_what_goes_to_an_unknown_service_is_refused_by_one_rule(
    monkeypatch: pytest.MonkeyPatch, running: str
) -> None:
    loaded: list[tuple[tuple[str, ...], str]] = []

    def run(*command: str, stdin: str = "") -> str:
        if command == ("iptables-save",):
            return running
        loaded.append((command, stdin))
        return ""

    monkeypatch.setattr(firewall, "_run", run)
    firewall.keep_in("10.198.0.0/16")
    assert loaded == [
        (
            ("iptables-restore", "--wait", "--noflush"),
            "*filter\n:SLIPWAY-SERVICES - [0:0]\n-A SLIPWAY-SERVICES -d 10.198.0.0/16 -j REJECT\n"
            + ("" if running else "-A OUTPUT -j SLIPWAY-SERVICES\n")
            + "COMMIT\n",
        )
    ]


def test_our_own_chain_is_removed_too() -> None:
    running = "*filter\n:SLIPWAY-SERVICES - [0:0]\n-A OUTPUT -j SLIPWAY-SERVICES\nCOMMIT\n"
    assert removal(running, {}) == (
        "*filter\n-D OUTPUT -j SLIPWAY-SERVICES\n-F SLIPWAY-SERVICES\n-X SLIPWAY-SERVICES\nCOMMIT\n"
    )
