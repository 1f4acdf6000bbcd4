"""A pack of a tree: one run of the pipeline, whose workers render and count, and one output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from exosuit_cli.ingest.pipeline import Run
from exosuit_cli.pack.detail import Detail
from exosuit_cli.pack.making import Packing, SpooledPacking
from exosuit_cli.pack.result import PackResult
from exosuit_cli.pack.shown_changes import all_of
from exosuit_cli.system.stop import StopRequest
from exosuit_cli.walk.roots import resolve_names, resolve_roots

if TYPE_CHECKING:
    from exosuit_cli.config.options import ScanOptions
    from exosuit_cli.history import Changes
    from exosuit_cli.ingest.progress import ProgressCallback
    from exosuit_cli.pack.options import PackOptions
    from exosuit_cli.pack.output import PackOutput
    from exosuit_cli.walk.roots import PathLike

BATCH_FILES = 200
"""The most files in a batch: their blocks are held in memory, and go to the parent as one message."""


def pack(
    paths: PathLike | Sequence[PathLike],
    options: PackOptions,
    scan_options: ScanOptions,
    output: PackOutput,
    *,
    instructions: str | None = None,
    template: str | None = None,
    names: Sequence[bytes] | None = None,
    changes: Changes | None = None,
    stop: StopRequest | None = None,
    progress: ProgressCallback | None = None,
) -> PackResult:
    """Write the files below the paths as one text for a model, and count its tokens exactly.

    The files come in the order of the walk: a directory's files in byte order of their names, then its directories. The
    bytes depend on the tree and the options only. Of `scan_options`, the encoding is that of `options`, and there is no
    index. A run that was stopped (`result.scan.partial`) has written a part of the pack only. For the rest see `scan`.

    `changes` are shown after the files, with the hunks that they have. Under a budget the definitions around them come
    before all else, and code of the tree that uses what they define comes after.

    Memory: that of a scan, a bounded number of rendered batches, and some hundred bytes a file; under a budget, also
    the texts that were chosen; with a template, all texts.

    Raises UsageError for a budget or a split that does not hold what stands around the files, and for a template with
    an error; CheckFailed for secrets, where they are refused.
    """
    several = paths if isinstance(paths, Sequence) and not isinstance(paths, (str, bytes)) else [paths]
    roots = resolve_roots(several) if names is None else resolve_names(several[0], names)
    scan_options = replace(
        scan_options,
        encoding=options.encoding,
        use_index=False,
        verify=False,
        batch_files=min(scan_options.batch_files, BATCH_FILES),
    )
    stop = stop if stop is not None else StopRequest()
    packing = _packing(options, output, instructions, template, changes, roots.base)
    packing.changes = all_of(changes) if changes is not None else None
    run = Run(roots, scan_options, stop, progress, packing.collector, reads_index=False, after=packing.complete)
    packing.begin(run)
    try:
        scanned = run.run()
    finally:
        packing.close()
    throughput = replace(scanned.throughput, index_reason="not used: a pack needs the bytes")
    return PackResult(
        replace(scanned, throughput=throughput),
        packing.collector.files,
        packing.collector.binary,
        packing.parts,
        packing.warnings,
        packing.changes,
    )


def _packing(
    options: PackOptions,
    output: PackOutput,
    instructions: str | None,
    template: str | None,
    changes: Changes | None,
    base: bytes,
) -> Packing:
    if template is not None:
        from exosuit_cli.pack.templated import TemplatePacking

        return TemplatePacking(options, output, instructions, template)
    if options.budget and changes is not None and options.detail is Detail.FULL:
        from exosuit_cli.pack.changes_packing import ChangesPacking

        return ChangesPacking(options, output, instructions, changes, base)
    if options.budget:
        from exosuit_cli.pack.budgeted import BudgetPacking

        return BudgetPacking(options, output, instructions)
    if options.split:
        from exosuit_cli.pack.split import SplitPacking

        return SplitPacking(options, output, instructions)
    if options.secrets == "fail":
        return SpooledPacking(options, output, instructions)
    return Packing(options, output, instructions)
