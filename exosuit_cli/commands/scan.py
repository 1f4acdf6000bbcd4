"""What `exosuit scan` does once its flags are parsed."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exosuit_cli.cli.border import standard_output
from exosuit_cli.commands.shared import (
    exit_code,
    progress_line,
    scan_options,
    stdin_names,
    tell_unreadable,
    tell_warnings,
)
from exosuit_cli.ingest import ScanOptions, ScanResult, scan, scan_names
from exosuit_cli.model.errors import ExitCode, OutputError, UsageError
from exosuit_cli.report.scan.manifest import check_manifest, write_manifest
from exosuit_cli.system.stop import StopRequest, stop_on_signals

if TYPE_CHECKING:
    import logging

    from exosuit_cli.config import Settings


@dataclass(frozen=True, slots=True)
class ScanCommand:
    """The parsed command line; `encoding` is None to count no tokens."""

    paths: tuple[str, ...]
    settings: Settings
    encoding: str | None
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    stdin0: bool
    verify: bool
    tree: bool
    as_json: bool
    as_jsonl: bool
    manifest: str | None
    log_file: str | None
    strict: bool
    quiet: bool

    def run(self, logger: logging.Logger) -> ExitCode:
        """Scan, report, and say how it went."""
        if self.as_json and self.as_jsonl:
            raise UsageError("--json and --jsonl both write to stdout; give one of them")
        settings = self.settings
        if self.verify and not settings.scan.index:
            raise UsageError("--verify compares with the index, which --no-index leaves out; give one of them")
        if self.manifest is not None:
            check_manifest(self.manifest)
        options = self._options(settings)
        with stop_on_signals() as stop:
            result = self._scan(options, stop)
            tell_warnings(result, logger)
            failure = None
            try:
                result = result.with_output_bytes(self._write_manifest(result, logger))
            except OutputError as error:  # the scan has answered all the same
                failure = error
            with standard_output():
                self._report(result, settings)
            if failure is not None:
                raise failure
        logger.info("scan finished", extra={"tree_digest": result.tree_digest, "files": len(result.paths)})
        return self._verdict(result, stop, logger)

    def _write_manifest(self, result: ScanResult, logger: logging.Logger) -> int:
        """Write the manifest that was asked for; its size. A partial scan leaves an earlier manifest as it is."""
        if self.manifest is None:
            return 0
        if result.partial is not None:
            logger.warning("interrupted by %s: the manifest %r is not written", result.partial, self.manifest)
            return 0
        return write_manifest(self.manifest, result)

    def _options(self, settings: Settings) -> ScanOptions:
        return scan_options(
            settings,
            encoding=self.encoding,
            include=self.include,
            exclude=self.exclude,
            own_outputs=[self.manifest, self.log_file],
            verify=self.verify,
        )

    def _scan(self, options: ScanOptions, stop: StopRequest) -> ScanResult:
        with progress_line(self.quiet) as progress:
            if not self.stdin0:
                return scan(self.paths, options, stop=stop, progress=progress)
            if len(self.paths) > 1:
                raise UsageError("--stdin0 takes one PATH, the directory that the names are relative to")
            names = stdin_names()
            base = self.paths[0] if self.paths else "."
            return scan_names(base, names, options, stop=stop, progress=progress)

    def _report(self, result: ScanResult, settings: Settings) -> None:
        if self.as_jsonl:
            from exosuit_cli.report.scan.jsonl import write_jsonl

            write_jsonl(sys.stdout.buffer, result, times=True)
        elif self.as_json:
            import json

            from exosuit_cli.report.scan.document import scan_document

            document = scan_document(
                result, settings.phases, settings.current_phase, top=settings.scan.top, tree=self.tree
            )
            sys.stdout.write(json.dumps(document, indent=2) + "\n")
        elif not self.quiet:
            from exosuit_cli.report.console import open_console
            from exosuit_cli.report.scan.terminal import print_scan

            print_scan(
                open_console(),
                result,
                settings.phases,
                settings.current_phase,
                top=settings.scan.top,
                tree=self.tree,
            )

    def _verdict(self, result: ScanResult, stop: StopRequest, logger: logging.Logger) -> ExitCode:
        if self.quiet or self.as_jsonl:
            tell_unreadable(result, logger)
        if stop.signal is not None:
            logger.error("interrupted by %s: the result is partial", stop.signal.name)
            return ExitCode(128 + stop.signal)
        if result.verify_failures:
            for position in result.verify_failures[:20]:
                logger.error("%s: content changed while size and times did not", os.fsdecode(result.paths[position]))
            return ExitCode.CHECK_FAILED
        return exit_code(result, logger, strict=self.strict)
