"""The command tree."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from exosuit_cli import __version__
from exosuit_cli.cli.chunk import chunk_command
from exosuit_cli.cli.config import config_app
from exosuit_cli.cli.device import device_command
from exosuit_cli.cli.scan import scan_command


class _Commands(TyperGroup):
    """The commands, `bench` among them only when it is asked for: its many options would cost every scan their time."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), "bench"]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name != "bench":
            return super().get_command(ctx, cmd_name)
        from exosuit_cli.cli.bench import bench_app

        return typer.main.get_command(bench_app)


app = typer.Typer(
    name="exosuit",
    cls=_Commands,
    help="Ingest source repositories for large language models: exact tokens, digests and a complete ledger, fast.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("scan")(scan_command)
app.command("chunk")(chunk_command)
app.command("device")(device_command)
app.add_typer(config_app)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"exosuit {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", "-V", help="Print the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Ingest source repositories for large language models."""
