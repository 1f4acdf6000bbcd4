"""`exosuit config`: what the settings are, and where each comes from."""

from __future__ import annotations

import json

import typer

from exosuit_cli.cli import options as opt  # noqa: TC001  (typer evaluates the annotations)
from exosuit_cli.cli.border import command_border, standard_output
from exosuit_cli.cli.streams import print_ascii_json
from exosuit_cli.system.names import display_name

config_app = typer.Typer(name="config", help="Show the settings.", no_args_is_help=True, add_completion=False)


@config_app.callback()
def _config() -> None:
    """Show the settings."""


@config_app.command("show")
def show_command(
    config: opt.Config = None,
    as_json: opt.Json = False,
    debug: opt.Debug = False,
) -> None:
    """Print every setting with its value and where it came from."""
    with command_border(debug=debug):
        from exosuit_cli.commands.config import show_settings

        rows = show_settings(config)
        with standard_output():
            if as_json:
                settings = [{"key": row.key, "value": row.value, "origin": str(row.origin)} for row in rows]
                print_ascii_json({"schema": "exosuit.config/1", "settings": settings})
                return
            width = max(len(row.key) for row in rows)
            value_width = max(len(json.dumps(row.value)) for row in rows)
            for row in rows:
                typer.echo(
                    f"{row.key:<{width}}  {json.dumps(row.value):<{value_width}}  {display_name(str(row.origin))}"
                )
