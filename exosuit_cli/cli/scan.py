"""`exosuit scan`: every file of a tree, its digest, its lines, its tokens; nothing left out in silence."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Final

from exosuit_cli.cli.border import command_border, logger, standard_output
from exosuit_cli.cli.command_line import CommandLine
from exosuit_cli.cli.flags import SessionFlags
from exosuit_cli.cli.messages import log_ending, log_warnings
from exosuit_cli.cli.remote import with_sources
from exosuit_cli.cli.scan_flags import SCAN, ScanReportFlags
from exosuit_cli.config.option import filled
from exosuit_cli.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exosuit_cli.commands.scan import ScanOutcome


def _run(paths: tuple[str, ...], given: Mapping[str, object]) -> None:
    """Scan repositories: files, bytes, lines, exact tokens, digests, duplicates, and a ledger of every path."""
    session, report = filled(SessionFlags, given), filled(ScanReportFlags, given)
    with command_border(
        debug=session.debug,
        verbose=session.verbose,
        quiet=session.quiet,
        log_file=session.log_file,
        tree=paths or (".",),
    ):
        if report.json and report.jsonl:
            raise UsageError("--json and --jsonl both write to stdout; give one of them")
        from exosuit_cli.cli.streams import OWN_STREAMS, names_on_stdin, progress_line
        from exosuit_cli.commands.requests import scan_request

        request = scan_request(
            paths,
            given,
            config=session.config,
            names=names_on_stdin() if session.stdin0 else None,
            outputs=(*OWN_STREAMS, session.log_file),
        )
        # Imported only now: what was begun ahead is loading meanwhile.
        from exosuit_cli.commands.scan import run_scan
        from exosuit_cli.report.scan.manifest import check_manifest, write_manifest
        from exosuit_cli.system.stop import stop_on_signals

        if request.manifest is not None:
            check_manifest(request.manifest, request.format)
        with stop_on_signals() as stop:
            with progress_line(session.quiet) as progress:
                outcome = run_scan(
                    request,
                    stop=stop,
                    progress=progress,
                    write_manifest=partial(write_manifest, name=request.format),
                )
            log_warnings(outcome.warnings)
            with standard_output():
                _report(outcome, report, quiet=session.quiet)
            if outcome.failure is not None:
                raise outcome.failure
        result = outcome.result
        logger.info("scan finished", extra={"tree_digest": result.tree_digest, "files": len(result.paths)})
        code = log_ending(outcome.ending(stop), result, lists_unreadable=not (session.quiet or report.jsonl))
        if code:
            raise SystemExit(code)


def _report(outcome: ScanOutcome, report: ScanReportFlags, *, quiet: bool) -> None:
    result, settings = outcome.result, outcome.request.settings
    if report.jsonl:
        from exosuit_cli.report.scan.jsonl import write_jsonl

        write_jsonl(sys.stdout.buffer, result, times=True)
    elif report.json:
        from exosuit_cli.cli.streams import print_ascii_json
        from exosuit_cli.report.scan.document import scan_document

        document = scan_document(
            result, settings.phases, settings.current_phase, top=settings.scan.top, tree=report.tree
        )
        print_ascii_json(document)
    elif not quiet:
        from exosuit_cli.report.console import open_console
        from exosuit_cli.report.scan.terminal import print_scan

        print_scan(
            open_console(), result, settings.phases, settings.current_phase, top=settings.scan.top, tree=report.tree
        )


SCAN_COMMAND: Final = CommandLine(
    SCAN, "Directories, files, archives and addresses to scan.", with_sources(_run, has_index=True)
)
