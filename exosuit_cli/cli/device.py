"""`exosuit device`: the cards of this machine, and which device `--device auto` chooses."""

from __future__ import annotations

from typing import Annotated

import typer

from exosuit_cli.cli import options as opt  # noqa: TC001  (typer evaluates the annotations)
from exosuit_cli.cli.border import command_border, standard_output
from exosuit_cli.cli.streams import print_ascii_json


def device_command(
    measure: Annotated[bool, typer.Option("--measure", help="Measure every card again.")] = False,
    as_json: opt.Json = False,
    config: opt.Config = None,
    debug: opt.Debug = False,
) -> None:
    """List the CUDA cards with their measured rates, or say why there is none."""
    with command_border(debug=debug):
        from exosuit_cli.commands.device import DevicesRequest, find_devices

        listing = find_devices(DevicesRequest(config, measure))
        with standard_output():
            if as_json:
                from exosuit_cli.report.device.document import device_document

                print_ascii_json(device_document(listing))
            else:
                from exosuit_cli.report.console import open_console
                from exosuit_cli.report.device.terminal import print_devices

                print_devices(open_console(), listing)
