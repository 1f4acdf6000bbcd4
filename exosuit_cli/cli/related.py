"""`exosuit related`: what calls a piece of code, what it calls, its tests and its twins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exosuit_cli.cli.border import command_border, standard_output
from exosuit_cli.cli.command_line import CommandLine
from exosuit_cli.cli.flags import SessionFlags
from exosuit_cli.cli.messages import log_ending, log_warnings
from exosuit_cli.cli.query_flags import RELATED, SearchReportFlags
from exosuit_cli.config.option import filled
from exosuit_cli.model.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping


def _run(chunks: tuple[str, ...], given: Mapping[str, object]) -> None:
    """Name what calls the code at a line, what it calls, its tests, and code that is like it."""
    session, report = filled(SessionFlags, given), filled(SearchReportFlags, given)
    (chunk,) = chunks
    with command_border(
        debug=session.debug, verbose=session.verbose, quiet=session.quiet, log_file=session.log_file, tree=(".",)
    ):
        from exosuit_cli.cli.streams import OWN_STREAMS, print_json, progress_line
        from exosuit_cli.commands.query_request import related_request
        from exosuit_cli.report.progress import status_line
        from exosuit_cli.system.stop import stop_on_signals

        request = related_request(chunk, given, config=session.config, outputs=(*OWN_STREAMS, session.log_file))
        from exosuit_cli.commands.related import run_related  # only now: what was begun ahead is loading meanwhile

        with stop_on_signals() as stop:
            with progress_line(session.quiet) as progress, status_line(session.quiet) as status:
                outcome = run_related(request, stop=stop, progress=progress, status=status)
            log_warnings(outcome.warnings)
            if outcome.ending.exit_code is ExitCode.SUCCESS:
                with standard_output():
                    if report.json:
                        from exosuit_cli.report.query.document import related_document

                        print_json(related_document(outcome))
                    else:
                        from exosuit_cli.report.lines import open_lines
                        from exosuit_cli.report.query.terminal import print_related

                        print_related(open_lines(), outcome)
        code = log_ending(outcome.ending)
        if code:
            raise SystemExit(code)


RELATED_COMMAND: Final = CommandLine(
    RELATED, "", _run, first=("PATH:LINE", "A line of a file, or the first digits of a chunk's id.")
)
