"""The packet filter: keeps the machine's requests to services on it; takes out what we, kube-proxy, kubelet and network plugins put in."""

import re
import shutil
import subprocess

COMMANDS = {"ip": "iptables", "ip6": "ip6tables"}
OURS = re.compile(r"(KUBE|CNI|SLIPWAY)-")
UNKNOWN_SERVICES = "SLIPWAY-SERVICES"

Snapshot = dict[str, dict[str, list[str]]]
"""Address family → table → its chains."""


def keep_in(services: str) -> None:
    """Refuses what goes to the address of a service that no rule of kube-proxy leads to a pod yet.

    It would leave the machine, and whoever answers there would be taken for the service for as long as the connection is kept.
    """
    script = ["*filter", f":{UNKNOWN_SERVICES} - [0:0]", f"-A {UNKNOWN_SERVICES} -d {services} -j REJECT"]
    leading = f"-A OUTPUT -j {UNKNOWN_SERVICES}"
    if leading not in _save("ip").splitlines():
        script.append(leading)
    _run("iptables-restore", "--wait", "--noflush", stdin="\n".join([*script, "COMMIT", ""]))


def snapshot() -> Snapshot:
    """The tables and chains that exist now."""
    return {family: chains(_save(family)) for family in COMMANDS}


def remove_ours(before: Snapshot) -> None:
    """Removes the chains made since `before`, the rules that lead to them, and tables left empty."""
    for family, command in COMMANDS.items():
        known = before.get(family, {})
        saved = _save(family)
        _run(f"{command}-restore", "--noflush", stdin=removal(saved, known))
        for table in chains(saved).keys() - known.keys():
            if before and not _rules(_save(family), table):
                # Only a table of nftables can be removed; the older kind is part of a kernel module.
                subprocess.run(["nft", "delete", "table", family, table], check=False, capture_output=True)


def chains(saved: str) -> dict[str, list[str]]:
    """Table → chains, read from what iptables-save prints."""
    found: dict[str, list[str]] = {}
    for table, lines in _tables(saved).items():
        found[table] = [line[1:].split()[0] for line in lines if line.startswith(":")]
    return found


def removal(saved: str, known: dict[str, list[str]]) -> str:
    """The input for `iptables-restore --noflush` that removes our chains from the saved rules."""
    script: list[str] = []
    for table, lines in _tables(saved).items():
        existing = [line[1:].split()[0] for line in lines if line.startswith(":")]
        ours = [chain for chain in existing if OURS.match(chain) and chain not in known.get(table, [])]
        if not ours:
            continue
        targets = re.compile(rf"-[jg] ({'|'.join(map(re.escape, ours))})( |$)")
        leading = [
            line.replace("-A ", "-D ", 1)
            for line in lines
            if line.startswith("-A ") and line.split()[1] not in ours and targets.search(line)
        ]
        script += [
            f"*{table}",
            *leading,
            *(f"-F {chain}" for chain in ours),
            *(f"-X {chain}" for chain in ours),
            "COMMIT",
        ]
    return "".join(f"{line}\n" for line in script)


def _tables(saved: str) -> dict[str, list[str]]:
    tables: dict[str, list[str]] = {}
    current: list[str] = []
    for line in saved.splitlines():
        if line.startswith("*"):
            current = tables.setdefault(line[1:], [])
        else:
            current.append(line)
    return tables


def _rules(saved: str, table: str) -> list[str]:
    """Whatever makes a table worth keeping: rules, and chains that are not the kernel's own."""
    own = {"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"}
    lines = _tables(saved).get(table, [])
    return [
        line
        for line in lines
        if line.startswith("-A ") or (line.startswith(":") and line[1:].split()[0] not in own)
    ]


def _save(family: str) -> str:
    return _run(f"{COMMANDS[family]}-save")


def _run(*command: str, stdin: str = "") -> str:
    if shutil.which(command[0]) is None:
        return ""  # never installed: nothing of ours can be in it
    done = subprocess.run(command, check=False, capture_output=True, text=True, input=stdin)
    if done.returncode != 0:
        raise RuntimeError(f"`{' '.join(command)}` failed: {done.stderr.strip()}")
    return done.stdout
