"""`exosuit profile`: where the time and the memory of a run went."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from exosuit_cli.chunk.options import ChunkOptions
from exosuit_cli.cli.border import command_border, logger, standard_output
from exosuit_cli.cli.command_line import CommandLine
from exosuit_cli.cli.flags import SessionFlags, flags_named
from exosuit_cli.cli.messages import log_ending, log_warnings
from exosuit_cli.cli.profile_flags import PROFILE
from exosuit_cli.config.option import declared, filled
from exosuit_cli.model.errors import OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from exosuit_cli.commands.chunk import OpenOutput
    from exosuit_cli.commands.profile import ProfileOutcome
    from exosuit_cli.measure.profile.difference import ProfileDifference
    from exosuit_cli.model.errors import ExosuitError


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
        from exosuit_cli.commands.profile import run_profile
        from exosuit_cli.commands.profile_difference import compare_profile, older_profile
        from exosuit_cli.report.progress import status_line
        from exosuit_cli.system.stop import stop_on_signals

        old = older_profile(request)
        with stop_on_signals() as stop:
            with status_line(session.quiet) as progress:
                outcome = run_profile(request, _nowhere, stop=stop, progress=progress)
            log_warnings(outcome.profile.warnings)
            failures: list[ExosuitError] = []
            with _kept(failures):
                _write(outcome)
            found = None
            with _kept(failures):
                found = compare_profile(request, old, outcome.profile)
            with standard_output():
                _report(outcome, found, quiet=session.quiet)
            code = log_ending(outcome.ending(stop))
        logger.info("profile finished", extra={"limiter": outcome.profile.limiter})
        for failure in failures if code else failures[1:]:
            logger.error("%s", failure)
        if code:
            raise SystemExit(code)
        if failures:
            raise failures[0]


@contextmanager
def _kept(failures: list[ExosuitError]) -> Iterator[None]:
    """Keep an error until the report is out: what was measured is shown all the same."""
    try:
        yield
    except (OutputError, UsageError) as error:
        failures.append(error)


def _write(outcome: ProfileOutcome) -> None:
    wanted = outcome.request.outputs
    if wanted.files():
        from exosuit_cli.report.profile.files import write_profile_files

        write_profile_files(outcome.profile, trace=wanted.trace, speedscope=wanted.speedscope, html=wanted.html)


@contextmanager
def _nowhere() -> Iterator[OpenOutput]:
    """Chunks as JSON lines, for the null device."""
    from exosuit_cli.commands.chunk import OpenOutput
    from exosuit_cli.report.chunk.formats import CHUNK_FORMATS

    with open(os.devnull, "wb") as file, CHUNK_FORMATS["jsonl"].opened(file, True) as (renderer, sink):
        yield OpenOutput(renderer, sink)


def _report(outcome: ProfileOutcome, found: ProfileDifference | None, *, quiet: bool) -> None:
    if outcome.request.outputs.json:
        import json

        from exosuit_cli.report.profile.document import profile_document
        from exosuit_cli.system.names import display_json

        text = json.dumps(profile_document(outcome.profile, found)) + "\n"
        sys.stdout.write(display_json(text) if sys.stdout.isatty() else text)
    elif not quiet:
        from exosuit_cli.report.console import open_console
        from exosuit_cli.report.profile.terminal import print_profile

        console = open_console()
        print_profile(console, outcome.profile, top=outcome.request.outputs.top)
        if found is not None:
            from exosuit_cli.report.profile.difference_terminal import print_difference

            console.print()
            print_difference(console, found)


PROFILE_COMMAND: Final = CommandLine(PROFILE, "Directories and files to profile.", _run)
