"""The local platform as a whole: up, status, down."""

import shutil
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import click

from slipway_local import (
    addons,
    base_image,
    cgroups,
    cluster,
    debian_images,
    docker,
    emulator,
    firewall,
    host,
    node,
    node_images,
    packages,
    pki,
    processes,
    pruning,
    registry,
    runtime,
    simulation,
    supervisor,
    toolchain,
)
from slipway_local.api import DOES_NOT_EXIST
from slipway_local.cluster import NO_TRAFFIC, Cluster, Kind
from slipway_local.environment import remember_programs
from slipway_local.exclusive import exclusive
from slipway_local.load_balancer import load_balancer
from slipway_local.parts import Part, PartStatus, in_order, longest_wait
from slipway_local.paths import paths
from slipway_local.ports import SERVICE_NETWORK
from slipway_local.private_file import write_private
from slipway_local.progress import Progress

PARTS_SECONDS = 180
ADDONS_SECONDS = 120
ADDONS_USUAL_SECONDS = 12.0
ASK_EVERY = 0.1
STATES = {
    "RUNNING": "running",
    "STARTING": "starting",
    "BACKOFF": "failing",
    "FATAL": "failing",
    "UNKNOWN": "failing",
}


def up(*, extras: bool = False) -> None:
    """Starts what is missing and heals what is half up; at its end everything is ready.

    The extras are what dev does not use: the tests' own programs, and images of what other components run in a cluster.
    """
    with exclusive("up"):
        chosen = cluster.choose()
        if chosen.kind is Kind.NAMED:
            click.echo(f"the platform uses {chosen.described}", err=True)
        _install(chosen.kind, extras=extras)
        _prepare(chosen)
        parts = in_order(_parts(chosen))
        stopped = supervisor.configure(parts)
        lacking = _lacking(parts)
        if stopped or lacking or not _is_furnished(chosen):
            _bring_up(chosen, parts, stopped, lacking)
            click.echo(
                f"the platform is up: {len(parts)} parts are ready; logs are in {paths().logs}", err=True
            )
        else:
            click.echo(f"the platform is up, unchanged: {len(parts)} parts are ready", err=True)
        if chosen.kind is Kind.SIMULATED:
            click.echo(NO_TRAFFIC, err=True)
        if extras:
            _add_images(chosen)
        if removed := pruning.prune():
            told = ", ".join(f"{folder.parent.name}/{folder.name}" for folder in removed)
            click.echo(f"removed from the cache, unused for two weeks: {told}", err=True)


def status() -> list[PartStatus]:
    """How each part is doing."""
    chosen = cluster.recorded()
    if chosen is None:
        return [
            PartStatus("platform", "absent", ready=False, detail="not brought up: run `slipway local up`")
        ]
    parts = in_order(_parts(chosen))
    running = supervisor.processes() if supervisor.is_running() else {}
    lacking = _lacking(parts)
    return [_status_of(part, running.get(part.name), lacking.get(part.name, "")) for part in parts] + [
        _status_of_addon(name, why, "kube-apiserver" not in lacking)
        for name, why in _addon_states(chosen).items()
    ]


def down() -> None:
    """Ends every process, undoes every change to the machine, removes the state; the toolchain stays."""
    with exclusive("down"):
        if not paths().platform.exists():
            click.echo("the platform is not up: nothing to stop", err=True)
            return
        processes.kill_all()
        if cluster.is_simulated():  # the machine itself was not touched
            shutil.rmtree(paths().platform)
            click.echo("the platform is stopped", err=True)
            return
        other = None if cgroups.is_ours() else cgroups.owner()
        host.restore()
        shutil.rmtree(paths().platform)
        if other is None:
            click.echo("the platform is stopped, and the machine is as it was before", err=True)
        else:
            click.echo(
                f"{paths().platform} is removed; the platform that is up on this machine "
                f"has its cache in {other}: it was left alone",
                err=True,
            )


def _install(kind: Kind, *, extras: bool) -> None:
    toolchain.ensure(toolchain.names(kind, extras=extras))
    steps: dict[str, tuple[float, str, Callable[[], None]]] = {}
    if kind is not Kind.SIMULATED and (missing := packages.missing_packages()):
        steps["packages"] = (60, ", ".join(missing), lambda: packages.install_packages(missing))
    for python in (runtime.RUNTIME, runtime.EMULATOR, runtime.AWS):
        if not python.is_installed():
            steps[python.name] = (python.install_seconds, python.what, python.install)
    progress = Progress({name: seconds for name, (seconds, _, _) in steps.items()})
    for name, (_, what, install) in steps.items():
        with progress.step(name):
            progress.doing(f"installing {what}")
            install()


def _prepare(chosen: Cluster) -> None:
    if chosen.kind is not Kind.SIMULATED:
        host.prepare()
    if chosen.kind is Kind.NODE:
        firewall.keep_in(SERVICE_NETWORK)
    pki.ensure()
    paths().state.mkdir(exist_ok=True)
    if chosen.kind is not Kind.NAMED:
        write_private(paths().kubeconfig, pki.kubeconfig(pki.ADMIN).encode())
    cluster.record(chosen)
    remember_programs([*toolchain.bin_dirs(), runtime.aws_command()])


def _parts(chosen: Cluster) -> list[Part]:
    if chosen.kind is Kind.SIMULATED:
        return [*node.control_plane(), simulation.kwok(), emulator.emulator()]
    shared = [registry.registry(), docker.docker(), emulator.emulator()]
    return (
        shared
        if chosen.kind is Kind.NAMED
        else [*node.control_plane(), *node.node(), load_balancer(), *shared]
    )


def _lacking(parts: Sequence[Part]) -> dict[str, str]:
    """Name → why it is not ready. All are asked at once: one that hangs takes seconds."""
    with ThreadPoolExecutor(max_workers=len(parts) + 1) as asked:
        answers = {part.name: asked.submit(part.ready) for part in parts}
    return {name: why for name, answer in answers.items() if (why := answer.result()) is not None}


def _bring_up(chosen: Cluster, parts: Sequence[Part], stopped: set[str], lacking: Collection[str]) -> None:
    late = [part for part in parts if part.name in stopped or part.name in lacking]
    steps = {"parts": longest_wait(late)}
    if chosen.kind is not Kind.NAMED:
        steps["add-ons"] = ADDONS_USUAL_SECONDS
    progress = Progress(steps)
    with progress.step("parts"):
        _start(parts, stopped, progress)
    if chosen.kind is not Kind.NAMED:
        with progress.step("add-ons"):
            _apply_addons(chosen.kind, progress)
    if _lacks_base_image(chosen):  # it can be asked only now that the registry is ready
        progress = Progress({"base image": base_image.SECONDS})
        with progress.step("base image"):
            base_image.push(progress.doing)


def _add_images(chosen: Cluster) -> None:
    if chosen.kind is Kind.SIMULATED:
        return
    if chosen.kind is Kind.NODE:
        node_images.import_missing()
    missing = debian_images.missing()
    progress = Progress({f"{name} image": debian_images.SECONDS for name in missing})
    for name in missing:
        with progress.step(f"{name} image"):
            debian_images.push(name, progress.doing)


def _is_furnished(chosen: Cluster) -> bool:
    """Whether the cluster has its add-ons and the registry its base image."""
    if _lacks_base_image(chosen):
        return False
    kind = chosen.kind
    return kind is Kind.NAMED or (addons.are_applied(kind) and not addons.missing_addons(kind))


def _lacks_base_image(chosen: Cluster) -> bool:
    """Where nothing is built, nothing is missing."""
    return chosen.kind is not Kind.SIMULATED and base_image.is_missing()


def _start(parts: Sequence[Part], stopped: set[str], progress: Progress) -> None:
    """Starts each part when those before it are ready, and waits for all of them."""
    begun = time.monotonic()
    waiting = {part.name: part for part in parts}
    asked_since = dict.fromkeys(waiting.keys() - stopped, begun)
    why: dict[str, str] = {}
    said: set[str] = set()
    while waiting:
        for name, part in list(waiting.items()):
            if waiting.keys() & set(part.after):
                continue
            # What runs but does not come to serve gets a new start, after three times its usual time.
            patience = max(15.0, 3 * part.start_seconds)
            if name not in asked_since or time.monotonic() - asked_since[name] > patience:
                if not supervisor.is_fresh(name, patience):
                    supervisor.start(name)
                asked_since[name] = time.monotonic()
            lack = part.ready()
            if lack is None:
                del waiting[name]
            else:
                why[name] = lack
        if time.monotonic() - begun > PARTS_SECONDS:
            told = "\n".join(
                f"{name}: {why.get(name, 'waits for another')}\n{supervisor.log_tail(name)}"
                for name in waiting
            )
            raise RuntimeError(f"not ready after {PARTS_SECONDS} s; the logs are in {paths().logs}\n{told}")
        if waiting.keys() != said:
            said = set(waiting)
            progress.doing(f"waiting for {', '.join(waiting)}")
        time.sleep(ASK_EVERY)


def _apply_addons(kind: Kind, progress: Progress) -> None:
    if kind is Kind.NODE:
        node_images.import_missing()
    addons.apply_addons(kind)
    deadline = time.monotonic() + ADDONS_SECONDS
    said: set[str] = set()
    while missing := addons.missing_addons(kind):
        told = ", ".join(f"{name} ({why})" for name, why in missing.items())
        if time.monotonic() > deadline:
            raise RuntimeError(
                f"not ready after {ADDONS_SECONDS} s: {told}; "
                "look at `slipway local exec -- kubectl -n kube-system get events`"
            )
        if missing.keys() != said:
            said = set(missing)
            progress.doing(f"waiting for {told}")
        time.sleep(ASK_EVERY)


def _addon_states(chosen: Cluster) -> dict[str, str]:
    if chosen.kind is Kind.NAMED:
        return {}
    missing = addons.missing_addons(chosen.kind)
    return {name: missing.get(name, "") for name in addons.NAMES[chosen.kind]}


def _status_of_addon(name: str, why: str, answered: bool) -> PartStatus:
    there = answered and why != DOES_NOT_EXIST
    state = "running" if not why else "starting" if there else "absent"
    return PartStatus(name, state, ready=not why, detail=why)


def _status_of(part: Part, process: supervisor.Process | None, lack: str) -> PartStatus:
    if process is None:
        return PartStatus(
            part.name,
            "absent",
            ready=False,
            detail="its supervisor does not run: `slipway local up` heals it",
        )
    state = STATES.get(process.state, "stopped")
    running = state == "running"
    return PartStatus(
        part.name,
        state,
        ready=running and not lack,
        detail=lack if running else process.detail,
        pid=process.pid,
        since=datetime.fromtimestamp(process.started, UTC).isoformat() if process.started else None,
    )
