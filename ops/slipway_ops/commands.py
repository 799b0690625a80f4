"""What a person types. Everything but click is imported only when a command needs it."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from slipway_ops.project import Project
    from slipway_ops.telling import Telling

_COLORS = click.Choice(["blue", "green"])


def _options(function: Callable[..., None]) -> Callable[..., None]:
    """What every command about a stack takes."""
    for option in (
        click.option("--stack", "-s", help="The stack. Default the selected one."),
        click.option(
            "--cwd",
            "-C",
            type=click.Path(exists=True, file_okay=False, path_type=Path),
            default=Path(),
            help="The project's folder. Default this one, or the first above it that is one.",
        ),
        click.option("--json", "as_json", is_flag=True, help="For programs: one JSON object on stdout."),
    ):
        function = option(function)
    return function


_dry_run = click.option("--dry-run", is_flag=True, help="Say what would happen; change nothing.")


@contextmanager
def _told(as_json: bool) -> Generator[Telling]:
    """What a person can mend is told in words, to a program as its `as_dict`. The end of the terminal, and SIGTERM, are a Ctrl-C."""
    import signal
    import sys

    from slipway_ops.errors import OperatorError
    from slipway_ops.telling import Telling

    tell = Telling(as_json)
    stdout: Any = sys.stdout
    if isinstance(stdout, io.TextIOWrapper):
        stdout.reconfigure(errors="backslashreplace")  # a character that it cannot show ends no release
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as under nohup
        signal.signal(signal.SIGHUP, _hung_up)
    try:
        yield tell
    except OperatorError as error:
        said = tell.masked(str(error))
        tell.result({**error.as_dict(), "error": said})
        raise click.ClickException(said) from None
    except KeyboardInterrupt:
        tell.result({"error": "stopped by Ctrl-C"})
        raise
    except BrokenPipeError:
        raise  # who read a table has seen enough; click knows
    except Exception as error:
        if "SLIPWAY_DEBUG" in os.environ:
            raise
        said = tell.masked(_unforeseen(error))
        tell.result({"error": said})
        raise click.ClickException(said) from None


def _hung_up(*_: object) -> None:
    """Kernel and shell each tell of it: what is undone then must not stop at the second time, nor the pulumi that it takes."""
    import signal

    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    raise KeyboardInterrupt


def _unforeseen(error: Exception) -> str:
    """In words what nobody has words for yet; the environment is as at any moment at which a command is killed."""
    import traceback

    at = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"a defect of slipway, in {at.name} ({Path(at.filename).name}:{at.lineno}): {error!r}\n"
        "  to do: `slipway status` says where things stand; SLIPWAY_DEBUG=1 shows the whole trace for a report of it"
    )


def _project(cwd: Path, stack: str | None) -> Project:
    from slipway_ops import project

    return project.find(cwd.resolve(), stack)


_FILE = click.Path(dir_okay=False, path_type=Path)
_policy_pack = click.option(
    "--policy-pack",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A policy pack to hold it against. Default policies/ of the project, if it is one.",
)


@click.command()
@click.option("--comment", is_flag=True, help="Show it as the stack's one comment on the pull request.")
@click.option(
    "--pull-request",
    type=click.IntRange(min=1),
    help="The pull request's number. Default the one of GITHUB_EVENT_PATH.",
)
@click.option("--plan", type=_FILE, help="Look at the cloud too, and save what `slipway up` may do later.")
@click.option("--diff", type=_FILE, help="Write all of it there, whatever its size.")
@_policy_pack
@_options
def preview(as_json: bool, stack: str | None, cwd: Path, **asked: Any) -> None:
    """What an update would do, for those who review it: traffic, data, policies, then every change.

    Ends with 1 when the update must not be made, and says so in the comment too.
    """
    from slipway_ops import previewing

    with _told(as_json) as tell:
        tell.result(previewing.run(_project(cwd, stack), previewing.Order(**asked), tell))


@click.command()
@click.option("--plan", type=_FILE, required=True, help="What `slipway preview --plan` saved.")
@_policy_pack
@_options
def up(as_json: bool, stack: str | None, cwd: Path, **asked: Any) -> None:
    """Make the update that was reviewed, and no other.

    Refuses, naming what differs, when the code, the stack's file, the state or the cloud is not what it was at the review.
    """
    from slipway_ops import applying

    with _told(as_json) as tell:
        tell.result(applying.run(_project(cwd, stack), applying.Order(**asked), tell))


@click.command()
@click.argument("color", required=False, type=_COLORS)
@_dry_run
@_options
def switch(color: str | None, dry_run: bool, **where: Any) -> None:
    """Move all traffic to COLOR, by default the one that has none.

    The traffic moves at once, when COLOR has the ready pods for it; then the stack's file and Pulumi's state follow.
    """
    _move("switch", color, dry_run, force=False, **where)


@click.command()
@click.option(
    "--to", "release", type=int, help="A number of `slipway history`. Default what had the traffic before."
)
@click.option("--force", is_flag=True, help="Even while another command holds the lock; that one stops.")
@_dry_run
@_options
def rollback(release: int | None, force: bool, dry_run: bool, **where: Any) -> None:
    """Move all traffic back to the colour that had it before, or bring an earlier release's image back."""
    if release is None:
        _move("rollback", None, dry_run, force=force, **where)
    else:
        _return(release, dry_run, force=force, **where)


def _return(number: int, dry_run: bool, *, force: bool, as_json: bool, **where: Any) -> None:
    from slipway_ops import returning, switching

    with _told(as_json) as tell:
        order = switching.Order("rollback", force=force, dry_run=dry_run)
        tell.result(returning.run(_project(**where), number, order, tell))


def _move(
    command: str,
    color: str | None,
    dry_run: bool,
    *,
    force: bool,
    stack: str | None,
    cwd: Path,
    as_json: bool,
) -> None:
    from slipway_ops import switching

    with _told(as_json) as tell:
        order = switching.Order(command, color, force, dry_run)
        tell.result(switching.run(_project(cwd, stack), order, tell))


@click.command()
@click.option("--watch", is_flag=True, help="Again every two seconds, until Ctrl-C.")
@_options
def status(watch: bool, stack: str | None, cwd: Path, as_json: bool) -> None:
    """Where the application stands: colours, images, traffic, pods, errors, latency, what is in progress."""
    import time

    from slipway_ops import application, render
    from slipway_ops import status as state

    with _told(as_json) as tell:
        app = application.open_one(_project(cwd, stack), tell)
        while True:
            found = state.read(app)
            if as_json:
                tell.result(found.as_dict())
            else:
                render.status(found, tell.ink, again=watch)
            if not watch:
                return
            time.sleep(2)


@click.command()
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many, newest first."
)
@click.option(
    "--days",
    type=click.IntRange(min=1),
    default=30,
    show_default=True,
    help="What the four figures are about.",
)
@_options
def history(limit: int, days: int, stack: str | None, cwd: Path, as_json: bool) -> None:
    """The releases: who, which commit, when, result, duration; below them the four DORA figures."""
    from dataclasses import asdict

    from slipway_ops import application, figures, render
    from slipway_ops.lease import now

    with _told(as_json) as tell:
        app = application.open_one(_project(cwd, stack), tell)
        known = app.records.all()
        found, counted = known[::-1][:limit], figures.figures(known, days, now())
        if as_json:
            tell.result({"releases": [asdict(record) for record in found], "figures": asdict(counted)})
        else:
            render.history(found, tell.ink)
            if known:
                render.figures(counted)


@click.command()
@click.argument("release", type=int, required=False)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Default <app>-release-<number>.html here."
)
@_options
def report(release: int | None, out: Path | None, as_json: bool, **where: Any) -> None:
    """Write a page about RELEASE, by default the newest: what happened, traffic, errors, latency and gates as charts."""
    from slipway_ops import reporting

    with _told(as_json) as tell:
        tell.result(reporting.run(_project(**where), release, out, tell))


@click.command()
@click.argument("image")
@click.option(
    "--steps",
    default="100",
    show_default=True,
    metavar="PER CENT,…",
    help="Shares of traffic in turn, under the strategy canary; `pause` among them waits for `slipway promote`.",
)
@_dry_run
@_options
def deploy(image: str, steps: str, dry_run: bool, as_json: bool, **where: Any) -> None:
    """Bring IMAGE into the colour without traffic, and give it the traffic when it proves itself; otherwise undo all of it."""
    from slipway_ops import deploying
    from slipway_ops.steps import parse

    with _told(as_json) as tell:
        order = deploying.Deployment(image, parse(steps), dry_run)
        tell.result(deploying.run(_project(**where), order, tell))


@click.command()
@_dry_run
@_options
def pause(dry_run: bool, **where: Any) -> None:
    """Hold the deployment in progress at the share of traffic that it has, until it is promoted or aborted."""
    _steer("pause", dry_run, **where)


@click.command()
@click.option("--full", is_flag=True, help="Skip the steps and gates that are left: all the traffic.")
@_dry_run
@_options
def promote(full: bool, dry_run: bool, **where: Any) -> None:
    """Let a deployment that is paused go on."""
    _steer("full" if full else "go", dry_run, **where)


@click.command()
@_dry_run
@_options
def abort(dry_run: bool, **where: Any) -> None:
    """Undo the deployment in progress: its traffic goes back, and all is as it was before."""
    _steer("abort", dry_run, **where)


def _steer(course: str, dry_run: bool, *, as_json: bool, **where: Any) -> None:
    from slipway_ops import asking
    from slipway_ops.steering import Course

    with _told(as_json) as tell:
        tell.result(asking.run(_project(**where), Course(course), dry_run, tell))


@click.command()
@click.option(
    "--fix", is_flag=True, help="Bring back what the program says, after a preview; then compare again."
)
@click.option(
    "--issue", is_flag=True, help="Keep one issue about it: opened, updated, closed when it is clean."
)
@_options
def drift(fix: bool, issue: bool, as_json: bool, **where: Any) -> None:
    """What cloud and cluster have that Pulumi's state does not say.

    Ends with 0 when there is nothing, with 2 when there is something, with 1 when that cannot be told.
    """
    from slipway_ops import drifting

    with _told(as_json) as tell:
        report = drifting.run(_project(**where), drifting.Order(fix, issue), tell)
        tell.result(report)
    if not report["clean"]:
        raise SystemExit(2)
