"""The `slipway` command: its groups come from the installed packages that declare one (entry point `slipway.commands`)."""

from importlib.metadata import EntryPoint, entry_points, version

import click


class PluginGroup(click.Group):
    """A group that imports a command only when it is called, so that `slipway local exec` starts at once."""

    @staticmethod
    def _plugins() -> dict[str, EntryPoint]:
        return {point.name: point for point in entry_points(group="slipway.commands")}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *self._plugins()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        known = super().get_command(ctx, cmd_name)
        if known is not None:
            return known
        plugin = self._plugins().get(cmd_name)
        return None if plugin is None else plugin.load()


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
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
