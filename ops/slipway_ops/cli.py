"""The `slipway` command: its own commands, and the groups of the installed packages that declare one (entry point `slipway.commands`)."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_OWN = ("deploy", "drift", "history", "preview", "rollback", "status", "switch", "up")


class PluginGroup(click.Group):
    """A group that imports a command only when it is called: a rollback waits for nothing, `slipway local exec` starts at once."""

    @staticmethod
    def _plugins() -> dict[str, EntryPoint]:
        from importlib.metadata import entry_points

        return {point.name: point for point in entry_points(group="slipway.commands")}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *_OWN, *self._plugins()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _OWN:
            return getattr(import_module("slipway_ops.commands"), cmd_name)
        known = super().get_command(ctx, cmd_name)
        if known is not None:
            return known
        plugin = self._plugins().get(cmd_name)
        return None if plugin is None else plugin.load()


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        click.echo(f"slipway {version('slipway')}")
        ctx.exit()


@click.group(cls=PluginGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version.",
)
def main() -> None:
    """Takes a web application from a commit to production and keeps it there."""
