"""The command tree."""

from __future__ import annotations

import importlib
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from exosuit_cli import __version__
from exosuit_cli.cli.command_line import CommandLine
from exosuit_cli.cli.direct import PLACES
from exosuit_cli.cli.usage import unknown_command

_PLACES: Final = {
    **{name: PLACES[name] for name in ("scan", "chunk", "query", "outline", "related", "pack", "mcp")},
    "context": "context:context_app",
    "phase": "phase:phase_app",
    "device": "device:device_command",
    "config": "config:config_app",
    "bench": "bench:bench_app",
    "profile": PLACES["profile"],
    "manual": "manual:manual_command",
}
"""Where each command is, in the order of the help."""


class _Commands(TyperGroup):
    """The commands, each imported when it is asked for: the options of all would cost every scan their time."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = {name: TyperCommand(name) for name in _PLACES}  # looked at where a name is misspelt

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002  (click's signature)
        if cmd_name not in _PLACES:
            return None
        module, _, name = _PLACES[cmd_name].partition(":")
        found = getattr(importlib.import_module(f"exosuit_cli.cli.{module}"), name)
        if isinstance(found, CommandLine):
            from exosuit_cli.cli.options import command_of

            found = command_of(found)
        if not isinstance(found, typer.Typer):
            alone = typer.Typer(add_completion=False)
            alone.command(cmd_name)(found)
            found = alone
        return typer.main.get_command(found)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in _PLACES and not args[0].startswith("-") and not ctx.resilient_parsing:
            raise unknown_command(args, tuple(_PLACES))
        return super().resolve_command(ctx, args)


app = typer.Typer(
    name="exosuit",
    cls=_Commands,
    help="Ingest source repositories for large language models: exact tokens, digests and a complete ledger, fast.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
