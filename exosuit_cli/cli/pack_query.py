"""`exosuit pack --query`: what answers a question as one text for a model, exact to the token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.cli.border import logger, standard_output
from exosuit_cli.cli.messages import log_ending, log_warnings

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from exosuit_cli.cli.flags import SessionFlags
    from exosuit_cli.cli.pack_flags import PackOutputFlags
    from exosuit_cli.commands.pack import OpenPack
    from exosuit_cli.commands.pack_query import QueryPackOutcome
    from exosuit_cli.commands.pack_request import PackRequest


def run_with_query(
    request: PackRequest,
    flags: PackOutputFlags,
    open_output: Callable[[], AbstractContextManager[OpenPack]],
    session: SessionFlags,
) -> int:
    """Pack what answers the query, and report it; the exit code."""
    from exosuit_cli.commands.pack_query import run_query_pack  # only now: what was begun ahead is loading meanwhile
    from exosuit_cli.report.progress import status_line
    from exosuit_cli.system.stop import stop_on_signals

    with stop_on_signals() as stop, status_line(session.quiet) as status:
        outcome = run_query_pack(request, open_output, stop=stop, status=status)
    log_warnings(outcome.warnings)
    if outcome.result is not None:
        with standard_output():
            _report(outcome, request, flags, session)
        logger.info("pack finished: %d files, %d tokens", len(outcome.result.files), outcome.result.part.tokens)
    return log_ending(outcome.ending)


def _report(outcome: QueryPackOutcome, request: PackRequest, flags: PackOutputFlags, session: SessionFlags) -> None:
    if flags.json:
        from exosuit_cli.cli.streams import print_json
        from exosuit_cli.report.pack.query_document import query_pack_document

        print_json(query_pack_document(outcome, request.packing, is_template=request.template is not None))
    elif (flags.stats or request.output is not None or flags.copy) and not session.quiet:
        from exosuit_cli.report.console import open_console
        from exosuit_cli.report.pack.query_terminal import print_query_pack

        print_query_pack(open_console(), outcome, request.packing, detailed=flags.stats)
