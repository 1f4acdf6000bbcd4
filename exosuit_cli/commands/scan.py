"""A scan as a command: the result, its manifest, and what a front has to show of it."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from exosuit_cli.commands.requests import NO_NAMES, base_of
from exosuit_cli.commands.shared import Ending, ending_of, interrupted, warnings_of
from exosuit_cli.ingest import scan, scan_names
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import ExitCode, OutputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from exosuit_cli.commands.requests import ScanRequest
    from exosuit_cli.ingest import ProgressCallback, ScanResult
    from exosuit_cli.system.stop import StopRequest

SHOWN_FAILURES = 20
"""The most files that a failed verification names."""


@dataclass(frozen=True, slots=True)
class ScanOutcome:
    """A finished scan.

    warnings: in words, for a person. failure: why the manifest was not written; the result is whole all the same.
    """

    request: ScanRequest
    result: ScanResult
    warnings: tuple[str, ...]
    failure: OutputError | None

    def ending(self, stop: StopRequest) -> Ending:
        """How the run ends; asked when the report is out, since a signal may arrive until then."""
        if stop.signal is not None:
            return interrupted(stop.signal)
        if self.result.verify_failures:
            names = (os.fsdecode(self.result.paths[place]) for place in self.result.verify_failures[:SHOWN_FAILURES])
            return Ending(
                ExitCode.CHECK_FAILED,
                tuple(f"{name}: content changed while size and times did not" for name in names),
            )
        return ending_of(self.result, strict=self.request.strict)


def run_scan(
    request: ScanRequest,
    *,
    stop: StopRequest,
    progress: ProgressCallback | None = None,
    write_manifest: Callable[[str, ScanResult], int] | None = None,
) -> ScanOutcome:
    """Scan, and write the manifest that is asked for; `write_manifest` writes it and returns its size in bytes.

    A partial scan leaves an earlier manifest as it is. Raises UsageError for paths that cannot be scanned,
    ResourceMissing for a device that is not there.
    """
    result = _scan(request, stop, progress)
    warnings = warnings_of(result)
    failure = None
    if request.manifest is not None and write_manifest is not None:
        if result.partial is not None:
            warnings.append(f"interrupted by {result.partial}: the manifest {request.manifest!r} is not written")
        else:
            try:
                result = result.with_output_bytes(write_manifest(request.manifest, result))
            except OutputError as error:
                failure = error
    return ScanOutcome(request, result, tuple(warnings), failure)


def _scan(request: ScanRequest, stop: StopRequest, progress: ProgressCallback | None) -> ScanResult:
    options = request.options if request.tokens else replace(request.options, encoding=None)
    if request.names is None:
        return scan(request.paths, options, stop=stop, progress=progress)
    result = scan_names(base_of(request.paths), request.names, options, stop=stop, progress=progress)
    return result if request.names else replace(result, warnings=[*result.warnings, NO_NAMES])
