"""`exosuit phase`: how many tokens may be resident at once, raised step by step and proven."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from exosuit_cli.cli import options as opt
from exosuit_cli.cli.border import command_border, standard_output
from exosuit_cli.cli.messages import log_ending, log_warnings
from exosuit_cli.cli.streams import print_ascii_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from exosuit_cli.commands.phase import PhaseOutcome

phase_app = typer.Typer(
    name="phase",
    help="The phase: how many tokens may be resident at once, proven on this machine before it is set.",
    no_args_is_help=True,
    add_completion=False,
)


@phase_app.callback()
def _phase() -> None:
    """The phase: how many tokens may be resident at once, proven on this machine before it is set."""


@phase_app.command("list")
def list_command(config: opt.Config = None, as_json: opt.Json = False, debug: opt.Debug = False) -> None:
    """List every phase: its limit, whether it is proven here, and the figures of the proof."""
    with command_border(debug=debug):
        from exosuit_cli.commands.phase import list_phases
        from exosuit_cli.report.phase.terminal import print_phases

        _answer(list_phases(config), print_phases, as_json=as_json)


@phase_app.command("show")
def show_command(
    number: Annotated[
        str | None, typer.Argument(metavar="N", parser=opt.text, help="The phase.", show_default="the current one")
    ] = None,
    config: opt.Config = None,
    as_json: opt.Json = False,
    debug: opt.Debug = False,
) -> None:
    """Show one phase with all figures of its proof, and what memory may hold here."""
    with command_border(debug=debug):
        from exosuit_cli.commands.phase import show_phase
        from exosuit_cli.report.phase.terminal import print_phase

        _answer(show_phase(number, config), print_phase, as_json=as_json)


@phase_app.command("set")
def set_command(
    number: Annotated[str, typer.Argument(metavar="N", parser=opt.text, help="The phase.", show_default=False)],
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="PATH", help="Prove it with files of PATH.", show_default="a synthetic tree"),
    ] = None,
    soak: Annotated[
        str | None,
        typer.Option(
            "--soak",
            metavar="TIME",
            help="Load, evict and recall for TIME as well, while memory must stay flat.",
            show_default="10m for a phase that is stable under load, else none",
        ),
    ] = None,
    validate: Annotated[
        bool, typer.Option("--validate/--no-validate", help="Prove it before it is set; else it counts as unproven.")
    ] = True,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", min=0, help="Seed of the synthetic tree, the orders and the moments.")
    ] = 0,
    config: opt.Config = None,
    as_json: opt.Json = False,
    quiet: opt.Quiet = False,
    debug: opt.Debug = False,
) -> None:
    """Prove a phase on this machine, then set it: load its tokens, recall them, kill writers, measure, compare."""
    with command_border(debug=debug, quiet=quiet):
        from exosuit_cli.commands.phase import SetPhaseRequest, set_phase
        from exosuit_cli.report.phase.terminal import print_change
        from exosuit_cli.report.progress import status_line
        from exosuit_cli.system.stop import raise_on_signals

        request = SetPhaseRequest(number, config, source, soak, validate, seed)
        with raise_on_signals(), status_line(quiet) as tell:
            outcome = set_phase(request, tell)
        _answer(outcome, print_change, as_json=as_json, quiet=quiet)


@phase_app.command("rollback")
def rollback_command(config: opt.Config = None, as_json: opt.Json = False, debug: opt.Debug = False) -> None:
    """Return to the phase that was set before."""
    with command_border(debug=debug):
        from exosuit_cli.commands.phase import roll_back
        from exosuit_cli.report.phase.terminal import print_change

        _answer(roll_back(config), print_change, as_json=as_json)


@phase_app.command("unset")
def unset_command(config: opt.Config = None, as_json: opt.Json = False, debug: opt.Debug = False) -> None:
    """Set no phase: what memory holds is the limit."""
    with command_border(debug=debug):
        from exosuit_cli.commands.phase import unset_phase
        from exosuit_cli.report.phase.terminal import print_change

        _answer(unset_phase(config), print_change, as_json=as_json)


def _answer(
    outcome: PhaseOutcome, show: Callable[[Console, PhaseOutcome], None], *, as_json: bool, quiet: bool = False
) -> None:
    log_warnings(outcome.warnings)
    with standard_output():
        if as_json:
            from exosuit_cli.report.phase.document import phase_document

            print_ascii_json(phase_document(outcome))
        elif not quiet:
            from exosuit_cli.report.console import open_console

            show(open_console(), outcome)
    code = log_ending(outcome.ending)
    if code:
        raise SystemExit(code)
