"""`exosuit query`: a question to a tree, answered with the places in it that say the most about it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from exosuit_cli.cli.border import command_border, standard_output
from exosuit_cli.cli.command_line import CommandLine
from exosuit_cli.cli.flags import SessionFlags
from exosuit_cli.cli.messages import log_ending, log_warnings
from exosuit_cli.cli.query_flags import QUERY, QueryReportFlags
from exosuit_cli.cli.remote import with_sources
from exosuit_cli.config.option import filled
from exosuit_cli.model.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exosuit_cli.commands.query import QueryOutcome

STDIN = "-"


def _run(paths: tuple[str, ...], given: Mapping[str, object]) -> None:
    """Answer a question to a tree: the places in it that say the most, with their text. The first one indexes it."""
    session, report = filled(SessionFlags, given), filled(QueryReportFlags, given)
    text, *searched = paths
    with command_border(
        debug=session.debug,
        verbose=session.verbose,
        quiet=session.quiet,
        log_file=session.log_file,
        tree=searched or (".",),
    ):
        from exosuit_cli.cli.streams import OWN_STREAMS, progress_line
        from exosuit_cli.commands.query_request import query_request
        from exosuit_cli.report.progress import status_line
        from exosuit_cli.system.stop import stop_on_signals

        if report.json and report.jsonl:
            raise UsageError("--json prints one document and --jsonl lines; give one of them")
        request = query_request(
            text_on_stdin() if text == STDIN else text,
            searched,
            given,
            config=session.config,
            outputs=(*OWN_STREAMS, session.log_file),
        )
        from exosuit_cli.commands.query import run_query  # only now: what was begun ahead is loading meanwhile

        with stop_on_signals() as stop:
            with progress_line(session.quiet) as progress, status_line(session.quiet) as status:
                outcome = run_query(request, stop=stop, progress=progress, status=status)
            log_warnings(outcome.warnings)
            if outcome.ending.exit_code is ExitCode.SUCCESS:
                with standard_output():
                    _report(outcome, report)
        code = log_ending(outcome.ending)
        if code:
            raise SystemExit(code)


def text_on_stdin() -> bytes:
    """What is on stdin, as far as a query may be long. A signal ends the wait at once."""
    from exosuit_cli.commands.query_request import LARGEST_QUERY
    from exosuit_cli.system.stop import ended_by_signals

    with ended_by_signals():
        return sys.stdin.buffer.read(LARGEST_QUERY + 1)


def _report(outcome: QueryOutcome, flags: QueryReportFlags) -> None:
    if flags.json:
        from exosuit_cli.cli.streams import print_json
        from exosuit_cli.report.query.document import query_document

        print_json(query_document(outcome))
    elif flags.jsonl:
        from exosuit_cli.cli.streams import json_output
        from exosuit_cli.report.query.jsonl import write_answers

        with json_output(sys.stdout.buffer) as file:
            write_answers(file, outcome)
    else:
        from exosuit_cli.report.lines import open_lines
        from exosuit_cli.report.query.terminal import print_answers

        print_answers(open_lines(), outcome)


QUERY_COMMAND: Final = CommandLine(
    QUERY,
    "Directories, files, archives and addresses to search.",
    with_sources(_run, before=1, keeps=True),
    first=("TEXT", "What to look for: words, names, an error message, a path; - reads it from stdin."),
)
