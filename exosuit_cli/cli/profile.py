"""`exosuit profile`: where the time and the memory of a run went."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from exosuit_cli.chunk.options import ChunkOptions
from exosuit_cli.cli.border import command_border, logger, standard_output
from exosuit_cli.cli.flags import SessionFlags
from exosuit_cli.cli.messages import log_ending, log_warnings
from exosuit_cli.cli.options import command_of, flags_named
from exosuit_cli.cli.profile_flags import PROFILE
from exosuit_cli.config.option import declared, filled

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from exosuit_cli.commands.chunk import OpenOutput
    from exosuit_cli.commands.profile import ProfileOutcome


def _run(paths: tuple[str, ...], given: Mapping[str, object]) -> None:
    """Profile a run: which stage limits it, where time and memory went, and what it would gain without that stage."""
    session = filled(SessionFlags, given)
    with command_border(
        debug=session.debug,
        verbose=session.verbose,
        quiet=session.quiet,
        log_file=session.log_file,
        tree=paths or (".",),
    ):
        from exosuit_cli.cli.streams import OWN_STREAMS
        from exosuit_cli.commands.profile_request import profile_request

        with flags_named(declared(ChunkOptions)):
            request = profile_request(paths, given, config=session.config, outputs=(*OWN_STREAMS, session.log_file))
        from exosuit_cli.commands.profile import earlier_profile, run_profile
        from exosuit_cli.report.progress import status_line
        from exosuit_cli.system.stop import stop_on_signals

        earlier = earlier_profile(request)
        with stop_on_signals() as stop:
            with status_line(session.quiet) as progress:
                outcome = run_profile(request, _nowhere, stop=stop, progress=progress, earlier=earlier)
            log_warnings(outcome.profile.warnings)
            _write_files(outcome)
            with standard_output():
                _report(outcome, quiet=session.quiet)
            code = log_ending(outcome.ending(stop))
        logger.info("profile finished", extra={"limiter": outcome.profile.limiter})
        if code:
            raise typer.Exit(code)


@contextmanager
def _nowhere() -> Iterator[OpenOutput]:
    """Chunks as JSON lines, for the null device."""
    from exosuit_cli.commands.chunk import OpenOutput
    from exosuit_cli.report.chunk.formats import CHUNK_FORMATS

    with open(os.devnull, "wb") as file, CHUNK_FORMATS["jsonl"].opened(file, True) as (renderer, sink):
        yield OpenOutput(renderer, sink)


def _write_files(outcome: ProfileOutcome) -> None:
    outputs = outcome.request.outputs
    if outputs.files():
        from exosuit_cli.report.profile.files import write_profile_files

        write_profile_files(outcome.profile, trace=outputs.trace, speedscope=outputs.speedscope, html=outputs.html)


def _report(outcome: ProfileOutcome, *, quiet: bool) -> None:
    if outcome.request.outputs.json:
        import json

        from exosuit_cli.report.profile.document import profile_document
        from exosuit_cli.system.names import display_json

        document = profile_document(outcome.profile)
        if outcome.difference is not None:
            from exosuit_cli.report.profile.difference_document import difference_document

            document["difference"] = difference_document(outcome.difference)
        text = json.dumps(document) + "\n"
        sys.stdout.write(display_json(text) if sys.stdout.isatty() else text)
    elif not quiet:
        from exosuit_cli.report.console import open_console
        from exosuit_cli.report.profile.terminal import print_profile

        console = open_console()
        print_profile(console, outcome.profile, top=outcome.request.outputs.top)
        if outcome.difference is not None:
            from exosuit_cli.report.profile.difference_terminal import print_difference

            console.print()
            print_difference(console, outcome.difference)


profile_command = command_of(PROFILE, "Directories and files to profile.", _run)
