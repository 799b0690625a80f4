"""`slipway local …`: what a person types. Everything but click is imported only when a command needs it."""

from collections.abc import Generator
from contextlib import contextmanager

import click


@contextmanager
def _told() -> Generator[None]:
    """What a person can mend is told in words, not in a traceback."""
    import subprocess
    import xmlrpc.client

    from slipway_local.download import ChecksumError
    from slipway_local.gobuild import BuildError
    from slipway_local.programs import TableError
    from slipway_local.toolchain import ToolchainError

    try:
        yield
    except (RuntimeError, BuildError, ChecksumError, TableError, ToolchainError) as error:
        raise click.ClickException(str(error)) from error
    except xmlrpc.client.Error as error:
        raise click.ClickException(f"the supervisor refuses: {error}") from error
    except subprocess.CalledProcessError as error:
        said = str(error.stderr or "").strip().splitlines()[-1:]
        raise click.ClickException(" ".join([str(error), *said])) from error
    except (subprocess.SubprocessError, OSError) as error:
        raise click.ClickException(f"{type(error).__name__}: {error}") from error


@click.group()
def local() -> None:
    """The local platform: AWS emulator, Kubernetes node, image registry; one per machine."""


@local.command()
@click.option(
    "--extras",
    is_flag=True,
    help="Also what dev does not use: the tests' programs, images of PostgreSQL, Valkey and Prometheus.",
)
def up(*, extras: bool) -> None:
    """Start what is missing, heal what is half up."""
    from slipway_local import doctor, platform

    with _told():
        lacking = [finding for finding in doctor.examine() if not finding.ok]
    if lacking:
        told = "\n".join(f"  {finding.name}: {finding.found}\n    {finding.mend}" for finding in lacking)
        raise click.ClickException(f"this machine lacks what the platform needs; nothing was begun\n{told}")
    with _told():
        platform.up(extras=extras)


@local.command()
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="For programs: a list of parts with name, state, ready, detail, pid and since.",
)
def status(as_json: bool) -> None:
    """How each part is doing; exit code 1 when one is not ready."""
    import json
    from dataclasses import asdict

    from slipway_local import cluster, platform

    with _told():
        parts = platform.status()
    if as_json:
        click.echo(json.dumps([asdict(part) for part in parts], indent=2))
    else:
        for part in parts:
            since = f"since {part.since}" if part.since else ""
            click.echo(
                f"{part.name:26}{part.state:10}{'ready' if part.ready else part.detail:12}  {since}".rstrip()
            )
        if (up := cluster.recorded()) and up.kind is cluster.Kind.SIMULATED:
            click.echo(cluster.NO_TRAFFIC)
    raise SystemExit(0 if all(part.ready for part in parts) else 1)


@local.command(
    name="exec", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False}
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def execute(command: tuple[str, ...]) -> None:
    """Run COMMAND with the platform's programs on PATH and its addresses in the environment."""
    import os

    from slipway_local.environment import environment
    from slipway_local.pulumi_locks import clear_stale_locks

    try:
        variables = {**os.environ, **environment()}
    except RuntimeError as error:
        raise click.ClickException(str(error)) from error
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    for told in clear_stale_locks():
        click.echo(told, err=True)
    try:
        os.execvpe(command[0], command, variables)  # noqa: S606  (the command is what the person typed)
    except FileNotFoundError:
        raise click.ClickException(f"there is no program {command[0]!r} on the platform's PATH") from None
    except OSError as error:
        raise click.ClickException(f"{command[0]!r} cannot be run: {error.strerror}") from None


@local.command()
def down() -> None:
    """Stop everything and leave the machine as it was; the toolchain stays in the cache."""
    from slipway_local import platform

    with _told():
        platform.down()


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs: a list of findings.")
def doctor(as_json: bool) -> None:
    """What this machine lacks for the local platform, and what to do; exit code 1 when there is something."""
    import json

    from slipway_local.doctor import examine

    with _told():
        findings = examine()
    if as_json:
        click.echo(json.dumps([finding.as_dict() for finding in findings], indent=2))
    else:
        for finding in findings:
            click.echo(f"{'ok  ' if finding.ok else 'MISS'} {finding.name:10} {finding.found}")
            if not finding.ok:
                click.echo(f"     {'':10} {finding.mend}")
    raise SystemExit(0 if all(finding.ok for finding in findings) else 1)
