"""`exosuit outline`: the definitions of a tree by importance, under a budget of tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exosuit_cli.cli.border import command_border, standard_output
from exosuit_cli.cli.command_line import CommandLine
from exosuit_cli.cli.flags import SessionFlags
from exosuit_cli.cli.messages import log_ending, log_warnings
from exosuit_cli.cli.query_flags import OUTLINE, SearchReportFlags
from exosuit_cli.cli.remote import with_sources
from exosuit_cli.config.option import filled
from exosuit_cli.model.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping


def _run(paths: tuple[str, ...], given: Mapping[str, object]) -> None:
    """List the definitions of a tree that matter most, as many as the budget of tokens holds."""
    session, report = filled(SessionFlags, given), filled(SearchReportFlags, given)
    with command_border(
        debug=session.debug,
        verbose=session.verbose,
        quiet=session.quiet,
        log_file=session.log_file,
        tree=paths or (".",),
    ):
        from exosuit_cli.cli.streams import OWN_STREAMS, print_json, progress_line
        from exosuit_cli.commands.query_request import outline_request
        from exosuit_cli.report.progress import status_line
        from exosuit_cli.system.stop import stop_on_signals

        request = outline_request(paths, given, config=session.config, outputs=(*OWN_STREAMS, session.log_file))
        from exosuit_cli.commands.outline import run_outline  # only now: what was begun ahead is loading meanwhile

        with stop_on_signals() as stop:
            with progress_line(session.quiet) as progress, status_line(session.quiet) as status:
                outcome = run_outline(request, stop=stop, progress=progress, status=status)
            log_warnings(outcome.warnings)
            if outcome.ending.exit_code is ExitCode.SUCCESS:
                with standard_output():
                    if report.json:
                        from exosuit_cli.report.query.document import outline_document

                        print_json(outline_document(outcome))
                    else:
                        from exosuit_cli.report.lines import open_lines
                        from exosuit_cli.report.query.terminal import print_outline

                        print_outline(open_lines(), outcome)
        code = log_ending(outcome.ending)
        if code:
            raise SystemExit(code)


OUTLINE_COMMAND: Final = CommandLine(
    OUTLINE, "Directories, files, archives and addresses to outline.", with_sources(_run, keeps=True)
)
